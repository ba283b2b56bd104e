"""The rows of the books as frozen dataclasses (台账各行)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from matcher.ledger.money import Money

Shares = tuple[tuple[str, Fraction], ...]
"""Unit → its part of the credit; all parts together are one (联合招引份额)."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What every row of a book has (每一行都有的)."""

    id: int
    zone: str
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    deleted_at: datetime | None = None
    deleted_by: str | None = None
    deleted_note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shared(Kept):
    """What the rows of the three ledgers have in common (三台账共有的)."""

    chain: str | None = None
    segment: str | None = None
    group: str | None = None
    department: str | None = None
    town: str | None = None
    owner: str | None = None
    shares: Shares | None = None
    next_step: str | None = None
    next_on: date | None = None
    note: str | None = None
    state: str
    state_on: date
    state_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Target(Shared):
    """A target company, chamber or park (目标企业)."""

    kind: str
    company: str
    uscc: str | None = None
    family: str | None = None
    province: str | None = None
    city: str | None = None
    first_on: date | None = None
    first_by: str | None = None
    run: str | None = None
    run_rank: int | None = None
    why: str | None = None
    contacts: str | None = None


@dataclass(frozen=True, kw_only=True)
class Project(Shared):
    """A project (招商项目)."""

    name: str
    company: str
    uscc: str | None = None
    target: int | None = None
    service_mode: str | None = None
    content: str | None = None
    agreed: Money | None = None
    land: Decimal | None = None
    jobs: int | None = None
    plan_start_on: date | None = None
    plan_production_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Activity(Shared):
    """An activity (招商活动)."""

    kind: str
    name: str
    starts_on: date
    ends_on: date | None = None
    place: str | None = None
    people: str | None = None
    whom: str | None = None
    trip: str | None = None
    result: str | None = None
    cost: Money | None = None


@dataclass(frozen=True, kw_only=True)
class Meeting(Kept):
    """One company met in an activity (会见)."""

    activity: int
    company: str
    met_on: date
    target: int | None = None
    project: int | None = None
    uscc: str | None = None
    result: str | None = None


@dataclass(frozen=True, kw_only=True)
class Arrival(Kept):
    """Funds that arrived (一笔到位资金)."""

    project: int
    arrived_on: date
    origin: str
    amount: Money
    means: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Paper(Kept):
    """A paper that a project was given (一件手续)."""

    project: int
    paper: str
    issued_on: date
    number: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Need(Kept):
    """What a project needs of land, energy, funds, staff (要素需求)."""

    project: int
    kind: str
    what: str
    department: str | None = None
    promised_on: date | None = None
    due_on: date | None = None
    met_on: date | None = None
    met: str | None = None


@dataclass(frozen=True, kw_only=True)
class Issue(Kept):
    """A problem of a project, with its deadline (问题)."""

    project: int
    what: str
    department: str | None = None
    owner: str | None = None
    raised_on: date | None = None
    due_on: date | None = None
    solved_on: date | None = None
    solution: str | None = None


@dataclass(frozen=True, kw_only=True)
class Promise(Kept):
    """What was promised to a company (承诺)."""

    kind: str
    what: str
    project: int | None = None
    target: int | None = None
    amount: Money | None = None
    ground: str | None = None
    promised_on: date | None = None
    reviewed_on: date | None = None
    reviewed_by: str | None = None
    review: str | None = None


@dataclass(frozen=True, kw_only=True)
class Goal(Kept):
    """What a group, department or town is to reach in a year (年度目标任务)."""

    year: int
    measure: str
    unit_kind: str
    unit: str
    amount: Decimal
    amount_currency: str | None = None


@dataclass(frozen=True)
class Written:
    """What was entered (登记结果).

    Attributes:
        version: The row's version now.
        changes: Field → (old, new); empty if nothing changed.
        told: Warnings, in Chinese.
    """

    book: str
    id: int
    version: int
    changes: dict[str, tuple[Any, Any]]
    told: tuple[str, ...] = field(default=())
