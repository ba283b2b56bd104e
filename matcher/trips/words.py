"""How a plan is told in Chinese (计划的说法): the same words on the screen, in the document and in the workbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from matcher.trips.plans import PlannedDay, PlannedLeg, PlannedVisit, TeamTrip, TripPlan
from matcher.trips.request import KIND_LABELS, STATE_LABELS
from matcher.trips.ways import MODE_LABELS
from matcher.types import NEED_LABELS

_WEEKDAYS = "一二三四五六日"
_WITHIN = {"district": "同一区县，按一般时间估", "unknown": "不知道在市里哪一处，按一般时间估"}


def title(plan: TripPlan) -> str:
    """What the trip is called (行程名称)."""
    route = " → ".join(plan.cities) if plan.ordered else "、".join(gone_to(plan))
    return f"{plan.zone_name} 招商行程：{route}"


def gone_to(plan: TripPlan) -> list[str]:
    """The cities in the order in which they are first visited (去的城市)."""
    visits = [visit.city for team in plan.teams for day in team.days for visit in day.visits]
    return list(dict.fromkeys(visits))


def span(plan: TripPlan) -> str:
    """From when to when, how many teams and visits (概要)."""
    days = plan.teams[0].days
    dates = days[0].date if len(days) == 1 else f"{days[0].date} 至 {days[-1].date}"
    return f"{dates}，{plan.days} 天，{len(plan.teams)} 队，拜访 {plan.visits} 家"


def day_title(day: PlannedDay) -> str:
    """Date, weekday, cities (一天的标题)."""
    weekday = _WEEKDAYS[date.fromisoformat(day.date).weekday()]
    cities = "、".join(dict.fromkeys(visit.city for visit in day.visits)) or "赶路"
    return f"{day.date}（周{weekday}）{cities}，{len(day.visits)} 家"


def way(leg: PlannedLeg) -> str:
    """A way (一段路), and what its minutes rest on."""
    ground = f"按直线 {leg.km:g} 公里估" if leg.estimated else f"直线 {leg.km:g} 公里"
    if leg.within != "town":
        ground = _WITHIN.get(leg.within, ground)
    how = f"{'市内' if leg.within else ''}{MODE_LABELS[leg.mode]} {leg.minutes} 分钟（{ground}）"
    ends = leg.start if leg.start == leg.end else f"{leg.start} → {leg.end}"
    return f"{leg.leaves} {ends} {how}{leg.arrives} 到"


def overnight(day: PlannedDay) -> str:
    """Where the night is (晚上)."""
    return f"{way(day.way_back)}{'' if day.sleeps == '园区' else f'，住{day.sleeps}'}"


def state(visit: PlannedVisit) -> str:
    """State of the appointment, and whether it is a must (约定)."""
    return STATE_LABELS[visit.state] + ("，必访" if visit.must and visit.state != "agreed" else "")


def where(city: str, county: str) -> str:
    """City and district (地点)."""
    return f"{city} {county}" if county else f"{city}（区县不详）"


def serves(visit: PlannedVisit, names: dict[tuple[str | None, str], str]) -> str:
    """Which need it serves (需求); ``names``: of segments."""
    if visit.result is None:
        members = f"，会员 {visit.members:,} 家" if visit.members is not None else ""
        return KIND_LABELS[visit.kind] + members
    return f"{NEED_LABELS[visit.result.need]} · {names.get((visit.result.chain, visit.result.segment or ''), '机会型')}"


def quality(plan: TripPlan) -> str:
    """How good the plan is (计划有多好)."""
    return f"价值 {plan.value:.1f} 分；任何计划都不超过 {plan.bound:.1f} 分，本计划至多差 {plan.gap:.1%}"


def team_title(plan: TripPlan, team: TeamTrip) -> str:
    """What a team is called, empty if there is one (队名)."""
    return "" if len(plan.teams) == 1 else f"第 {team.team} 队"


def reasons(plan: TripPlan) -> Iterator[tuple[str, str]]:
    """Title and line of what is told below a plan (说明)."""
    for change in plan.changes:
        yield "重排", change
    if plan.kept_price is not None:
        yield "重排", f"全部重新排可再多 {plan.kept_price:.1f} 分" if plan.kept_price >= 0.05 else "全部重新排也多不出来"
    for price in plan.must_prices:
        same = "，不写必访也会去" if price.visited_anyway else ""
        least = "（没有算完，可能更多）" if price.cut else ""
        yield "必访的代价", f"{price.name}：{price.price:.1f} 分{least}{same}"
    for other in plan.other_days:
        word = "少一天" if other.days < plan.days else "多一天"
        least = "；没有算完，可能更好" if other.cut else ""
        if not other.cities:
            why = "时间不够，没有算出来；多等一会儿再排" if other.cut else "城市走不完，或必访、约定排不进"
            yield word, f"{other.days} 天：{why}"
            continue
        told = f"价值 {other.value:.1f} 分（{other.change:+.1f}），{other.visits} 家，去{'、'.join(other.cities)}"
        yield word, f"{other.days} 天：{told}{least}"
    for name, why in plan.refused:
        yield "不去", f"{name}：{why}"
    for note in plan.notes:
        yield "口径", note
    for warning in plan.warnings:
        yield "注意", warning
