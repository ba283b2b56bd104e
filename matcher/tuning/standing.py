"""Where one company stands under the rules (一家企业的位置)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from matcher.engine import Engine
from matcher.scoring.evidence import NO_SEGMENT
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import ORDER_UNIT
from matcher.tuning.outcome import Outcome, Reading

Fate = Literal["listed", "vetoed", "folded", "beside"]
"""On the list, off it by a veto, folded into one of its family, on the list beside the chains."""


@dataclass(frozen=True)
class GroupStanding:
    """A rule group's points and the most that it gives (一组的得分与满分)."""

    group: str
    label: str
    points: float
    most: float


@dataclass(frozen=True)
class Opportunity:
    """Where a company stands beside the chains (机会型名单上的位置).

    Attributes:
        place: From 1; None if it folds into another there.
    """

    theme: str
    score: float
    place: int | None
    order_value: float | None


@dataclass(frozen=True)
class Standing:
    """Where a company stands (位置); points, chain and segment are those on the chains, also of a company beside them.

    Attributes:
        place: On the list of the chains, from 1; None if it is not on it.
        because: Labels of its vetoes, or name of the company that it folds into.
        order_value: None if it is not on the list.
        opportunity: Of a company that stands beside the chains.
    """

    name: str
    uscc: str | None
    row: int
    fate: Fate
    place: int | None
    because: tuple[str, ...]
    score: float
    interval: tuple[float, float]
    order_value: float | None
    chain: str | None
    segment: str | None
    groups: tuple[GroupStanding, ...]
    opportunity: Opportunity | None = None


def standing_of(engine: Engine, reading: Reading, outcome: Outcome, company: int) -> Standing:
    """Where a company stands (求位置).

    Args:
        engine: The rules.
        reading: The companies.
        outcome: What became of them.
        company: Which one.
    """
    scores, place = outcome.scored.scores, outcome.chains.place(company)
    fate: Fate = "listed"
    because: tuple[str, ...] = ()
    if outcome.vetoed[company]:
        fate = "vetoed"
        because = tuple(veto.label for n, veto in enumerate(engine.ruleset.vetoes) if scores.vetoed[n, company])
    elif outcome.beside[company]:
        fate = "beside"
    elif company in outcome.chains.folded:
        fate = "folded"
        because = (reading.companies.text["name"][outcome.chains.folded[company]],)
    number = int(outcome.scored.placed.segment[company])
    segment = None if number == NO_SEGMENT else engine.zone.segments[number]
    groups = tuple(
        GroupStanding(group.id, group.label, int(scores.groups[n, company]) / UNIT, float(group.cap[1]))
        for n, group in enumerate(engine.ruleset.groups)
    )
    return Standing(
        name=reading.companies.text["name"][company],
        uscc=reading.companies.text["uscc"][company] or None,
        row=int(reading.companies.row[company]),
        fate=fate,
        place=place,
        because=because,
        score=int(scores.score[company]) / UNIT,
        interval=(int(scores.low[company]) / UNIT, int(scores.high[company]) / UNIT),
        order_value=int(outcome.chains.order_value[place - 1]) / ORDER_UNIT if place else None,
        chain=segment.chain if segment else None,
        segment=segment.id if segment else None,
        groups=groups,
        opportunity=_opportunity(engine, outcome, company) if fate == "beside" else None,
    )


def _opportunity(engine: Engine, outcome: Outcome, company: int) -> Opportunity | None:
    themes, list_ = outcome.themes, outcome.opportunities
    if themes is None or list_ is None:
        return None
    entry = int(np.flatnonzero(themes.placed.company == company)[0])
    place = list_.place(company)
    return Opportunity(
        theme=engine.zone.segments[int(themes.placed.segment[entry])].id,
        score=int(themes.scores.score[entry]) / UNIT,
        place=place,
        order_value=int(list_.order_value[place - 1]) / ORDER_UNIT if place else None,
    )
