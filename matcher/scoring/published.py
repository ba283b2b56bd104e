"""Lists that companies stand on (名单依据), as of a day: what the rules read as ``qualifications``, with the date of each.

An entry means a company if their credit codes are the same, or, where either has none, their names when squeezed. An entry issued after
the run's day is not read, so no future leaks into it; nor is one whose list is called like none of the qualifications that rules know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from matcher.corpora import Corpora
from matcher.intake import Companies
from matcher.intake.fields import EPOCH, check_codes
from matcher.matching.name_index import squeezed
from matcher.types import ListEntry


@dataclass(frozen=True)
class OnLists:
    """What lists say of some companies (企业在哪些名单上).

    Attributes:
        days: Place → qualification's number → the latest day of issue, as ISO text.
        read: The entries that they were read from.
    """

    days: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    read: frozenset[ListEntry] = frozenset()

    @property
    def digest(self) -> str:
        """Of the entries that were read (依据的摘要); empty if there were none."""
        return entries_digest(self.read)

    def bits(self, place: int) -> int:
        """The qualifications of a company, one bit each (资质位)."""
        return sum(1 << number for number in self.days.get(place, ()))


class ListReader:
    """Finds companies on lists (名单查对).

    Args:
        entries: All there are.
        corpora: What lists of each qualification are called.

    Attributes:
        digest: Of all that say anything; empty if there are none.
    """

    def __init__(self, entries: Sequence[ListEntry], corpora: Corpora) -> None:
        self._numbers = {entry.list: qualifications_of(entry.list, corpora) for entry in entries}
        telling = [entry for entry in entries if self._numbers[entry.list]]
        self.digest = entries_digest(frozenset(telling))
        good = check_codes([entry.uscc for entry in telling])
        self._by_code: dict[str, list[ListEntry]] = {}
        self._by_name: dict[str, list[tuple[ListEntry, bool]]] = {}
        for entry, has_code, short in zip(telling, good.tolist(), squeezed([entry.name for entry in telling]), strict=True):
            if has_code:
                self._by_code.setdefault(entry.uscc, []).append(entry)
            if short:
                self._by_name.setdefault(short, []).append((entry, has_code))

    def read(self, companies: Companies, as_of: int) -> OnLists:
        """What the lists say of these companies on a day, in days since 1970 (查名单)."""
        if not self._by_code and not self._by_name:
            return OnLists()
        day = EPOCH + timedelta(days=as_of)
        days: dict[int, dict[int, str]] = {}
        read: set[ListEntry] = set()
        codes, good = companies.text["uscc"], companies.code_ok.tolist()
        for place, short in enumerate(squeezed(companies.text["name"])):
            found = list(self._by_code.get(codes[place], ())) if good[place] else []
            found += [entry for entry, has_code in self._by_name.get(short, ()) if not (has_code and good[place])]
            for entry in found:
                if entry.issued <= day:
                    read.add(entry)
                    of_place = days.setdefault(place, {})
                    for number in self._numbers[entry.list]:
                        of_place[number] = max(of_place.get(number, ""), entry.issued.isoformat())
        return OnLists(days, frozenset(read))


def qualifications_of(list_: str, corpora: Corpora) -> tuple[int, ...]:
    """Numbers of the qualifications that a list of this name gives (名单名称对应的资质)."""
    called = list_.lower()
    words = corpora.statuses["qualifications"].values()
    return tuple(number for number, group in enumerate(words) if any(word in called for word in group))


def entries_digest(entries: frozenset[ListEntry]) -> str:
    """Of entries of lists, whatever their order (名单依据的摘要); empty if there are none."""
    if not entries:
        return ""
    told = sorted(json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True, default=str) for entry in entries)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
