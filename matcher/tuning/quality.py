"""How good lists are, by judgements made by reading (名单质量): NDCG and precision of each chain's list of its judged companies.

Each chain's judged companies are ranked by themselves; a company off the list has no place; one that folds under another of its family
counts nowhere. They are read once, so that a rule can be moved step by step and measured at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from matcher.engine import Engine
from matcher.errors import OptionError
from matcher.intake import Intake
from matcher.rules import Zone
from matcher.rules.judgements import Judgement
from matcher.runs import Request
from matcher.tuning.outcome import read_companies
from matcher.tuning.what_if import WhatIf

K = 20
"""Places that are measured (量前几名): a trip has about twenty visits."""
GOOD = 2
"""Grade from which a company is worth its place (值得访)."""


@dataclass(frozen=True)
class Quality:
    """Of one chain's list (一条产业链的名单质量).

    Attributes:
        judged: Companies that were graded and are there.
        ndcg: NDCG@K.
        precision: Share of the first K with a good grade.
        best: Precision that a perfect list would have.
    """

    chain: str
    judged: int
    ndcg: float
    precision: float
    best: float


@dataclass(frozen=True)
class GradedLine:
    """A judged company on its chain's list (榜上的一家评判企业); ``place`` is None if a veto took it off or it fits no segment."""

    chain: str
    name: str
    grade: int
    place: int | None
    segment: str | None


def ndcg(grades: Sequence[int], all_grades: Sequence[int], k: int = K) -> float:
    """Discounted gain of the first ``k`` over that of the best order (NDCG); gain 2^grade − 1, discount log2(place + 1).

    Args:
        grades: Of the list, in its order.
        all_grades: Of all that could be on it.
        k: How many places count.
    """

    def gain(listed: Sequence[int]) -> float:
        return sum((2.0**grade - 1) / float(np.log2(place + 2)) for place, grade in enumerate(listed[:k]))

    ideal = gain(sorted(all_grades, reverse=True))
    return gain(grades) / ideal if ideal else 1.0


class Gauge:
    """Measures lists under one ruleset after another (评判尺).

    Raises:
        OptionError: No judged company stands in the file: there is nothing to measure by.

    Args:
        engine: With the rules to begin with.
        intake: Companies; those that were judged are found by name.
        judgements: Grades.
        as_of: The clock of the rankings.
    """

    def __init__(self, engine: Engine, intake: Intake, judgements: Sequence[Judgement], as_of: date) -> None:
        place_of = {name: place for place, name in enumerate(intake.companies.text["name"])}
        self._grades: dict[str, dict[str, int]] = {}
        self._trials: dict[str, WhatIf] = {}
        for chain in engine.zone.chain_names:
            grades = {one.name: one.grade for one in judgements if one.chain == chain and one.name in place_of}
            if not grades:  # nothing to measure by
                continue
            some = replace(intake, companies=intake.companies.take(sorted(place_of[name] for name in grades)))
            reading = read_companies(engine, some)
            self._grades[chain] = grades
            self._trials[chain] = WhatIf(engine, reading, Request(as_of=as_of, chains=(chain,), top=max(len(grades), 1)))
        if not self._trials:
            raise OptionError(
                f"园区 {engine.zone.id} 在这批企业里没有一家评判过，量不了名单好坏；评判写在规则目录的 judgements.csv"
            )

    def measure(self, rules: Zone | None = None, k: int = K) -> list[Quality]:
        """Quality of each chain's list (量名单), of those chains that have a judged company in the file.

        Args:
            rules: Other rules of the same chains; those of the engine if None.
            k: How many places count.
        """
        found = []
        for chain, trial in self._trials.items():
            lines = self._lines(chain, trial if rules is None else trial.with_rules(rules))
            ideal = [line.grade for line in lines]
            listed = [line.grade for line in lines if line.place is not None]
            precision = sum(grade >= GOOD for grade in listed[:k]) / k
            best = min(k, sum(grade >= GOOD for grade in ideal)) / k
            found.append(Quality(chain, len(self._grades[chain]), ndcg(listed, ideal, k), precision, best))
        return found

    def lines(self, rules: Zone | None = None) -> list[GradedLine]:
        """Every judged company with its place (评判企业的位次), but those that fold; by chain and place, those without one last."""
        return [
            line
            for chain, trial in self._trials.items()
            for line in self._lines(chain, trial if rules is None else trial.with_rules(rules))
        ]

    def _lines(self, chain: str, trial: WhatIf) -> list[GradedLine]:
        grades, names, made = self._grades[chain], trial.reading.companies.text["name"], trial.order()
        segments = trial.engine.zone.segments
        listed = [
            GradedLine(chain, names[company], grades[names[company]], place, segments[number].id if number >= 0 else None)
            for place, (company, number) in enumerate(
                zip(made.ordered.company.tolist(), made.ordered.segment.tolist(), strict=True), start=1
            )
        ]
        able = set(made.everybody.company.tolist())
        off = [name for company, name in enumerate(names) if company not in able]
        return listed + [GradedLine(chain, name, grades[name], None, None) for name in sorted(off)]
