"""The books of the ledgers (各本台账): what each field may hold. What fields are called is in ``rules/ledger.yaml``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Table

from matcher.ledger.money import Money
from matcher.ledger.records import (
    Activity,
    Arrival,
    Goal,
    Issue,
    Kept,
    Meeting,
    Need,
    Paper,
    Project,
    Promise,
    Target,
)  # fmt: skip
from matcher.ledger.tables import BOOKS
from matcher.matching.name_index import squeezed

Kind = Literal[
    "text", "date", "whole", "decimal", "money", "word", "company", "uscc", "family", "department", "town", "group", "chain",
    "segment", "mode", "shares", "row", "paper", "measure", "currency", "unit", "step",
]  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of a book (一列).

    Attributes:
        kind: What it holds.
        longest: Most characters of a text.
        words: Of a ``word``: which vocabulary; of a ``row``: which book.
        ahead: A day that may lie in the future.
        kept: Set once; a change needs a reason.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    longest: int = 200
    words: str = ""
    ahead: bool = False
    kept: bool = False


R = TypeVar("R", bound=Kept)


@dataclass(frozen=True)
class Book(Generic[R]):
    """One book (一本台账).

    Attributes:
        record: What a row is read as.
        fields: Those that people fill in; steps set ``state`` and what belongs to it.
        stepped: Its rows make steps.
    """

    name: str
    record: type[R]
    fields: tuple[Field, ...]
    stepped: bool = False

    @property
    def table(self) -> Table:
        """Its table (表)."""
        return BOOKS[self.name]

    @property
    def everything(self) -> tuple[Field, ...]:
        """The fields, with those that steps set (连同步骤各列)."""
        return (*self.fields, *(STATE if self.stepped else ()))

    def field(self, name: str) -> Field | None:
        """A field by its name (按名取列)."""
        return next((field for field in self.everything if field.name == name), None)

    def columns(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values of fields as the table keeps them (入库): money with its currency, shares as text, names as they are compared."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            field = self.field(name)
            if field is not None and field.kind == "money":
                found[name] = None if value is None else value.amount
                found[f"{name}_currency"] = None if value is None else value.currency
            elif field is not None and field.kind == "shares":
                found[name] = None if value is None else [[unit, str(share)] for unit, share in value]
            else:
                found[name] = value
            if name == "company" and value is not None:
                found["squeezed"] = squeezed([value])[0]
        return found

    def of(self, row: Mapping[str, Any]) -> R:
        """A row of the table as a record (读出一行)."""
        given = {field.name: row[field.name] for field in dataclasses.fields(self.record)}
        for field in self.fields:
            value = given[field.name]
            if value is not None and field.kind == "money":
                given[field.name] = Money(value, row[f"{field.name}_currency"])
            elif value is not None and field.kind == "shares":
                given[field.name] = tuple((unit, Fraction(share)) for unit, share in value)
        return self.record(**given)

    def values(self, record: Kept) -> dict[str, Any]:
        """What a record's fields hold (一行各列的值)."""
        return {field.name: getattr(record, field.name) for field in self.everything}


STATE = (Field("state", "step", required=True), Field("state_on", "date", required=True), Field("state_reason", longest=500))
"""What steps set (步骤各列)."""
_COMPANY = (Field("company", "company", required=True, longest=80), Field("uscc", "uscc"))
_WHOSE = (
    Field("chain", "chain"), Field("segment", "segment"), Field("group", "group"), Field("department", "department"),
    Field("town", "town"), Field("owner", longest=40), Field("shares", "shares"), Field("next_step", longest=500),
    Field("next_on", "date", ahead=True), Field("note", longest=2000),
)  # fmt: skip
_PROJECT = Field("project", "row", required=True, words="projects")

TARGETS = Book(
    "targets",
    Target,
    (
        Field("kind", "word", required=True, words="target_kind"), *_COMPANY, Field("family", "family", longest=80),
        Field("province", longest=20), Field("city", longest=20), *_WHOSE, Field("first_on", "date", kept=True),
        Field("first_by", longest=60, kept=True), Field("run", longest=32), Field("run_rank", "whole"), Field("why", longest=1000),
        Field("contacts", longest=500),
    ),
    stepped=True,
)  # fmt: skip
PROJECTS = Book(
    "projects",
    Project,
    (
        Field("name", required=True, longest=120), Field("target", "row", words="targets"), *_COMPANY, *_WHOSE,
        Field("service_mode", "mode"), Field("content", longest=2000), Field("agreed", "money"), Field("land", "decimal"),
        Field("jobs", "whole"), Field("plan_start_on", "date", ahead=True), Field("plan_production_on", "date", ahead=True),
    ),
    stepped=True,
)  # fmt: skip
ACTIVITIES = Book(
    "activities",
    Activity,
    (
        Field("kind", "word", required=True, words="activity_kind"), Field("name", required=True, longest=120),
        Field("starts_on", "date", required=True, ahead=True), Field("ends_on", "date", ahead=True), Field("place", longest=120),
        Field("people", longest=500), Field("whom", longest=500), *_WHOSE, Field("trip", longest=64), Field("result", longest=2000),
        Field("cost", "money"),
    ),
    stepped=True,
)  # fmt: skip
MEETINGS = Book(
    "meetings",
    Meeting,
    (
        Field("activity", "row", required=True, words="activities"), Field("target", "row", words="targets"),
        Field("project", "row", words="projects"), *_COMPANY, Field("met_on", "date", required=True), Field("result", longest=2000),
    ),
)  # fmt: skip
ARRIVALS = Book(
    "arrivals",
    Arrival,
    (
        _PROJECT, Field("arrived_on", "date", required=True), Field("origin", "word", required=True, words="origin"),
        Field("amount", "money", required=True), Field("means", longest=60), Field("note", longest=500),
    ),
)  # fmt: skip
PAPERS = Book(
    "papers",
    Paper,
    (
        _PROJECT, Field("paper", "paper", required=True), Field("issued_on", "date", required=True), Field("number", longest=80),
        Field("note", longest=500),
    ),
)  # fmt: skip
NEEDS = Book(
    "needs",
    Need,
    (
        _PROJECT, Field("kind", "word", required=True, words="need_kind"), Field("what", required=True, longest=500),
        Field("department", "department"), Field("promised_on", "date"), Field("due_on", "date", ahead=True),
        Field("met_on", "date"), Field("met", longest=500),
    ),
)  # fmt: skip
PROBLEMS = Book(
    "problems",
    Issue,
    (
        _PROJECT, Field("what", required=True, longest=1000), Field("department", "department"), Field("owner", longest=40),
        Field("raised_on", "date"), Field("due_on", "date", ahead=True), Field("solved_on", "date"), Field("solution", longest=1000),
    ),
)  # fmt: skip
PROMISES = Book(
    "promises",
    Promise,
    (
        Field("project", "row", words="projects"), Field("target", "row", words="targets"),
        Field("kind", "word", required=True, words="promise_kind"), Field("what", required=True, longest=1000),
        Field("amount", "money"), Field("ground", longest=300), Field("promised_on", "date"), Field("reviewed_on", "date"),
        Field("reviewed_by", longest=60), Field("review", longest=500),
    ),
)  # fmt: skip
GOALS = Book(
    "goals",
    Goal,
    (
        Field("year", "whole", required=True), Field("measure", "measure", required=True),
        Field("unit_kind", "word", required=True, words="unit_kind"), Field("unit", "unit", required=True, longest=40),
        Field("amount", "decimal", required=True), Field("amount_currency", "currency"),
    ),
)  # fmt: skip

WHOSE = ("group", "department", "town")
"""Fields that say whose a row is (归属)."""
ALL: dict[str, Book[Any]] = {
    book.name: book for book in (TARGETS, PROJECTS, ACTIVITIES, MEETINGS, ARRIVALS, PAPERS, NEEDS, PROBLEMS, PROMISES, GOALS)
}
"""Every book by its name (全部台账)."""
