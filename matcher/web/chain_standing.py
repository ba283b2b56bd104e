"""Who stands where on the chains (各环节的候选企业): of every segment, how many of the companies could be called on, and the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matcher.engine import Engine
from matcher.intake import Intake
from matcher.matching.gaps import Gap, Gaps
from matcher.matching.profiles import Profiles
from matcher.rules import Zone
from matcher.runs import Request, today
from matcher.scoring.formula import UNIT
from matcher.snapshot import ProfileCache
from matcher.store.registers import Register, list_registers
from matcher.tuning.outcome import read_companies
from matcher.tuning.what_if import WhatIf
from matcher.web.rulesets import usual_ruleset
from matcher.web.workshop import Visit

MOST_NAMED = 20
Key = tuple[str, str]


@dataclass(frozen=True)
class Candidate:
    """A company of a segment, and its place in the whole list (候选企业)."""

    name: str
    city: str
    score: float
    place: int


@dataclass(frozen=True)
class Candidates:
    """Of one segment (一个环节的候选企业).

    Attributes:
        count: All that are on the list.
        good: Of them those of band A or B.
        best: The first of them.
    """

    count: int
    good: int
    best: tuple[Candidate, ...]


NOBODY = Candidates(0, 0, ())
"""Of a segment that nobody stands for (没有候选企业)."""


@dataclass(frozen=True)
class Standings:
    """All that the page shows (产业链页所示).

    Attributes:
        candidates: (chain, segment) → its companies.
        gaps: By the newest local register, if one is kept.
    """

    zone: Zone
    candidates: Mapping[Key, Candidates]
    register: Register | None
    gaps: Gaps | None

    def gap(self, chain: str, segment: str) -> Gap | None:
        """What the register holds of a segment (缺口)."""
        found = self.gaps.segments if self.gaps else ()
        return next((gap for gap in found if (gap.chain, gap.segment) == (chain, segment)), None)


def standings_of(visit: Visit) -> Standings:
    """Who stands where, under the rules that count (各环节现状); kept until companies, rules, lists, registers or the day change.

    Raises:
        RefusedError: The companies or the rules cannot be read.
        StoreError: The database cannot be read.
    """
    service, state = visit.service, visit.service.state
    base = state.companies()
    engine = service.prepared(state, visit.zone, usual_ruleset(visit), None, today()).engine
    registers = list_registers(service.store, visit.zone)
    register = max(registers, key=lambda one: one.saved_at, default=None)
    key = (base.version, id(engine), today(), register.id if register else None)

    def made() -> tuple[Engine, Standings]:  # with the engine, so that its id means no other meanwhile
        gaps = service.gaps(engine, register) if register is not None and engine.zone.scoring.presence is not None else None
        found = candidates_of(engine, base.intake, state.known(engine))
        return engine, Standings(engine.zone, found, register, gaps)

    kept: tuple[Engine, Standings] = visit.workshop.standings.get(key, made)
    return kept[1]


def candidates_of(engine: Engine, intake: Intake, known: ProfileCache | Profiles | None) -> dict[Key, Candidates]:
    """The companies of every segment of the chains (各环节的候选企业).

    Args:
        engine: With the rules.
        intake: The companies.
        known: What their texts say, if it was read before.
    """
    trial = WhatIf(engine, read_companies(engine, intake, (), known), Request(as_of=today()))
    listed = trial.order().ordered
    names, cities = trial.reading.companies.text["name"], trial.reading.companies.text["city"]
    least = engine.zone.scoring.bands.B * UNIT
    found: dict[Key, Candidates] = {}
    for number, segment in enumerate(engine.zone.segments):
        if segment.chain is None:
            continue
        places = np.flatnonzero(listed.segment == number)
        best = tuple(
            Candidate(
                names[int(listed.company[place])], cities[int(listed.company[place])], int(listed.score[place]) / UNIT, place + 1
            )
            for place in places[:MOST_NAMED].tolist()
        )
        found[segment.chain, segment.id] = Candidates(len(places), int((listed.score[places] >= least).sum()), best)
    return found
