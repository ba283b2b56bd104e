"""The list's order (名单次序).

1. Each company is fixed to one segment: highest score, then affinity, then the segment's place in the files.
2. Of each family of companies the best by (−score, key) stays, the others fold under it: one visit, one line.
3. k = the company's place within its segment by (−score, key); its value for the chain is ``score × fill[need][k]``.
4. j = its place within its chain by (−that value, −score, key); ``order_value = score × fill[need][k] × chain_fill(j)``, where
   ``chain_fill(j) = max(1 − step × j, least)``.
5. The list is sorted by (−order_value, −score, key); the key is the credit code, else name and row digest.

Neither ever rises, so this is the greedy cover of the chains' gaps: one more company of a segment that is already served counts a little
less than the first of another, and one more of a chain that has many a little less than one of a chain that has few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from matcher.matching.profiles import Profiles
from matcher.rules import Zone
from matcher.scoring.evidence import Evidence
from matcher.scoring.formula import MILLI, UNIT, Outcome, Scores

KeyRanks = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""Entries → numbers below 2³² that order them as their sort keys do; none are alike (给出排序键次序的函数)."""
ORDER_UNIT = UNIT * MILLI * MILLI
"""Parts of a point in which order values are counted (排序值的单位)."""


@dataclass(frozen=True)
class Choice:
    """One pair for each company (每家企业的定位).

    Attributes:
        pair: Index of the chosen pair for each company, in company order.
        veto: Number of the first true veto of that pair, or -1.
    """

    pair: NDArray[np.int64]
    veto: NDArray[np.int64]


@dataclass(frozen=True)
class Placed:
    """What the order asks of companies (定位结果): one entry each.

    Attributes:
        company: Its place among all, ascending.
        segment: The segment that it is fixed to, or ``NO_SEGMENT``.
        chain: Code of the segment's chain.
        score: Its score there.
        veto: As in ``Choice``.
        known_group: As in ``Profiles``.
    """

    company: NDArray[np.int64]
    segment: NDArray[np.int64]
    chain: NDArray[np.int64]
    score: NDArray[np.int64]
    veto: NDArray[np.int64]
    known_group: NDArray[np.int16]

    @classmethod
    def of(cls, evidence: Evidence, scores: Scores | Outcome, known_group: NDArray[np.int16]) -> Placed:
        """Of some companies, each fixed to its segment (确定环节)."""
        choice = choose(evidence, scores)
        company, segment = evidence.company[choice.pair], evidence.segment[choice.pair]
        chain = evidence.columns["chain"].values[choice.pair].astype(np.int64)
        return cls(company, segment, chain, scores.score[choice.pair], choice.veto, known_group[company])

    @classmethod
    def joined(cls, parts: Sequence[Placed]) -> Placed:
        """Of all chunks, in order (合并)."""
        return cls(*(np.concatenate([getattr(part, field) for part in parts]) for field in cls.__dataclass_fields__))

    def renumbered(self, number: NDArray[np.int64]) -> Placed:
        """The same entries where companies have other numbers (换编号), those of others left out.

        Args:
            number: The new number of each, below zero for those that are left out.
        """
        company = number[self.company]
        return replace(self, company=company).take(company >= 0)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> Placed:
        """The entries at ``index``, in that order (选取)."""
        return Placed(*(getattr(self, field)[index] for field in self.__dataclass_fields__))


@dataclass(frozen=True)
class Listed:
    """A list in order (有序名单).

    Attributes:
        pair: Pairs, or whatever was put in order, in the order of the list.
        order_value: Of each, in ``ORDER_UNIT`` parts of a point.
        segment_place, chain_place: k and j of each, from 0.
    """

    pair: NDArray[np.int64]
    order_value: NDArray[np.int64]
    segment_place: NDArray[np.int64]
    chain_place: NDArray[np.int64]

    def first(self, top: int) -> Listed:
        """The first ``top`` of the list (前若干家)."""
        return Listed(self.pair[:top], self.order_value[:top], self.segment_place[:top], self.chain_place[:top])


def choose(evidence: Evidence, scores: Scores | Outcome) -> Choice:
    """Fixes each company's segment (确定环节): among pairs without a veto if there is one, else among all."""
    barred: NDArray[np.bool_] = np.asarray(scores.vetoed.any(axis=0))
    affinity = evidence.columns["affinity"].values.astype(np.int64)
    order = np.lexsort((evidence.segment, -affinity, -scores.score, barred, evidence.company))
    company = evidence.company[order]
    first = np.concatenate([[True], company[1:] != company[:-1]]) if len(company) else np.zeros(0, dtype=np.bool_)
    pair = order[first]
    veto = np.where(barred[pair], scores.vetoed[:, pair].argmax(axis=0), -1) if len(scores.vetoed) else np.full(len(pair), -1)
    return Choice(pair, veto)


def outside(profiles: Profiles, is_theme: NDArray[np.bool_], zone: Zone) -> NDArray[np.bool_]:
    """Companies for the list beside the chains (归入机会型): a theme says clearly more of them than any chain."""
    if not is_theme.any() or not len(profiles):
        return np.zeros(len(profiles), dtype=np.bool_)
    order = zone.scoring.order
    theme = profiles.affinity[:, is_theme].max(axis=1).astype(np.int64)
    chain = profiles.affinity[:, ~is_theme].max(axis=1).astype(np.int64)
    clearly: NDArray[np.bool_] = (theme >= order.least_affinity) & (
        (chain < order.least_affinity) | (theme >= chain + order.opportunity_margin)
    )
    return clearly


def fold(families: Sequence[Sequence[int]], scores: Mapping[int, int], keys: Mapping[int, str]) -> list[tuple[list[int], int]]:
    """What of each family is on the list (归并集团).

    Args:
        families: Companies of each family, the head first.
        scores: Company → its score, of those on the list.
        keys: Company → sort key, of those in families.

    Returns:
        For each family with anybody on the list: its listed companies, the one that stays first, and its head.
    """
    found = []
    for family in families:
        present = [company for company in family if company in scores]
        if present:
            present.sort(key=lambda company: (-scores[company], keys[company]))
            found.append((present, family[0]))
    return found


def arrange(score: NDArray[np.int64], segment: NDArray[np.int64], keys: Sequence[str] | NDArray[np.int64], zone: Zone) -> Listed:
    """Orders companies (排序); ``pair`` of the list are their places among those given.

    Args:
        score: Each company's score.
        segment: The segment that it is fixed to.
        keys: Its sort key, or the place of the key among all keys, see ``key_ranks``.
        zone: For the ``fill`` of each segment's need.
    """
    key = keys if isinstance(keys, np.ndarray) else key_ranks(keys)
    # from here on companies stand by (−score, key), so that whatever sorts them stably breaks ties by both
    first = np.argsort((int(score.max(initial=0)) - score) << 32 | key)  # all different, so that the fastest sort will do
    score, served = score[first], segment[first].astype(np.int16)
    place = _places(served, np.argsort(served, kind="stable"))
    for_chain = score * _fill(zone, served, place)
    chain = _chains(zone)[served]
    by_value = np.argsort(-for_chain, kind="stable")
    chain_place = _places(chain, by_value[np.argsort(chain[by_value], kind="stable")])
    share = zone.scoring.order.chain_fill
    value = for_chain * np.maximum(MILLI - share.step * chain_place, share.least)
    order = np.argsort(-value, kind="stable")
    return Listed(first[order], value[order], place[order], chain_place[order])


def depth(zone: Zone, top: int) -> int:
    """Companies of each segment, the best, from which the first ``top`` of a list follow (每个环节留几家).

    A company stands behind all of its segment that are better, so no more than ``top`` of one come first. From this place on neither
    ``fill`` nor ``chain_fill`` falls any further: whoever stands behind has the value that ``behind`` gives, whatever stands before.
    """
    order = zone.scoring.order
    falls = -(-(MILLI - order.chain_fill.least) // order.chain_fill.step) if order.chain_fill.step else 0
    return max(top, falls, *map(len, order.fill.values()))


def behind(zone: Zone, top: int) -> NDArray[np.int64]:
    """Order value for a score of 1, by segment, of whoever stands behind the first ``depth`` (其后各家的折算); ``NO_SEGMENT`` is last."""
    place, share = depth(zone, top), zone.scoring.order.chain_fill
    segments = np.arange(len(zone.segments) + 1, dtype=np.int16)
    return _fill(zone, segments, np.full(len(segments), place)) * max(MILLI - share.step * place, share.least)


def unserved(segment_of: NDArray[np.int64], top: int, zone: Zone, allowed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Most wanted segments that the first ``top`` leave open, and the place of the first company further down, or -1 (空着的急需环节).

    Args:
        segment_of: Segments of the whole list, in its order.
        top: Length of what is shown of it.
        zone: Priorities.
        allowed: For each segment, whether the request wants it.
    """
    least = zone.scoring.order.wanted_priority
    found = []
    for number, segment in enumerate(zone.segments):
        if segment.chain is None or segment.priority < least or not allowed[number]:
            continue
        at = np.flatnonzero(segment_of == number)
        if not len(at) or at[0] >= top:
            found.append((number, int(at[0]) if len(at) else -1))
    return found


@dataclass(frozen=True)
class Gap:
    """A most wanted segment that the first of a list leave open (空着的急需环节).

    Attributes:
        segment: Its number.
        entry, place: Of the first further down that is placed on it, and where it stands, from 0; -1 if there is nobody.
    """

    segment: int
    entry: int = -1
    place: int = -1


def arrange_first(
    score: NDArray[np.int64],
    segment: NDArray[np.int64],
    key_ranks_of: KeyRanks,
    zone: Zone,
    top: int,
    allowed: NDArray[np.bool_] | None,
) -> tuple[Listed, list[Gap]]:
    """What ``arrange`` and ``unserved`` tell of the first ``top``, from the best of each segment: not all are sorted (只排前若干家).

    Args:
        score: As in ``arrange``.
        segment: Likewise.
        key_ranks_of: Is asked for those alone that may come first, or tie with one whose place is told.
        zone: As in ``arrange``.
        top: Length of what is shown.
        allowed: As in ``unserved``; None where nothing open is told.
    """
    best = _best(score, segment, depth(zone, top), len(zone.segments))
    kept = np.flatnonzero(best)
    order = arrange(score[kept], segment[kept], key_ranks_of(kept), zone)
    open_ = [] if allowed is None else unserved(segment[kept][order.pair], top, zone, allowed)
    order = replace(order, pair=kept[order.pair])
    at = np.array([place for _, place in open_ if place >= 0], dtype=np.int64)
    behind_kept = np.flatnonzero(~best) if len(at) else kept[:0]
    value = behind(zone, top)[segment[behind_kept]] * score[behind_kept]
    before = dict(zip(at.tolist(), _before(order, at, behind_kept, value, score, key_ranks_of), strict=True))
    gaps = [Gap(one) if place < 0 else Gap(one, int(order.pair[place]), place + before[place]) for one, place in open_]
    return order.first(top), gaps


def _best(score: NDArray[np.int64], segment: NDArray[np.int64], most: int, segments: int) -> NDArray[np.bool_]:
    """Whether each is among the best ``most`` of its segment by score; all that score like the last of these are, and all of a few."""
    if len(score) <= most * segments:
        return np.ones(len(score), dtype=np.bool_)
    of = segment.astype(np.int16)
    together = np.argsort(of, kind="stable")
    ordered, mine = of[together], score[together]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1)).tolist()
    chosen = np.ones(len(of), dtype=np.bool_)
    for begin, end in pairwise([*starts, len(of)]):
        if end - begin > most:
            chosen[begin:end] = mine[begin:end] >= np.partition(mine[begin:end], -most)[-most]
    result = np.empty(len(of), dtype=np.bool_)
    result[together] = chosen
    return result


def _before(
    order: Listed,
    at: NDArray[np.int64],
    others: NDArray[np.int64],
    value: NDArray[np.int64],
    scores: NDArray[np.int64],
    key_ranks_of: KeyRanks,
) -> list[int]:
    """How many of ``others``, whose order values are ``value``, stand before the entry at each of these places of a list."""
    wanted = np.unique(order.order_value[at])
    near = np.flatnonzero(value >= wanted[0]) if len(wanted) else others[:0]
    others, value, score = others[near], value[near], scores[others[near]]
    below = np.searchsorted(wanted, value)  # how many of the wanted values are less
    greater = np.bincount(below, minlength=len(wanted) + 1)[::-1].cumsum()[::-1]
    alike = np.flatnonzero(wanted[np.minimum(below, len(wanted) - 1)] == value) if len(wanted) else others[:0]
    found = []
    for place in at.tolist():
        entry, own = int(order.pair[place]), int(order.order_value[place])
        tied = alike[value[alike] == own]
        level = others[tied[score[tied] == scores[entry]]]
        ranks = key_ranks_of(np.append(level, entry)) if len(level) else np.zeros(1, dtype=np.int64)
        ahead = int((score[tied] > scores[entry]).sum()) + int((ranks[:-1] < ranks[-1]).sum())
        found.append(int(greater[np.searchsorted(wanted, own) + 1]) + ahead)
    return found


def _places(of: NDArray[np.int16], within: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each one's place, from 0, among those with the same number ``of``; ``within`` lists all, those of one number together."""
    place = np.arange(len(of))
    if len(of):
        starts = np.concatenate([[True], of[within][1:] != of[within][:-1]])
        place[within] = place - np.maximum.accumulate(np.where(starts, place, 0))
    return place


def _chains(zone: Zone) -> NDArray[np.int16]:
    """Chain number by segment number; themes, and ``NO_SEGMENT``, are of one chain more."""
    chains: list[str | None] = list(dict.fromkeys(segment.chain for segment in zone.segments))
    return np.array([*(chains.index(segment.chain) for segment in zone.segments), len(chains)], dtype=np.int16)


def _fill(zone: Zone, segment: NDArray[np.int16], place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Thousandths of the k-th company of each segment."""
    fills = {str(need): steps for need, steps in zone.scoring.order.fill.items()}
    longest = max(map(len, fills.values()))
    padded = {need: [*steps, *[steps[-1]] * (longest - len(steps))] for need, steps in fills.items()}
    table = np.array([*(padded[one.need] for one in zone.segments), padded["none"]], dtype=np.int64)  # the last row is NO_SEGMENT's
    result: NDArray[np.int64] = table[segment, np.minimum(place, longest - 1)]
    return result


def key_ranks(keys: Sequence[str]) -> NDArray[np.int64]:
    """Each key's place in code-point order (排序键的次序)."""
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return ranks
