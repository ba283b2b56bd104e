"""What a chain lacks (链条缺口): presence of each segment in the local register, and the need that follows.

A local company stands in the one segment of each chain that it fits best, if its affinity reaches ``least_affinity``; outlets and firms
that have closed or bear one of the marks in ``without`` stand nowhere. It counts as its size says: by the logarithm of its registered
capital from ``least`` to 1, less for the legal forms named and for those that only sell what the segment makes (``sellers``). The sum
makes the level: absent or unknown, thin, present, strong. A declared anchor makes its segment present at least.

The need that follows (补链、强链、延链):

1. strong or present → strengthen: strength never closes a need, it changes whom the zone wants;
2. weak beside a strong segment upstream of it → extend;
3. weak beside a strong segment downstream of it, or in a chain that has anything (anchors, present segments) → complement;
4. weak in a chain that has nothing → complement, with the note that the chain is to be founded (建链).

A register is a sample unless it is declared complete: what it does not hold is *unknown*, and what it holds little of may be more. A need
follows for certain only from what is there, if enough of it (``sure``) says so by name too, or from a register that is complete.
What the zone's own published words say of a segment (``ground: article``) stands before what follows; both are shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import MODES, Corpora
from matcher.errors import RequestError
from matcher.intake import Companies
from matcher.intake.fields import EPOCH, UNKNOWN, UNKNOWN_DAY
from matcher.matching.profiles import Profiles, legal_forms
from matcher.places import short
from matcher.rules import Zone
from matcher.rules.schema import ChainFile, Presence
from matcher.rules.zone import SegmentSpec
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.types import Need

Level = Literal["unknown", "absent", "thin", "present", "strong"]
LEVEL_LABELS: dict[Level, str] = {"unknown": "不详", "absent": "没有", "thin": "弱", "present": "有", "strong": "强"}
"""Level → Chinese term."""
MOST_LEADERS = 5
_SELLING = ("wholesale", "sell", "retail", "trade")
_UNSURE: dict[Level, str] = {
    "unknown": "名录里没有见到；名录不全，不等于没有。若确实没有：{why}",
    "thin": "名录里只见到这些；名录不全，可能更多。若确实只有这些：{why}",
    "present": "名称对得上的太少，先核实是不是真做这个。若是：{why}",
    "strong": "名称对得上的太少，先核实是不是真做这个。若是：{why}",
}
_WAN = 10_000
_THERE = ("present", "strong")
_RECENT = 2000  # earlier years without a founding tell nothing


@dataclass(frozen=True)
class Leader:
    """A local company of a segment (本地企业); ``named``: its own name says the segment."""

    name: str
    uscc: str | None
    capital: int | None
    affinity: float
    named: bool


@dataclass(frozen=True)
class Coverage:
    """What the register holds, and what it therefore cannot say (名录覆盖).

    Attributes:
        companies: Companies in it.
        elsewhere: Of them those of another city, by their own row or by code and name; they stand nowhere.
        with_scope: Of them those that say what they do.
        years: First and last founding year, None if no date is known.
        missing_years: Years since 2000 between in which nobody was founded.
        complete: Declared to be the whole register.
    """

    companies: int
    elsewhere: int
    with_scope: int
    years: tuple[int, int] | None
    missing_years: tuple[int, ...]
    complete: bool


@dataclass(frozen=True)
class Gap:
    """One segment: what is there, what follows (环节的有无与需求).

    Attributes:
        companies: Local companies that stand in it.
        effective: The same, each counted by its size.
        sure: Share of ``effective`` whose own name says the segment, 0 … 1; 0 if nobody is there.
        capital: Their registered capital in yuan, of those where it is known.
        leaders: The largest of them.
        anchors: Declared anchors of the segment (现有龙头).
        derived: The need that follows from the register; with ``certain`` false, only if what the register does not hold is really absent.
        why: In words.
        declared: What the chain's file says; ``declared_by`` is ``article`` or ``assumed``.
        need: What counts: declared by the article, else derived if certain, else assumed.
        suppliers, customers: Local companies of the segments before and after, from whom it would buy and to whom it would sell.
    """

    chain: str
    segment: str
    name: str
    position: str
    level: Level
    companies: int
    effective: float
    sure: float
    capital: int
    leaders: tuple[Leader, ...]
    anchors: tuple[str, ...]
    derived: Need
    certain: bool
    why: str
    declared: Need
    declared_by: str
    need: Need
    suppliers: tuple[str, ...]
    customers: tuple[str, ...]


@dataclass(frozen=True)
class Gaps:
    """All segments of a zone's chains against a local register (缺口清单)."""

    coverage: Coverage
    segments: tuple[Gap, ...]


@dataclass(frozen=True)
class _There:
    """Who stands in a segment; ``effective`` and ``sure`` in thousandths, ``capital`` in yuan."""

    companies: int
    effective: int
    sure: int
    capital: int
    leaders: tuple[Leader, ...]
    anchors: tuple[str, ...]
    level: Level


def find_gaps(
    zone: Zone, corpora: Corpora, companies: Companies, profiles: Profiles, closed: NDArray[np.bool_], *, complete: bool
) -> Gaps:
    """Presence and need of every segment of the chains (推导缺口).

    Args:
        zone: Chains, edges, anchors and the scale of presence.
        corpora: Legal forms.
        companies: The local register.
        profiles: Of the same companies.
        closed: Which of them no longer trade.
        complete: The register is whole: what it lacks is absent.

    Raises:
        RequestError: ``scoring.yaml`` has no ``presence``.
    """
    scale = zone.scoring.presence
    if scale is None:
        raise RequestError("presence", f"{zone.id}/scoring.yaml", [], "要由本地名录推导缺口，请先写 presence（有无的尺度）")
    bits = sum(1 << number for number, mark in enumerate(corpora.marks) if mark.id in scale.without)
    elsewhere = _elsewhere(companies, zone, corpora)
    standing = (profiles.outlet == 0) & ~closed & (profiles.marks & bits == 0) & ~elsewhere
    weight = _weights(companies, profiles, scale, corpora)
    sells = np.isin(profiles.mode, [MODES.index(mode) for mode in _SELLING])
    gaps: list[Gap] = []
    for chain in zone.chains:
        numbers = [number for number, segment in enumerate(zone.segments) if segment.chain == chain.id]
        affinity = profiles.affinity[:, numbers].astype(np.int64)
        best = affinity.argmax(axis=1)
        enough = standing & (affinity.max(axis=1, initial=0) >= scale.least_affinity)
        found = {
            zone.segments[number].id: _there(
                companies,
                [
                    (
                        at,
                        int(weight[at])
                        * (scale.sellers if sells[at, number] and zone.segments[number].kind == "maker" else 1000)
                        // 1000,
                        int(affinity[at, column]),
                        bool(profiles.named[at, number]),
                    )
                    for at in places.tolist()
                ],
                tuple(a.name for a in zone.file.anchors if a.chain == chain.id and zone.segments[number].id in a.segments),
                scale,
                complete=complete,
            )
            for column, number in enumerate(numbers)
            for places in (np.flatnonzero(enough & (best == column)),)
        }
        anchored = any(anchor.chain == chain.id for anchor in zone.file.anchors)
        gaps += [_gap(zone.segments[n], chain, found, scale, anchored=anchored, complete=complete) for n in numbers]
    return Gaps(_coverage(companies, profiles, int(elsewhere.sum()), complete=complete), tuple(gaps))


def with_needs(zone: Zone, gaps: Gaps) -> Zone:
    """The zone with the needs that count, and what the register says of each segment (按名录改写需求)."""
    known = {(gap.chain, gap.segment): gap for gap in gaps.segments}
    return replace(
        zone, segments=tuple(_rewritten(segment, known.get((segment.chain or "", segment.id))) for segment in zone.segments)
    )


def _rewritten(segment: SegmentSpec, gap: Gap | None) -> SegmentSpec:
    if gap is None:
        return segment
    if gap.level in ("absent", "unknown"):
        presence = "本地没有" if gap.certain else "本地名录里没有见到"
    else:
        presence = f"本地{'已' if gap.level in _THERE else '只'}有{gap.companies}家" if gap.companies else f"本地有{gap.anchors[0]}"
    known = replace(segment, presence=presence, suppliers=gap.suppliers, customers=gap.customers)
    if gap.declared_by == "article" or not gap.certain:
        return known
    return replace(known, need=gap.need, assumed=False, reason=gap.why)


def _weights(companies: Companies, profiles: Profiles, scale: Presence, corpora: Corpora) -> NDArray[np.int64]:
    """For how much of a company each counts, in thousandths."""
    low, high = (math.log10(end) for end in scale.capital)
    amounts, at = np.unique(companies.capital, return_inverse=True)
    sizes = []
    for amount in amounts.tolist():
        share = (math.log10(amount / _WAN) - low) / (high - low) if amount > 0 else 0.0
        sizes.append(scale.least + round((1000 - scale.least) * min(max(share, 0.0), 1.0)))
    share_of = np.array([scale.forms.get(form, 1000) for form in legal_forms(corpora)], dtype=np.int64)
    counted: NDArray[np.int64] = np.array(sizes, dtype=np.int64)[at] * share_of[profiles.legal_form] // 1000
    return counted


def _there(
    companies: Companies, found: list[tuple[int, int, int, bool]], anchors: tuple[str, ...], scale: Presence, *, complete: bool
) -> _There:
    """From (place, weight, affinity, named) of the companies that stand in a segment."""
    effective = sum(weight for _, weight, _, _ in found)
    sure = sum(weight for _, weight, _, named in found if named)
    capital = companies.capital
    # whoever is named first stands for the segment: large, and clearly of it
    order = sorted(found, key=lambda one: (-one[1] * one[2], -int(capital[one[0]]), companies.key(one[0])))
    level: Level = "absent" if complete else "unknown"
    if effective >= scale.strong:
        level = "strong"
    elif effective >= scale.present or anchors:
        level = "present"
    elif found:
        level = "thin"
    return _There(
        len(found),
        effective,
        sure * 1000 // effective if effective else 0,
        sum(int(capital[place]) for place, _, _, _ in found if capital[place] != UNKNOWN),
        tuple(_leader(companies, place, affinity, named) for place, _, affinity, named in order[:MOST_LEADERS]),
        anchors,
        level,
    )


def _leader(companies: Companies, place: int, affinity: int, named: bool) -> Leader:
    capital = int(companies.capital[place])
    return Leader(
        companies.text["name"][place],
        companies.text["uscc"][place] or None,
        capital if capital != UNKNOWN else None,
        affinity / 1000,
        named,
    )


def _gap(
    segment: SegmentSpec, chain: ChainFile, found: Mapping[str, _There], scale: Presence, *, anchored: bool, complete: bool
) -> Gap:
    there = found[segment.id]
    before = [start for start, end in chain.edges if end == segment.id]
    after = [end for start, end in chain.edges if start == segment.id]
    anything = anchored or any(other.level in _THERE for other in found.values())
    derived, why = _derived(there, _strong(chain, found, before), _strong(chain, found, after), anything=anything)
    certain = complete or (there.level in _THERE and (there.sure >= scale.sure or bool(there.anchors)))
    by = "assumed" if segment.assumed else "article"
    return Gap(
        chain.id,
        segment.id,
        segment.name,
        segment.position,
        there.level,
        there.companies,
        there.effective / 1000,
        there.sure / 1000,
        there.capital,
        there.leaders,
        there.anchors,
        derived,
        certain,
        why if certain else _UNSURE[there.level].format(why=why),
        cast(Need, segment.need),
        by,
        derived if certain and by == "assumed" else cast(Need, segment.need),
        _largest(found, before, scale),
        _largest(found, after, scale),
    )


def _strong(chain: ChainFile, found: Mapping[str, _There], ids: list[str]) -> list[str]:
    """Names of the strong ones among these segments."""
    names = {segment.id: segment.name for segment in chain.segments}
    return [names[one] for one in ids if found[one].level == "strong"]


def _derived(there: _There, before: list[str], after: list[str], *, anything: bool) -> tuple[Need, str]:
    """The need by the rules in the module docstring, and why; ``before`` and ``after`` are strong neighbours."""
    if there.level == "strong":
        return "strengthen", f"本地已有 {there.companies} 家、合 {there.effective / 1000:.1f} 家的分量，是优势，要更大更强的"
    if there.level == "present":
        held = (
            f"有 {'、'.join(there.anchors)}"
            if there.anchors
            else f"已有 {there.companies} 家、合 {there.effective / 1000:.1f} 家的分量"
        )
        return "strengthen", f"本地{held}，可以做强"
    few = f"本地只有 {there.companies} 家、合 {there.effective / 1000:.1f} 家的分量，" if there.companies else ""
    if before:
        return "extend", f"{few}上一环「{before[0]}」本地强，可以往下延伸"
    if after:
        return "complement", f"{few}下一环「{after[0]}」本地强，缺这一环供应"
    if anything:
        return "complement", f"{few}链上别的环节已有企业，这一环是短板"
    return "complement", f"{few}整条链几乎没有企业，等于从头建链"


def _largest(found: Mapping[str, _There], ids: list[str], scale: Presence) -> tuple[str, ...]:
    """The largest company of each of these segments that clearly stands in it, largest first."""
    least = scale.partner_affinity / 1000
    there = [found[one] for one in ids if found[one].level in _THERE]
    leaders = [next((leader for leader in one.leaders if leader.named and leader.affinity >= least), None) for one in there]
    known = sorted((leader for leader in leaders if leader), key=lambda leader: (-(leader.capital or 0), leader.name))
    return tuple(dict.fromkeys(leader.name for leader in known))


def _elsewhere(companies: Companies, zone: Zone, corpora: Corpora) -> NDArray[np.bool_]:
    """Whose city is another, or whose code and name are both of another city though the row says it is the zone's."""
    place, reader, text = zone.file.place, name_reader(corpora), companies.text
    home = short(place.city)
    found = np.array([bool(city) and short(city) != home for city in text["city"]], dtype=np.bool_)
    own = {division.adcode[:4] for division in corpora.divisions if division.level == "city" and short(division.name) == home}
    for n in np.flatnonzero(companies.code_ok & ~found).tolist():
        if own and text["uscc"][n][2:6] not in own:
            region = reader.parse(normalise(text["name"][n]), text["province"][n]).region
            found[n] = bool(region) and not reader.same_region(region, place.city)
    return found


def _coverage(companies: Companies, profiles: Profiles, elsewhere: int, *, complete: bool) -> Coverage:
    founded = companies.founded[companies.founded != UNKNOWN_DAY]
    years = sorted({(EPOCH + timedelta(days=day)).year for day in np.unique(founded).tolist()})
    missing = sorted(set(range(years[0], years[-1])) - set(years)) if years else []
    return Coverage(
        len(companies),
        elsewhere,
        int(profiles.has_scope.sum()),
        (years[0], years[-1]) if years else None,
        tuple(year for year in missing if year >= _RECENT),
        complete,
    )
