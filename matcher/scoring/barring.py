"""Vetoes before reading (先行否决): most companies of a register are off the list whatever their scopes say, so these are not taken apart.

A veto that needs nothing but the row's own cells and its name is decided at once. So is any other that is true *whatever* the rest will
say: in three-valued logic a truth that is known while parts of it are unknown stays what it is (capital below 200 is too small in every
segment). Which veto counts is then asked of those before it in the file: one that scopes decide cannot be true where none of the words
stands without which it never is. Whoever is left is read as a whole; every company gets the veto that it would get then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.intake import Companies
from matcher.matching.profiles import ProfileReader
from matcher.matching.signs import Signs
from matcher.scoring.evidence import MATRICES, NO_SEGMENT, EvidenceReader
from matcher.scoring.expressions import Expression
from matcher.scoring.formula import NOT_BARRED, Ruleset
from matcher.scoring.nodes import Node
from matcher.scoring.values import Column
from matcher.types import NameParts

_OF_SCOPES = frozenset({"marks", "permit_lapsed", "permit_until", "permit_over"})
_OF_PAIRS = frozenset({*MATRICES, "approached", "capital_log", "segment_underway"})


@dataclass(frozen=True)
class Begun:
    """Companies, those that are off the list told apart (读了一半的企业).

    Attributes:
        veto: Of each company the number of the first true veto, or ``NOT_BARRED``: its scope must be read.
        names: Parts of all names.
        left: Places of those that must be read, ascending.
        scopes: Theirs, cleaned.
    """

    veto: NDArray[np.int64]
    names: list[NameParts]
    left: NDArray[np.int64]
    scopes: list[str]


class Barring:
    """Finds who is off the list before scopes are taken apart (先行否决).

    Args:
        ruleset, evidence, reader: Of one engine.
    """

    def __init__(self, ruleset: Ruleset, evidence: EvidenceReader, reader: ProfileReader) -> None:
        self.ruleset, self.evidence, self.reader = ruleset, evidence, reader
        self._late = (_OF_SCOPES | _OF_PAIRS | evidence.of_segments.keys()).intersection(ruleset.veto_fields)
        self._early = frozenset(ruleset.veto_fields) - self._late
        exact = [self._late.isdisjoint(when.fields) for when in ruleset.whens]
        words = [set[str]() if of_row else self._words(when) for of_row, when in zip(exact, ruleset.whens, strict=True)]
        end = len(exact)
        self._looked_from = next((number for number, of_row in enumerate(exact) if not of_row), end) + 1
        self._open_from = next((number for number, found in enumerate(words) if found is None), end) + 1
        self._signs = Signs(word for found in words[: self._open_from - 1] for word in found or ())

    def begun(self, companies: Companies, as_of: int, names: list[NameParts] | None = None) -> Begun:
        """Takes names apart, and cleans the scopes of those that need it (先读名称).

        Args:
            companies: Some companies.
            as_of: The run's date in days since 1970.
            names: Parts of their names, if they are at hand.
        """
        names = self.reader.names(companies) if names is None else names
        veto = self._certain(companies, names, as_of)
        veto[veto >= self._open_from] = NOT_BARRED
        looked = (veto == NOT_BARRED) | (veto >= self._looked_from)
        places = np.flatnonzero(looked)
        some = [names[place] for place in places.tolist()]
        scopes = self.reader.scopes(companies.take(places), some)
        asked = np.flatnonzero(veto[places] != NOT_BARRED)
        which = asked.tolist()
        telling = self._signs.among(self.reader.said([some[n] for n in which], [scopes[n] for n in which]))
        veto[places[asked[telling]]] = NOT_BARRED
        kept = np.flatnonzero(veto[places] == NOT_BARRED)
        return Begun(veto, names, places[kept], [scopes[n] for n in kept.tolist()])

    def _certain(self, companies: Companies, names: Sequence[NameParts], as_of: int) -> NDArray[np.int64]:
        """The first veto of each company that is true whatever its scope says."""
        size = len(companies)
        standing = self.evidence.standing(companies, self.reader.by_name(names), as_of, self._early).columns
        unread = dict.fromkeys(self._late, _unread(size))
        return self.ruleset.first_veto({name: unread.get(name) or standing[name] for name in self.ruleset.veto_fields}, as_of, size)

    def _words(self, when: Expression) -> set[str] | None:
        """Words without which a veto is never true; None if there are no such."""
        others = {name: _unread(1) for name in when.fields if name != "marks"}
        if (
            "marks" in when.fields
            and _is_false(when, {**others, "marks": Column(np.zeros(1, np.int64), np.ones(1, np.bool_))}).all()
        ):
            return self.reader.matcher.vocabulary.signs((), _mask(when.node))
        zone, tables = self.evidence.zone, self.evidence.of_segments
        if self.reader.corpora.reading.cosine_only_cap >= zone.scoring.order.least_affinity:
            return None  # a segment may be a company's without any of its words
        segments = np.arange(NO_SEGMENT, len(zone.segments))
        every = np.ones(len(segments), dtype=np.bool_)
        columns = {name: Column(tables[name][segments], every) if name in tables else _unread(len(every)) for name in when.fields}
        possible = segments[~_is_false(when, columns)].tolist()
        return None if NO_SEGMENT in possible else self.reader.matcher.vocabulary.signs(possible, 0)


def _unread(size: int) -> Column:
    return Column(np.zeros(size, np.int64), np.zeros(size, np.bool_))


def _is_false(when: Expression, columns: dict[str, Column]) -> NDArray[np.bool_]:
    """Of which rows an expression is known to be false."""
    found, known = when(columns, 0)
    false: NDArray[np.bool_] = known & (found == 0)
    return false


def _mask(node: Node) -> int:
    """All marks that an expression asks for."""
    own = int(node.given[1]) if node.kind == "has" and node.given[0] == "marks" else 0
    for part in node.of:
        own |= _mask(part)
    return own
