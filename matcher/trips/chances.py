"""What the ledgers know of the chance of a meeting (台账里的把握): whoever is talked with already is met sooner than a stranger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from matcher.rules.trips import TripRules
from matcher.scoring.formula import MILLI
from matcher.types import LedgerEntry


def chances_of(entries: Iterable[LedgerEntry], rules: TripRules, day: date) -> dict[str, float]:
    """Code or name → chance, of whoever the ledgers know something of (台账里的把握); of several rows the best counts.

    Args:
        entries: What the ledgers say, as the ranking reads it.
        rules: What each step is worth.
        day: The first day of the trip: a next step that was agreed for an earlier one counts no more.
    """
    known = rules.chance.ledger
    found: dict[str, float] = {}
    for entry in entries:
        of_book = {"targets": known.targets, "projects": known.projects}.get(entry.book, {})
        told = [of_book[entry.state]] if entry.state in of_book else []
        if known.next_step is not None and entry.agreed and (entry.next_on is None or entry.next_on >= day):
            told.append(known.next_step)
        for key in (entry.uscc, entry.company):
            if told and key:
                found[key] = max(found.get(key, 0.0), max(told) / MILLI)
    return found
