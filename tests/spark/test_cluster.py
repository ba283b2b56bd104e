"""On a real cluster: the bytes that one machine gives, whatever befalls the rows, the partitions or a worker."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matcher.engine import Engine
from matcher.errors import ClusterError, InputError, PackageError
from matcher.intake import Reject, read_files
from matcher.runs import Request
from matcher.types import LedgerEntry, ListEntry, Ranking
from tests.spark import generated
from tests.spark.cluster import Cluster
from tests.spark.conftest import SETTINGS
from tests.spark.events import Events, executors_lost, rows_shuffled, tasks_done, tasks_lost

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from matcher.spark import Taken

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),  # one cluster for all
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),  # PySpark's own sockets
]
REQUEST = Request(as_of=date(2026, 1, 1), top=15)


def as_json(ranking: Ranking) -> str:
    data = asdict(ranking)
    del data["run"]["created_at"]
    return json.dumps(data, ensure_ascii=False, indent=1)


def on_cluster(
    spark: SparkSession, files: Sequence[Path], engines: Sequence[Engine], request: Request, **options: Any
) -> tuple[list[str], Taken, list[Reject]]:
    from matcher.spark import rank_zones

    rejects: list[Reject] = []
    found, taken = rank_zones(
        spark, [str(file) for file in files], engines, request, keep=lambda _digest, lost: rejects.extend(lost), **options
    )
    return [as_json(ranking) for ranking in found], taken, rejects


def same(
    spark: SparkSession, files: Sequence[Path], engines: Sequence[Engine], request: Request = REQUEST, **options: Any
) -> list[Any]:
    """Asserts that the cluster says what one machine says, of the lists and of every row; gives one machine's lists."""
    intake = read_files(files, engines[0].corpora, **options)
    alone = [engine.rank(intake, request) for engine in engines]
    found, taken, rejects = on_cluster(spark, files, engines, request, **options)
    assert found == [as_json(ranking) for ranking in alone]
    assert rejects == list(intake.rejects)
    assert (taken.read, taken.accepted, taken.merged, taken.rejected) == (
        intake.read, len(intake.companies), intake.merged, len(intake.rejects)
    )  # fmt: skip
    assert (dict(taken.notes), taken.digest, taken.undated) == (intake.notes, intake.digest, intake.undated)
    return alone


def test_many_zones_over_files_of_all_kinds(spark: SparkSession, engines: list[Engine], tmp_path: Path) -> None:
    """Several rows a code in several files, poisoned rows, families, segments deeper than a list needs, types of all kinds."""
    corpora = engines[0].corpora
    companies = generated.rows(4000, 1)
    one = [*companies[:2500], *generated.poisoned(2), *generated.again(companies[100:400], 3)]
    files = [
        generated.write(tmp_path / "甲 乙%20.parquet", one, corpora, row_group_size=700),
        generated.write(tmp_path / "b.parquet", [*companies[2500:], *generated.again(companies[:200], 4)], corpora, chinese=True),
        generated.typed(tmp_path / "c.parquet", generated.rows(60, 5, 10_000)),
        generated.undecodable(tmp_path / "d.parquet", generated.rows(5, 6, 20_000)),
    ]
    alone = same(spark, files, engines)
    assert [len(ranking.results) for ranking in alone] == [15, 15]
    assert alone[0].folded > 50
    assert any(one.place for ranking in alone for one in ranking.unserved)  # found far behind what is kept of each segment
    assert alone[0].opportunities


def test_the_bundled_sample_for_a_trip(spark: SparkSession, engine: Engine, tmp_path: Path) -> None:
    """Cities, lists as evidence, a local register and a chain; a day for the whole file."""
    sample = read_files([engine.corpora.sample], engine.corpora)
    fields = ("name", "uscc", "province", "city", "main_products")
    columns = {field: pa.array(list(sample.companies.text[field])) for field in fields}
    pq.write_table(pa.table(columns), tmp_path / "sample.parquet", row_group_size=100)
    register = generated.write(tmp_path / "local.parquet", generated.rows(200, 7), engine.corpora)
    listed = [
        ListEntry("专精特新", date(2025, 1, n % 28 + 1), code, "", "x")
        for n, code in enumerate(columns["uscc"].to_pylist())
        if n % 9 == 0
    ]
    informed = engine.with_local(read_files([register], engine.corpora), complete=True).with_lists(listed)
    request = replace(REQUEST, cities=("青岛", "杭州"), chains=("medical-health",))
    (alone,) = same(spark, [tmp_path / "sample.parquet"], [informed], request, dated=date(2025, 12, 31))
    assert alone.run.request["lists"]
    assert alone.run.request["local"]
    assert 0 < alone.considered < len(sample.companies)


def test_what_the_ledgers_say(spark: SparkSession, engine: Engine, tmp_path: Path) -> None:
    """Signed, refused, visited, agreed and a project that fills a need: by code, and by name where there is no code."""
    file = generated.write(tmp_path / "a.parquet", generated.rows(1500, 11), engine.corpora, row_group_size=400)
    (before,) = same(spark, [file], [engine])
    first = before.results[:6]
    day = REQUEST.as_of - timedelta(days=9)
    codes = [one.uscc or "" for one in first[:5]] + [""]
    entries = [
        LedgerEntry(book, row, one.name, uscc, state, day, why, visited, agreed, next_on, *need)
        for row, (one, uscc, (book, state, why, visited, agreed, next_on, need)) in enumerate(
            zip(
                first,
                codes,
                (
                    ("projects", "signed", "", None, False, None, (first[0].chain, first[0].segment)),
                    ("targets", "dropped", "不来", None, False, None, ("", "")),
                    ("targets", "contacted", "", day, False, None, ("", "")),
                    ("targets", "talking", "", day, True, REQUEST.as_of + timedelta(days=5), ("", "")),
                    ("meetings", "", "", day, False, None, ("", "")),
                    ("targets", "contacted", "", day, False, None, ("", "")),
                ),
                strict=True,
            ),
            1,
        )
    ]
    (after,) = same(spark, [file], [engine.with_ledger(entries)])
    assert after.run.request["ledger"]
    assert {one.name for one in first[:2]}.isdisjoint(one.name for one in after.results)
    assert [one.name for one in after.results] != [one.name for one in before.results]


def test_skewed_partitions(spark: SparkSession, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row group, one code and one trade name hold most of all rows, and dozens of partitions hold next to nothing."""
    monkeypatch.setattr("matcher.spark.ranking.PARTITION_ROWS", 100)
    crowd = generated.rows(900, 8)
    for number, row in enumerate(crowd):
        if number % 6:
            row["name"] = f"青岛利群{chr(0x4E00 + number)}{row['name']}"
    again = ({"uscc": generated.code(1), "as_of": f"20{n % 24:02}-01-01", "insured_count": str(n)} for n in range(3000))
    crowd += [{**crowd[0], **one} for one in again]
    files = [
        generated.write(tmp_path / "big.parquet", crowd, engine.corpora, row_group_size=len(crowd)),
        *(generated.write(tmp_path / f"small{n}.parquet", generated.rows(3, n, 50_000 + 3 * n), engine.corpora) for n in range(4)),
    ]
    events = Events(spark)
    same(spark, files, [engine])
    sent = [tasks for tasks in rows_shuffled(events()) if len(tasks) >= len(crowd) // 100]
    skewed = [tasks for tasks in sent if max(tasks) > sum(tasks) / 2 and sorted(tasks)[len(tasks) // 2] < max(tasks) / 50]
    assert any(sum(tasks) >= 3900 for tasks in skewed), sent  # rows, by code
    assert any(sum(tasks) < 1000 for tasks in skewed), sent  # companies, by the beginning of their trade name


def test_a_pasted_header_of_another_order_counts_for_all_rows_behind_it(
    spark: SparkSession, engine: Engine, tmp_path: Path
) -> None:
    rows = generated.rows(300, 9)
    name, *others = rows[0]
    pasted = dict(zip(rows[0], [name, *others[1:], others[0]], strict=True))
    mended = {field: field for field in rows[0]}
    file = generated.write(
        tmp_path / "a.parquet", [*rows[:90], pasted, *rows[90:200], mended, *rows[200:]], engine.corpora, row_group_size=40
    )
    same(spark, [file, generated.write(tmp_path / "b.parquet", generated.rows(50, 10, 7000), engine.corpora)], [engine])
    assert len(read_files([file], engine.corpora).rejects) >= 111


def test_a_worker_killed_in_the_middle(
    cluster: Cluster, spark: SparkSession, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Spark's own account an executor was lost with work in hand or done, and others did just that again."""
    monkeypatch.setattr("matcher.spark.ranking.PARTITION_ROWS", 500)
    files = [
        generated.write(tmp_path / f"{n}.parquet", generated.rows(2500, 20 + n, 3000 * n), engine.corpora, row_group_size=500)
        for n in range(2)
    ]
    killed = threading.Event()
    tracker = spark.sparkContext.statusTracker()
    seen = max(tracker.getJobIdsForGroup(None), default=-1)

    def kill() -> None:
        while not killed.is_set():
            later = [job for job in tracker.getJobIdsForGroup(None) if job > seen + 1]  # the rows are read and staged on both
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()] if later else []
            if any(stage and stage.numActiveTasks > 1 for stage in stages):  # an executor has one core: both are at work
                cluster.kill(1)
                killed.set()
            time.sleep(0.02)

    events = Events(spark)
    thread = threading.Thread(target=kill)
    thread.start()
    try:
        same(spark, files, [engine])
        assert killed.is_set(), "nothing was killed while the job ran"
    finally:
        killed.set()
        thread.join()
        cluster.add_worker()
    told = events()
    gone, lost = executors_lost(told), tasks_lost(told)
    assert len(gone) == 1
    assert lost
    assert lost <= tasks_done(told, gone)


def test_a_wrong_digest_is_refused(spark: SparkSession, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reaches the workers is not what was packed: one number of one rule."""
    from matcher.spark import package

    ship = package.ship

    def tampered(context: Any, what: package.Package, path: Path) -> None:
        other = path.with_name(f"other-{path.name}")
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
            for name in old.namelist():
                raw = old.read(name)
                new.writestr(name, raw.replace(b"cap: [", b"cap: [ ") if name.endswith("scoring.yaml") else raw)
        ship(context, what, other)

    monkeypatch.setattr("matcher.spark.ranking.ship", tampered)
    file = generated.write(tmp_path / "a.parquet", generated.rows(20, 11), engine.corpora)
    fresh = engine.with_lists(
        [ListEntry("专精特新", date(2025, 1, 1), generated.code(5), "", "another package than the other tests'")]
    )
    with pytest.raises(PackageError, match=r"scoring\.yaml：内容与规则包的摘要不符"):
        on_cluster(spark, [file], [fresh], REQUEST)


def test_what_cannot_be_read_is_said_in_one_line(spark: SparkSession, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name\n甲公司\n", encoding="utf-8")
    pq.write_table(pa.table({"name": ["甲公司"], "founded_date": pa.array([1], pa.duration("s"))}), tmp_path / "odd.parquet")
    pq.write_table(pa.table({"x": ["甲公司"]}), tmp_path / "nameless.parquet")
    expected = {"missing": "没有这个文件", "odd": "duration", "nameless": "找不到企业名称列"}
    for name, said in {"a.csv": "集群只读 Parquet", **{f"{name}.parquet": said for name, said in expected.items()}}.items():
        with pytest.raises(InputError, match=said) as raised:
            on_cluster(spark, [tmp_path / name], [engine], REQUEST)
        assert str(raised.value).startswith(str(tmp_path / name))
        assert "\n" not in str(raised.value)
    tried = engine.with_rules(replace(engine.zone, content={}))
    with pytest.raises(ClusterError, match="试改"):
        on_cluster(spark, [tmp_path / "a.csv"], [tried], REQUEST)


def test_the_command(cluster: Cluster, engines: list[Engine], tmp_path: Path) -> None:
    """A folder of files, two zones, a file for each; the run's id is the one of one machine."""
    folder = tmp_path / "企业"
    folder.mkdir()
    for n in range(3):
        generated.write(folder / f"part-{n}.parquet", [*generated.rows(60, n, 60 * n), *generated.poisoned(n)], engines[0].corpora)
    (folder / "_SUCCESS").touch()
    zones = [engine.zone.id for engine in engines]
    asked = [word for zone in zones for word in ("--zone", zone)]
    asked += ["--as-of", "2026-01-01", "--top", "5", "--format", "json", "--out", str(tmp_path / "list-{zone}.json")]
    asked += ["--rejects", str(tmp_path / "rejects.csv"), "--spark", cluster.url]
    command = [sys.executable, "-m", "matcher", "rank", str(folder), *asked]
    command += [word for key, value in SETTINGS.items() for word in ("--spark-conf", f"{key}={value}")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    intake = read_files(sorted(folder.glob("*.parquet")), engines[0].corpora)
    assert f"读入 {intake.read:,} 行：接收 {len(intake.companies):,}" in done.stderr
    assert len((tmp_path / "rejects.csv").read_text(encoding="utf-8-sig").splitlines()) == 1 + len(intake.rejects)
    for engine in engines:
        told = json.loads((tmp_path / f"list-{engine.zone.id}.json").read_text(encoding="utf-8"))
        del told["run"]["created_at"]
        assert told == json.loads(as_json(engine.rank(intake, replace(REQUEST, top=5))))
