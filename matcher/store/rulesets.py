"""Published versions of a zone's rules (规则版本): who let which ruleset count, when, why, and what was let pass.

A row names a digest; the files are a copy of their own (``matcher.rules.kept``), which is there before the row is. Numbers count from 1
in every zone and are never given twice. A retired version stays and can still be asked for by its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from matcher.errors import OptionError, RequestError
from matcher.store.database import Store
from matcher.store.tables import kept_scores, rulesets, runs

_LONGEST_NAME, _LONGEST_NOTE = 60, 1000


@dataclass(frozen=True)
class Override:
    """Breaches of one rule that somebody let pass (放行).

    Attributes:
        rule: The rule, the veto or the question.
        forbidden: What it breaches, each an entry of the list of compliance.
        reason: Why it was let pass.
        breaches: What the check said of it.
    """

    rule: str
    forbidden: tuple[str, ...]
    reason: str
    breaches: tuple[str, ...]


@dataclass(frozen=True)
class RulesetVersion:
    """A published version (规则版本).

    Attributes:
        number: From 1, in order of publishing.
        compliance: Digest of the list of compliance that it was checked against.
    """

    zone: str
    number: int
    digest: str
    compliance: str
    published_at: datetime
    published_by: str
    note: str
    overrides: tuple[Override, ...]
    retired_at: datetime | None
    retired_by: str | None
    retired_note: str | None


@dataclass(frozen=True)
class Published:
    """What became of publishing (发布结果).

    Attributes:
        version: The new one, or the one that counts already and is the same.
        is_new: Whether it was added.
        before: Which one counted before, if any did.
    """

    version: RulesetVersion
    is_new: bool
    before: RulesetVersion | None


def publish(
    store: Store, zone: str, digest: str, *, by: str, note: str, compliance: str, overrides: Sequence[Override] = ()
) -> Published:
    """Lets a ruleset count from now on (发布); the one that counts already is not published twice.

    Args:
        store: The database.
        zone: Whose rules.
        digest: Of the ruleset; its copy must have been kept.
        by: Who says so.
        note: Why.
        compliance: Digest of the list that it was checked against.
        overrides: What was let pass.

    Raises:
        OptionError: A name or note is empty or too long.
        StoreError: The database cannot be written.
    """
    name, why = signed(by, note)
    values = {
        "zone": zone, "digest": digest, "compliance": compliance, "published_by": name, "note": why,
        "overrides": [asdict(one) for one in overrides],
    }  # fmt: skip
    with store.writing() as connection:
        there = _versions(connection, zone)
        before = newest(there)
        if before is not None and before.digest == digest:
            return Published(before, False, before)
        number = there[-1].number + 1 if there else 1
        connection.execute(insert(rulesets).values({**values, "number": number, "published_at": datetime.now(UTC)}))
        return Published(_versions(connection, zone)[-1], True, before)


def retire(store: Store, zone: str, number: int, *, by: str, note: str) -> tuple[RulesetVersion, bool]:
    """Lets a version count no more (停用); it stays in the history.

    Returns:
        The version, and whether it counted until now.

    Raises:
        OptionError: A name or note is empty or too long.
        RequestError: There is no such version.
        StoreError: The database cannot be written.
    """
    name, why = signed(by, note)
    values = {"retired_by": name, "retired_note": why, "retired_at": datetime.now(UTC)}
    standing = (rulesets.c.zone == zone) & (rulesets.c.number == number) & rulesets.c.retired_at.is_(None)
    with store.writing() as connection:
        changed = connection.execute(update(rulesets).where(standing).values(values)).rowcount
        return numbered(_versions(connection, zone), number), bool(changed)


def versions(store: Store, zone: str) -> list[RulesetVersion]:
    """All versions of a zone, the oldest first (列出规则版本)."""
    with store.reading() as connection:
        return _versions(connection, zone)


def signed(by: str, note: str) -> tuple[str, str]:
    """Who and why, as they are kept (署名与说明).

    Raises:
        OptionError: Either is empty or too long.
    """
    if not 1 <= len(by.strip()) <= _LONGEST_NAME or not by.isprintable():
        raise OptionError(f"姓名应为 1 到 {_LONGEST_NAME} 个字", field="by")
    if not 1 <= len(note.strip()) <= _LONGEST_NOTE:
        raise OptionError(f"说明应为 1 到 {_LONGEST_NOTE} 个字：为什么", field="note")
    return by.strip(), one_line(note)


def one_line(text: str) -> str:
    """A text of a person as it is kept and told (一行文字): no line breaks, nothing that a terminal or a database chokes on."""
    return "".join(char if char.isprintable() else "�" for char in " ".join(text.split()))


def newest(there: Sequence[RulesetVersion]) -> RulesetVersion | None:
    """The version that counts: the last that is not retired (现行版本)."""
    return next((one for one in reversed(there) if one.retired_at is None), None)


def numbered(there: Sequence[RulesetVersion], number: int) -> RulesetVersion:
    """The version of this number (按版本号查).

    Raises:
        RequestError: There is none.
    """
    for one in there:
        if one.number == number:
            return one
    hint = "还没有发布过" if not there else "只有第 1 版" if len(there) == 1 else f"有第 1 至 {there[-1].number} 版"
    raise RequestError("规则版本", str(number), hint=hint)


def named(there: Sequence[RulesetVersion], digest: str) -> RulesetVersion | None:
    """The version that a digest is best called by (按摘要查): the last that is not retired, else the last."""
    same = [one for one in there if one.digest == digest]
    return newest(same) or (same[-1] if same else None)


def rulesets_in_use(store: Store) -> frozenset[str]:
    """Digests that versions, runs or kept scores name (用到的规则摘要): their copies must not be dropped."""
    with store.reading() as connection:
        columns = (rulesets.c.digest, runs.c.ruleset, kept_scores.c.ruleset)
        found = [connection.execute(select(column).distinct()).scalars() for column in columns]
        return frozenset(digest for digests in found for digest in digests)


def _versions(connection: Connection, zone: str) -> list[RulesetVersion]:
    wanted = select(rulesets).where(rulesets.c.zone == zone).order_by(rulesets.c.number)
    return [_version(row) for row in connection.execute(wanted)]


def _version(row: Row[Any]) -> RulesetVersion:
    kept = dict(row._mapping)
    overrides = [
        Override(one["rule"], tuple(one["forbidden"]), one["reason"], tuple(one["breaches"])) for one in kept.pop("overrides")
    ]
    return RulesetVersion(**kept, overrides=tuple(overrides))
