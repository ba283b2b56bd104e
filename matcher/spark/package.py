"""Rules, corpora and lists as one archive (规则包), known by its digest: every worker checks each byte, and compiles the rules once.

corpora/            as the driver reads them, without the sample
zones/<zone>/       the zone's files, just as they were read
told.pickle         what the engines go by beside these: needs from a local register, lists
manifest.json       the program's digest, the versions of its libraries, the SHA-256 of each file; its own SHA-256 is the package's digest
"""

from __future__ import annotations

import hashlib
import json
import pickle
import platform
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.errors import ClusterError, PackageError
from matcher.parts import Told, as_told, told_of
from matcher.runs import library_versions

if TYPE_CHECKING:
    from pyspark import SparkContext

_PACKAGE = Path(__file__).resolve().parents[1]
_MANIFEST, _TOLD = "manifest.json", "told.pickle"
_AGAIN = "请重新提交；仍然不行的，看该节点的磁盘"
_SAME = "各节点请装同一份环境"
_READING = ("pyarrow", "pydantic", "pyyaml")
"""Libraries beside those of ``library_versions`` by which a worker reads cells and rules (读单元格、读规则的库)."""
_ABSENT = "未安装"


@dataclass(frozen=True)
class Package:
    """What tasks are told of a package (规则包).

    Attributes:
        digest: Of its manifest.
        zones: Ids of the zones, in the order of the engines.
    """

    digest: str
    zones: tuple[str, ...]

    @property
    def name(self) -> str:
        """The folder into which workers unpack it (目录名)."""
        return f"lianzhao-{self.digest[:16]}"


@lru_cache(maxsize=1)
def program_digest() -> str:
    """Of the program's own files (程序的指纹): another program is not asked to share the work."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def libraries() -> dict[str, str]:
    """Versions of all that may move a byte of what a worker hands back (影响结果的库与版本).

    Beside what a run's record names: pyarrow shows cells as text, Spark reads the rows of the files, YAML and pydantic the rules, and
    Python brings the table of characters by which texts are normalised. Its last number is left out: that table does not change with it.
    """
    import pyspark  # the one that runs, which a Spark may bring along without a note of its installation

    found = dict(library_versions())
    for name in _READING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = _ABSENT
    major, minor, _ = platform.python_version_tuple()
    return {**found, "pyspark": pyspark.__version__, "python": f"{major}.{minor}", "unicode": unicodedata.unidata_version}


def pack(engines: Sequence[Engine], folder: Path) -> tuple[Package, Path]:
    """Writes the package of some engines (打包).

    Args:
        engines: One a zone, over the same corpora.
        folder: Where to.

    Raises:
        ClusterError: A zone was changed since it was read, and has no files to ship.
    """
    content = _corpora(engines[0].corpora)
    for engine in engines:
        if not engine.zone.content:
            raise ClusterError(f"园区 {engine.zone.id} 的规则是试改的，没有规则文件可以发给集群")
        content |= {f"zones/{engine.zone.id}/{name}": raw for name, raw in engine.zone.content.items()}
    content[_TOLD] = pickle.dumps([told_of(engine) for engine in engines])
    files = {name: hashlib.sha256(raw).hexdigest() for name, raw in content.items()}
    manifest = {"program": program_digest(), "libraries": libraries(), "files": files}
    content[_MANIFEST] = json.dumps(manifest, ensure_ascii=False, sort_keys=True).encode()
    package = Package(hashlib.sha256(content[_MANIFEST]).hexdigest(), tuple(engine.zone.id for engine in engines))
    path = folder / f"{package.name}.zip"
    if not path.exists():
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, raw in sorted(content.items()):
                archive.writestr(name, raw)
    return package, path


def folder_for(context: SparkContext) -> Path:
    """Where packages lie on the driver (规则包所在): as long as the context lives, for workers that join later fetch them too."""
    from pyspark import SparkFiles

    folder = Path(SparkFiles.getRootDirectory()) / f"packages-{context.applicationId}"
    folder.mkdir(exist_ok=True)
    return folder


def ship(context: SparkContext, package: Package, path: Path) -> None:
    """Hands a package to all workers, unless they have it (分发)."""
    if not any(one.endswith(package.name) for one in context.listArchives):
        context.addArchive(f"{path}#{package.name}")


def opened(package: Package) -> tuple[Engine, ...]:
    """The engines of a package, on a worker (打开规则包); made once in each process.

    Raises:
        PackageError: It is not whole, or of another program.
    """
    from pyspark import SparkFiles

    return _engines(package, SparkFiles.get(package.name))


@lru_cache(maxsize=2)
def _engines(package: Package, root: str) -> tuple[Engine, ...]:
    folder = Path(root)
    check(folder, package.digest)
    told: list[Told] = pickle.loads((folder / _TOLD).read_bytes())  # noqa: S301 - checked above; the tasks themselves come this way
    found = []
    for zone, one in zip(package.zones, told, strict=True):
        engine = Engine(zone, corpora=folder / "corpora", ruleset=folder / "zones" / zone, processes=1)
        if engine.zone.digest != one.zone.digest:
            raise PackageError(
                f"{folder}：园区 {zone} 的规则与提交的不同（{engine.zone.digest[:12]}，应为 {one.zone.digest[:12]}）"
            )
        found.append(as_told(engine, one))
    return tuple(found)


def check(folder: Path, digest: str) -> None:
    """Checks every byte of an unpacked package (校验规则包).

    Raises:
        PackageError: A file is missing, other than it was, or too many; or the program here is another.
    """
    try:
        raw = (folder / _MANIFEST).read_bytes()
    except OSError:
        raise PackageError(f"{folder}：规则包没有送到这个节点，{_AGAIN}") from None
    found = hashlib.sha256(raw).hexdigest()
    if found != digest:
        raise PackageError(f"{folder}：规则包的摘要是 {found[:12]}，应为 {digest[:12]}，{_AGAIN}")
    manifest = json.loads(raw)
    files: Mapping[str, str] = manifest["files"]
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    for name in sorted({*files, *there} - {_MANIFEST}):
        if name not in there or name not in files:
            raise PackageError(f"{folder}：规则包里{'少了' if name in files else '多了'} {name}，{_AGAIN}")
        if hashlib.sha256(there[name].read_bytes()).hexdigest() != files[name]:
            raise PackageError(f"{there[name]}：内容与规则包的摘要不符，{_AGAIN}")
    there_of, here_of = manifest["libraries"], libraries()
    others = [name for name in sorted({*there_of, *here_of}) if there_of.get(name) != here_of.get(name)]
    if others:
        told = "，".join(f"{name} 这里是 {here_of.get(name, _ABSENT)}，提交端是 {there_of.get(name, _ABSENT)}" for name in others)
        raise PackageError(f"这个节点上的库与提交端不是同一版本，结果会不同（{told}）：{_SAME}")
    if manifest["program"] != program_digest():
        raise PackageError(f"这个节点上的链招与提交端不是同一版本，结果会不同：{_SAME}")


def _corpora(corpora: Corpora) -> dict[str, bytes]:
    """The files that the digest of the corpora is of."""
    return {f"corpora/{path.relative_to(corpora.path).as_posix()}": path.read_bytes() for path in corpora.files()}
