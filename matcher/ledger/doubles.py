"""Proof in doubt (证明存疑): a file that is gone, or serves as proof twice: of two projects, or of two milestones, sums or papers of one.

It is told and never refused: an agreement may well speak of two projects. Who looks at the file decides, and takes one back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from matcher.ledger import tables
from matcher.ledger.books import ARRIVALS, PAPERS, PROJECTS
from matcher.ledger.proofs import OTHER, flaw
from matcher.ledger.setting import Setting

_AT_ONCE = 500


@dataclass(frozen=True)
class Use:
    """What a proof proves (一处用处).

    Attributes:
        proof: Its number.
        book, row: What it hangs on.
        project: Whose it is.
        step: Id of the step that it proves, of projects; ``line``: of ``ledger_steps``.
        paper: Which paper, of papers.
    """

    proof: int
    book: str
    row: int
    project: int
    step: str
    line: int | None
    paper: str
    kind: str
    name: str


@dataclass(frozen=True)
class Doubt:
    """A proof whose file proves something else as well, is missing or was changed (证明存疑).

    Attributes:
        row: ``book:number`` of what it hangs on.
        step: Of ``ledger_steps``, which it proves, of projects.
        proof: Its number.
        name: Of the project.
        others: ``book:number`` of what else it proves.
        why: In Chinese.
    """

    row: str
    step: int | None
    proof: int
    name: str
    others: tuple[str, ...]
    why: str


def doubts(
    connection: Connection,
    setting: Setting,
    *,
    digests: Collection[str] | None = None,
    rows: Collection[str] | None = None,
    home: Path | None = None,
) -> list[Doubt]:
    """Proofs whose files prove something else as well, by number (一份文件作两处证明); with a home, those whose files are gone, too.

    What was deleted, withdrawn or undone by a step back counts nothing and is left out. A permit that proves both the paper and the step
    of one project is no doubt: the rules ask for it in both places.

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        digests: Only of these files; None for all.
        rows: Only proofs that hang on these (``book:number``); None for all.
        home: ``LIANZHAO_HOME``: the files of these rows are looked at (``flaw``); None looks at none.
    """
    found = flawed(connection, setting, home, rows or ())
    for uses in _uses(connection, setting, digests).values():
        for one in uses:
            others = [other for other in uses if _apart(one, other)]
            row = f"{one.book}:{one.row}"
            if others and (rows is None or row in rows):
                told = "、".join(dict.fromkeys(_called(setting, other) for other in others))
                why = f"同一份文件也作{told}的证明，请核对；用错的撤回"
                found.append(Doubt(row, one.line, one.proof, one.name, tuple(f"{other.book}:{other.row}" for other in others), why))
    return sorted(found, key=lambda doubt: doubt.proof)


def doubt_of(connection: Connection, setting: Setting, digest: str, proof: int) -> str:
    """Why a proof is doubted (这份证明存疑的缘由), empty if it is not.

    Args:
        connection: The transaction in which it was added.
        setting: The zone's rules.
        digest: Of its file.
        proof: Its number.
    """
    return next((one.why for one in doubts(connection, setting, digests=[digest]) if one.proof == proof), "")


def flawed(connection: Connection, setting: Setting, home: Path | None, rows: Collection[str]) -> list[Doubt]:
    """Proofs of some rows whose files are missing or were changed (证明文件缺失、被改动), as far as a look shows it.

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        home: ``LIANZHAO_HOME``; None looks at nothing.
        rows: ``book:number`` of projects and arrivals.
    """
    proofs, looked = tables.proofs, dict[str, str]()
    lines: list[Any] = []
    for book in (PROJECTS, ARRIVALS) if home is not None else ():
        ids = sorted(int(row.partition(":")[2]) for row in rows if row.startswith(f"{book.name}:"))
        for at in range(0, len(ids), _AT_ONCE):
            hang = (proofs.c.book == book.name) & proofs.c.row.in_(ids[at : at + _AT_ONCE])
            live = (proofs.c.zone == setting.zone) & proofs.c.withdrawn_at.is_(None) & (proofs.c.kind != OTHER)
            lines += connection.execute(select(proofs).where(live, hang).order_by(proofs.c.id)).all()
    found = []
    for line in lines:
        if home is not None and line.digest not in looked:
            looked[line.digest] = flaw(home, line.digest, line.size, line.added_at)
        if looked[line.digest]:
            found.append((line, looked[line.digest]))
    arrivals = _hang(connection, ARRIVALS.table, sorted({line.row for line, _ in found if line.book == ARRIVALS.name}))
    owners = {line.id: arrivals[line.row][0] if line.book == ARRIVALS.name else line.row for line, _ in found}
    names = _names(connection, sorted(set(owners.values())))
    return [Doubt(f"{line.book}:{line.row}", line.step, line.id, names[owners[line.id]], (), why) for line, why in found]


def _apart(one: Use, other: Use) -> bool:
    """Whether two uses of a file prove two things."""
    if one.project != other.project:
        return True
    if (one.book, one.row, one.step) == (other.book, other.row, other.step):
        return False
    return not (one.kind == other.kind and {one.book, other.book} == {PROJECTS.name, PAPERS.name})


def _called(setting: Setting, use: Use) -> str:
    what = setting.step_name(PROJECTS.name, use.step) if use.step else setting.called(use.book)
    if use.paper:
        what = setting.papers[use.paper].name if use.paper in setting.papers else use.paper
    number = f"第 {use.row} 号" if use.book == ARRIVALS.name else ""
    return f"第 {use.project} 号{setting.called(PROJECTS.name)}「{use.name}」{number}{what}（{use.kind}，第 {use.proof} 号证明）"


def _uses(connection: Connection, setting: Setting, digests: Collection[str] | None) -> dict[str, list[Use]]:
    """Digest of a file that is used more than once → its uses that count."""
    proofs, steps = tables.proofs, tables.steps
    live = (proofs.c.zone == setting.zone) & proofs.c.withdrawn_at.is_(None) & (proofs.c.kind != OTHER)
    asked = sorted(digests) if digests is not None else None
    often = select(proofs.c.digest).where(live).group_by(proofs.c.digest).having(func.count() > 1)
    wanted = (
        select(proofs, steps.c.step.label("made"), steps.c.undone_at)
        .outerjoin(steps, steps.c.id == proofs.c.step)
        .where(live, proofs.c.book.in_((PROJECTS.name, ARRIVALS.name, PAPERS.name)))
        .where(proofs.c.digest.in_(often) if asked is None else proofs.c.digest.in_(asked))
        .order_by(proofs.c.id)
    )
    lines = [line for line in connection.execute(wanted) if line.undone_at is None]
    of_rows = {
        book.name: _hang(connection, book.table, sorted({line.row for line in lines if line.book == book.name}))
        for book in (ARRIVALS, PAPERS)
    }
    owners = {line.id: of_rows[line.book].get(line.row, (0, "")) if line.book in of_rows else (line.row, "") for line in lines}
    names = _names(connection, sorted({project for project, _ in owners.values()}))
    found: dict[str, list[Use]] = {}
    for line in lines:
        project, paper = owners[line.id]
        if project in names:
            use = Use(line.id, line.book, line.row, project, line.made or "", line.step, paper, line.kind, names[project])
            found.setdefault(line.digest, []).append(use)
    return found


def _hang(connection: Connection, table: Any, rows: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Row of arrivals or papers → its project, and which paper."""
    found: dict[int, tuple[int, str]] = {}
    for at in range(0, len(rows), _AT_ONCE):
        wanted = select(table).where(table.c.id.in_(rows[at : at + _AT_ONCE]), table.c.deleted_at.is_(None))
        for line in connection.execute(wanted).mappings():
            found[line["id"]] = (line["project"], line.get("paper", ""))
    return found


def _names(connection: Connection, projects: Sequence[int]) -> dict[int, str]:
    table, found = PROJECTS.table, dict[int, str]()
    for at in range(0, len(projects), _AT_ONCE):
        wanted = select(table.c.id, table.c.name).where(table.c.id.in_(projects[at : at + _AT_ONCE]), table.c.deleted_at.is_(None))
        found |= {line.id: line.name for line in connection.execute(wanted)}
    return found
