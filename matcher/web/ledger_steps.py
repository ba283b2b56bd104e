"""Steps on the pages (推进): a dialog that asks for the day, and for a reason where the rules want one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import ui

from matcher.errors import ConflictError, StepError
from matcher.ledger.books import PROJECTS, TARGETS, Book
from matcher.ledger.records import Written
from matcher.ledger.setting import Setting
from matcher.ledger.stepping import way
from matcher.rules.ledger import StepSpec
from matcher.runs import today
from matcher.web import ledger_work, states
from matcher.web.days import day_input
from matcher.web.ledger_fields import called
from matcher.web.workshop import Visit

Done = Callable[[], Awaitable[None]]
_STYLE = "outlined dense"


def others(setting: Setting, book: Book[Any], record: Any) -> list[StepSpec]:
    """Steps to which a row can go (可去的步骤): the next ones first, then in the order of the rules."""
    steps = setting.steps(book.name)
    now = next((one for one in steps if one.id == record.state), None)
    following = now.next if now else ()
    rest = [one for one in steps if one.id != record.state]
    return sorted(rest, key=lambda one: (one.id not in following, [step.id for step in steps].index(one.id)))


def ask(visit: Visit, setting: Setting, book: Book[Any], record: Any, to: StepSpec, done: Done) -> None:
    """Asks for what a step needs, and makes it (推进一步).

    Args:
        visit: Who.
        setting: The zone's rules.
        book: Which book.
        record: The row as it was seen; somebody else's change since is not overwritten.
        to: Where to.
        done: What follows when it is made.
    """
    needs = way(setting.steps(book.name), record.state, to).needs_reason(to)
    with ui.dialog() as dialog, ui.card().classes("dialog"):
        ui.label(f"{called(record)}：{setting.step_name(book.name, record.state)} → {to.name}").classes("dialog-title").props(
            "role=heading aria-level=2"
        )
        if kinds := setting.proofs_of(book.name, to.id):
            ui.label(f"这一步要附上证明（{'、'.join(kinds)}）才算数；推进以后在“证明”里上传。").classes("hint")
        fields = {
            "on": day_input("哪天走到这一步", today().isoformat()).classes("w-full"),
            "reason": ui.textarea("理由" + ("（必填）" if needs else "（越过、退回、更正日期才要）"))
            .props(f"{_STYLE} autogrow")
            .classes("w-full"),
        }
        if to.makes_project:
            fields["name"] = ui.input("项目名称（必填）", value=f"{record.company}项目"[:120]).props(_STYLE).classes("w-full")
            fields["agreed"] = ui.input("协议投资，如 1.2亿元").props(_STYLE).classes("w-full")
        said = ui.label().classes("wrong-words").props("role=alert")

        async def make() -> None:
            with states.notices():
                if await _made(visit, book, record, to, fields, said):
                    dialog.close()
                    await done()

        with ui.element("div").classes("buttons"):
            ui.button("确定", on_click=make).props("unelevated")
            ui.button("取消", on_click=dialog.close).props("flat")
    dialog.open()


async def _made(visit: Visit, book: Book[Any], record: Any, to: StepSpec, fields: dict[str, Any], said: ui.label) -> bool:
    """Makes the step; what the rules do not allow stands in the dialog, where it can be mended."""
    told: dict[str, str | None] = {
        "step": to.id, "on": str(fields["on"].value or "") or None, "reason": str(fields["reason"].value or "").strip() or None,
    }  # fmt: skip
    try:
        if to.makes_project and book is TARGETS:
            values = {name: text for name in ("name", "agreed") if (text := str(fields[name].value or "").strip())}
            work = partial(ledger_work.converted, visit, record.id, values, told, record.version)
            warn(*await visit.ask("convert_target", work))
        else:
            warn(await visit.ask("step_row", partial(ledger_work.stepped, visit, book, record.id, told, record.version)))
    except StepError as error:
        said.set_text(error.problem)
        return False
    except ConflictError as error:
        said.set_text(f"刚被 {error.by or '别人'} 改过（现在是第 {error.version} 版），请关上，对照现在的样子再推进")
        return False
    return True


def warn(*made: Written) -> None:
    """What whoever enters something is told: others on the company, proof that is missing (提醒)."""
    for line in dict.fromkeys(line for one in made for line in one.told):
        ui.notify(
            line, color="warning", textColor="white", icon="priority_high", multi_line=True, actions=[states.CLOSE], timeout=15_000
        )
    if any(one.book == PROJECTS.name and one.version == 1 for one in made):
        ui.notify(f"已登记第 {next(one.id for one in made if one.book == PROJECTS.name)} 号项目", type="positive")
