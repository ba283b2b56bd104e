"""Turning a plan into activities (转成活动台账): whose they are is asked first, what became of them is told."""

from __future__ import annotations

from functools import partial
from typing import Any

from nicegui import ui

from matcher.ledger.setting import Setting
from matcher.trips.plans import TripPlan
from matcher.web import states, trips_work
from matcher.web.workshop import Visit


async def ask(visit: Visit, plan: TripPlan) -> None:
    """Asks whose the trip is, and enters it (登记行程)."""
    setting = await visit.workshop.run(partial(visit.service.setting, visit.zone))
    with ui.dialog() as dialog, ui.card().classes("dialog"):
        ui.label("转成活动台账").classes("dialog-title").props("role=heading aria-level=2")
        ui.label(f"每队登记一次“外出招商”活动，{plan.visits} 家记在里面；状态是“拟开展”，回来以后再改成“已开展”、写结果。")
        ui.label("没有写小组的，每家企业归它那条产业链的小组；活动不归任何小组，周调度里不算在谁名下。").classes("hint")
        fields = _fields(visit, setting, plan.request.group)
        place = ui.element("div")

        async def enter() -> None:
            whose = {name: str(fields[name].value or "").strip() or None for name in ("group", "department", "owner")}
            with states.notices():
                work = partial(trips_work.entered, visit, plan, whose, targets=bool(fields["targets"].value))
                told = await visit.ask("enter_trip", work)
                buttons.clear()
                place.clear()
                with place:
                    _told(visit, told)
                with buttons:
                    ui.button("关闭", on_click=dialog.close).props("outline")

        with ui.element("div").classes("buttons") as buttons:
            ui.button("登记", on_click=enter).props("unelevated")
            ui.button("取消", on_click=dialog.close).props("flat")
    dialog.open()


def _fields(visit: Visit, setting: Setting, asked: str | None) -> dict[str, Any]:
    groups = {"": "（不写）", **setting.rules.groups}
    own = visit.caller.group
    fields: dict[str, Any] = {
        "group": ui.select(groups, label="招商小组", value=next((one for one in (own, asked) if one in groups), ""))
        .props("outlined dense")
        .classes("w-full")
    }
    offices = [office.name for office in setting.rules.departments]
    if offices:
        fields["department"] = ui.select(["", *offices], label="责任部门", value="").props("outlined dense").classes("w-full")
    else:
        fields["department"] = ui.input("责任部门").props("outlined dense").classes("w-full")
    fields["owner"] = ui.input("责任人").props("outlined dense").classes("w-full")
    fields["targets"] = ui.checkbox("还没有人跟的企业，同时登记到目标企业台账（写明推荐理由、当时位次）", value=True)
    return fields


def _told(visit: Visit, told: trips_work.Told) -> None:
    with ui.element("div").classes("told").props("role=status"):
        for number in told.activities:
            ui.link(f"已登记第 {number} 号活动", visit.address("/ledger", book="activities", row=str(number)))
        ui.label(f"新登记目标企业 {told.targets} 家")
        for line in told.known:
            ui.label(line).classes("hint")
