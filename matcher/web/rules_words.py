"""Words of the chains (产业链的词): those by which a segment is known, by weight; an analyst adds and takes away in the draft."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from matcher.rules.editing import Word
from matcher.rules.schema import ChainFile, Segment
from matcher.web import states
from matcher.web.rules_work import Shown, edit
from matcher.web.workshop import Visit

_WEIGHTS = {10: "10 说的就是这一行", 7: "7 多半是", 4: "4 沾边", 2: "2 只是提示"}


def words(visit: Visit, now: Shown, *, writes: bool) -> None:
    """Draws the words of one segment at a time (画词表).

    Args:
        visit: Who looks.
        now: The rules.
        writes: Words can be changed.
    """
    chains = {chain.id: chain for chain in now.engine.zone.chains}
    options = {
        f"{chain.id}/{segment.id}": f"{chain.name} / {segment.name}" for chain in chains.values() for segment in chain.segments
    }
    wanted = visit.query.get("segment", "")
    place = ui.element("div")

    def show(key: str) -> None:
        chain = chains[key.split("/", maxsplit=1)[0]]
        segment = next(one for one in chain.segments if one.id == key.split("/")[1])
        body.clear()
        with body:
            _segment(visit, now, chain, segment, writes=writes)

    with place:
        first = wanted if wanted in options else next(iter(options))
        ui.select(options, value=first, with_input=True, label="环节", on_change=lambda event: show(event.value)).props(
            "outlined dense"
        ).classes("wide")
        body = ui.element("div")
    show(first)


def _segment(visit: Visit, now: Shown, chain: ChainFile, segment: Segment, *, writes: bool) -> None:
    async def change(word: str, weight: int, *, add: bool) -> None:
        with states.notices():
            made = (chain.id, Word(segment.id, word.strip(), weight, add))
            await visit.ask("draft_rules", partial(edit, visit, now, [made]))
            ui.navigate.to(visit.address("/rules", tab="words", segment=f"{chain.id}/{segment.id}"))

    ui.label("企业的名称和经营范围里有这些词，才算沾这一环节；分越大，越说明就是这一行。").classes("line soft")
    if writes:
        with ui.element("div").classes("filters"):
            word = ui.input("加一个词").props("outlined dense maxlength=24").classes("middle")
            weight = ui.select(_WEIGHTS, value=7, label="分").props("outlined dense").classes("middle")
            ui.button("加进草稿副本", icon="add", on_click=lambda: change(word.value or "", int(weight.value), add=True)).props(
                "outline"
            )
    for points in sorted(segment.terms, reverse=True):
        ui.label(f"{points} 分（{len(segment.terms[points])} 个）").classes("part-title")
        with ui.element("div").classes("words"):
            for one in segment.terms[points]:
                with ui.element("span").classes("word"):
                    ui.label(one)
                    if writes:
                        ui.button(icon="close", on_click=partial(change, one, points, add=False)).props(
                            f'flat round dense size=xs aria-label="删去 {one}"'
                        )
    for title, found in (
        ("排除词（有它的经营项目不算）", segment.excluded),
        ("冲突词（有它的企业多半是别的行业）", segment.conflicts),
    ):
        if found:
            ui.label(title).classes("part-title")
            for each in found:
                ui.label(f"{each.term}——{each.why}").classes("line")
