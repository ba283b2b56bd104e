"""What people decided of names (归一判定): this query is that company, or none of those that there are.

A judgement names a code, a legal name, or both, and no row, so it outlives every file, and with a code every change of name. The
latest that has not been withdrawn counts; to withdraw takes back all that stand for the query. Queries are the same if they are the
same when squeezed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from matcher.errors import OptionError
from matcher.intake.fields import check_codes
from matcher.matching.name_index import squeezed
from matcher.matching.resolution import LONGEST
from matcher.store.database import Store
from matcher.store.tables import judgements
from matcher.text.normalise import normalise

_CODE = re.compile(r"(?=.*\d)[0-9A-Z]{18}")
_LONGEST_NOTE = 1000


@dataclass(frozen=True)
class Judgement:
    """One decision, standing or withdrawn (一次判定).

    Attributes:
        query: As it was written.
        company: Code or legal name, or both with the code first; None for 都不是.
    """

    query: str
    company: str | None
    by: str
    note: str
    decided_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_note: str | None


def judge(store: Store, query: str, company: str | None, *, code: str = "", by: str = "", note: str = "") -> None:
    """Records a decision (记录判定).

    Args:
        store: The database.
        query: What was asked.
        company: Credit code or legal name, None for 都不是.
        code: The credit code of a company that is given by its name, if it is known.
        by: Who says so.
        note: Why.

    Raises:
        OptionError: The query is no name, or the code fails its check.
        StoreError: The database cannot be written.
    """
    values = {
        "query": _storable(query).strip(),
        "squeezed": _query(query),
        "company": None if company is None else f"{_company(code)} {_company(company)}" if code else _company(company),
        "by": _storable(by),
        "note": _note(note),
        "decided_at": datetime.now(UTC),
    }
    with store.writing() as connection:
        connection.execute(insert(judgements).values(values))


def withdraw(store: Store, query: str, *, by: str = "", note: str = "") -> int:
    """Takes back what stands for a query (撤回判定); it stays in the history.

    Returns:
        How many judgements were standing.

    Raises:
        OptionError: The query is no name.
        StoreError: The database cannot be written.
    """
    standing = (judgements.c.squeezed == _query(query)) & judgements.c.withdrawn_at.is_(None)
    values = {"withdrawn_at": datetime.now(UTC), "withdrawn_by": _storable(by), "withdrawn_note": _note(note)}
    with store.writing() as connection:
        return connection.execute(update(judgements).where(standing).values(values)).rowcount


def history(store: Store) -> list[Judgement]:
    """All judgements, the oldest first (判定历史)."""
    columns = [column for column in judgements.c if column.name not in ("id", "squeezed")]
    with store.reading() as connection:
        return [Judgement(*row) for row in connection.execute(select(*columns).order_by(judgements.c.id))]


def latest(judged: Iterable[Judgement]) -> list[Judgement]:
    """Of a history those that count (现行的判定)."""
    last: dict[str, Judgement] = {}
    for one in judged:
        if one.withdrawn_at is None:
            last[squeezed([one.query])[0]] = one
    return sorted(last.values(), key=lambda one: one.decided_at)


def known(store: Store) -> Mapping[str, str | None]:
    """Squeezed query → code or legal name or both, or None for 都不是 (已有判定): what ``Known.judged`` of the resolver wants."""
    with store.reading() as connection:
        return standing(connection)


def standing(connection: Connection, at: datetime | None = None) -> dict[str, str | None]:
    """The same within a transaction (现行判定), now or as it was at a moment."""
    since, until = judgements.c.decided_at, judgements.c.withdrawn_at
    counts = until.is_(None) if at is None else (since <= at) & (until.is_(None) | (until > at))
    wanted = select(judgements.c.squeezed, judgements.c.company).where(counts)
    return dict(connection.execute(wanted.order_by(judgements.c.id)).all())


def _query(query: str) -> str:
    short = squeezed([_storable(query)])[0]
    if not short or len(short) > LONGEST:
        raise OptionError(f"要判定的应为一个名称，不超过 {LONGEST} 字")
    return short


def _company(company: str) -> str:
    text = _storable(company).strip()
    code = normalise(text).replace(" ", "").upper()
    if _CODE.fullmatch(code):
        if not check_codes([code])[0]:
            raise OptionError(f"统一社会信用代码 {code} 校验不通过，请核对")
        return code
    if not squeezed([text])[0] or len(text) > LONGEST:
        raise OptionError(f"--is 应为统一社会信用代码，或不超过 {LONGEST} 字的企业全称")
    return text


def _note(note: str) -> str:
    if len(note) > _LONGEST_NOTE:
        raise OptionError(f"--note 不超过 {_LONGEST_NOTE} 字")
    return _storable(note)


def _storable(text: str) -> str:
    """Text without what no database can hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")
