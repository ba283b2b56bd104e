"""Publishing and retiring (发布与停用): by name and with a note; breaches are let pass one by one and with a reason, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import ui

from matcher.errors import RulesError
from matcher.outputs.version_words import state_words, time_words
from matcher.store.rulesets import RulesetVersion
from matcher.web import states
from matcher.web.rules_work import Checked, Shown, check, publish_draft, retire
from matcher.web.workshop import Visit


def publish_part(visit: Visit, now: Shown, then: Callable[[], None]) -> None:
    """The form to publish the draft (发布草稿副本).

    Args:
        visit: Who publishes.
        now: The draft.
        then: What to do afterwards.
    """
    if now.draft is None:
        states.empty("没有草稿副本可发布", "改了分值或词，先看“检查”和“影响预览”")
        return
    number = len(now.there) + 1
    ui.label(f"发布后编为第 {number} 版，名单、产业链、行程从此用它；原来的版本留着，可以停用新版回到旧版。").classes("line soft")
    by = ui.input("发布人姓名", value=visit.caller.name).props("outlined dense maxlength=60").classes("middle")
    note = ui.textarea("为什么改（会记入版本）").props("outlined dense autogrow maxlength=1000").classes("wide")
    reasons: dict[str, ui.input] = {}
    passes = ui.element("div")

    async def publish() -> None:
        given = {rule: field.value or "" for rule, field in reasons.items() if (field.value or "").strip()}
        with states.notices():
            try:
                work = partial(publish_draft, visit, now, by=by.value or "", note=note.value or "", reasons=given)
                done = await visit.ask("publish_rules", work)
            except RulesError:
                found = await visit.ask("check_rules", partial(check, visit, now))
                _ask_reasons(passes, reasons, found)
                ui.notify("有合规问题，没有发布：改好，或逐条写明放行的理由", type="negative")
                return
            said = f"已发布第 {done.version.number} 版" if done.is_new else f"与第 {done.version.number} 版相同，没有再发布"
            ui.notify(said, type="positive")
            then()

    ui.button("发布", icon="publish", on_click=publish).props("unelevated")


def _ask_reasons(place: ui.element, reasons: dict[str, ui.input], checked: Checked) -> None:
    place.clear()
    reasons.clear()
    with place:
        ui.label("合规问题").classes("part-title asked")
        for rule in dict.fromkeys(breach.rule for breach in checked.breaches):
            for breach in checked.breaches:
                if breach.rule == rule:
                    problem = breach.problem
                    ui.label(f"{problem.file} 第 {problem.line} 行 [{problem.field}] {problem.expected}").classes("line")
            reasons[rule] = ui.input(f"放行 {rule} 的理由（4 个字以上，会记入版本）").props("outlined dense").classes("wide")


def versions_part(visit: Visit, now: Shown, then: Callable[[], None]) -> None:
    """Published versions, the newest first (各版本)."""
    if not now.there:
        states.empty("还没有发布过", "现在用的是装在服务器上的那一套")
        return
    for one in reversed(now.there):
        state = state_words(one, now.there)
        with ui.element("div").classes("snapshot"):
            with ui.element("div"):
                ui.label(f"第 {one.number} 版　{time_words(one.published_at)}　{one.published_by}").classes("finding-title")
                ui.label(one.note).classes("line")
                for override in one.overrides:
                    ui.label(f"放行 {override.rule}：{override.reason}").classes("line asked")
                if one.retired_at is not None:
                    ui.label(f"{one.retired_by} {time_words(one.retired_at)} 停用：{one.retired_note}").classes("line soft")
            with ui.element("div").classes("buttons"):
                ui.label(state).classes("badge" if state == "现行" else "soft")
                if one.retired_at is None and visit.may("retire_rules"):
                    ui.button("停用", on_click=partial(_retire, visit, one, then)).props(
                        f'outline dense aria-label="停用第 {one.number} 版"'
                    )


async def _retire(visit: Visit, one: RulesetVersion, then: Callable[[], None]) -> None:
    with ui.dialog() as dialog, ui.card().classes("ask-card"):
        ui.label(f"停用第 {one.number} 版").classes("card-title").props("role=heading aria-level=2")
        ui.label(
            "停用后，最近一个没有停用的版本成为现行；一个都没有了，就用装在服务器上的那一套。用它排过的名单仍可回放。"
        ).classes("line")
        by = ui.input("停用人姓名", value=visit.caller.name).props("outlined dense maxlength=60")
        note = ui.input("为什么停用").props("outlined dense maxlength=1000")
        with ui.element("div").classes("buttons"):
            ui.button("不停用", on_click=lambda: dialog.submit(False)).props("outline")
            ui.button("停用", on_click=lambda: dialog.submit(True)).props("unelevated color=negative")
    sure = await dialog
    given = by.value or "", note.value or ""
    dialog.delete()
    if sure:
        with states.notices():
            await visit.ask("retire_rules", partial(retire, visit, one.number, by=given[0], note=given[1]))
            then()
