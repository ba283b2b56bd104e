"""What stands around a list, in words (名单的说法): groups of companies, cities with few leads, segments that nobody stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import cast

from matcher.places import short
from matcher.rules import Zone
from matcher.scoring.describe import CHANGED
from matcher.types import Family, RankedCompany, Ranking, Unserved

_MOST_OTHERS = 3
_MOST_OPEN = 6
_FEW = 3  # a city with less than a third of its share of the list has too few leads for a day


def family_words(family: Family, result: RankedCompany) -> str:
    """Whom to call on, and who folds under this line; a guess by name gives way to what has changed since."""
    city = family.head_city or "城市不详"
    if family.head == result.name:
        head = "本企业是集团"
    elif CHANGED in result.reason:
        head = f"按名称原属 {family.head}（{city}），现在由谁定先问清"
    elif family.head_uscc is None:  # a group that everybody knows, no company of the file
        head = f"属 {family.head}（{city}），先问清由谁定投资"
    else:
        head = f"由 {family.head}（{city}）定，先约它（按名称推定）"
    beside = [other for other in family.others if other != family.head]
    others = "、".join(beside[:_MOST_OTHERS])
    more = f"等 {len(beside)} 家" if len(beside) > _MOST_OTHERS else ""
    return head + (f"；同属的 {others}{more} 不再单列" if others else "")


def is_assumed(result: RankedCompany, zone: Zone) -> bool:
    """Whether nobody of the zone has said the need of its segment (需求是推定的)."""
    return any(segment.assumed for segment in zone.segments if (segment.chain, segment.id) == (result.chain, result.segment))


def open_segments(unserved: Sequence[Unserved], zone: Zone) -> list[str]:
    """Wanted segments that the list leaves open: those with somebody further down first, then those with nobody at all."""
    names = {(segment.chain, segment.id): segment.name for segment in zone.segments}
    too = [f"「{names[one.chain, one.segment]}」{one.also}（第 {one.also_place} 名）" for one in unserved if one.also]
    least = zone.scoring.bands.B
    unserved = [one for one in unserved if not one.also]
    further = sorted((one for one in unserved if (one.score or 0) >= least), key=lambda one: one.place or 0)
    lines = [
        f"急需而名单上没有：「{names[one.chain, one.segment]}」，最靠前的是 {one.best}"
        f"（{' '.join(filter(None, (one.city, one.county))) or '城市不详'}，第 {one.place} 名，{one.score:.1f} 分）"
        for one in further[:_MOST_OPEN]
    ]
    if len(further) > _MOST_OPEN:
        rest = "、".join(f"「{names[one.chain, one.segment]}」" for one in further[_MOST_OPEN:])
        lines.append(f"急需而名单上没有，后面才有：{rest}")
    if too:
        lines.append(f"急需的环节名单上没有专做的，兼做的有：{'、'.join(too)}")
    short_of = [one for one in unserved if one.best and (one.score or 0) < least]
    if short_of:
        nearest = "、".join(
            f"「{names[one.chain, one.segment]}」{one.best}（{one.city or '城市不详'}，{one.score:.1f} 分）" for one in short_of
        )
        lines.append(f"急需而没有到 B 档的，最近的是：{nearest}，先核实做没做、做多大")
    if nobody := "、".join(f"「{names[one.chain, one.segment]}」" for one in unserved if not one.best):
        lines.append(f"急需而这批资料里一家也没有的：{nobody}，可换城市，或经商会、园区去找")
    return lines


def by_city(ranking: Ranking) -> str:
    """How many of the list sit in each city that was asked for: a day there with two calls is no day."""
    asked = cast(Sequence[str], ranking.run.request.get("cities") or ())
    if len(asked) < 2 or not ranking.results:
        return ""
    found = Counter(short(result.city or "") for result in ranking.results)
    told = "，".join(
        f"{short(city)} {found[short(city)]} 家" for city in sorted(asked, key=lambda city: (-found[short(city)], city))
    )
    few = "、".join(short(city) for city in asked if found[short(city)] * len(asked) * _FEW < len(ranking.results))
    return f"名单上：{told}" + (f"；{few}的线索少，不够跑一天的，可多排几名，或先请商会、园区推荐" if few else "")
