"""What the page of trips has done in threads (行程页要办的事): plan, plan again, try another order, keep, enter, write files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec

from matcher.api.ledger import Reach
from matcher.api.problems import RefusedError
from matcher.engine import Engine
from matcher.ledger import reading
from matcher.ledger.books import ALL
from matcher.ledger.entry import entering
from matcher.rules.trips import TripRules, load_trip_rules
from matcher.snapshot import ProfileCache
from matcher.trips.plans import TripPlan
from matcher.trips.request import TripRequest
from matcher.trips.watching import Watch
from matcher.web.rulesets import usual_ruleset
from matcher.web.workshop import Visit

FILES = {
    "docx": ("拜访单", "计划与每家一页的拜访单，可改、可打印（Word）"),
    "xlsx": ("表格", "一行一家（Excel）"),
    "ics": ("手机日历", "导入手机或电脑的日历"),
}  # fmt: skip
"""Form → what its button says, and what it is (文件)."""


@dataclass(frozen=True)
class Prepared:
    """What a plan is made with (备好的材料)."""

    engine: Engine
    known: ProfileCache | None
    chances: Mapping[str, float]
    rules: TripRules


def prepared(visit: Visit, start: date) -> Prepared:
    """The engine as of a trip's first day, what is known of the texts, and the chances that the ledgers tell (备料).

    Raises:
        RefusedError: What plans trips is not installed.
        LianzhaoError: Rules, companies or the database cannot be read.
    """
    if any(find_spec(name) is None for name in ("ortools", "docx", "icalendar")):
        raise RefusedError("not-ready", "服务器上没有装行程组件，请管理员装上")
    from matcher.trips.chances import chances_of

    service = visit.service
    state, rules = service.state, load_trip_rules(service.settings.rules)
    engine = service.prepared(state, visit.zone, usual_ruleset(visit), None, start).engine
    known = state.known(engine)
    return Prepared(
        engine, known if isinstance(known, ProfileCache) else None, chances_of(engine.tracked or (), rules, start), rules
    )  # fmt: skip


def planned(visit: Visit, request: TripRequest, watch: Watch) -> TripPlan:
    """Plans a trip and keeps the plan (排行程)."""
    from matcher.trips.planning import plan

    made = prepared(visit, request.start)
    intake = visit.service.state.companies().intake
    return keep(
        visit, plan(made.engine, intake, request, made.rules, known=made.known, chances=made.chances, watch=watch)
    )  # fmt: skip


def replanned(visit: Visit, plan: TripPlan, refused: Sequence[str], agreed: Sequence[str], watch: Watch) -> TripPlan:
    """Plans again after some refused or agreed, the rest as it was (重排), and keeps that."""
    from matcher.trips.replan import plan_json, replan

    made = prepared(visit, plan.request.start)
    intake = visit.service.state.companies().intake
    return keep(
        visit,
        replan(
            made.engine, intake, plan_json(plan), refused, made.rules,
            agreed=agreed, known=made.known, chances=made.chances, watch=watch,
        ),
    )  # fmt: skip


def called_instead(visit: Visit, plan: TripPlan, who: str, other: str, agreed: Sequence[str]) -> TripPlan:
    """Has an alternate visited instead of somebody (换成备选), the rest as it was, and keeps that."""
    from matcher.trips.replan import called_instead, plan_json

    made = prepared(visit, plan.request.start)
    intake = visit.service.state.companies().intake
    return keep(
        visit,
        called_instead(
            made.engine, intake, plan_json(plan), who, other, made.rules, agreed=agreed, known=made.known, chances=made.chances
        ),
    )  # fmt: skip


def keep(visit: Visit, plan: TripPlan) -> TripPlan:
    """Keeps a plan in the caller's name (留存)."""
    from matcher.trips.keeping import keep_plan

    keep_plan(visit.service.store, plan, by=visit.caller.name)
    return plan


def loaded(visit: Visit, id_: str) -> TripPlan:
    """A plan that is kept (读留存的计划)."""
    from matcher.trips.keeping import kept_plan

    return kept_plan(visit.service.store, visit.zone, id_)


def made_of(visit: Visit, plan: TripPlan) -> Callable[[Sequence[Sequence[Sequence[str]]]], TripPlan]:
    """What makes the plan in another order (手工调整): all is read once, then every try is quick."""
    from matcher.trips.moving import arranged, draft

    made = prepared(visit, plan.request.start)
    intake = visit.service.state.companies().intake
    read = draft(made.engine, intake, plan, made.rules, known=made.known, chances=made.chances)
    return lambda order: arranged(read, plan, order)


@dataclass(frozen=True)
class Told:
    """What became of a plan in the ledgers (登记结果).

    Attributes:
        activities: Numbers of the activities.
        targets: How many targets are new.
        known: Who works on whom already.
    """

    activities: tuple[int, ...]
    targets: int
    known: tuple[str, ...]


def entered(visit: Visit, plan: TripPlan, whose: Mapping[str, str | None], *, targets: bool) -> Told:
    """Turns a plan into activities (转成活动台账), in the caller's name and as far as the rows are the caller's to write."""
    from matcher.trips.entering import Whose, enter

    keep(visit, plan)
    reach = Reach(visit.caller, visit.service.setting(visit.zone))
    group = whose.get("group") or (None if reach.writes_all else visit.caller.group)
    source = f"web:{visit.request_id}"
    with entering(visit.service.store, reach.setting, by=visit.caller.name, source=source) as entry:
        done = enter(entry, plan, Whose(group, whose.get("department"), whose.get("owner")), targets=targets)
        for one in (*done.activities, *done.targets):
            book = ALL[one.book]
            reach.check_write(entry.connection, book, reading.row(entry.connection, reach.setting, book, one.id))
    return Told(tuple(one.id for one in done.activities), len(done.targets), done.known)


def written(visit: Visit, plan: TripPlan, form: str) -> bytes:
    """A plan as a file (写成文件)."""
    from matcher.outputs.trip_xlsx import trip_xlsx
    from matcher.trips.calendar import calendar
    from matcher.trips.document import document

    zone = visit.service.state.engine(visit.zone).zone
    if form == "ics":
        return calendar(plan)
    return trip_xlsx(plan, zone) if form == "xlsx" else document(plan, zone)
