"""A draft looked at before it counts (看草稿副本): what is doubtful or forbidden, each at its line; and what it does to the list."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from matcher.outputs.diff_words import KIND_LABELS, effect_words, part_words, places, segment_words, share_words
from matcher.tuning.concerns import KIND_LABELS as CONCERNS
from matcher.tuning.diff import Diff, Move
from matcher.web import states
from matcher.web.rules_work import Checked, Shown, check, compare
from matcher.web.workshop import Visit

_MOST_PARTS, _MOST_EFFECTS = 4, 10


def check_part(visit: Visit, now: Shown) -> None:
    """The check, made when it is asked for (检查)."""
    what = "草稿副本" if now.draft else "现行规则"
    ui.label(f"查{what}：合规问题、轮不到的、对谁都一样的、重复计分的、区间有缝的……每一处写明在哪个文件哪一行。").classes(
        "line soft"
    )
    place = ui.element("div")

    async def run() -> None:
        await states.fill(place, lambda: visit.ask("check_rules", partial(check, visit, now)), _checked, "正在检查……")

    ui.button(f"检查{what}", icon="rule", on_click=run).props("unelevated").move(target_index=1)


def _checked(checked: Checked) -> None:
    found = checked.found
    if found.forbidden:
        ui.label(f"合规问题 {len(found.forbidden)} 处：不改或不写明放行的理由，不能发布").classes("part-title asked")
        for problem in found.forbidden:
            ui.label(f"{problem.file} 第 {problem.line} 行 [{problem.field}] {problem.expected}").classes("line")
    else:
        ui.label("没有合规问题。").classes("line")
    ui.label(f"疑处 {len(found.concerns)} 处（按企业库的 {found.companies:,} 家看）：不一定错，看一眼").classes("part-title")
    for one in found.concerns:
        ui.label(f"{one.file} 第 {one.line} 行 [{one.field}] {CONCERNS[one.kind]}：{one.text}").classes("line")
    ui.label(f"这批企业里没有命中过的词有 {found.dead_terms:,} 个。").classes("line soft")


def diff_part(visit: Visit, now: Shown) -> None:
    """The comparison, made when it is asked for (影响预览)."""
    if now.draft is None:
        states.empty("还没有草稿副本", "改了分值或词，才有可比的")
        return
    ui.label("同一批企业，按现行规则和草稿副本各排一次：谁进、谁出、谁换位，每一分差由哪条规则来。什么也不改。").classes(
        "line soft"
    )
    place = ui.element("div")

    async def run() -> None:
        await states.fill(
            place, lambda: visit.ask("check_rules", partial(compare, visit, now)), partial(_compared, now), "正在各排一次……"
        )

    ui.button("比较前 50 家", icon="compare_arrows", on_click=run).props("unelevated").move(target_index=1)


def _compared(now: Shown, found: Diff) -> None:
    ui.label(f"看过 {found.considered:,} 家，前 {found.top} 家里重合 {found.overlap:.0%}").classes("part-title").props(
        "role=status"
    )
    _lines("规则改了什么", [f"{one.where} {one.what}：{one.old or '无'} → {one.new or '无'}" for one in found.edits])
    for kind in ("entered", "left", "moved"):
        moves = found.of(kind)
        if moves:
            with ui.expansion(f"{KIND_LABELS[kind]} {len(moves)} 家", value=kind != "moved").props("dense").classes("findings"):
                for move in moves:
                    _move(now, move)
    _lines("影响最大的规则（前列企业合计）", [effect_words(effect) for effect in found.effects[:_MOST_EFFECTS]])
    _lines("各产业链名额", [share_words(share) for share in found.chains])
    _lines("各小组名额", [share_words(share) for share in found.groups])


def _lines(title: str, lines: list[str]) -> None:
    if lines:
        ui.label(title).classes("part-title")
        for line in lines:
            ui.label(line).classes("line")


def _move(now: Shown, move: Move) -> None:
    told = []
    if (move.old.chain, move.old.segment) != (move.new.chain, move.new.segment):
        told.append(f"改定在 {segment_words(move.new, now.engine.zone)}，原在 {segment_words(move.old, now.usual)}")
    largest = sorted(move.parts, key=lambda part: -abs(part.change))
    told += [part_words(part) for part in largest[:_MOST_PARTS]]
    with ui.element("div").classes("finding-line"):
        ui.label(f"{places(move)}　{move.name}　{move.old.score:.1f} → {move.new.score:.1f}（{move.change:+.1f}）").classes("line")
        ui.label("；".join(told) or "得分未变，位次因前后的企业而变").classes("soft")
