"""Companies of a list into the ledger of targets (加入目标台账): with the run and the place; whoever else is on them is told first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from matcher.api.ledger import Reach
from matcher.api.service import Made
from matcher.errors import LedgerError
from matcher.ledger import reading
from matcher.ledger.books import TARGETS
from matcher.ledger.company import claims_on, told_of
from matcher.ledger.entry import entering
from matcher.ledger.setting import Setting
from matcher.types import RankedCompany
from matcher.web import states
from matcher.web.workshop import Visit

_KIND = "enterprise"
_LONGEST_WHY = 1000


async def enter(visit: Visit, made: Made, picked: Sequence[RankedCompany]) -> None:
    """Enters companies, after telling who else is on them (登记); all or none."""
    with states.notices():
        claims = await visit.ask("list_collisions", partial(_claims, visit, picked))
        if claims and not await _sure(claims, len(picked)):
            return
        told = await visit.ask("add_row", partial(_entered, visit, made, picked))
        ui.notify(
            "\n".join([f"已加入目标台账 {len(picked)} 家", *told]),
            type="positive",
            multi_line=True,
            actions=[states.CLOSE],
            timeout=0,
        )


async def _sure(claims: Sequence[str], count: int) -> bool:
    """Asks whether they are to be entered all the same."""
    with ui.dialog().props("persistent") as dialog, ui.card().classes("ask-card"):
        ui.label("已有人在跟").classes("card-title").props("role=heading aria-level=2")
        for line in claims:
            ui.label(line).classes("line")
        ui.label("仍要登记的，请先和对方商量由谁牵头、份额怎么算。").classes("soft")
        with ui.element("div").classes("buttons"):
            ui.button("不登记", on_click=lambda: dialog.submit(False)).props("outline")
            ui.button(f"仍然登记 {count} 家", on_click=lambda: dialog.submit(True)).props("unelevated")
    found = await dialog
    dialog.delete()
    return bool(found)


def values_of(visit: Visit, made: Made, one: RankedCompany) -> dict[str, object]:
    """What is entered of a company (登记内容): who it is, why it is wanted, and of which run."""
    zone = made.engine.zone
    group = next((group.id for group in zone.file.groups if one.chain in group.chains), None)
    values: dict[str, object] = {
        "kind": _KIND, "company": one.name, "uscc": one.uscc, "province": one.province, "city": one.city, "chain": one.chain,
        "segment": one.segment if one.chain else None, "group": group, "run": made.ranking.run.id, "run_rank": one.rank,
        "why": one.reason[:_LONGEST_WHY],
    }  # fmt: skip
    if visit.caller.group is not None and visit.caller.role != "admin":
        values["group"] = visit.caller.group
    return {name: value for name, value in values.items() if value is not None}


def _claims(visit: Visit, picked: Sequence[RankedCompany]) -> list[str]:
    setting = visit.service.setting(visit.zone)
    found: list[str] = []
    with visit.service.store.reading() as connection:
        for one in picked:
            claims = claims_on(connection, setting, {"company": one.name, "uscc": one.uscc, "family": None})
            found += [_named(line, setting) for line in told_of(claims, setting, "")]
    return found


def _named(line: str, setting: Setting) -> str:
    """What the ledgers tell, with groups by their names."""
    for group, name in setting.rules.groups.items():
        line = line.replace(group, name)
    return line


def _entered(visit: Visit, made: Made, picked: Sequence[RankedCompany]) -> list[str]:
    service = visit.service
    reach = Reach(visit.caller, service.setting(visit.zone))
    told: list[str] = []
    with entering(service.store, reach.setting, by=visit.caller.name, source=f"page:{visit.request_id}") as entry:
        for one in picked:
            try:
                written = entry.add(TARGETS, values_of(visit, made, one))
            except LedgerError as error:
                raise LedgerError(f"{one.name}：{error}；一家都没有登记") from error
            reach.check_write(entry.connection, TARGETS, reading.row(entry.connection, reach.setting, TARGETS, written.id))
            told += [line for told_ in written.told if (line := _named(told_, reach.setting)) not in told]
    return told
