"""Published lists of companies (名单导入), 专精特新, 龙头企业, 百强 …: every name resolved, to dated evidence or a question for a person.

A row keeps what the machine said of its name when it was imported, and never changes. What counts is that, unless a judgement stands
for the name: the judgement decides, and when it is withdrawn the machine's answer counts again. So a judgement settles the queue of every
list at once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, func, insert, select, update

from matcher.errors import OptionError, RequestError
from matcher.intake import Intake
from matcher.matching.name_index import squeezed
from matcher.matching.resolution import Decision, Resolver, code_and_name
from matcher.store.database import Store
from matcher.store.judgements import standing
from matcher.store.tables import judgements, list_imports, list_rows
from matcher.types import ListEntry

_LONGEST_NAME = 60
_AT_ONCE = 2000


@dataclass(frozen=True)
class Named:
    """A candidate as a row keeps it (候选)."""

    name: str
    uscc: str
    confidence: float


@dataclass(frozen=True)
class ListRow:
    """One line of a list and who is meant (名单的一行).

    Attributes:
        row: In the list's file, as a spreadsheet counts it.
        query: The name as the list writes it.
        code: The credit code that the list gives, or empty.
        decision: same, unsure or none.
        uscc: Code of the one that is meant; empty if there is none or only its name is known.
        name: Its legal name, likewise.
        why: What decided.
        judged: A person decided.
        candidates: The likeliest first.
    """

    list: str
    issued: date
    row: int
    query: str
    code: str
    decision: Decision
    uscc: str
    name: str
    why: str
    judged: bool
    candidates: tuple[Named, ...]


@dataclass(frozen=True)
class ListImport:
    """One file of a list (导入的一份名单); ``decisions`` counts its rows as they stand now."""

    id: int
    list: str
    issued: date
    issuer: str
    files: tuple[str, ...]
    source: str
    rejected: int
    imported_at: datetime
    imported_by: str
    decisions: dict[Decision, int]


@dataclass(frozen=True)
class ListKind:
    """Which list a file is of (是哪份名单)."""

    list: str
    issued: date
    issuer: str = ""

    def __post_init__(self) -> None:
        for option, said, least in (("--list", self.list, 1), ("--issuer", self.issuer, 0)):
            if not least <= len(said.strip()) <= _LONGEST_NAME or not (said.isprintable() or not said):
                raise OptionError(f"{option} 应为 {least} 到 {_LONGEST_NAME} 个字")


def base_digest(resolver: Resolver, companies: str, corpora: str) -> str:
    """Of all that decides how names are resolved (归一所据的摘要): the companies, the rules, the corpora."""
    parts = (companies, corpora, resolver.rules.model_dump_json())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def import_list(store: Store, kind: ListKind, intake: Intake, resolver: Resolver, *, against: str, by: str = "") -> bool:
    """Resolves a list's names and keeps them, all or nothing (导入名单).

    The same file imported again changes nothing; with other companies to resolve against it takes the place of the former import.

    Args:
        store: The database.
        kind: The list's name and date.
        intake: Its rows, not merged.
        resolver: Without judgements: those are asked when the list is read.
        against: As ``base_digest`` says.
        by: Who imports it.

    Returns:
        Whether anything changed.

    Raises:
        StoreError: The database cannot be written.
    """
    values = {"list": kind.list.strip(), "issued": kind.issued, "issuer": kind.issuer.strip(), "source": intake.digest}
    with store.reading() as connection:
        if _is_there(connection, values, against):
            return False
    lines = list(_resolved(intake, resolver))
    more = {
        "against": against, "files": list(intake.files), "rejected": len(intake.rejects),
        "imported_at": datetime.now(UTC), "imported_by": by,
    }  # fmt: skip
    with store.writing() as connection:
        if _is_there(connection, values, against):  # another process was first
            return False
        same = _standing(values)
        connection.execute(update(list_imports).where(same).values(ended_at=more["imported_at"], ended_by=by))
        key = connection.execute(insert(list_imports).values({**values, **more})).inserted_primary_key
        rows = [{**line, "import": key[0] if key else 0} for line in lines]
        for start in range(0, len(rows), _AT_ONCE):
            connection.execute(insert(list_rows), rows[start : start + _AT_ONCE])
    return True


def remove_import(store: Store, id_: int, *, by: str = "") -> None:
    """Ends an import (移除导入); it stays in the history and is evidence no more.

    Raises:
        RequestError: There is no such import.
        StoreError: The database cannot be written.
    """
    with store.writing() as connection:
        stands = (list_imports.c.id == id_) & list_imports.c.ended_at.is_(None)
        values = {"ended_at": datetime.now(UTC), "ended_by": by}
        if not connection.execute(update(list_imports).where(stands).values(values)).rowcount:
            raise RequestError("名单导入", str(id_), hint="编号见 lianzhao lists show")


def list_all(store: Store) -> list[ListImport]:
    """The imports that stand, in the order they were made (列出名单)."""
    with store.reading() as connection:
        counted: dict[int, Counter[Decision]] = {}
        for key, row in _rows(connection, None):
            counted.setdefault(key, Counter())[row.decision] += 1
        wanted = select(list_imports).where(list_imports.c.ended_at.is_(None)).order_by(list_imports.c.id)
        found = connection.execute(wanted).all()
    return [
        ListImport(
            one.id, one.list, one.issued, one.issuer, tuple(one.files), one.source, one.rejected, one.imported_at, one.imported_by,
            dict(sorted(counted.get(one.id, Counter()).items())),
        )
        for one in found
    ]  # fmt: skip


def rows_of(store: Store, list_: str | None = None) -> list[ListRow]:
    """The rows of a list, or of all, as they stand now (名单各行).

    Raises:
        RequestError: There is no such list.
        StoreError: The database cannot be read.
    """
    with store.reading() as connection:
        if list_ is not None:
            wanted = select(list_imports.c.list).where(list_imports.c.ended_at.is_(None)).distinct()
            names = list(connection.execute(wanted).scalars())
            if list_ not in names:
                raise RequestError("名单", list_, names)
        return [row for _, row in _rows(connection, list_)]


def queue(store: Store, list_: str | None = None) -> list[ListRow]:
    """What waits for a person (待判定): unsure, with candidates."""
    return [row for row in rows_of(store, list_) if row.decision == "unsure"]


def evidence(store: Store, at: datetime | None = None) -> tuple[ListEntry, ...]:
    """All that stands as evidence (名单依据), once each, in an order of its own.

    Args:
        store: The database.
        at: As it was at a moment; None for now. What was removed, withdrawn or replaced since then counted.
    """
    sources: dict[int, str] = {}
    with store.reading() as connection:
        for one in connection.execute(select(list_imports.c.id, list_imports.c.source)):
            sources[one.id] = one.source
        found = {
            ListEntry(row.list, row.issued, row.uscc, row.name, sources[key])
            for key, row in _rows(connection, None, at)
            if row.decision == "same"
        }
    return tuple(sorted(found, key=lambda entry: (entry.list, entry.issued, entry.uscc, entry.name, entry.source)))


_COUNTED = (list_imports.c.id, list_imports.c.ended_at, judgements.c.id, judgements.c.withdrawn_at)
_STAMP = select(*(select(func.count(one)).scalar_subquery() for one in _COUNTED))  # every score asks for it: put together once


def stamp(store: Store) -> tuple[int, ...]:
    """What changes whenever evidence or judgements do (名单与判定的戳): rows are added and ended, never removed."""
    with store.reading() as connection:
        return tuple(connection.execute(_STAMP).one())


def moments(store: Store, since: datetime, until: datetime) -> list[datetime]:
    """When lists or judgements changed within a time, the latest first (名单依据变动的时刻)."""
    changes = (list_imports.c.imported_at, list_imports.c.ended_at, judgements.c.decided_at, judgements.c.withdrawn_at)
    with store.reading() as connection:
        found = [connection.execute(select(column).where(column.between(since, until))).scalars() for column in changes]
        return sorted({moment for times in found for moment in times}, reverse=True)


def _standing(values: dict[str, Any]) -> Any:
    """The import of the same list, day and file that counts."""
    columns = ("list", "issued", "source")
    same = [list_imports.c[column] == values[column] for column in columns]
    return same[0] & same[1] & same[2] & list_imports.c.ended_at.is_(None)


def _is_there(connection: Connection, values: dict[str, Any], against: str) -> bool:
    found = connection.execute(select(list_imports.c.against, list_imports.c.issuer).where(_standing(values))).first()
    return found is not None and (found.against, found.issuer) == (against, values["issuer"])


def _resolved(intake: Intake, resolver: Resolver) -> Iterator[dict[str, Any]]:
    companies = intake.companies
    names, codes = companies.text["name"], companies.text["uscc"]
    short = squeezed(names)
    for place, name in enumerate(names):
        code = codes[place] if companies.code_ok[place] else ""
        answer = resolver.resolve(name, code)
        found = answer.candidates or ((answer.company,) if answer.company else ())
        if answer.company:  # who is meant comes first, whatever the order of the candidates
            found = (answer.company, *(one for one in found if one.place != answer.company.place))
        yield {
            "place": place,
            "row": int(companies.row[place]),
            "query": name,
            "squeezed": short[place],
            "code": code,
            "decision": answer.decision,
            "why": answer.why,
            "candidates": [[one.name, one.uscc, round(one.confidence, 3)] for one in found],
        }


def _rows(connection: Connection, list_: str | None, at: datetime | None = None) -> list[tuple[int, ListRow]]:
    """(import, row) of the imports that stand, with the judgements that stand, by list, then day, then import."""
    joined = list_rows.join(list_imports)
    wanted = select(list_imports.c.list, list_imports.c.issued, list_rows).select_from(joined)
    since, until = list_imports.c.imported_at, list_imports.c.ended_at
    wanted = wanted.where(until.is_(None) if at is None else (since <= at) & (until.is_(None) | (until > at)))
    if list_ is not None:
        wanted = wanted.where(list_imports.c.list == list_)
    judged = standing(connection, at)
    found = [
        (row._mapping["import"], _as_it_stands(row, judged))
        for row in connection.execute(wanted.order_by(list_imports.c.id, list_rows.c.place))
    ]
    return sorted(found, key=lambda one: (one[1].list, one[1].issued))  # not in SQL: databases sort Chinese each in its own way


def _as_it_stands(row: Row[Any], judged: dict[str, str | None]) -> ListRow:
    candidates = tuple(Named(*one) for one in row.candidates)
    decision, why = cast(Decision, row.decision), row.why
    uscc, name = (candidates[0].uscc, candidates[0].name) if decision == "same" and candidates else ("", "")
    if row.squeezed in judged:
        company = judged[row.squeezed]
        decision, why = ("none" if company is None else "same"), ("人工判定" + ("：都不是" if company is None else ""))
        uscc, name = ("", "") if company is None else _company(company, candidates)
    return ListRow(
        row.list, row.issued, row.row, row.query, row.code, decision, uscc, name, why, row.squeezed in judged, candidates
    )


def _company(wanted: str, candidates: Sequence[Named]) -> tuple[str, str]:
    """Code and name of the company that a judgement names; what the judgement does not say a candidate may."""
    code, name = code_and_name(wanted)
    short = squeezed([name])[0]
    alike = [one for one in candidates if (one.uscc == code if code else squeezed([one.name])[0] == short)]
    if len({one.uscc or one.name for one in alike}) == 1:
        return alike[0].uscc, alike[0].name
    return code, name
