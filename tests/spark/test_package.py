"""A package of rules is whole or refused by name, and what a cluster reports becomes one line."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from matcher.cli import main
from matcher.engine import Engine
from matcher.errors import ClusterError, InputError, PackageError
from matcher.spark import session
from matcher.spark.package import Package, _engines, check, pack

pytestmark = pytest.mark.slow


@pytest.fixture
def package(engines: list[Engine], tmp_path: Path) -> tuple[Package, Path]:
    made, path = pack(engines, tmp_path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / made.name)
    return made, tmp_path / made.name


def test_a_package_opens_to_the_same_engines(package: tuple[Package, Path], engines: list[Engine]) -> None:
    made, folder = package
    opened = _engines(made, str(folder))
    assert [engine.zone.digest for engine in opened] == [engine.zone.digest for engine in engines]
    assert {engine.corpora.digest for engine in opened} == {engines[0].corpora.digest}
    assert not list(folder.glob("corpora/sample/*"))


def test_equal_engines_make_the_same_package(package: tuple[Package, Path], engines: list[Engine], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert pack(engines, tmp_path / "other")[0] == package[0]
    assert pack(engines[:1], tmp_path / "other")[0] != package[0]


@pytest.mark.parametrize("name", ["corpora/idf.csv", "told.pickle", "manifest.json", "zones/zhuhai-jinwan/scoring.yaml"])
def test_every_byte_is_checked(package: tuple[Package, Path], name: str) -> None:
    made, folder = package
    check(folder, made.digest)
    file = folder / name
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    with pytest.raises(PackageError, match="摘要"):
        check(folder, made.digest)
    file.unlink()
    with pytest.raises(PackageError, match=r"少了|没有送到"):
        check(folder, made.digest)


def test_what_was_added_and_another_program_are_refused(package: tuple[Package, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    made, folder = package
    (folder / "corpora" / "more.csv").touch()
    with pytest.raises(PackageError, match=r"多了 corpora/more\.csv"):
        check(folder, made.digest)
    (folder / "corpora" / "more.csv").unlink()
    monkeypatch.setattr("matcher.spark.package.program_digest", lambda: json.loads("0"))
    with pytest.raises(PackageError, match="不是同一版本"):
        check(folder, made.digest)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("Job aborted: …\nmatcher.errors.PackageError: /w/1：少了 zone.yaml\n\tat org…", PackageError, "/w/1：少了 zone.yaml"),
        ("matcher.errors.InputError: a.parquet：读取过程中文件变了\n", InputError, "a.parquet：读取过程中文件变了"),
        (
            "org.apache.spark.SparkException: Job aborted\nCaused by: java.io.IOException: No space left\n",
            ClusterError,
            "No space left",
        ),
        ("", ClusterError, "集群没有做完"),
    ],
)
def test_errors_of_workers_are_told_in_one_line(text: str, kind: type[Exception], said: str) -> None:
    meant = session._meant(text)
    assert type(meant) is kind
    assert said in str(meant)
    assert "\n" not in str(meant)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["a.parquet", "--zone", "zhuhai-jinwan"], "只与 --spark 同用"),
        (["a.parquet", "--spark-conf", "spark.a=1"], "只与 --spark 同用"),
        (["--spark", "local[1]"], "要写明企业文件"),
        (["a.parquet", "--zone", "zhuhai-jinwan", "--spark", "local[1]", "--format", "json"], "{zone}"),
        (["a.parquet", "--zone", "nowhere", "--spark", "local[1]"], "没有这个园区"),
    ],
)
def test_options_that_do_not_fit(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", *options, "--zone", "liaocheng-resort"]) == 2
    assert said in capsys.readouterr().err
