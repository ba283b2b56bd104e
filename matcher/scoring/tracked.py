"""What the ledgers say of companies (台账依据), as of a run's day: where talks stand, when somebody was there, what is agreed.

An entry means a company as an entry of a list does: by credit code, or, where either has none, by the name when squeezed. Where a ledger
is read it is whole for what it tells: a company that is not in it was not visited. Without a ledger nobody knows.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.intake.fields import EPOCH, check_codes
from matcher.matching.name_index import squeezed
from matcher.rules import Zone
from matcher.scoring.values import Column, Field
from matcher.types import LedgerEntry

STATES = ("none", "dropped", "shelved", "waiting", "contacted", "talks", "converted", "other")
"""Where a target stands, the least far first (目标企业的状态); of several rows of one company the furthest counts."""
STAGES = (
    "none", "lost", "talks", "framework", "signed", "registered", "permits", "started", "building", "production", "full", "counted",
    "other",
)  # fmt: skip
"""Where a project stands, the least far first (项目的阶段)."""
_OUT = ("dropped", "lost")
_NEVER = 36_500
FIELDS: dict[str, Field] = {
    "ledger_state": Field("text", "目标企业台账的状态", STATES),
    "project_stage": Field("text", "招商项目台账的阶段", STAGES),
    "visited": Field("truth", "拜访过"),
    "days_since_visit": Field("number", "距上次拜访的天数（没有拜访过按一百年）"),
    "next_step_agreed": Field("truth", "约定了下一步"),
    "next_step_overdue": Field("number", "约定的下一步已过期的天数"),
    "segment_underway": Field("number", "本环节别家在谈、已签的项目（按阶段折算，千分个）"),
}
"""Fields that the ledgers give (台账给的字段)."""
_OF_COMPANY = [name for name in FIELDS if name != "segment_underway"]


@dataclass(frozen=True)
class OnLedger:
    """What the ledgers say of some companies (企业在台账里的情形).

    Attributes:
        columns: Field → values, one a company.
        notes: (field, place) → the row, its day and its reason, in words.
        totals: Thousandths of projects under way by segment number, the last of a company without one; None without a ledger.
        own: Place → segment number → its part of these.
    """

    columns: Mapping[str, Column] = field(default_factory=dict)
    notes: Mapping[tuple[str, int], str] = field(default_factory=dict)
    totals: NDArray[np.int64] | None = None
    own: Mapping[int, Mapping[int, int]] = field(default_factory=dict)

    def underway(self, company: NDArray[np.int64], segment: NDArray[np.int64]) -> Column:
        """What others have under way in each pair's segment (别家的项目)."""
        if self.totals is None:
            return Column(np.zeros(len(company), dtype=np.int64), np.zeros(len(company), dtype=np.bool_))
        values = self.totals[segment]
        for at in np.flatnonzero(np.isin(company, list(self.own))).tolist() if self.own else ():
            values[at] -= self.own[int(company[at])].get(int(segment[at]), 0)
        return Column(values, np.ones(len(company), dtype=np.bool_))


class LedgerReader:
    """Finds companies in the ledgers (台账查对).

    Args:
        entries: What the ledgers say as of the run's day; None where there is no ledger.
        zone: Its segments, and how much each stage of a project counts.

    Attributes:
        digest: Of the entries; empty without a ledger.
    """

    def __init__(self, entries: Sequence[LedgerEntry] | None, zone: Zone) -> None:
        self.digest = "" if entries is None else hashlib.sha256(_told(entries)).hexdigest()
        self._zone = zone
        numbers = {(segment.chain, segment.id): number for number, segment in enumerate(zone.segments)}
        weights = {stage: spec.weight for stage, spec in zone.scoring.ledger.stages.items()} if zone.scoring.ledger else {}
        self._parts: dict[int, tuple[int, int]] = {}  # project → segment, thousandths
        self._totals = None if entries is None else np.zeros(len(zone.segments) + 1, dtype=np.int64)
        self._by_code: dict[str, list[LedgerEntry]] = {}
        self._by_name: dict[str, list[tuple[LedgerEntry, bool]]] = {}
        given = entries or ()
        good = check_codes([entry.uscc for entry in given])
        for entry, has_code, short in zip(given, good.tolist(), squeezed([entry.company for entry in given]), strict=True):
            segment = numbers.get((entry.chain, entry.segment)) if entry.book == "projects" else None
            if segment is not None and self._totals is not None:
                self._parts[entry.row] = (segment, weights.get(entry.state, 0))
                self._totals[segment] += weights.get(entry.state, 0)
            if has_code:
                self._by_code.setdefault(entry.uscc, []).append(entry)
            if short:
                self._by_name.setdefault(short, []).append((entry, has_code))

    def read(self, companies: Companies, as_of: int) -> OnLedger:
        """What the ledgers say of these companies on a day, in days since 1970 (查台账)."""
        size = len(companies)
        everyone = np.full(size, self._totals is not None, dtype=np.bool_)
        found = {name: np.zeros(size, dtype=np.int64) for name in _OF_COMPANY}
        found["days_since_visit"][:] = _NEVER
        notes: dict[tuple[str, int], str] = {}
        own: dict[int, dict[int, int]] = {}
        for place, entries in self._found(companies):
            told = _of_company(entries, EPOCH + timedelta(days=as_of))
            for name, value in told.values.items():
                found[name][place] = value
            notes |= {(name, place): note for name, note in told.notes.items()}
            for entry in entries:
                if entry.book == "projects" and entry.row in self._parts:
                    segment, part = self._parts[entry.row]
                    of_place = own.setdefault(place, {})
                    of_place[segment] = of_place.get(segment, 0) + part
        columns = {
            name: Column(values.astype(np.bool_) if FIELDS[name].kind == "truth" else values, everyone)
            for name, values in found.items()
        }
        return OnLedger(columns, notes, self._totals, own)

    def _found(self, companies: Companies) -> Iterable[tuple[int, list[LedgerEntry]]]:
        if not self._by_code and not self._by_name:
            return
        codes, good = companies.text["uscc"], companies.code_ok.tolist()
        for place, short in enumerate(squeezed(companies.text["name"])):
            found = list(self._by_code.get(codes[place], ())) if good[place] else []
            found += [entry for entry, has_code in self._by_name.get(short, ()) if not (has_code and good[place])]
            if found:
                yield place, found


@dataclass(frozen=True)
class _Told:
    values: Mapping[str, int]
    notes: Mapping[str, str]


def _of_company(entries: Sequence[LedgerEntry], day: date) -> _Told:
    """The furthest state and stage, the latest visit, the latest agreed step of all rows of a company."""
    values: dict[str, int] = {}
    notes: dict[str, str] = {}
    for name, book, words in (("ledger_state", "targets", STATES), ("project_stage", "projects", STAGES)):
        rows = [entry for entry in entries if entry.book == book]
        if rows:
            best = max(rows, key=lambda entry: (_number(entry.state, words), entry.since or date.min, entry.row))
            values[name] = _number(best.state, words)
            notes[name] = "，".join(filter(None, (f"第 {best.row} 号", f"{best.since or ''}", best.why)))
    visits = [entry.visited for entry in entries if entry.visited is not None and entry.visited <= day]
    if visits:
        values |= {"visited": 1, "days_since_visit": (day - max(visits)).days}
        notes["days_since_visit"] = max(visits).isoformat()
    agreed = [entry for entry in entries if entry.agreed and entry.state not in _OUT]
    if agreed:
        days = [entry.next_on for entry in agreed if entry.next_on is not None]
        values |= {"next_step_agreed": 1, "next_step_overdue": max(0, (day - max(days)).days) if days else 0}
        notes["next_step_agreed"] = max(days).isoformat() if days else "没有写日期"
    return _Told(values, notes)


def _number(state: str, words: Sequence[str]) -> int:
    return words.index(state) if state in words else words.index("other")


def packed(entries: Sequence[LedgerEntry]) -> bytes:
    """Entries as they are kept with runs (留存台账依据)."""
    return zlib.compress(_told(entries), 9)


def unpacked(kept: bytes) -> tuple[LedgerEntry, ...]:
    """Entries from their kept form (还原台账依据)."""
    return tuple(LedgerEntry(**_dated(one)) for one in json.loads(zlib.decompress(kept)))


def _dated(one: dict[str, Any]) -> dict[str, Any]:
    days = {name: date.fromisoformat(one[name]) if one[name] else None for name in ("since", "visited", "next_on")}
    return {**one, **days}


def _told(entries: Sequence[LedgerEntry]) -> bytes:
    ordered = sorted(entries, key=lambda entry: (entry.book, entry.row))
    return json.dumps([asdict(entry) for entry in ordered], ensure_ascii=False, sort_keys=True, default=str).encode()
