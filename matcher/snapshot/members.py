"""Rows that are one company (同一企业的各行): the rule of ``read_files`` field by field, with where each field came from.

Of the rows of one code the order is: the later ``as_of`` first, then the fuller row, then by content. Each field is that of the first row
that has it; names that a company bore before join its former names. Because every field keeps the standing of its row, companies that were
merged before merge with further rows to the very same result as if all rows had come at once, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from matcher.intake.companies import TEXT_FIELDS, content_digest
from matcher.intake.fields import UNKNOWN, UNKNOWN_DAY
from matcher.intake.former import former_names

NUMBERS = ("founded", "capital", "paid_capital", "insured")
"""Fields kept as whole numbers (数值字段)."""
FIELDS = (*TEXT_FIELDS, *NUMBERS)
"""Fields whose source is kept (有来源的字段)."""
_UNKNOWN = {"founded": UNKNOWN_DAY}
_NOTHING: tuple[str | int, ...] = (*("" for _ in TEXT_FIELDS), *(_UNKNOWN.get(field, UNKNOWN) for field in NUMBERS))
_NAME, _FORMER = FIELDS.index("name"), FIELDS.index("former_names")
NOBODY = -1
"""In place of a number among the origins: no row has the field (无来源)."""


class Origin(NamedTuple):
    """A row that a company was made of (来源行); the lesser stands before the greater.

    Attributes:
        age: As_of in days since 1970, negative.
        emptiness: Characters of all its texts, negative.
        content: The first 63 bits of the row's content digest.
        file: Number of its file.
        row: Spreadsheet row.
    """

    age: int
    emptiness: int
    content: int
    file: int
    row: int

    @property
    def as_of(self) -> int:
        """Its date, or ``UNKNOWN_DAY`` (数据日期)."""
        return -self.age


class Member(NamedTuple):
    """A row, or what rows were merged to before (一行或已合并的企业).

    Attributes:
        values: Of ``FIELDS``.
        file, row, as_of: Of its first origin.
        origins: Ascending; empty for a single row, whose origin can be told from its values.
        choice: For each field the number of its origin, or ``NOBODY``.
    """

    values: tuple[str | int, ...]
    code_ok: bool
    file: int
    row: int
    as_of: int
    origins: tuple[Origin, ...] = ()
    choice: tuple[int, ...] = ()


def nothing_in(number: str) -> int:
    """What stands in a number that nobody knows (未知的数值)."""
    return _UNKNOWN.get(number, UNKNOWN)


def content_of(texts: Sequence[str], founded: int, capital: int, paid: int, insured: int, as_of: int) -> tuple[int, int]:
    """Emptiness and content of a row's ``Origin`` (来源的两个比较值)."""
    digest = content_digest(texts, [capital, paid, insured, founded, as_of])
    return -sum(map(len, texts)), int(digest[:16], 16) >> 1


def with_origin(member: Member) -> Member:
    """The member with the origin of a single row (补上来源)."""
    if member.origins:
        return member
    texts = [str(value) for value in member.values[: len(TEXT_FIELDS)]]
    founded, capital, paid, insured = (int(value) for value in member.values[len(TEXT_FIELDS) :])
    told = content_of(texts, founded, capital, paid, insured, member.as_of)
    origin = Origin(-member.as_of, *told, member.file, member.row)
    choice = tuple([NOBODY if value == nothing else 0 for value, nothing in zip(member.values, _NOTHING, strict=True)])
    return Member(member.values, member.code_ok, member.file, member.row, member.as_of, (origin,), choice)


def merged(members: Iterable[Member]) -> Member:
    """One company of members with the same code (合并)."""
    each = sorted(map(with_origin, members), key=lambda member: member.origins[0])
    found = each.pop()
    while each:
        top = each.pop()
        alone = len(top.origins) == 1 and top.origins[0] < found.origins[0]
        both = _over(top, found) if alone else _both(top, found)
        found = _renamed(both, (top, found))
    return found


def _renamed(whole: Member, parts: Sequence[Member]) -> Member:
    """The company with all former names, as if from the first row that tells one of them by its name or its field."""
    present = str(whole.values[_NAME])
    told = [(str(part.values[_NAME]), str(part.values[_FORMER])) for part in parts]
    former = former_names(told, present)
    if not former and not whole.values[_FORMER]:  # as nearly always
        return whole
    first = min((origin for part in parts for origin in _telling(part, present)), default=None)
    values, choice = list(whole.values), list(whole.choice)
    values[_FORMER], choice[_FORMER] = former, whole.origins.index(first) if first else NOBODY
    return whole._replace(values=tuple(values), choice=tuple(choice))


def _telling(part: Member, present: str) -> Iterator[Origin]:
    """The rows by which a part tells of a name that is not the present one."""
    if former_names([(str(part.values[_NAME]), "")], present):
        yield part.origins[part.choice[_NAME]]
    if former_names([("", str(part.values[_FORMER]))], present):
        yield part.origins[part.choice[_FORMER]]


def _over(top: Member, rest: Member) -> Member:
    """A single row that stands before all rows of ``rest``, as nearly always: what it lacks is theirs."""
    values, choice = [], []
    for value, nothing, other, number in zip(top.values, _NOTHING, rest.values, rest.choice, strict=True):
        filled = value != nothing
        values.append(value if filled else other)
        choice.append(0 if filled else NOBODY if number == NOBODY else number + 1)
    return Member(tuple(values), top.code_ok, top.file, top.row, top.as_of, (*top.origins, *rest.origins), tuple(choice))


def _both(one: Member, other: Member) -> Member:
    """Each field is that of the origin that stands before."""
    origins = sorted({*one.origins, *other.origins})
    values, choice = [], []
    for place, nothing in enumerate(_NOTHING):
        filled = [(m.origins[m.choice[place]], m.values[place]) for m in (one, other) if m.choice[place] != NOBODY]
        first = min(filled, default=None)
        values.append(first[1] if first else nothing)
        choice.append(origins.index(first[0]) if first else NOBODY)
    top = origins[0]
    return Member(tuple(values), one.code_ok, top.file, top.row, top.as_of, tuple(origins), tuple(choice))


def moved(origins: Sequence[Origin], files: Sequence[int]) -> tuple[Origin, ...]:
    """The origins with other numbers of files (来源文件重新编号)."""
    return tuple(origin._replace(file=files[origin.file]) for origin in origins)
