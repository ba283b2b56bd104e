"""Why a company is not among the first, and the least that would bring it there (差在哪里、改什么能进).

Every combination of changes that ``rules/changes.yaml`` allows is scored; those that could reach the place are tried in order of cost by
putting all companies in order again with this one changed, until enough have been proved; a score is of its own company alone, so the
others' scores stand. So what is told is proved, and nothing cheaper among
the allowed combinations would do.

What can be proved not to reach it is not ranked again. Let c be the place behind the company's own family after the first k, v the order
value there, and r what one more company before another takes of its value at most. In the new list at least k companies have r · v or more,
so a variant that scores less than r · v stays out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.engine import Engine
from matcher.errors import OptionError, RequestError
from matcher.intake import Companies
from matcher.intake.fields import EPOCH
from matcher.rules import Zone
from matcher.rules.changes import Changes
from matcher.runs import Request
from matcher.scoring.evidence import NO_SEGMENT
from matcher.scoring.explain import Finding
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import ORDER_UNIT, Placed
from matcher.tuning.outcome import Outcome, Places, Reading, changed_entry, make_list, outcome_of, score_all
from matcher.tuning.standing import Standing, standing_of
from matcher.tuning.variants import Change, altered, answers, reread, steps, with_variant

MOST_REMEDIES = 3
"""Ways that are told (至多几种办法)."""
_MOST_ANSWERS = 2  # unknown fields that are answered together


@dataclass(frozen=True)
class Remedy:
    """Something that brings a company among the first, proved by ranking again (一种办法).

    Attributes:
        changes: What changes, or is answered.
        cost: Sum of their costs.
        place: Its place then, from 1.
        score: Its score then.
    """

    changes: tuple[Change, ...]
    cost: int
    place: int
    score: float


@dataclass(frozen=True)
class Deduction:
    """A rule that takes points away from a company (扣了分的一条).

    Attributes:
        points: What it takes, below 0.
        known: Whether what it reads is known; else ``points`` is what the rule takes until it is.
        read: The values it read, in words.
        asks: What to ask about it; empty where the rule asks nothing.
    """

    rule: str
    label: str
    points: float
    known: bool
    read: tuple[str, ...]
    asks: str


@dataclass(frozen=True)
class WhyNot:
    """Where a company stands, and what would bring it among the first (差在哪里).

    Attributes:
        top: How many the first are.
        standing: Its place and points as it is.
        last: Name of the last among the first, and its order value; None if the list is shorter.
        answers: Answers to what is unknown that would do; fewest first, in the file's order.
        changes: Changes of what is known that would do; cheapest first.
        tried: Combinations that were scored.
        unfired: Rules that gave nothing, with what they read and the clauses that failed.
        barred: The vetoes that bar it, with what they read: of the ledgers the row, its day and its reason.
        deducted: Rules that take points away, most first.
    """

    top: int
    standing: Standing
    last: tuple[str, float] | None
    answers: tuple[Remedy, ...]
    changes: tuple[Remedy, ...]
    tried: int
    unfired: tuple[Finding, ...] = ()
    barred: tuple[Finding, ...] = ()
    deducted: tuple[Deduction, ...] = ()


def find_company(companies: Companies, words: str) -> int:
    """The company of a name or a credit code (找企业); part of a name will do if only one has it.

    Raises:
        RequestError: None has it.
        OptionError: Several have it.
    """
    names, codes = companies.text["name"], companies.text["uscc"]
    for found in (
        [place for place, code in enumerate(codes) if code and code == words.upper()],
        [place for place, name in enumerate(names) if name == words],
        [place for place, name in enumerate(names) if words and words in name],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            told = "、".join(names[place] for place in found[:5])
            more = "等" if len(found) > 5 else ""
            raise OptionError(
                f"不止一家企业叫“{words}”或名称含这几个字：有 {len(found)} 家（{told}{more}），请写全称或信用代码", field="company"
            )
    near = [name for name in names if words and name[:2] == words[:2]]  # looking at every name of a register takes long
    raise RequestError("企业", words, near, "也可能不在所选城市")


def why_not(engine: Engine, reading: Reading, request: Request, changes: Changes, place: int) -> WhyNot:
    """Explains a company's absence, or its place (为什么不在前列).

    Args:
        engine: The rules.
        reading: The companies, read by this engine.
        request: Filters, date and how many the first are.
        changes: What can be changed and asked.
        place: Which company.
    """
    search = _Search(engine, reading, request, changes, place)
    standing = standing_of(engine, reading, search.outcome, place)
    listed = search.outcome.chains
    last = None
    if len(listed.company) >= request.top:
        name = reading.companies.text["name"][int(listed.company[request.top - 1])]
        last = (name, int(listed.order_value[request.top - 1]) / ORDER_UNIT)
    if standing.place is not None and standing.place <= request.top:
        return WhyNot(request.top, standing, last, (), (), 0, *search.findings())
    answered, changed = search.of_answers(), search.of_changes()
    return WhyNot(request.top, standing, last, answered, changed, search.tried, *search.findings())


class _Search:
    def __init__(self, engine: Engine, reading: Reading, request: Request, changes: Changes, place: int) -> None:
        self.engine, self.reading, self.request, self.changes, self.place = engine, reading, request, changes, place
        self.outcome: Outcome = outcome_of(engine, reading, request)
        self.least = self._least()
        self.tried = 0

    def findings(self) -> tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Deduction, ...]]:
        """Rules that gave the company nothing where it stands, vetoes that bar it, and what takes points (没有得分的、否决、扣分的).

        A company without a segment is read as it was scored: by its own row, as fitting nothing.
        """
        number = self.outcome.scored.placed.segment[self.place : self.place + 1]
        engine, only, as_of = self.engine, np.array([self.place]), (self.request.as_of - EPOCH).days
        companies = self.reading.companies.take(only)
        profiles = engine.reader.read(companies)
        standing = engine.evidence.standing(companies, profiles, as_of)
        evidence = engine.evidence.read(profiles, standing, np.zeros(1, dtype=np.int64), number.astype(np.int64))
        explanation = engine.explainer.of(evidence, engine.ruleset.score(evidence, as_of), as_of).explain(0)
        unfired = tuple(one for one in explanation.rules if not one.points and one.possible[1] > 0)
        asks = {rule.id: rule.asks or "" for rule in engine.ruleset.rules}
        deducted = [
            Deduction(one.rule, one.label, one.points, one.state != "unknown", one.read, asks[one.rule])
            for one in sorted(explanation.rules, key=lambda one: one.points)
            if one.points < 0
        ]
        return unfired, tuple(one for one in explanation.vetoes if one.state == "fired"), tuple(deducted)

    def of_answers(self) -> tuple[Remedy, ...]:
        """Answers that would do: one field, else two."""
        known = answers(self.changes, self.reading, self.place)
        options = list(known.values())
        for size in range(1, _MOST_ANSWERS + 1):
            found = self._proved(
                [list(one) for fields in itertools.combinations(options, size) for one in itertools.product(*fields)]
            )
            if found:
                return found
        return ()

    def of_changes(self) -> tuple[Remedy, ...]:
        """Changes that would do, cheapest first; none that holds another that does."""
        number = int(self.outcome.scored.placed.segment[self.place])
        segment = None if number == NO_SEGMENT else self.engine.zone.segments[number]
        possible = steps(self.changes, self.reading.companies, self.place, self.engine.zone, segment)
        combinations = [
            list(one)
            for size in range(1, self.changes.most_changes + 1)
            for one in itertools.combinations(possible, size)
            if len({change.field for change in one}) == size
        ]
        combinations.sort(key=lambda one: (sum(change.cost for change in one), len(one)))
        return self._proved([one for one in combinations if _consistent(self.reading.companies, self.place, one)])

    def _proved(self, combinations: Sequence[list[Change]]) -> tuple[Remedy, ...]:
        """The first few that bring the company among the first."""
        if not combinations:
            return ()
        self.tried += len(combinations)
        variants = reread(self.engine, self.reading, [self.place] * len(combinations), combinations)
        scored, themes = score_all(self.engine, variants, self.request)
        hopeful = scored.open & (scored.placed.score.astype(object) * (ORDER_UNIT // UNIT) >= self.least)
        if themes is not None:
            hopeful[themes.placed.company[themes.open]] = False
        found: list[Remedy] = []
        for row in np.flatnonzero(hopeful).tolist():
            if len(found) == MOST_REMEDIES:
                break
            if any(set(remedy.changes) <= set(combinations[row]) for remedy in found):
                continue
            place = self._list_with(variants, scored.placed, row).place(self.place)
            if place is not None and place <= self.request.top:
                cost = sum(change.cost for change in combinations[row])
                found.append(Remedy(tuple(combinations[row]), cost, place, int(scored.placed.score[row]) / UNIT))
        return tuple(found)

    def _list_with(self, variants: Reading, placed: Placed, row: int) -> Places:
        """The list with one of the variants, which no veto bars and no theme says more of, in the company's place."""
        there = ~self.outcome.vetoed & ~self.outcome.beside
        there[self.place] = True
        others = with_variant(self.reading, variants, row, self.place)
        everybody = changed_entry(self.outcome.scored.placed, self.place, placed, row).take(there)
        return make_list(others.finder, everybody, others.places, others.companies, self.engine.zone, self.engine.corpora)

    def _least(self) -> int:
        """An order value below which no variant is among the first; see the module's text."""
        values = self.outcome.chains.order_value
        behind = self.request.top + self._family()
        if len(values) < behind:
            return 0
        loss = _largest_loss(self.engine.zone)
        return int(values[behind - 1]) * loss[0] // loss[1]

    def _family(self) -> int:
        """How many on the list might fold under the company."""
        finder, everybody = self.reading.finder, int(self.reading.places[self.place])
        there = ~self.outcome.vetoed & ~self.outcome.beside
        there[self.place] = True
        chains = dict(zip(self.reading.places[there].tolist(), self.outcome.scored.placed.chain[there].tolist(), strict=True))
        return max((len(family) - 1 for family in finder.find(chains) if everybody in family), default=0)


def _consistent(companies: Companies, place: int, changes: Sequence[Change]) -> bool:
    """Whether no more is paid in than is registered then."""
    then = altered(companies, [place], [changes])
    return int(then.paid_capital[0]) <= max(int(then.capital[0]), int(companies.paid_capital[place]))


def _largest_loss(zone: Zone) -> tuple[int, int]:
    """The least share of its value that one more company of its segment and of its chain before it leaves a company, as a fraction."""
    share = zone.scoring.order.chain_fill
    pairs = [(b, a) for steps in zone.scoring.order.fill.values() for a, b in itertools.pairwise(steps) if a]
    fill = min(pairs, key=lambda pair: pair[0] / pair[1], default=(1, 1))
    chain = (share.least, share.least + share.step) if share.least < 1000 else (1, 1)
    return fill[0] * chain[0], fill[1] * chain[1]
