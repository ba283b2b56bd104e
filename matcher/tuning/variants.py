"""The same companies with something changed or answered (变体), and their scores; what the file says is never touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import overload

import numpy as np

from matcher.engine import Engine
from matcher.intake import Companies
from matcher.intake.fields import UNKNOWN
from matcher.matching.profiles import Profiles
from matcher.rules import Zone
from matcher.rules.changes import Changeable, Changes, Step
from matcher.rules.zone import SegmentSpec
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.tuning.outcome import Reading
from matcher.tuning.profile_windows import ProfileWindows

_YUAN = 10_000  # in a 万元
_COLUMNS = {"insured_count": "insured", "paid_capital": "paid_capital", "capital": "capital"}


@dataclass(frozen=True)
class Change:
    """One thing of a company changed or answered (一处改动).

    Attributes:
        field: As in ``rules/changes.yaml``.
        label: In Chinese.
        before, after: In words; ``before`` is empty where it was unknown.
        cost: 0 for an answer.
        value: What stands in the company's column then.
        weight: How likely an answer is beside the others.
    """

    field: str
    label: str
    before: str
    after: str
    cost: int
    value: int | str
    weight: int = 1


def answers(changes: Changes, reading: Reading, place: int) -> dict[str, tuple[Change, ...]]:
    """What may be answered of a company's unknown fields (可能的答案): field → answers, in the file's order.

    An answer that cannot be true of its legal form, as its name has it, is left out.
    """
    companies = reading.companies
    form = name_reader(reading.reader.corpora).parse(normalise(companies.text["name"][place])).legal_form
    found: dict[str, tuple[Change, ...]] = {}
    for one in changes.fields:
        if one.answers and not _known(one.field, companies, place):
            told = (
                _answer(one, companies, place, answer, weight)
                for answer, weight in one.answers.items()
                if form in one.only.get(answer, (form,))
            )
            given = tuple(change for change in told if change is not None)
            if given:
                found[one.field] = given
    return found


def steps(changes: Changes, companies: Companies, place: int, zone: Zone, segment: SegmentSpec | None) -> tuple[Change, ...]:
    """What a company can change of what is known of it (改得了的).

    Args:
        changes: What can be changed.
        companies: The companies.
        place: The one.
        zone: For the words of its segment.
        segment: The segment it is scored for, or None.
    """
    found = []
    for one in changes.fields:
        for step in one.steps:
            change = _step(changes, one, step, companies, place, zone, segment)
            if change is not None:
                found.append(change)
    return tuple(found)


def _known(field: str, companies: Companies, place: int) -> bool:
    column = _COLUMNS.get(field)
    return bool(companies.text[field][place]) if column is None else int(getattr(companies, column)[place]) != UNKNOWN


def _answer(one: Changeable, companies: Companies, place: int, answer: str, weight: int) -> Change | None:
    value: int | str = answer
    if one.field == "insured_count":
        value, words = int(float(answer)), f"{answer}人"
    elif one.field == "capital":
        value = round(float(answer) * _YUAN)
        words = _wan(value)
    elif one.field == "paid_capital":
        if not _known("capital", companies, place):
            return None
        value = round(float(answer) * int(companies.capital[place]))
        words = f"{_wan(value)}（注册资本的 {float(answer):.0%}）"
    else:
        words = answer or "没有"
    return Change(one.field, one.label, "", words, 0, value, weight)


def _step(
    changes: Changes, one: Changeable, step: Step, companies: Companies, place: int, zone: Zone, segment: SegmentSpec | None
) -> Change | None:
    if one.field in _COLUMNS:
        now = int(getattr(companies, _COLUMNS[one.field])[place])
        base = int(companies.capital[place]) if step.share else now
        if UNKNOWN in (now, base):
            return None
        value = round(base * (step.share or step.times or 1))
        words = [f"{n:,}人" if one.field == "insured_count" else _wan(n) for n in (now, value)]
        return Change(one.field, one.label, words[0], words[1], step.cost, value) if value > now else None
    now_text = companies.text[one.field][place]
    if step.add:
        added = "、".join(filter(None, (now_text, step.add)))
        return None if step.add in now_text else Change(one.field, one.label, now_text, added, step.cost, added)
    if segment is None or segment.chain is None:
        return None
    item = {str(kind): its for kind, its in changes.items.items()}[segment.kind].of(_strongest(zone, segment))
    if item is None or item in now_text:
        return None
    cost = changes.cost_of(item, step.cost)
    return Change(one.field, one.label, "", f"增加“{item}”", cost, "；".join(filter(None, (now_text, item))))


def _strongest(zone: Zone, segment: SegmentSpec) -> list[str]:
    """A segment's strongest words, in the file's order."""
    (spec,) = (one for chain in zone.chains if chain.id == segment.chain for one in chain.segments if one.id == segment.id)
    return spec.terms[max(spec.terms)]


def _wan(yuan: int) -> str:
    return f"{yuan / _YUAN:,.6g}万元"


def altered(companies: Companies, places: Sequence[int], changed: Sequence[Sequence[Change]]) -> Companies:
    """Companies, each with its changes (改过的企业).

    Args:
        companies: As they are.
        places: Which company each variant is of.
        changed: Of each variant.
    """
    rows = companies.take(places)
    numbers = {column: getattr(rows, column).copy() for column in _COLUMNS.values()}
    text = {field: list(cells) for field, cells in rows.text.items()}
    for row, its in enumerate(changed):
        for change in its:
            if change.field in _COLUMNS:
                numbers[_COLUMNS[change.field]][row] = change.value
            else:
                text[change.field][row] = str(change.value)
    return replace(rows, text=text, **numbers)


def reread(engine: Engine, reading: Reading, places: Sequence[int], changed: Sequence[Sequence[Change]]) -> Reading:
    """A reading of variants alone (变体的读数); only texts that changed are read again.

    Args:
        engine: Whose reading it is.
        reading: The companies as they are.
        places: Which company each variant is of.
        changed: Of each variant.
    """
    companies = altered(reading.companies, places, changed)
    profiles = reading.windows.take(np.asarray(places, dtype=np.int64))
    new = [row for row, its in enumerate(changed) if any(change.field == "business_scope" for change in its)]
    if new:
        read = engine.reader.read(companies.take(new), engine.processes)
        for field in fields(Profiles):
            getattr(profiles, field.name)[new] = getattr(read, field.name)
    return replace(reading, companies=companies, windows=ProfileWindows(profiles), places=np.arange(len(companies)))


def with_variant(reading: Reading, variant: Reading, row: int, place: int) -> Reading:
    """The companies, one of them as a variant of it is, for putting them in order (换上一家变体); texts stay as they were read.

    Args:
        reading: The companies as they are.
        variant: A reading of variants.
        row: Which variant.
        place: Which company of the reading it is of.
    """
    everybody = _put(reading.intake.companies, int(reading.places[place]), variant.companies, row)
    return replace(reading, companies=_put(reading.companies, place, variant.companies, row), finder=reading.finder.over(everybody))


def _put(companies: Companies, place: int, others: Companies, row: int) -> Companies:
    numbers = {column: getattr(companies, column).copy() for column in _COLUMNS.values()}
    for column, values in numbers.items():
        values[place] = getattr(others, column)[row]
    changeable = ("qualifications", "listed", "status", "business_scope")
    texts = {field: _Cells(companies.text[field], place, others.text[field][row]) for field in changeable}
    return replace(companies, text={**companies.text, **texts}, **numbers)


class _Cells(Sequence[str]):
    """A column with another text in one place; the others stay where they are, for a column may be that of a whole register."""

    def __init__(self, cells: Sequence[str], place: int, text: str) -> None:
        self._cells, self._place, self._text = cells, place, text

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        return self._text if at in (self._place, self._place - len(self)) else self._cells[at]
