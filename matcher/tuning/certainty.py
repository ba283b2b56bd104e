"""How certain a list is (名单稳不稳): in how many completions of what is unknown a company is among the first, and what to ask first.

A completion answers every unknown field of every company with one of the answers of ``rules/changes.yaml``, as likely as the file says. If
there are no more completions than draws, all are ranked and weighed; else draws are taken by SHA-256 of (seed, draw, company), so the same
seed gives the same shares on any machine.

Only a pool of companies is answered for: those whose best possible score is highest. A company outside can neither be among the first nor
move one that is, as long as its best possible score is below the last order value of every draw; the pool is doubled until that is so.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.rules.changes import Changes
from matcher.runs import Request
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import ORDER_UNIT, Placed
from matcher.tuning.outcome import Outcome, Places, Reading, make_list, outcome_of, score_all
from matcher.tuning.standing import Standing, standing_of
from matcher.tuning.variants import Change, answers, reread

DRAWS = 200
"""Completions that are drawn where not all are ranked (默认抽几次)."""
MOST_QUESTIONS = 10
_LEAST_POOL = 60
_BATCH = 20_000  # variants that are scored at once
_NEAR = 0.95  # companies whose best possible score is this share of the last order value are in the first pool
_MOST_COMPLETIONS = 4000  # of one company; no file of answers comes near


@dataclass(frozen=True)
class Chance:
    """A company that is among the first in some completion (一家企业的把握).

    Attributes:
        standing: As the list has it now.
        share: Share of the completions in which it is among the first.
        best, worst: Its places over all completions, from 1; ``worst`` is None if it is not among the first in one.
        open: Unknown fields that were answered.
    """

    standing: Standing
    share: float
    best: int
    worst: int | None
    open: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """One thing to ask of one company (一个问题).

    Attributes:
        moved: Lines of the first places that another company would stand on, on average over the answers.
        answers: (Answer, the company's place with it, None if not among the first), in the file's order.
    """

    name: str
    uscc: str | None
    row: int
    field: str
    label: str
    moved: float
    answers: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Certainty:
    """How certain a list is (名单的把握).

    Attributes:
        seed: Of the draws; None if all completions were ranked.
        completions: How many were ranked.
        pool: Companies that were answered for.
        proved: No company outside the pool can be among the first, in a completion or with an answer to a question.
        chances: By share, then by place now.
        questions: Those that move most lines; the first is the one to ask.
    """

    top: int
    seed: int | None
    completions: int
    pool: int
    proved: bool
    chances: tuple[Chance, ...]
    questions: tuple[Question, ...]


def certainty(engine: Engine, reading: Reading, request: Request, changes: Changes, *, seed: int, draws: int = DRAWS) -> Certainty:
    """Looks at a list in completions of what is unknown (看名单的把握).

    Args:
        engine: The rules.
        reading: The companies, read by this engine.
        request: Filters, date and how many the first are.
        changes: What may be answered.
        seed: Of the draws.
        draws: How many at most.
    """
    outcome = outcome_of(engine, reading, request)
    order, high = _by_hope(outcome, reading)
    if not order:  # nobody could be on any list
        return Certainty(request.top, None, 0, 0, True, (), ())
    values = outcome.chains.order_value
    last = int(values[request.top - 1]) // (ORDER_UNIT // UNIT) if len(values) >= request.top else 0
    size = max(_LEAST_POOL, int((high >= _NEAR * last).sum())) if last else len(order)
    while True:
        pool = _Pool(engine, reading, request, changes, sorted(order[:size]))
        sampled, kept = pool.lists(seed, draws)
        chances = _chances(engine, reading, request, outcome, pool, kept)
        questions = _questions(pool, request, {chance.standing.row for chance in chances})
        whole = size >= len(order)
        proved = whole or int(high[order[size]]) * (ORDER_UNIT // UNIT) < pool.least
        if proved or whole:
            return Certainty(request.top, seed if sampled else None, len(kept), len(pool.members), proved, chances, questions)
        size *= 2


def _by_hope(outcome: Outcome, reading: Reading) -> tuple[list[int], NDArray[np.int64]]:
    """Companies by their best possible score, and that score; those that a veto certainly bars are left out."""
    high = outcome.scored.hope
    order = sorted(np.flatnonzero(high >= 0).tolist(), key=lambda place: (-int(high[place]), reading.companies.key(place)))
    return order, high


class _Pool:
    """Companies with all their completions, scored once.

    A variant's company is numbered by its place in the pool, so that the lists are made by the code that makes all lists.

    Attributes:
        least: The last order value among the first, the least over all lists made so far.
    """

    def __init__(self, engine: Engine, reading: Reading, request: Request, changes: Changes, members: Sequence[int]) -> None:
        self.engine, self.reading, self.request, self.members = engine, reading, request, list(members)
        self.least = 100 * ORDER_UNIT + 1
        self.asked = [answers(changes, reading, place) for place in self.members]
        self.completions: list[list[tuple[Change, ...]]] = [
            list(itertools.islice(itertools.product(*of_fields.values()), _MOST_COMPLETIONS)) for of_fields in self.asked
        ]
        self.first = np.cumsum([0, *map(len, self.completions)]).tolist()
        everything = [(number, its) for number, all_ in enumerate(self.completions) for its in all_]
        self.base = len(everything)
        everything += [(number, ()) for number in range(len(self.members))]
        self.single = len(everything)
        self.singles = [
            (number, field, change)
            for number, of_fields in enumerate(self.asked)
            for field, given in of_fields.items()
            for change in given
        ]
        everything += [(number, (change,)) for number, _, change in self.singles]
        self._score(everything)

    def _score(self, everything: Sequence[tuple[int, tuple[Change, ...]]]) -> None:
        """Keeps of each variant its chosen pair alone, so that the memory is that of a few columns."""
        parts = [self._chosen(everything[start : start + _BATCH]) for start in range(0, len(everything), _BATCH)]
        owners = np.array([number for number, _ in everything], dtype=np.int64)
        self._placed = replace(Placed.joined([placed for placed, _ in parts]), company=owners)
        self._there = np.concatenate([there for _, there in parts])
        self._at = self.reading.places[self.members]
        self._finder = self.reading.finder.near(self._at.tolist())
        self._companies = self.reading.companies.take(self.members)

    def _chosen(self, some: Sequence[tuple[int, tuple[Change, ...]]]) -> tuple[Placed, NDArray[np.bool_]]:
        """Where each variant is placed, and whether it is on the list of the chains."""
        variants = reread(self.engine, self.reading, [self.members[number] for number, _ in some], [its for _, its in some])
        scored, themes = score_all(self.engine, variants, self.request)
        there = scored.open
        if themes is not None:
            there[themes.placed.company[themes.open]] = False
        return scored.placed, there

    def ranked(self, chosen: NDArray[np.int64]) -> Places:
        """The list with one variant of each member (一次补全的名单)."""
        placed = self._placed.take(chosen[self._there[chosen]])
        made = make_list(self._finder, placed, self._at, self._companies, self.engine.zone, self.engine.corpora)
        values = made.order_value
        self.least = min(self.least, int(values[self.request.top - 1]) if len(values) >= self.request.top else 0)
        return made

    def lists(self, seed: int, draws: int) -> tuple[bool, list[tuple[Places, int]]]:
        """Lists of all completions with how likely each is, or of some that are drawn; whether they were drawn."""
        weights = [[prod(change.weight for change in its) for its in all_] for all_ in self.completions]
        first = np.array(self.first[:-1], dtype=np.int64)
        if prod(map(len, weights)) <= draws:
            found = []
            for way in itertools.product(*(range(len(of_member)) for of_member in weights)):
                likely = prod(of_member[n] for n, of_member in zip(way, weights, strict=True))
                found.append((self.ranked(first + np.array(way, dtype=np.int64)), likely))
            return False, found
        keys = [self.reading.companies.key(place) for place in self.members]
        bounds = [np.cumsum(of_member) for of_member in weights]
        drawn = []
        for draw in range(draws):
            parts = [_pick(seed, draw, key, int(ends[-1])) for key, ends in zip(keys, bounds, strict=True)]
            drawn_way = [int(np.searchsorted(ends, part, side="right")) for part, ends in zip(parts, bounds, strict=True)]
            drawn.append((self.ranked(first + np.array(drawn_way, dtype=np.int64)), 1))
        return True, drawn

    def same(self, one: int, other: int) -> bool:
        """Whether two variants of a member stand alike: the same segment and score, on the list or not."""
        alike = (self._there, self._placed.score, self._placed.segment)
        return all(values[one] == values[other] for values in alike)

    def names(self, places: Places, top: int) -> list[int]:
        """Members among the first, in order."""
        found: list[int] = places.company[:top].tolist()
        return found


def _pick(seed: int, draw: int, key: str, size: int) -> int:
    digest = hashlib.sha256(f"{seed}\0{draw}\0{key}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") % size


def _chances(
    engine: Engine, reading: Reading, request: Request, outcome: Outcome, pool: _Pool, lists: Sequence[tuple[Places, int]]
) -> tuple[Chance, ...]:
    inside: Counter[int] = Counter()
    places: dict[int, list[int]] = {}
    for one, weight in lists:
        order = pool.names(one, request.top)
        inside.update(dict.fromkeys(order, weight))
        for place, member in enumerate(order, start=1):
            places.setdefault(member, []).append(place)
    total = sum(weight for _, weight in lists)
    chances = []
    for member, count in inside.items():
        standing = standing_of(engine, reading, outcome, pool.members[member])
        worst = max(places[member]) if len(places[member]) == len(lists) else None
        chances.append(Chance(standing, count / total, min(places[member]), worst, tuple(pool.asked[member])))
    chances.sort(key=lambda one: (-one.share, one.standing.place or 10**9, one.standing.row, one.standing.name))
    return tuple(chances)


def _questions(pool: _Pool, request: Request, rows: set[int]) -> tuple[Question, ...]:
    """Each unknown field of each company that may be among the first, by how many lines its answer moves."""
    now = np.arange(pool.base, pool.base + len(pool.members))
    first = pool.names(pool.ranked(now), request.top)
    found: dict[tuple[int, str], list[tuple[Change, int, int | None]]] = {}
    companies = pool.reading.companies
    for number, (member, field, change) in enumerate(pool.singles):
        if int(companies.row[pool.members[member]]) not in rows:
            continue
        chosen = now.copy()
        chosen[member] = pool.single + number
        order = first if pool.same(pool.base + member, pool.single + number) else pool.names(pool.ranked(chosen), request.top)
        moved = sum(a != b for a, b in itertools.zip_longest(first, order))
        found.setdefault((member, field), []).append((change, moved, order.index(member) + 1 if member in order else None))
    questions = []
    for (member, field), given in found.items():
        place = pool.members[member]
        told = tuple(dict.fromkeys((change.after, at) for change, _, at in given))
        mean = sum(moved * change.weight for change, moved, _ in given) / sum(change.weight for change, _, _ in given)
        text = companies.text
        code = text["uscc"][place] or None
        questions.append(Question(text["name"][place], code, int(companies.row[place]), field, given[0][0].label, mean, told))
    questions.sort(key=lambda one: (-one.moved, one.row, one.name, one.field))
    return tuple(one for one in questions[:MOST_QUESTIONS] if one.moved)
