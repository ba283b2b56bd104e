"""Who else is on the same company (撞单), who was first (首谈), and how credit is shared (联合招引)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, or_, select

from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.setting import Setting
from matcher.matching.name_index import squeezed


@dataclass(frozen=True)
class Claim:
    """One row that is about a company (一家在跟).

    Attributes:
        by_family: It is the same group, not the same company.
        first_on: Of targets: when it was first spoken with.
    """

    book: str
    id: int
    company: str
    uscc: str | None
    department: str | None
    group: str | None
    owner: str | None
    state: str
    first_on: date | None
    first_by: str | None
    shared: bool
    by_family: bool = False

    @property
    def whose(self) -> str:
        """Who works on it (谁在跟): department, else group, else person."""
        return self.department or self.group or self.owner or ""


@dataclass(frozen=True)
class Collision:
    """Rows of more than one office on one company or group (撞单).

    Attributes:
        name: The company, or the group.
        claims: Whoever spoke first stands first.
        shared: Every row says how credit is shared.
    """

    name: str
    claims: tuple[Claim, ...]
    by_family: bool

    @property
    def shared(self) -> bool:
        """Whether the credit has been settled (是否已定份额)."""
        return all(claim.shared for claim in self.claims)


_COLUMNS = ("id", "company", "squeezed", "uscc", "department", "group", "owner", "state", "shares")


def claims_on(
    connection: Connection, setting: Setting, values: Mapping[str, Any], *, book: str = "", id_: int | None = None
) -> list[Claim]:
    """Rows on the same company or group (谁在跟这家), those that were dropped or lost left out.

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        values: ``company``, ``uscc`` and ``family`` of the row that is entered.
        book: Its book, and
        id_: its number, if it is there already: then it is left out, and so is the target or project that it belongs to.
    """
    name, code, family = squeezed([values["company"]])[0], values.get("uscc"), values.get("family")
    family = family or setting.family_of(values["company"])
    found: list[Claim] = []
    for one in (TARGETS, PROJECTS):
        table = one.table
        same: list[ColumnElement[bool]] = [table.c.squeezed == name]
        if code:
            same.append(table.c.uscc == code)
        if family:
            same += [TARGETS.table.c.family == family, table.c.squeezed == family]
        for row in connection.execute(_wanted(setting, one).where(or_(*same))).mappings():
            if (one.name, row["id"]) == (book, id_) or _belongs(values, book, id_, one.name, row):
                continue
            if code and row["uscc"] and code != row["uscc"] and not (family and row["family"] == family):
                continue  # two companies of one name
            whole = row["squeezed"] == name or (code is not None and row["uscc"] == code)
            found.append(_claim(one, row, by_family=not whole))
    return found


def told_of(claims: Iterable[Claim], setting: Setting, whose: str) -> list[str]:
    """What whoever enters a row is told of others on the company (撞单提示)."""
    lines = []
    for claim in claims:
        called, state = setting.called(claim.book), setting.step_name(claim.book, claim.state)
        first = f"，首谈 {claim.first_by or '未登记'} {claim.first_on}" if claim.first_on else ""
        about = f"同一集团的 {claim.company}" if claim.by_family else claim.company
        kind = "撞单" if claim.whose != whose or not whose else "本单位已登记"
        lines.append(f"{kind}：{about} 已有第 {claim.id} 号{called}（{claim.whose or '未写责任部门'}，{state}{first}）")
    return lines


def collisions(connection: Connection, setting: Setting) -> list[Collision]:
    """Companies and groups that more than one office works on (撞单清单); a project and the target that it came from count as one."""
    claims: list[tuple[str, str, Claim]] = []  # key, what it is called, claim
    codes: dict[str, str] = {}
    rows = [(book, row) for book in (TARGETS, PROJECTS) for row in connection.execute(_wanted(setting, book)).mappings()]
    converted = {row["target"] for book, row in rows if book is PROJECTS and row["target"] is not None}
    for _, row in rows:
        if row["uscc"]:
            codes.setdefault(row["squeezed"], row["uscc"])
    for book, row in rows:
        if book is TARGETS and row["id"] in converted:
            continue
        key = row["uscc"] or codes.get(row["squeezed"]) or row["squeezed"]
        claims.append((f"1{key}", row["company"], _claim(book, row, by_family=False)))
        family = row["family"] or setting.family_of(row["company"])
        if family:
            claims.append((f"2{family}", family, _claim(book, row, by_family=True)))
    claims.sort(key=lambda one: (one[0], one[2].first_on or date.max, one[2].book != "targets", one[2].id))
    found: list[Collision] = []
    seen: set[frozenset[tuple[str, int]]] = set()
    for key, group in groupby(claims, key=lambda one: one[0]):
        together = list(group)
        if len({claim.whose for _, _, claim in together}) < 2:
            continue
        rows_of = frozenset((claim.book, claim.id) for _, _, claim in together)
        if rows_of not in seen:
            seen.add(rows_of)
            found.append(Collision(together[0][1], tuple(claim for _, _, claim in together), key.startswith("2")))
    return found


def credit(row: Any) -> dict[str, Fraction]:
    """Unit → its part of a row (份额): as was agreed, else all to the department; empty where nobody is named."""
    if row.shares:
        return dict(row.shares)
    return {row.department: Fraction(1)} if row.department else {}


def _wanted(setting: Setting, book: Book[Any]) -> Any:
    table, spoken = book.table, TARGETS.table
    own = [table.c[name] for name in _COLUMNS]
    own += [spoken.c.family, spoken.c.first_on, spoken.c.first_by]  # of a project: those of the target that it came from
    own += [table.c.target] if book is PROJECTS else []
    out = [step.id for step in setting.steps(book.name) if step.ends]
    rows = select(*own) if book is TARGETS else select(*own).outerjoin(spoken, spoken.c.id == table.c.target)
    return rows.where(table.c.zone == setting.zone, table.c.deleted_at.is_(None), table.c.state.not_in(out)).order_by(table.c.id)


def _belongs(values: Mapping[str, Any], book: str, id_: int | None, other: str, row: RowMapping) -> bool:
    """A project and its own target are one matter."""
    if other == "targets":
        return bool(values.get("target") == row["id"]) and book != "targets"
    return book == "targets" and id_ is not None and bool(row.get("target") == id_)


def _claim(book: Book[Any], row: RowMapping, *, by_family: bool) -> Claim:
    kept: Sequence[str] = ("id", "company", "uscc", "department", "group", "owner", "state")
    return Claim(
        book=book.name,
        **{name: row[name] for name in kept},
        first_on=row["first_on"],
        first_by=row["first_by"],
        shared=bool(row["shares"]),
        by_family=by_family,
    )
