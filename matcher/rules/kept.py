"""Copies of rulesets (规则副本): what a version or a run was made of, kept by its digest and never changed.

    LIANZHAO_HOME/rulesets/
      <digest>/    a zone's folder as it was read, and ``manifest.json`` with the SHA-256 of each file
      lock         shared by all who keep a copy until something names it; whoever clears has it alone

The digest follows from the manifest and the manifest from the files, so whatever is changed afterwards is found out and named. A copy is
itself the folder of a zone: it can be looked at, copied and compared like any other.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import RulesetError, system_reason
from matcher.storage import sync

MANIFEST = "manifest.json"
_FORMAT = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MEND = "副本损坏，不能用；有同样的规则目录的，用它再 lianzhao rank 一次就会补好，也可以从备份或别的机器拷来"
_ATTEMPTS = 5


@dataclass(frozen=True)
class Cleared:
    """What was removed, or would be (清理结果).

    Attributes:
        removed, kept: Digests.
        leftovers: Copies that were never finished.
        size: Bytes.
    """

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    leftovers: int
    size: int


def content_digest(content: Mapping[str, bytes]) -> str:
    """The digest of a ruleset (规则摘要): of the names and contents of its files."""
    return _digest({name: hashlib.sha256(raw).hexdigest() for name, raw in content.items()})


def folder_content(root: Path) -> dict[str, bytes]:
    """The files of a zone's folder that make up its ruleset, as they are now (规则目录的内容); empty if it cannot be read."""
    try:
        return {name: (root / name).read_bytes() for name in _names(root)}
    except OSError:
        return {}


def folder_of(home: Path, digest: str) -> Path:
    """Where a copy is (副本目录)."""
    return home / "rulesets" / digest


def kept_digests(home: Path) -> list[str]:
    """The copies that are there (已有副本)."""
    root = home / "rulesets"
    return sorted(entry.name for entry in root.iterdir() if _DIGEST.fullmatch(entry.name)) if root.is_dir() else []


def keep(home: Path, content: Mapping[str, bytes]) -> str:
    """Keeps a copy, whole or not at all, and returns its digest (留存副本); one that is there and whole stays as it is.

    Args:
        home: ``LIANZHAO_HOME``.
        content: As ``Zone.content``: what was read, not what the folder holds by now.

    Raises:
        RulesetError: It cannot be written.
    """
    if not content:
        raise ValueError("a zone that was changed since it was read has no files to keep")
    digest = content_digest(content)
    target = folder_of(home, digest)
    if _is_whole(target):
        return digest
    with _told(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
        try:
            _write(made, content)
            _put(made, target)
            sync(target.parent)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return digest


def open_kept(home: Path, digest: str) -> Path:
    """The folder of a copy, after every byte was checked (打开副本).

    Raises:
        RulesetError: It is missing or damaged; the file is named.
    """
    folder = folder_of(home, digest)
    if not folder.is_dir():
        raise RulesetError(folder, "没有这份规则副本；在哪台机器上发布或计算的，就从那里拷来这个目录")
    check(folder)
    return folder


def check(folder: Path) -> None:
    """Checks every byte of a copy (校验副本).

    Raises:
        RulesetError: A file is missing, damaged or too many.
    """
    path = folder / MANIFEST
    try:
        text = path.read_bytes().decode("utf-8")
        told = json.loads(text)
        files: dict[str, str] = {str(name): str(digest) for name, digest in told["files"].items()}
        whole = _manifest(files) == text and _digest(files) == folder.name
        other = told["format"] != _FORMAT
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RulesetError(path, f"读不出来，{_MEND}") from None
    if other:
        raise RulesetError(path, "是另一版程序留存的格式")
    if not whole:
        raise RulesetError(path, f"与目录的摘要不符，{_MEND}")
    for name, digest in files.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except FileNotFoundError:
            raise RulesetError(folder / name, f"文件缺失，{_MEND}") from None
        except OSError as error:
            raise RulesetError(folder / name, f"读不出来（{system_reason(error)}），{_MEND}") from None
        if found != digest:
            raise RulesetError(folder / name, f"内容改过，{_MEND}")
    for name in _names(folder):
        if name not in files:
            raise RulesetError(folder / name, f"是后来添的，请移走；{_MEND}")


@contextlib.contextmanager
def keeping(home: Path) -> Iterator[None]:
    """Nothing is cleared within (留存期间不清理): from the copy until what names it is written.

    Raises:
        RulesetError: The folder cannot be written.
    """
    with _lock(home, fcntl.LOCK_SH):
        yield


def clear(home: Path, in_use: Collection[str], *, dry_run: bool = False) -> Cleared:
    """Removes copies that nothing names, and those that were never finished (清理副本); only within ``clearing``.

    Args:
        home: ``LIANZHAO_HOME``.
        in_use: Digests that versions and runs name, read within ``clearing``.
        dry_run: Only tell.

    Raises:
        RulesetError: Something cannot be removed.
    """
    there, root = kept_digests(home), home / "rulesets"
    removed = tuple(digest for digest in there if digest not in in_use)
    leftovers = [entry for entry in root.iterdir() if entry.name.startswith((".new-", ".damaged-"))] if root.is_dir() else []
    doomed = [*(folder_of(home, digest) for digest in removed), *leftovers]
    size = sum(file.stat().st_size for entry in doomed for file in entry.rglob("*") if file.is_file())
    if not dry_run:
        with _told(root):
            for entry in doomed:
                shutil.rmtree(entry)
    return Cleared(removed, tuple(digest for digest in there if digest in in_use), len(leftovers), size)


@contextlib.contextmanager
def clearing(home: Path) -> Iterator[None]:
    """Nobody keeps a copy within (清理期间不留存).

    Raises:
        RulesetError: Somebody does just now.
    """
    with _lock(home, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextlib.contextmanager
def _lock(home: Path, kind: int) -> Iterator[None]:
    """The lock goes with its process, however that ends."""
    root = home / "rulesets"
    with _told(root):
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            with _told(root):
                fcntl.flock(handle, kind)
        except BlockingIOError:
            raise RulesetError(root, "正有程序在发布规则或留存批次，请稍后再清理") from None
        yield
    finally:
        os.close(handle)


def _names(root: Path) -> list[str]:
    """What the loader reads of a zone's folder."""
    chains = sorted(f"chains/{file.name}" for file in (root / "chains").glob("*.yaml"))
    beside = ["opportunities.yaml"] if (root / "opportunities.yaml").is_file() else []
    return [*chains, *beside, "scoring.yaml", "zone.yaml"]


def _digest(files: Mapping[str, str]) -> str:
    found = hashlib.sha256()
    for name in sorted(files):
        found.update(name.encode() + b"\0" + bytes.fromhex(files[name]))
    return found.hexdigest()


def _manifest(files: Mapping[str, str]) -> str:
    return json.dumps({"format": _FORMAT, "files": files}, ensure_ascii=False, indent=1) + "\n"


def _is_whole(folder: Path) -> bool:
    try:
        check(folder)
    except RulesetError:
        return False
    return True


def _write(made: Path, content: Mapping[str, bytes]) -> None:
    """All files and the manifest, written through to the disk, for everybody to read and nobody to change."""
    files = {name: hashlib.sha256(raw).hexdigest() for name, raw in sorted(content.items())}
    manifest = json.dumps({"format": _FORMAT, "files": files}, ensure_ascii=False, indent=1) + "\n"
    for name, raw in (*content.items(), (MANIFEST, manifest.encode())):
        path = made / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(raw)
        path.chmod(0o444)
        sync(path)
    for folder in (*(entry for entry in made.iterdir() if entry.is_dir()), made):
        folder.chmod(0o755)
        sync(folder)


def _put(made: Path, target: Path) -> None:
    """Lets a finished copy take its place; an equal one that somebody else has made stays, a damaged one gives way."""
    for _ in range(_ATTEMPTS):
        try:
            made.replace(target)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        if _is_whole(target):
            return
        aside = Path(tempfile.mkdtemp(prefix=".damaged-", dir=target.parent))
        with contextlib.suppress(FileNotFoundError):  # somebody else has moved it away
            target.replace(aside / "copy")
        shutil.rmtree(aside, ignore_errors=True)
    raise RulesetError(target, "放不进去，另有程序在改这个目录")


@contextlib.contextmanager
def _told(root: Path) -> Iterator[None]:
    """Turns what the disk refuses into a clear error."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        raise RulesetError(root, f"规则副本写不进去（{system_reason(error)}），腾出空间或换 LIANZHAO_HOME 后再试") from None
