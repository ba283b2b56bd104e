"""行程 Trips: who goes where on which day, why, and what to do when somebody refuses."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from nicegui import ui

from matcher.errors import CalledOffError
from matcher.rules.trips import load_trip_rules
from matcher.runs import CHINA_TIME
from matcher.store.trips import KeptTrip, list_trips
from matcher.trips.plans import PlannedVisit, TripPlan
from matcher.trips.request import Appointment, TripRequest
from matcher.trips.watching import Watch
from matcher.web import states, trips_asked, trips_entered, trips_plan, trips_work
from matcher.web.workshop import Visit

_LOOK = 0.5  # seconds between two looks at how far planning is
_LISTED = 20
Made = Callable[[Watch], TripPlan]


async def build(visit: Visit) -> None:
    """Draws the page (行程页)."""
    ui.add_head_html(f'<link rel="stylesheet" href="{visit.root}/static/trips.css">')
    await ui.context.client.connected()
    plan: TripPlan | None = None
    if wanted := visit.query.get("plan"):
        plan = await visit.ask("get_trip", partial(trips_work.loaded, visit, wanted))
    page = _Page(visit, plan)
    await page.draw()


@dataclass
class _Page:
    """One open page of trips.

    Attributes:
        plan: What is shown.
        kept: What was kept last; other than ``plan`` while an order is tried.
        marks: Id → state that was chosen and not planned yet.
        before: Id of the plan that this one was made of, to go back to.
        arrange: Makes the plan in another order, once it was read.
    """

    visit: Visit
    plan: TripPlan | None
    kept: TripPlan | None = None
    marks: dict[str, str] = field(default_factory=dict)
    before: str = ""
    arrange: Callable[[list[list[list[str]]]], TripPlan] | None = None

    def __post_init__(self) -> None:
        self.kept = self.plan
        self.places: dict[str, ui.element] = {}
        self.asked: trips_asked.Asked | None = None

    async def draw(self) -> None:
        """The form, plans kept before, and the plan."""
        visit = self.visit
        form = ui.expansion("要什么样的行程", icon="edit_calendar", value=self.plan is None).classes("form")
        before = ui.expansion("以前排的", icon="history").classes("form")
        for name in ("root", "bar", "pending", "panel"):
            self.places[name] = ui.element("div").classes(f"trip-{name}")
        with form:
            chosen = ui.element("div").classes("trip-form")
        with before:
            listed = ui.element("div")
        zone = visit.service.state.engine(visit.zone).zone
        rules = load_trip_rules(visit.service.settings.rules)

        def offer(cities: dict[str, str]) -> None:
            self.asked = trips_asked.draw(zone, rules, cities, self.plan.request if self.plan else None, visit.caller.group)
            button = ui.button("排行程", icon="route", on_click=lambda: self._ask_for(form)).props("unelevated")
            button.set_enabled(visit.may("plan_trip"))

        await states.fill(chosen, lambda: visit.workshop.run(partial(trips_asked.cities_of, visit.service)), offer)
        before.on_value_change(lambda event: self._list_kept(listed) if event.value else None)
        self._redraw()

    async def _list_kept(self, place: ui.element) -> None:
        work = partial(list_trips, self.visit.service.store, self.visit.zone, most=_LISTED)
        await states.fill(place, lambda: self.visit.ask("list_trips", work), self._draw_kept)

    def _draw_kept(self, kept: list[KeptTrip]) -> None:
        if not kept:
            states.empty("还没有排过行程")
        for one in kept:
            when = one.kept_at.astimezone(CHINA_TIME)
            told = f"{one.start} 起 {one.days} 天，{'、'.join(one.cities)}，{one.visits} 家（{one.kept_by}，{when:%Y-%m-%d %H:%M}）"
            ui.link(told, self.visit.address("/trips", plan=one.id)).classes("kept")

    async def _ask_for(self, form: ui.expansion) -> None:
        with states.notices():
            assert self.asked is not None
            request = self.asked.request()
            done = await self._watched("plan_trip", "正在排行程", partial(_planned, self.visit, request))
            if done:
                form.set_value(False)

    async def _watched(self, operation: str, doing: str, work: Made) -> bool:
        """Plans in a thread while the page says how far it is; it can be ended, with the best so far or without."""
        with self.places["root"]:  # what asked for it goes with the bar
            return await self._watched_here(operation, doing, work)

    async def _watched_here(self, operation: str, doing: str, work: Made) -> bool:
        watch, panel = Watch(), self.places["panel"]
        self.places["bar"].clear()
        self.places["pending"].clear()
        panel.clear()
        ui.context.client.on_delete(lambda: setattr(watch, "off", True))  # nobody waits for it any more
        with panel, ui.element("div").classes("state state-loading").props("role=status aria-live=polite"):
            ui.spinner(size="2rem").props("aria-hidden=true")
            ui.label(f"{doing}……").classes("state-title")
            said = ui.label("等前面的人").classes("state-hint")
            timer = ui.timer(_LOOK, lambda: said.set_text(watch.doing or "等前面的人"))
            with ui.element("div").classes("buttons"):
                ui.button("到此为止，用现在最好的", on_click=lambda: setattr(watch, "enough", True)).props("outline")
                ui.button("取消", on_click=lambda: setattr(watch, "off", True)).props("flat")
        made: TripPlan | None = None
        try:
            with states.notices():
                made = await self._made(operation, work, watch)
        finally:
            timer.deactivate()
            if not panel.is_deleted:
                if made is not None:
                    self._take(made)
                self._redraw()
        return made is not None

    async def _made(self, operation: str, work: Made, watch: Watch) -> TripPlan | None:
        try:
            return await self.visit.ask(operation, lambda: work(watch), run=lambda plan: plan.run.id)
        except CalledOffError as error:
            ui.notify(str(error), type="info")
            return None

    def _take(self, plan: TripPlan, before: str = "") -> None:
        """A plan that is kept: shown, and named by the address; ``before`` is the plan that it took the place of."""
        self.plan = self.kept = plan
        self.before = before
        self.arrange = None
        self.marks.clear()
        ui.navigate.history.replace(self.visit.root + self.visit.address("/trips", plan=plan.id))

    def _redraw(self, focus: str = "") -> None:
        bar, panel, plan = self.places["bar"], self.places["panel"], self.plan
        bar.clear()
        panel.clear()
        self.places["pending"].clear()
        if plan is None:
            with panel:
                states.empty("还没有行程", "在上面写明哪天走、几天、去哪里，再按“排行程”；或打开“以前排的”")
            return
        with bar:
            trips_plan.headline(plan)
            self._buttons(plan)
        with panel:
            may = self.visit.may("replan_trip")
            hands = trips_plan.Hands(self.marks, self._mark, self._move, self._drop, self._instead, may)
            engine = self.visit.service.state.engine(self.visit.zone)
            trips_plan.draw(plan, engine.zone, engine.corpora, hands)
        self._draw_pending()
        if focus:
            ui.run_javascript(f"document.querySelector('[data-move=\"{focus}\"]')?.focus()")

    def _buttons(self, plan: TripPlan) -> None:
        def saving(form: str, called: str) -> Callable[[], Awaitable[None]]:
            async def save() -> None:
                with states.notices():
                    content = await self.visit.ask("get_trip", partial(trips_work.written, self.visit, plan, form))
                    ui.download.content(content, f"行程 {plan.start} {called}.{form}")

            return save

        with ui.element("div").classes("buttons"):
            for form, (called, hint) in trips_work.FILES.items():
                ui.button(called, icon="download", on_click=saving(form, called)).props("outline").tooltip(hint)
            if self.visit.may("enter_trip"):
                ui.button("转成活动台账", icon="playlist_add_check", on_click=lambda: self._enter(plan)).props("unelevated")
            if self.before:
                back = self.visit.address("/trips", plan=self.before)
                ui.button("改回上一份计划", icon="undo", on_click=partial(ui.navigate.to, back)).props("flat")

    async def _enter(self, plan: TripPlan) -> None:
        with states.notices():
            if self.marks or plan is not self.kept:
                ui.notify("有改动还没有保存、没有重排，先处理上面的改动，再转成台账", type="info")
                return
            await trips_entered.ask(self.visit, plan)

    async def _mark(self, id_: str, state: str) -> None:
        """The state of an appointment; a refusal is planned for at once, as nothing else is to be decided."""
        assert self.plan is not None
        if self.plan is not self.kept:
            self._first_save()
            return
        if _visit_of(self.plan, id_).state == state:
            self.marks.pop(id_, None)
        else:
            self.marks[id_] = state
        self._draw_pending()
        if state == "refused" and "pending" not in self.marks.values():
            await self._again()

    def _first_save(self) -> None:
        ui.notify("次序改过了，还没有保存：先保存这个次序，或放弃改动", type="info")
        self._redraw()

    async def _instead(self, id_: str, other: str) -> None:
        plan = self.kept
        assert plan is not None
        if self.plan is not plan:
            self._first_save()
            return
        agreed = [one for one, state in self.marks.items() if state == "agreed" and one != id_]
        work = partial(trips_work.called_instead, self.visit, plan, id_, other, agreed)
        with self.places["root"], states.notices():
            ui.notify("正在换，其余的不动", type="info")
            made = await self.visit.ask("replan_trip", work, run=lambda made: made.run.id)
            self._take(made, before=plan.id)
            self._redraw()
            self._show_new(plan)
            ui.notify("；".join(made.changes), type="positive")

    async def _move(self, id_: str, team: int, day: int, place: int) -> None:
        assert self.plan is not None
        from matcher.trips.moving import order_of

        order = order_of(self.plan)
        at = next(((t, d, its.index(id_)) for t, days in enumerate(order) for d, its in enumerate(days) if id_ in its), None)
        if at is None:
            return
        order[at[0]][at[1]].pop(at[2])
        later = at[:2] == (team, day) and at[2] < place
        order[team][day].insert(place - 1 if later else place, id_)
        await self._try(order, f"{team}-{day}-{order[team][day].index(id_)}-{'down' if later else 'up'}")

    async def _drop(self, id_: str) -> None:
        assert self.plan is not None
        from matcher.trips.moving import order_of

        await self._try([[[one for one in day if one != id_] for day in days] for days in order_of(self.plan)])

    async def _try(self, order: list[list[list[str]]], focus: str = "") -> None:
        """Another order, if it can be done; what cannot is said, and the plan stays."""
        visit, kept = self.visit, self.kept
        assert kept is not None
        with self.places["root"], states.notices():
            if self.arrange is None:
                ui.notify("第一次调整要先读一遍名单，请稍候", type="info")
                self.arrange = await visit.workshop.run(partial(trips_work.made_of, visit, kept), heavy=True)
            self.plan = await visit.workshop.run(partial(self.arrange, order))
            self._redraw(focus)

    def _draw_pending(self) -> None:
        """What was changed and is not kept yet, and what to do with it."""
        plan, place = self.plan, self.places["pending"]
        assert plan is not None
        place.clear()
        moved = plan is not self.kept
        if not moved and not self.marks:
            return
        with place, ui.element("div").classes("pending-box").props("role=status"):
            if moved:
                ui.label("次序改过了，时刻已照新的次序算好，还没有保存。")
                with ui.element("div").classes("buttons"):
                    ui.button("保存这个次序", on_click=self._save).props("unelevated")
                    ui.button("放弃改动", on_click=self._forget).props("flat")
                return
            counts = [(label, list(self.marks.values()).count(state)) for state, label in _MARKS.items()]
            ui.label("约定有改动：" + "，".join(f"{label} {count} 家" for label, count in counts if count))
            with ui.element("div").classes("buttons"):
                word = "补上空位，其余不动" if "refused" in self.marks.values() else "记下约定，其余不动"
                ui.button(word, on_click=self._again).props("unelevated")
                ui.button("全部重新排", on_click=self._anew).props("outline")
                ui.button("放弃改动", on_click=self._forget).props("flat")
            ui.label("已约的按计划里的时刻算；约在别的时刻的，写进“更多要求”里的约定，再排一次。").classes("hint")

    def _forget(self) -> None:
        self.plan = self.kept
        self.marks.clear()
        self._redraw()

    async def _save(self) -> None:
        with self.places["root"], states.notices():
            assert self.plan is not None
            made = await self.visit.ask(
                "replan_trip", partial(trips_work.keep, self.visit, self.plan), run=lambda plan: plan.run.id
            )
            self._take(made)
            self._redraw()
            ui.notify("已保存", type="positive")

    async def _again(self) -> None:
        plan, marks = self.kept, dict(self.marks)
        assert plan is not None
        loose = [id_ for id_, state in marks.items() if state == "pending"]
        if loose:  # an appointment is taken back: only a new plan can use what that opens
            await self._anew()
            return
        refused, agreed = ([id_ for id_, state in marks.items() if state == wanted] for wanted in ("refused", "agreed"))
        ui.run_javascript("window.stood = window.scrollY")
        await self._watched("replan_trip", "正在补排", lambda watch: trips_work.replanned(self.visit, plan, refused, agreed, watch))
        if self.kept is not plan:
            self.before = plan.id
            self._redraw()
        self._show_new(plan)

    def _show_new(self, before: TripPlan) -> None:
        """Goes to who is new on the plan, else back to where the page stood: a trip is many screens long."""
        assert self.plan is not None
        new = next((id_ for id_ in _ids(self.plan) if id_ not in _ids(before)), "")
        with self.places["root"]:
            ui.run_javascript(f"""
                const card = [...document.querySelectorAll("[data-visit]")].find((one) => one.dataset.visit === {json.dumps(new)});
                if (card) {{ card.scrollIntoView({{ block: "center" }}); card.focus({{ preventScroll: true }}); }}
                else window.scrollTo(0, window.stood);
            """)

    async def _anew(self) -> None:
        assert self.kept is not None
        request = _with_marks(self.kept, self.marks)
        await self._watched("plan_trip", "正在重新排", partial(_planned, self.visit, request))


_MARKS = {"agreed": "已约", "refused": "被拒", "pending": "改回待约"}


def _planned(visit: Visit, request: TripRequest, watch: Watch) -> TripPlan:
    return trips_work.planned(visit, request, watch)


def _ids(plan: TripPlan) -> list[str]:
    """Who is visited, in turn."""
    return [visit.id for team in plan.teams for day in team.days for visit in day.visits]


def _visit_of(plan: TripPlan, id_: str) -> PlannedVisit:
    return next(visit for team in plan.teams for day in team.days for visit in day.visits if visit.id == id_)


def _with_marks(plan: TripPlan, marks: dict[str, str]) -> TripRequest:
    """The request with what has been learned since: appointments at the times of the plan, refusals, and those taken back."""
    request, told = plan.request, []
    names = {_visit_of(plan, id_).name for id_ in marks}
    for one in request.appointments:
        if one.who not in marks and one.who not in names:
            told.append(one)
    for team in plan.teams:
        for day in team.days:
            for visit in day.visits:
                state = marks.get(visit.id)
                if state == "agreed":
                    told.append(Appointment(visit.id, "agreed", date.fromisoformat(day.date), visit.begins))
                elif state == "refused":
                    told.append(Appointment(visit.id, "refused"))
    refused = {id_ for id_, state in marks.items() if state == "refused"} | {
        _visit_of(plan, id_).name for id_, state in marks.items() if state == "refused"
    }
    return replace(request, appointments=tuple(told), must=tuple(who for who in request.must if who not in refused))
