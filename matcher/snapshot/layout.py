"""Where snapshots are and what each holds (快照的目录与清单).

    LIANZHAO_HOME/
      current                    the version that is read, switched in one step
      snapshots/<version>/       never changed once it is there; ``manifest.json`` names all its files with their checksums
      profiles/<version>/<key>/  what the texts say, by the rules that read them; can be thrown away
      building/                  the stage of builds under way, and the lock
      checked/                   in which state files were checked; can be thrown away
      parsed/                    what is in YAML files, see ``matcher.parsed``; can be thrown away

The version is the digest of the manifest, so equal content has one version, and whoever changes a file or the manifest is found out.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from matcher.errors import LianzhaoError, SnapshotError, SpoiledSnapshotError, system_reason
from matcher.storage import sync, whole_file

FORMAT = 2
"""Of the files of a snapshot (快照格式)."""
MANIFEST = "manifest.json"
_TICK = 200_000_000
"""Nanoseconds, more than any clock of a file system goes by."""
_MANY = 1 << 26
"""Bytes that take about as long to check again as the clock takes to go on."""
Stamps = dict[str, list[int]]
_VERSION = re.compile(r"[0-9a-f]{32}")
_REBUILD = "快照损坏，请重新构建，或把 current 指到别的版本"


@dataclass(frozen=True)
class SourceFile:
    """A file that a snapshot was made of (来源文件).

    Attributes:
        file: Its name, without folders.
        digest: SHA-256 of what it holds, unpacked.
        read: Rows.
        rejected: Those not taken in.
        as_of: First and last date of its rows in days since 1970, or None if none is dated.
    """

    file: str
    digest: str
    read: int
    rejected: int
    as_of: tuple[int, int] | None


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds (快照清单): ``companies + merged + rejected = read``.

    Attributes:
        sources: By digest; their numbers are those of ``Companies.file``.
        notes: Problem → count, as in ``Intake``.
        files: Path → (bytes, SHA-256).
    """

    sources: tuple[SourceFile, ...]
    companies: int
    read: int
    merged: int
    rejected: int
    notes: dict[str, int]
    files: dict[str, tuple[int, str]]

    def text(self) -> str:
        """The manifest as it is written (清单文本)."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def version_of(text: str) -> str:
    """The version of the snapshot that a manifest describes (版本号)."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_version(text: str) -> bool:
    """Whether this is a snapshot's version, and not the digest of files (是不是版本号)."""
    return _VERSION.fullmatch(text) is not None


def folder_of(home: Path, version: str) -> Path:
    """Where a version is (快照目录)."""
    return home / "snapshots" / version


def versions(home: Path) -> list[str]:
    """The versions that are there, the latest first (已有版本)."""
    root = home / "snapshots"
    found = [entry for entry in root.iterdir() if _VERSION.fullmatch(entry.name)] if root.is_dir() else []
    return [entry.name for entry in sorted(found, key=lambda entry: (-entry.stat().st_mtime_ns, entry.name))]


def current(home: Path) -> str | None:
    """The version that ``current`` names, or None if there is none yet (当前版本).

    Raises:
        SnapshotError: The file holds something else.
    """
    pointer = home / "current"
    try:
        version = pointer.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise SnapshotError(home, "程序数据目录应是目录，这是文件；请换 LIANZHAO_HOME") from None
    except (OSError, UnicodeDecodeError):
        version = ""
    if not _VERSION.fullmatch(version):
        raise SpoiledSnapshotError(pointer, "应是一个快照版本号（32 位十六进制），请重新构建")
    return version


def switch(home: Path, version: str) -> None:
    """Lets ``current`` name this version, in one step (切换当前快照)."""
    with whole_file(home / "current") as stream:
        stream.write(version + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    sync(home)


def read_manifest(folder: Path) -> Manifest:
    """The manifest, checked against the folder's name, and the sizes of all files (读取清单).

    Raises:
        SnapshotError: Something is missing, damaged, or of another format.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpoiledSnapshotError(path, _REBUILD if folder.is_dir() else "没有这个快照，请重新构建") from None
    except (OSError, UnicodeDecodeError):
        raise SpoiledSnapshotError(path, _REBUILD) from None
    if version_of(text) != folder.name:
        raise SpoiledSnapshotError(path, f"与版本号不符，{_REBUILD}")
    given = json.loads(text)
    if given.pop("format") != FORMAT:
        raise SpoiledSnapshotError(path, "是另一版程序的快照格式，请重新构建")
    sources = tuple(
        SourceFile(**{**source, "as_of": source["as_of"] and tuple(source["as_of"])}) for source in given.pop("sources")
    )
    files = {name: (size, digest) for name, (size, digest) in given.pop("files").items()}
    for name, (size, _) in files.items():
        try:
            found = (folder / name).stat().st_size
        except OSError:
            raise SpoiledSnapshotError(folder / name, f"文件缺失，{_REBUILD}") from None
        if found != size:
            raise SpoiledSnapshotError(folder / name, f"有 {found:,} 字节，应为 {size:,}；{_REBUILD}")
    return Manifest(sources=sources, files=files, **given)


def verify(folder: Path) -> Manifest:
    """The manifest, after every byte was checked (全面校验).

    Raises:
        SnapshotError: A file is missing or damaged.
    """
    manifest = read_manifest(folder)
    for name, (_, digest) in manifest.files.items():
        try:
            found = file_digest(folder / name)
        except OSError:
            raise SpoiledSnapshotError(folder / name, f"读不出来，{_REBUILD}") from None
        if found != digest:
            with contextlib.suppress(OSError):  # whatever was noted before, nobody is to trust it now
                seal_of(folder).unlink(missing_ok=True)
            raise SpoiledSnapshotError(folder / name, f"校验和不符，{_REBUILD}")
    return manifest


def checked(folder: Path) -> Manifest:
    """The manifest, after every byte was checked now, or before if nobody has touched a file since (校验，没动过的不重读).

    Raises:
        SnapshotError: A file is missing or damaged.
    """
    manifest = read_manifest(folder)
    seal = seal_of(folder)
    found = stamps(folder, manifest.files)
    if not unbroken(seal, found):
        verify(folder)
        put_seal(seal, found)
    return manifest


def seal_of(folder: Path, key: str = "") -> Path:
    """Where it is noted in which state a snapshot's files were checked (校验记录), or those of its profiles by ``key``."""
    return folder.parent.parent / "checked" / (folder.name + (f"-{key}" if key else ""))


def stamps(folder: Path, names: Iterable[str]) -> Stamps:
    """By what it shows that a file was written to, replaced or restored (文件的状态): size, times and number.

    Times of change cannot be set by whoever copies or restores a file. What goes bad on the disk by itself changes none of these.

    Raises:
        SnapshotError: A file is missing.
    """
    found = {}
    for name in names:
        try:
            status = (folder / name).stat()
        except OSError:
            raise SpoiledSnapshotError(folder / name, f"文件缺失，{_REBUILD}") from None
        found[name] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    return found


def unbroken(seal: Path, found: Stamps) -> bool:
    """Whether files that look so were checked before (校验过没有)."""
    try:
        return bool(json.loads(seal.read_text(encoding="ascii")) == found)
    except (OSError, ValueError):
        return False


def put_seal(seal: Path, found: Stamps) -> None:
    """Notes that files that look so were checked (记下校验过).

    Not of files that were changed a moment ago: a change within the same tick of the clock would not show; if they are large, it waits
    for the tick. Nor of files of the future, as a clock that was set back leaves them, nor where the folder cannot be written; these are
    checked again.
    """
    age = time.time_ns() - max((stamp[2] for stamp in found.values()), default=0)
    if age < _TICK:
        if age < 0 or sum(stamp[0] for stamp in found.values()) < _MANY:
            return
        time.sleep((_TICK - age) / 1e9)
    with contextlib.suppress(OSError):
        seal.parent.mkdir(exist_ok=True)
        with whole_file(seal) as stream:
            json.dump(found, stream)


def file_digest(path: Path) -> str:
    """SHA-256 of a file (文件校验和)."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def described(folder: Path) -> dict[str, tuple[int, str]]:
    """Path → (bytes, SHA-256) of all files below ``folder``, each written through to the disk (各文件校验和)."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        sync(path)
    return {path.relative_to(folder).as_posix(): (path.stat().st_size, file_digest(path)) for path in files}


def publish(home: Path, made: Path, text: str, found: Stamps) -> str:
    """Puts a finished folder in its place and returns its version (发布快照); an equal one that is whole stays as it is.

    Args:
        home: ``LIANZHAO_HOME``.
        made: The folder.
        text: Of its manifest.
        found: How its files looked before their checksums were taken.
    """
    (made / MANIFEST).write_text(text, encoding="utf-8")
    for path in (made / MANIFEST, *(entry for entry in made.iterdir() if entry.is_dir()), made):
        sync(path)
    version = version_of(text)
    target = folder_of(home, version)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        try:
            verify(target)
            os.utime(target)
            return version
        except SnapshotError:  # what is damaged gives way
            shutil.rmtree(target)
    made.rename(target)
    sync(target.parent)
    put_seal(seal_of(target), found)
    return version


@contextlib.contextmanager
def locked(home: Path) -> Iterator[Path]:
    """Nobody else builds or prunes within (构建锁); gives the folder for stages. The lock goes with its process, however that ends.

    Raises:
        SnapshotError: Somebody else does, or the folder cannot be written.
    """
    stage = home / "building"
    with told(home):
        stage.mkdir(parents=True, exist_ok=True)
        handle = os.open(home / "building" / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
            raise SnapshotError(home, f"另一个构建或清理正在进行（进程 {holder or '不详'}），请等它结束再试") from None
        with told(home):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield stage
    finally:
        os.close(handle)


@contextlib.contextmanager
def told(home: Path) -> Iterator[None]:
    """Turns what the disk refuses into a clear error (写盘出错的说明)."""
    try:
        yield
    except OSError as error:
        raise LianzhaoError(
            f"程序数据目录 {home} 写不进去（{system_reason(error)}），当前快照没有动；腾出空间或换 LIANZHAO_HOME 后再试"
        ) from None
