"""A package of rules is whole or refused by name, and what a cluster reports becomes one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from matcher.cli import main
from matcher.engine import Engine
from matcher.errors import ClusterError, InputError, PackageError
from matcher.spark import session
from matcher.spark.package import Package, _engines, check, libraries, pack

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
    with pytest.raises(PackageError, match="链招与提交端不是同一版本"):
        check(folder, made.digest)


@pytest.mark.parametrize("name", ["pyarrow", "pyspark", "pyyaml", "pydantic", "numpy", "rjieba", "python", "unicode"])
def test_another_version_of_a_library_is_refused_by_name(
    package: tuple[Package, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, folder = package
    here = libraries()
    assert here[name][0].isdigit()
    monkeypatch.setattr("matcher.spark.package.libraries", lambda: {**here, name: "0.1"})
    with pytest.raises(PackageError, match=rf"（{name} 这里是 0\.1，提交端是 {re.escape(here[name])}）"):
        check(folder, made.digest)
    monkeypatch.setattr("matcher.spark.package.libraries", lambda: {key: one for key, one in here.items() if key != name})
    with pytest.raises(PackageError, match=f"{name} 这里是 未安装"):
        check(folder, made.digest)


def test_a_package_of_other_libraries_is_another(
    package: tuple[Package, Path], engines: list[Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = libraries()
    monkeypatch.setattr("matcher.spark.package.libraries", lambda: {**here, "pyarrow": "0.1"})
    assert pack(engines, tmp_path)[0].digest != package[0].digest


def test_every_library_that_a_worker_loads_is_told_or_cannot_move_a_byte() -> None:
    """In a process of its own, all that the tasks import; a new one is to be judged here."""
    loads = "import sys, matcher.spark.read, matcher.spark.place, matcher.spark.fold, matcher.spark.best; from matcher.engine import Engine"
    asks = "from importlib.metadata import packages_distributions as by; Engine('liaocheng-resort', processes=1); of = by()"
    prints = (
        "print(*sorted({one.lower().replace('_', '-') for name in list(sys.modules) for one in of.get(name.split('.')[0], ())}))"
    )
    done = subprocess.run([sys.executable, "-c", f"{loads}; {asks}; {prints}"], capture_output=True, text=True, check=True)
    of_pydantic = {"annotated-types", "pydantic-core", "typing-extensions", "typing-inspection"}  # it names their versions
    carries = {"cloudpickle", "py4j", "charset-normalizer", "mypy-extensions", "setuptools"}  # tasks; or loaded beside, not used
    assert set(done.stdout.split()) - of_pydantic - carries <= set(libraries())


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
