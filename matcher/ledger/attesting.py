"""What proofs attest (证明的内容): a proof counts only as long as what it was added for is what it was then.

What stood when a proof was added follows from the history: of every field that was changed since, the oldest value that was taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, select

from matcher.ledger import tables
from matcher.ledger.books import ALL, ARRIVALS, PAPERS, PROJECTS
from matcher.ledger.reading import decoded
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import shown
from matcher.rules.assessment import Assessment

SUM = "agreed"
"""Of a project: it is attested by the proof of the step that makes it binding, and by no other (协议投资)."""
STEP_DAY = "state_on"
"""The day of the step that is proved (阶段日期)."""
_COMPANY = ("company", "uscc")
_OWN: Mapping[str, tuple[str, ...]] = {
    PROJECTS.name: (*_COMPANY, SUM), ARRIVALS.name: ("project", "arrived_on", "origin", "amount"),
    PAPERS.name: ("project", "paper", "issued_on"),
}  # fmt: skip
_AT_ONCE = 500
Changed = Mapping[str, tuple[Any, Any]]
"""Field → what it was when the proof was added, and what it is now, both as the history keeps them."""


def outdated(connection: Connection, zone: str, book: str, rows: Sequence[int] | None = None) -> dict[int, Changed]:
    """Proof → what has changed since it was added (证明待更新); proofs that attest what stands are not among them.

    Args:
        connection: In a transaction.
        zone: Whose.
        book: Of projects, arrivals or papers; the proofs of others prove nothing.
        rows: Only of these; None for all.
    """
    found: dict[int, dict[str, list[Any]]] = {}
    parts = [None] if rows is None else [rows[at : at + _AT_ONCE] for at in range(0, len(rows), _AT_ONCE)]
    for part in parts if book in _OWN else ():
        wanted = [tables.proofs.c.zone == zone, tables.proofs.c.book == book, tables.proofs.c.withdrawn_at.is_(None)]
        if part is not None:
            wanted.append(tables.proofs.c.row.in_(part))
        _own_fields(connection, book, wanted, found)
        if book == PROJECTS.name:
            _days(connection, wanted, found)
        else:
            _companies(connection, book, wanted, found)
    changed = {
        proof: {name: (old, new) for name, (old, new) in of.items() if _differs(name, old, new)} for proof, of in found.items()
    }
    return {proof: of for proof, of in changed.items() if of}


def proves_nothing(changed: Mapping[int, Changed]) -> list[int]:
    """Proofs that prove neither step, paper nor arrival any more (不再证明的): of more than the sum something has changed."""
    return [proof for proof, of in changed.items() if set(of) - {SUM}]


def none_of(proofs: Iterable[int]) -> ColumnElement[bool]:
    """The condition that a proof is none of these, however many (除去这些证明)."""
    return tables.proofs.c.id.not_in(bindparam(None, list(proofs), expanding=True, literal_execute=True))


def said(connection: Connection, setting: Setting, scales: Assessment) -> dict[int, str]:
    """Proof that no longer proves what it was added for → why, in Chinese (证明待更新).

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        scales: Which steps make the agreed investment binding.
    """
    binding = [counts.agreed_at for counts in scales.measures.values() if counts.agreed_at]
    proofs, steps = tables.proofs, tables.steps
    of_sum = select(proofs.c.id).join(steps, steps.c.id == proofs.c.step).where(proofs.c.zone == setting.zone)
    attest_sum = set(connection.execute(of_sum.where(steps.c.step.in_(binding))).scalars())
    found = {}
    for book in _OWN:
        for proof, changed in outdated(connection, setting.zone, book).items():
            what = [
                _said(setting, book, name, change) for name, change in sorted(changed.items()) if name != SUM or proof in attest_sum
            ]
            if what:
                found[proof] = f"待更新：附上以后{'，'.join(what)}；核对后再附一次"
    return found


def _said(setting: Setting, book: str, name: str, change: tuple[Any, Any]) -> str:
    of = PROJECTS if name in (*_COMPANY, STEP_DAY) else ALL[book]
    field = of.field(name)
    old, new = ((field and shown(setting, of, field, decoded(field, value))) or "（空）" for value in change)
    return f"{setting.title(of.name, name)}由{old}改为{new}"


def _differs(name: str, old: Any, new: Any) -> bool:
    """A code that was merely filled in, or taken out, leaves the company what it was."""
    return bool(old != new and not (name == "uscc" and (old is None or new is None)))


def _note(found: dict[int, dict[str, list[Any]]], proof: int, name: str, change: Sequence[Any]) -> None:
    """The oldest of the old values, the newest of the new ones."""
    found.setdefault(proof, {}).setdefault(name, list(change))[1] = change[1]


def _own_fields(
    connection: Connection, book: str, wanted: Sequence[ColumnElement[bool]], found: dict[int, dict[str, list[Any]]]
) -> None:
    proofs, history = tables.proofs, tables.history
    since = and_(history.c.book == proofs.c.book, history.c.row == proofs.c.row, history.c.at > proofs.c.added_at)
    changes = select(proofs.c.id, history.c.changes).join(history, since).where(*wanted).order_by(proofs.c.id, history.c.version)
    for proof, changed in connection.execute(changes):
        for name in _OWN[book]:
            if name in changed:
                _note(found, proof, name, changed[name])


def _companies(
    connection: Connection, book: str, wanted: Sequence[ColumnElement[bool]], found: dict[int, dict[str, list[Any]]]
) -> None:
    """Whose money it is, and whose paper, is told by the project."""
    proofs, history, table = tables.proofs, tables.history, tables.BOOKS[book]
    since = and_(history.c.book == PROJECTS.name, history.c.row == table.c.project, history.c.at > proofs.c.added_at)
    changes = (
        select(proofs.c.id, history.c.changes)
        .join(table, table.c.id == proofs.c.row)
        .join(history, since)
        .where(*wanted)
        .order_by(proofs.c.id, history.c.version)
    )
    for proof, changed in connection.execute(changes):
        for name in _COMPANY:
            if name in changed:
                _note(found, proof, name, changed[name])


def _days(connection: Connection, wanted: Sequence[ColumnElement[bool]], found: dict[int, dict[str, list[Any]]]) -> None:
    """The day of the step: persons correct it, and an event may tell the same step on another day."""
    proofs, steps, history = tables.proofs, tables.steps, tables.history
    corrected = and_(
        history.c.book == proofs.c.book, history.c.row == proofs.c.row, history.c.at > proofs.c.added_at, history.c.verb == "step"
    )
    changes = (
        select(proofs.c.id, proofs.c.row, proofs.c.step, history.c.at, history.c.source, history.c.changes)
        .join(history, corrected)
        .where(*wanted, proofs.c.step.is_not(None))
        .order_by(proofs.c.id, history.c.version)
    )
    by_persons = [
        line for line in connection.execute(changes)
        if STEP_DAY in line.changes and "state" not in line.changes and not line.source.startswith("event:")
    ]  # fmt: skip
    moved = list(
        connection.execute(
            select(proofs.c.id, proofs.c.row, proofs.c.added_at, steps.c.step, steps.c.on)
            .join(steps, steps.c.id == proofs.c.step)
            .where(*wanted, steps.c.recorded_at > proofs.c.added_at)
        )
    )
    lines = _lines(connection, sorted({line.row for line in (*by_persons, *moved)}))
    for line in by_persons:
        entered = [one.id for one in lines.get(line.row, ()) if one.recorded_at <= line.at]
        if entered and max(entered) == line.step:  # the last that was entered is the one that is corrected
            _note(found, line.id, STEP_DAY, line.changes[STEP_DAY])
    for other in moved:
        stood = [
            one for one in lines.get(other.row, ())
            if one.step == other.step and one.recorded_at <= other.added_at
            and (one.undone_at is None or one.undone_at > other.added_at)
        ]  # fmt: skip
        _note(found, other.id, STEP_DAY, [str(stood[-1].on) if stood else None, str(other.on)])


def _lines(connection: Connection, rows: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The steps of some projects, as they were entered."""
    steps, found = tables.steps, dict[int, list[Row[Any]]]()
    for at in range(0, len(rows), _AT_ONCE):
        part = select(steps).where(steps.c.book == PROJECTS.name, steps.c.row.in_(rows[at : at + _AT_ONCE])).order_by(steps.c.id)
        for line in connection.execute(part):
            found.setdefault(line.row, []).append(line)
    return found
