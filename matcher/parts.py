"""Ranking in parts (分部分排名): what some of the companies bring to the lists, and an engine that goes by the same elsewhere."""

from __future__ import annotations

import copy
from typing import NamedTuple

from matcher.engine import Engine
from matcher.intake import Companies
from matcher.intake.fields import EPOCH
from matcher.listing import Part
from matcher.matching.profiles import Details
from matcher.rules import Zone
from matcher.runs import Request, wanted_segments
from matcher.types import LedgerEntry, ListEntry


class Told(NamedTuple):
    """What an engine goes by beside its files (文件之外的依据).

    Attributes:
        zone: The rules, with the needs that follow from the local register.
        local_codes: Credit codes of that register.
        lists: Published lists.
        tracked: What the ledgers say; None where none is read.
    """

    zone: Zone
    local_codes: frozenset[str]
    lists: tuple[ListEntry, ...]
    tracked: tuple[LedgerEntry, ...] | None


def told_of(engine: Engine) -> Told:
    """All that an engine goes by beside its files and the corpora (文件之外的依据), for the same engine elsewhere."""
    return Told(engine.zone, engine._local_codes, engine._lists, engine.tracked)


def as_told(engine: Engine, told: Told) -> Engine:
    """This engine, going by what another one over the same files does (同样的依据)."""
    other = copy.copy(engine)
    other._local_codes, other._lists, other.tracked = told.local_codes, told.lists, told.tracked
    other._use(told.zone)
    return other


def part_of(engine: Engine, companies: Companies, request: Request, read: Details | None = None) -> tuple[Part, Details]:
    """What some of the companies bring to the lists (部分企业的定位): whoever ranks in parts joins these as ``Engine.rank`` does.

    Args:
        engine: Of the zone.
        companies: Those of the cities that are asked for.
        request: As in ``Engine.rank``.
        read: What an engine for another zone over the same corpora read of the same companies.
    """
    details = engine.reader.details(companies, read)
    as_of, allowed = (request.as_of - EPOCH).days, wanted_segments(engine.zone, request)
    everybody, said = range(len(companies)), (details.profiles, details.names)
    part = engine._placed(companies, lambda *_: said, allowed, as_of, everybody, themes=request.everything)
    return Part.joined([part]), details
