"""Proof (证明文件): kept as files by their SHA-256 digest, attached to the step, paper or arrival that they prove.

    LIANZHAO_HOME/proofs/
      <first two characters>/<digest>    the file as it was given

A file is there whole before anything refers to it, and once however often it is given. It is read again and compared with its digest before
it is handed out: one that was changed is never taken for the one that was kept.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, insert, select, update

from matcher.errors import FieldError, InputError, ProofError, RequestError, StepError, system_reason
from matcher.ledger import reading, tables
from matcher.ledger.attesting import outdated
from matcher.ledger.books import ARRIVALS, PAPERS, Book
from matcher.ledger.entry import Entry
from matcher.ledger.setting import Setting, pick
from matcher.ledger.values import text_of
from matcher.storage import sync

MOST_BYTES = 200 * 1024**2
"""A scan larger than this is not one (证明文件大小上限)."""
OTHER = "其他"
"""A file that belongs to the row and proves nothing (不作证明的附件)."""
_PIECE = 1024**2
_LONGEST_NAME = 120
_RENEWED = "内容改过，重新附上"


@dataclass(frozen=True)
class Proof:
    """A file that was attached (一份证明).

    Attributes:
        step: The step made that it proves, of ``ledger_steps``; None of papers and arrivals.
        withdrawn_at: When it was taken back; then it proves nothing.
    """

    id: int
    book: str
    row: int
    step: int | None
    kind: str
    digest: str
    file_name: str
    size: int
    note: str | None
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_note: str | None


def keep_file(home: Path, file: Path) -> tuple[str, int]:
    """Keeps a file by its digest (留存文件), whole or not at all.

    Returns:
        Its digest and size.

    Raises:
        InputError: It cannot be read, is empty or too large.
        ProofError: It cannot be kept.
    """
    shown = str(file)
    try:
        with file.open("rb") as stream:
            return keep_stream(home, stream, shown)
    except FileNotFoundError:
        raise InputError(shown, "没有这个文件") from None
    except IsADirectoryError:
        raise InputError(shown, "是一个目录，应为证明文件，如扫描件 PDF、图片") from None
    except OSError as error:
        raise InputError(shown, f"读不到文件（{system_reason(error)}）") from None


def keep_stream(home: Path, stream: BinaryIO, shown: str) -> tuple[str, int]:
    """The same of a stream (留存上传的文件).

    Raises:
        InputError: It is empty or too large.
        ProofError: It cannot be kept.
    """
    root = home / "proofs"
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=root, prefix=".new-")
    except OSError as error:
        raise ProofError(root, f"证明文件写不进去（{system_reason(error)}）") from None
    try:
        found, size = hashlib.sha256(), 0
        with os.fdopen(handle, "wb") as copy:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > MOST_BYTES:
                    raise InputError(shown, f"证明文件超过 {MOST_BYTES // 1024**2} MB，请压缩后再附")
                found.update(piece)
                _written(copy, piece, root)
        if not size:
            raise InputError(shown, "文件是空的，不能作证明")
        _take_place(Path(name), _place(home, found.hexdigest()), found.hexdigest())
        return found.hexdigest(), size
    finally:
        Path(name).unlink(missing_ok=True)


def _written(copy: BinaryIO, piece: bytes, root: Path) -> None:
    try:
        copy.write(piece)
    except OSError as error:
        raise ProofError(root, f"证明文件写不进去（{system_reason(error)}）") from None


def _take_place(new: Path, place: Path, digest: str) -> None:
    """Puts a finished file where its digest belongs, unless a sound one is there."""
    try:
        if place.is_file() and _digest(place) == digest:
            return
        place.parent.mkdir(exist_ok=True)
        new.chmod(0o600)  # agreements are nobody else's business
        sync(new)
        new.replace(place)
        sync(place.parent)
        sync(place.parent.parent)
    except OSError as error:
        raise ProofError(place, f"证明文件写不进去（{system_reason(error)}）") from None


def open_file(home: Path, digest: str) -> Path:
    """Where a kept file is, after it was compared with its digest (取出证明文件).

    Raises:
        ProofError: It is missing or was changed.
    """
    place = _place(home, digest)
    try:
        if _digest(place) == digest:
            return place
    except OSError as error:
        raise ProofError(place, f"证明文件读不到（{system_reason(error)}），请从备份恢复") from None
    raise ProofError(place, "证明文件被改动过，与登记时不同，请从备份恢复")


def damaged(home: Path, proofs: Sequence[Proof]) -> Iterator[tuple[Proof, ProofError]]:
    """Proofs whose files are missing or changed, with what is wrong (核对证明文件)."""
    for proof in proofs:
        try:
            open_file(home, proof.digest)
        except ProofError as error:
            yield proof, error


def flaw(home: Path, digest: str, size: int, added_at: datetime) -> str:
    """What is wrong with a kept file at a look (看一眼证明文件), in Chinese; empty if nothing is.

    It is missing, has another size, or was written after it was added and is another: only then is all of it read. Whoever changes a file
    and sets its time back is found by ``open_file`` only.

    Args:
        home: ``LIANZHAO_HOME``.
        digest: As of the proof.
        size: Likewise.
        added_at: Likewise.
    """
    try:
        found = _place(home, digest).stat()
        if found.st_size == size and (found.st_mtime <= added_at.timestamp() or _digest(_place(home, digest)) == digest):
            return ""
    except OSError as error:
        return f"证明文件读不到（{system_reason(error)}），请从备份恢复，或把原件再附一次"
    return "证明文件被改动过，与登记时不同，请从备份恢复，或把原件再附一次"


def attach(
    entry: Entry,
    book: Book[Any],
    id_: int,
    *,
    kind: str,
    digest: str,
    size: int,
    file_name: str,
    step: str | None = None,
    note: str | None = None,
) -> Proof:
    """Attaches a kept file to a row (附证明); given again, it attests what stands now.

    Args:
        entry: The transaction.
        book: Projects, papers, arrivals; others take files of kind 其他.
        id_: Number of the row.
        kind: One of those that ``rules/ledger.yaml`` asks for, or 其他.
        digest: As ``keep_file`` gave it.
        size: Likewise.
        file_name: What it was called.
        step: Of projects: which step it proves; by default the one that asks for this kind, else where the project stands.
        note: What else is to be said.

    Raises:
        FieldError: The kind is none that proves it.
        StepError: The project has not made that step.
        RequestError: There is no such row.
    """
    setting = entry.setting
    row = reading.row(entry.connection, setting, book, id_)
    proved: int | None = None
    if book.stepped:
        stood = reading.steps(entry.connection, setting.zone, book, [id_]).get(id_, [])
        proved, kind = _step_proved(setting, book, stood, row.state, kind, step)
    else:
        kind = _kind(kind, kinds_of(setting, book, row))
    values = {
        "zone": setting.zone, "book": book.name, "row": id_, "step": proved, "kind": kind, "digest": digest,
        "file_name": " ".join(text_of(Path(file_name).name).split())[:_LONGEST_NAME] or "（无名）", "size": size,
        "note": text_of(note or "")[:500] or None, "added_at": entry.at, "added_by": entry.by,
    }  # fmt: skip
    table = tables.proofs
    same = [table.c[name] == values[name] for name in ("zone", "book", "row", "kind", "digest")]
    same.append(table.c.step.is_(None) if proved is None else table.c.step == proved)
    there = entry.connection.execute(select(table).where(*same, table.c.withdrawn_at.is_(None))).mappings().first()
    if there is not None and there["id"] in outdated(entry.connection, setting.zone, book.name, [id_]):
        withdraw_proof(entry, there["id"], reason=_RENEWED)
        there = None
    if there is None:
        made = entry.connection.execute(insert(table).values(values)).inserted_primary_key
        there = entry.connection.execute(select(table).where(table.c.id == (made[0] if made else 0))).mappings().one()
    return _proof(dict(there))


def withdraw_proof(entry: Entry, id_: int, *, reason: str) -> Proof:
    """Takes a proof back (撤回证明); the file stays.

    Raises:
        StepError: There is no reason.
        RequestError: There is no such proof.
    """
    why = text_of(reason)[:500]
    if not why:
        raise StepError("撤回证明应写明理由", needs_reason=True)
    table = tables.proofs
    wanted = (table.c.id == id_) & (table.c.zone == entry.setting.zone) & table.c.withdrawn_at.is_(None)
    marks = {"withdrawn_at": entry.at, "withdrawn_by": entry.by, "withdrawn_note": why}
    if not 0 < id_ < 2**31 or entry.connection.execute(update(table).where(wanted).values(marks)).rowcount != 1:
        raise RequestError("现行的证明", str(id_), hint="编号见 proof list")
    return _proof(dict(entry.connection.execute(select(table).where(table.c.id == id_)).mappings().one()))


def proofs_of(
    connection: Connection, zone: str, book: Book[Any] | None = None, ids: Sequence[int] | None = None, *, withdrawn: bool = False
) -> list[Proof]:
    """The proofs of a zone, of a book, or of some of its rows, the oldest first (各份证明)."""
    table = tables.proofs
    wanted = select(table).where(table.c.zone == zone).order_by(table.c.id)
    if book is not None:
        wanted = wanted.where(table.c.book == book.name)
    if not withdrawn:
        wanted = wanted.where(table.c.withdrawn_at.is_(None))
    if ids is not None:
        wanted = wanted.where(table.c.row.in_(ids))
    return [_proof(dict(found)) for found in connection.execute(wanted).mappings()]


def proof_of(connection: Connection, zone: str, id_: int) -> Proof:
    """One proof (一份证明).

    Raises:
        RequestError: There is none of this number in the zone.
    """
    table = tables.proofs
    found = connection.execute(select(table).where(table.c.zone == zone, table.c.id == id_)).mappings().first()
    if found is None:
        raise RequestError("证明", str(id_))
    return _proof(dict(found))


def kinds_of(setting: Setting, book: Book[Any], row: Any) -> Sequence[str]:
    """Kinds of proof that prove a paper or an arrival (可作证明的文件)."""
    if book is ARRIVALS:
        return setting.rules.file.arrivals
    return setting.papers[row.paper].proofs if book is PAPERS and row.paper in setting.papers else ()


def _step_proved(
    setting: Setting, book: Book[Any], stood: Sequence[reading.Step], state: str, kind: str, step: str | None
) -> tuple[int | None, str]:
    """Which of the steps made is meant, and the kind as the rules write it."""
    by_step = {one.step: one.id for one in stood}
    if step is not None:
        spec = setting.step(book.name, step, "step")
        if spec.id not in by_step:
            raise StepError(f"还没有登记{spec.name}这一步，先用 step 登记，再附证明")
        return by_step[spec.id], _kind(kind, spec.proofs)
    asking = [one for one in setting.steps(book.name) if kind in one.proofs]
    reached = [one.id for one in asking if one.id in by_step]
    if reached:
        return by_step[reached[-1]], kind
    if asking:
        raise StepError(f"{kind}证明的是{asking[0].name}，还没有登记这一步，先用 step 登记，再附证明")
    every = [name for one in setting.steps(book.name) for name in one.proofs]
    if _kind(kind, every) != OTHER:
        return _step_proved(setting, book, stood, state, _kind(kind, every), step)
    return by_step.get(state), OTHER


def _kind(kind: str, kinds: Sequence[str]) -> str:
    try:
        return pick("证明类型", kind, {one: (one,) for one in (*kinds, OTHER)}, field="kind")
    except FieldError:
        if not kinds:
            raise FieldError("证明类型", f"这里不要证明；附件请写「{OTHER}」，写的是「{kind[:20]}」", field="kind") from None
        raise


def _proof(row: dict[str, Any]) -> Proof:
    return Proof(**{key: value for key, value in row.items() if key != "zone"})


def _place(home: Path, digest: str) -> Path:
    return home / "proofs" / digest[:2] / digest


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
