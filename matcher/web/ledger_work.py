"""What the pages of the ledgers have done in threads (台账页要办的事): every row as far as it is the caller's to see or to change."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from matcher.api.ledger import Reach, row_of
from matcher.api.problems import RefusedError
from matcher.ledger import reading
from matcher.ledger.books import ALL, PROJECTS, TARGETS, Book
from matcher.ledger.company import claims_on, told_of
from matcher.ledger.doubles import doubts
from matcher.ledger.entry import Entry, entering
from matcher.ledger.importing import Imported, import_workbook
from matcher.ledger.paging import Order, Some, by_step, some_rows
from matcher.ledger.proofs import Proof, attach, keep_stream, open_file, proof_of, proofs_of, withdraw_proof
from matcher.ledger.records import Written
from matcher.ledger.searching import conditions
from matcher.ledger.sheets import Cell, cells_of
from matcher.web.ledger_fields import called
from matcher.web.workshop import Visit

PAGE = 50
"""Rows of a page (每页行数)."""
MOST_CHOICES = 500
"""Rows of another book to choose from (可选几行); for older ones there is the button on the row itself."""
THREE = ("targets", "projects", "activities")
"""The three ledgers (三台账)."""


@dataclass(frozen=True)
class Asked:
    """Which rows are asked for (查询).

    Attributes:
        where: Field → what people write; only those that are filled in.
        search: A word in a name.
        page: From 1.
    """

    where: Mapping[str, str] = field(default_factory=dict)
    search: str = ""
    order: Order = "newest"
    page: int = 1
    deleted: bool = False


@dataclass(frozen=True)
class Opened:
    """A row with all that belongs to it (打开的一行).

    Attributes:
        claims: Others on the company, in Chinese.
        doubts: Proof → why it is doubted: its file proves something else as well.
        children: Rows that hang on it, by book.
        mine: Whether the caller may change it.
        choices: As ``choices``.
    """

    record: Any
    steps: tuple[reading.Step, ...]
    proofs: tuple[Proof, ...]
    history: tuple[reading.Change, ...]
    claims: tuple[str, ...]
    doubts: Mapping[int, str]
    children: Mapping[str, Some[Any]]
    mine: bool
    choices: Mapping[str, Mapping[str, str]]


def reach(visit: Visit) -> Reach:
    """Which rows are for the visitor (能看、能改的行)."""
    return Reach(visit.caller, visit.service.setting(visit.zone))


@contextlib.contextmanager
def writing(visit: Visit, of: Reach) -> Iterator[Entry]:
    """One entry in the visitor's name (一次登记)."""
    with entering(visit.service.store, of.setting, by=visit.caller.name, source=f"web:{visit.request_id}") as entry:
        yield entry


def listed(visit: Visit, book: Book[Any], asked: Asked) -> Some[Any]:
    """A page of a book (台账的一页)."""
    of = reach(visit)
    wanted = [*of.conditions(book), *conditions(of.setting, book, asked.where, asked.search or None)]
    skip = (max(1, asked.page) - 1) * PAGE
    with visit.service.store.reading() as connection:
        return some_rows(
            connection, visit.zone, book, *wanted, order=asked.order, skip=skip, most=PAGE, deleted=asked.deleted
        )  # fmt: skip


def board(visit: Visit, book: Book[Any], asked: Asked) -> dict[str, Some[Any]]:
    """The board of a book (看板)."""
    of = reach(visit)
    wanted = [*of.conditions(book), *conditions(of.setting, book, asked.where, asked.search or None)]
    with visit.service.store.reading() as connection:
        return by_step(connection, visit.zone, book, *wanted)


def children_of(book: Book[Any]) -> list[tuple[Book[Any], str]]:
    """Books whose rows hang on rows of this one, and by which field (附属台账)."""
    return [
        (other, one.name)
        for other in ALL.values()
        for one in other.fields
        if one.kind == "row" and one.words == book.name
    ]  # fmt: skip


def opened(visit: Visit, book: Book[Any], id_: int) -> Opened:
    """A row with its steps, proofs, history, and what hangs on it (打开一行)."""
    of, zone = reach(visit), visit.zone
    with visit.service.store.reading() as connection:
        record = row_of(connection, of, book, id_, deleted=True)
        steps = reading.steps(connection, zone, book, [id_], undone=True).get(id_, [])
        proofs = proofs_of(connection, zone, book, [id_], withdrawn=True)
        history = reading.history(connection, zone, book, id_)
        files = {one.digest for one in proofs if one.withdrawn_at is None}
        doubted = {one.proof: one.why for one in doubts(connection, of.setting, digests=files)} if files else {}
        claims = []
        if book in (TARGETS, PROJECTS) and record.deleted_at is None:
            whose = record.department or record.group or record.owner or ""
            claims = told_of(claims_on(connection, of.setting, book.values(record), book=book.name, id_=id_), of.setting, whose)
        children = {
            other.name: some_rows(connection, zone, other, other.table.c[name] == id_, most=PAGE)
            for other, name in children_of(book)
        }
        mine = _may_write(connection, of, book, record)
        rows = _choices(connection, of, book)
    return Opened(record, tuple(steps), tuple(proofs), tuple(history), tuple(claims), doubted, children, mine, rows)


def choices(visit: Visit, book: Book[Any]) -> Mapping[str, Mapping[str, str]]:
    """Field → number → what it is called (可选的行), of fields that name a row of another book: the newest that the caller sees."""
    of = reach(visit)
    with visit.service.store.reading() as connection:
        return _choices(connection, of, book)


def _choices(connection: Any, of: Reach, book: Book[Any]) -> dict[str, dict[str, str]]:
    found = {}
    for one in book.fields:
        if one.kind == "row":
            other = ALL[one.words]
            some = some_rows(connection, of.setting.zone, other, *of.conditions(other), most=MOST_CHOICES)
            found[one.name] = {str(row.id): f"{called(row)}（第 {row.id} 号）" for row in some.rows}
    return found


def _may_write(connection: Any, of: Reach, book: Book[Any], record: Any) -> bool:
    try:
        of.check_write(connection, book, record)
    except RefusedError:
        return False
    return True


def current(visit: Visit, book: Book[Any], id_: int) -> Any:
    """A row as it is now (现在的一行)."""
    of = reach(visit)
    with visit.service.store.reading() as connection:
        return row_of(connection, of, book, id_, deleted=True)


def added(visit: Visit, book: Book[Any], values: Mapping[str, str], step: Mapping[str, str | None]) -> Written:
    """Enters a row (登记一行), of the visitor's group unless it is an administrator's."""
    of = reach(visit)
    company = visit.service.meant(of.setting, book, values)
    code = {"uscc": company.code} if company.code else {}
    with writing(visit, of) as entry:
        made = entry.add(book, of.with_group(book, {**values, **code}), **step)
        of.check_written(entry.connection, book, made.id, made.changes)
    return replace(made, told=((company.told,) if company.told else ()) + made.told)


def saved(visit: Visit, book: Book[Any], id_: int, values: Mapping[str, str], version: int, reason: str) -> Written:
    """Changes a row as it was seen (保存修改).

    Raises:
        ConflictError: It is another by now.
    """
    of = reach(visit)
    with writing(visit, of) as entry:
        _check(of, entry, book, id_)
        made = entry.set(book, id_, values, version=version, reason=reason)
        of.check_written(entry.connection, book, id_, made.changes)
    return made


def stepped(visit: Visit, book: Book[Any], id_: int, to: Mapping[str, str | None], version: int) -> Written:
    """Moves a row to a step (推进): ``to`` is ``step``, ``on`` and ``reason``."""
    of = reach(visit)
    with writing(visit, of) as entry:
        _check(of, entry, book, id_)
        return entry.step(book, id_, to["step"] or "", on=to["on"], version=version, reason=to["reason"])


def converted(
    visit: Visit, id_: int, values: Mapping[str, str], to: Mapping[str, str | None], version: int
) -> tuple[Written, Written]:
    """Turns a target into a project (转项目)."""
    of = reach(visit)
    with writing(visit, of) as entry:
        _check(of, entry, TARGETS, id_)
        both = entry.convert(id_, values, on=to["on"], version=version, reason=to["reason"])
        of.check_written(entry.connection, PROJECTS, both[1].id, both[1].changes)
    return both


def deleted(visit: Visit, book: Book[Any], id_: int, reason: str, version: int) -> Written:
    """Marks a row as deleted (删除)."""
    of = reach(visit)
    with writing(visit, of) as entry:
        _check(of, entry, book, id_)
        return entry.delete(book, id_, reason=reason, version=version)


def restored(visit: Visit, book: Book[Any], id_: int, version: int) -> Written:
    """Takes a deletion back (恢复)."""
    of = reach(visit)
    with writing(visit, of) as entry:
        _check(of, entry, book, id_)
        return entry.restore(book, id_, version=version)


def attached(visit: Visit, book: Book[Any], id_: int, content: bytes, name: str, kind: str) -> Proof:
    """Attaches a file of proof (附证明), kept by its digest."""
    of = reach(visit)
    with visit.service.store.reading() as connection:  # nobody's file is kept who may not attach it
        of.check_write(connection, book, reading.row(connection, of.setting, book, id_))
    digest, size = keep_stream(visit.service.settings.home, io.BytesIO(content), name)
    with writing(visit, of) as entry:
        _check(of, entry, book, id_)
        return attach(entry, book, id_, kind=kind, digest=digest, size=size, file_name=name)


def withdrawn(visit: Visit, proof: int, reason: str) -> Proof:
    """Takes a proof back (撤回证明)."""
    of = reach(visit)
    with writing(visit, of) as entry:
        found = proof_of(entry.connection, visit.zone, proof)
        _check(of, entry, ALL[found.book], found.row)
        return withdraw_proof(entry, proof, reason=reason)


def proof_file(visit: Visit, proof: int) -> tuple[bytes, str]:
    """The file of a proof and its name (取证明文件), once it was compared with its digest."""
    of = reach(visit)
    with visit.service.store.reading() as connection:
        found = proof_of(connection, visit.zone, proof)
        row_of(connection, of, ALL[found.book], found.row, deleted=True)
    return open_file(visit.service.settings.home, found.digest).read_bytes(), found.file_name


def exported(visit: Visit, books: Sequence[Book[Any]], *, template: bool) -> bytes:
    """Books as a workbook (导出), or their empty forms."""
    from matcher.outputs.ledger_xlsx import workbook

    of = reach(visit)
    rows: dict[str, list[Mapping[str, Cell]]] = {}
    if not template:
        with visit.service.store.reading() as connection:
            for book in books:
                found = reading.rows(connection, visit.zone, book, *of.conditions(book))
                rows[book.name] = [cells_of(of.setting, book, record) for record in found]
    return workbook(of.setting, books, rows)


def imported(visit: Visit, raw: bytes, name: str, reason: str, *, dry_run: bool) -> Imported:
    """Enters a workbook, or tells what would be entered (导入).

    Raises:
        SheetError: It holds mistakes; nothing was entered.
    """
    of = reach(visit)
    own = {book.name: of.with_group(book, {}) for book in ALL.values()}

    def allow(entry: Entry, book: Book[Any], id_: int, changes: Mapping[str, tuple[Any, Any]]) -> None:
        of.check_written(entry.connection, book, id_, changes)

    return import_workbook(
        visit.service.store, of.setting, raw, name, by=visit.caller.name, dry_run=dry_run, reason=reason or None,
        defaults={book: values for book, values in own.items() if values}, allow=allow, naming=visit.service.meant_by,
    )  # fmt: skip


def _check(of: Reach, entry: Entry, book: Book[Any], id_: int) -> None:
    of.check_write(entry.connection, book, reading.row(entry.connection, of.setting, book, id_, deleted=True))
