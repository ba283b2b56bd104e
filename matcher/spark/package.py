"""Rules, corpora and lists as one archive (规则包), known by its digest: every worker checks each byte, and compiles the rules once.

corpora/            as the driver reads them, without the sample
zones/<zone>/       the zone's files, just as they were read
told.pickle         what the engines go by beside these: needs from a local register, lists
manifest.json       the program's digest and the SHA-256 of each file; its own SHA-256 is the package's digest
"""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    """Of the program and of the libraries that may move a bit of a result (程序的指纹): another one is not asked to share the work."""
    digest = hashlib.sha256(json.dumps(library_versions(), sort_keys=True).encode())
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


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
    manifest = {"program": program_digest(), "files": {name: hashlib.sha256(raw).hexdigest() for name, raw in content.items()}}
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
    if manifest["program"] != program_digest():
        raise PackageError("这个节点上的链招或它所用的库与提交端不是同一版本，结果会不同：各节点请装同一份环境")


def _corpora(corpora: Corpora) -> dict[str, bytes]:
    """The files that the digest of the corpora is of."""
    return {f"corpora/{path.relative_to(corpora.path).as_posix()}": path.read_bytes() for path in corpora.files()}
