"""The draft of a zone's rules that analysts write on the pages (草稿副本): a copy, changed in its files, until it is published.

    LIANZHAO_HOME/drafts/
      <zone>/        a zone's folder, as ``lianzhao rules diff`` and ``--ruleset`` take it
      <zone>.json    of which rules it is a copy, who changed it last and when
      lock

A change is tried on a copy first: what the rules do not take changes nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from matcher.errors import LianzhaoError, OptionError, RulesError, system_reason
from matcher.rules.editing import Weight, Word, with_weight, with_word
from matcher.rules.kept import content_digest, folder_content
from matcher.runs import CHINA_TIME
from matcher.storage import whole_file

Change = Weight | tuple[str, Word]
"""A weight, or a word and the chain whose file it stands in (一处改动)."""


@dataclass(frozen=True)
class Draft:
    """The draft as it is (草稿副本).

    Attributes:
        digest: Of its files as they are now.
        base: Of the rules that it is a copy of.
        by: Who changed it last.
    """

    folder: Path
    digest: str
    base: str
    by: str
    at: datetime


def folder_of(home: Path, zone: str) -> Path:
    """Where the draft of a zone is (草稿目录)."""
    return home / "drafts" / zone


def open_draft(home: Path, zone: str) -> Draft | None:
    """The draft of a zone (打开草稿), None if there is none."""
    folder = folder_of(home, zone)
    content = folder_content(folder)
    try:
        told = json.loads(folder.with_suffix(".json").read_text(encoding="utf-8"))
        found = Draft(folder, content_digest(content), str(told["base"]), str(told["by"]), datetime.fromisoformat(told["at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if content else None


def change_draft(
    home: Path, zone: str, changes: Sequence[Change], *, source: Path, seen: str, by: str, check: Callable[[Path], Any]
) -> Draft:
    """Changes the draft, made from ``source`` if there is none (改草稿); all or nothing.

    Args:
        home: ``LIANZHAO_HOME``.
        zone: Id of the zone.
        changes: What to change.
        source: Folder of the rules that a new draft begins with.
        seen: Digest of the rules that whoever changes them has looked at: the draft's, or the source's where there is none.
        by: Who.
        check: Raises if a folder's rules hold mistakes.

    Raises:
        OptionError: Somebody else has changed the draft since, or something cannot be changed.
        RulesError: The rules would hold mistakes.
        LianzhaoError: The draft cannot be written.
    """
    with _locked(home):
        now = open_draft(home, zone)
        content = folder_content(now.folder if now else source)
        digest = content_digest(content)
        if digest != seen:
            who = f"{now.by} {now.at:%m-%d %H:%M} " if now else ""
            raise OptionError(f"草稿副本刚被 {who}改过，请刷新后对照着再改")
        changed = _changed(content, changes)
        with tempfile.TemporaryDirectory(dir=home / "drafts", prefix=".try-") as tried:
            _write(Path(tried) / zone, changed)
            try:
                check(Path(tried) / zone)
            except RulesError as error:
                raise RulesError(replace(one, file=one.file.removeprefix(f"{tried}/")) for one in error.problems) from None
        folder = folder_of(home, zone)
        _write(folder, {name: raw for name, raw in changed.items() if now is None or content[name] != raw})
        told = {"base": now.base if now else digest, "by": by, "at": datetime.now(CHINA_TIME).isoformat(timespec="seconds")}
        with whole_file(folder.with_suffix(".json")) as stream:
            json.dump(told, stream, ensure_ascii=False)
        made = open_draft(home, zone)
        assert made is not None
        return made


def discard_draft(home: Path, zone: str) -> None:
    """Lets go of the draft (丢弃草稿)."""
    with _locked(home):
        folder = folder_of(home, zone)
        folder.with_suffix(".json").unlink(missing_ok=True)
        if folder.is_dir():
            shutil.rmtree(folder)


def _changed(content: Mapping[str, bytes], changes: Sequence[Change]) -> dict[str, bytes]:
    texts = {name: raw.decode("utf-8") for name, raw in content.items()}
    for change in changes:
        if isinstance(change, Weight):
            texts["scoring.yaml"] = with_weight(texts["scoring.yaml"], change)
            continue
        chain, word = change
        name = f"chains/{chain}.yaml"
        if name not in texts:
            raise OptionError(f"没有产业链 {chain}")
        texts[name] = with_word(texts[name], word)
    return {name: text.encode("utf-8") for name, text in texts.items()}


def _write(folder: Path, content: Mapping[str, bytes]) -> None:
    for name, raw in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / name) as stream:
            stream.write(raw.decode("utf-8"))


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One at a time; the lock goes with its process."""
    root = home / "drafts"
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise LianzhaoError(f"草稿目录 {root} 写不进去（{system_reason(error)}）") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    except OSError as error:
        raise LianzhaoError(f"草稿目录 {root} 写不进去（{system_reason(error)}）") from None
    finally:
        os.close(handle)
