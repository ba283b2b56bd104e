"""What an engine goes by beside its files (文件之外的依据), so that others go by the same elsewhere."""

from __future__ import annotations

import copy
from typing import NamedTuple

from matcher.engine import Engine
from matcher.rules import Zone
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
