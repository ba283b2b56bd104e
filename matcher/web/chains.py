"""产业链 The chains: upstream, midstream, downstream; what the zone wants, what is there, who could be called on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from matcher.matching.gaps import LEVEL_LABELS
from matcher.outputs.gap_words import POSITION_LABELS, coverage_lines, need_words
from matcher.rules.schema import ChainFile, Segment
from matcher.rules.zone import SegmentSpec
from matcher.types import NEED_LABELS
from matcher.web import chain_register, states
from matcher.web.chain_standing import NOBODY, Standings, standings_of
from matcher.web.workshop import Visit

_SHOWN = 2  # best candidates on a card
_MOST_LEADERS = 5


async def build(visit: Visit) -> None:
    """Draws the page (产业链页)."""
    panel = ui.element("div").classes("panel")
    with panel:
        states.loading()
    await ui.context.client.connected()
    await states.fill(
        panel, lambda: visit.ask("get_gaps", partial(standings_of, visit)), partial(_draw, visit), "正在看各环节有谁……"
    )


def _draw(visit: Visit, found: Standings) -> None:
    zone = found.zone
    ids = [chain.id for chain in zone.chains]
    wanted = visit.query.get("chain", "")
    with ui.element("div").classes("chain-head"):
        tabs = ui.tabs().props("dense align=left inline-label no-caps outside-arrows mobile-arrows").classes("list-tabs")
    with tabs:
        for chain in zone.chains:
            ui.tab(chain.id, f"{chain.name}（{len(chain.segments)} 环）")
    for line in _legend(found):
        ui.label(line).classes("soft")
    chain_register.button(visit, there=found.register is not None)
    with ui.tab_panels(tabs, value=wanted if wanted in ids else ids[0]).props("animated=false").classes("list-panels"):
        for chain in zone.chains:
            with ui.tab_panel(chain.id):
                _chain(visit, found, chain)


def _legend(found: Standings) -> list[str]:
    least = found.zone.scoring.order.wanted_priority
    lines = [f"优先级 {least} 以上的需求用橙色。“推定”是园区没有公开说过、按产业链推出来的。点一个环节，看它的企业、词和依据。"]
    if found.gaps is None or found.register is None:
        lines.append("还没有本地企业名录，看不出哪些环节已有、哪些缺；请规则分析员或管理员在这一页上传一份。")
    else:
        told = "；".join(coverage_lines(found.gaps.coverage))
        lines.append(f"左边的竖条是本地有无：绿有、橙弱、红没有、灰不详，按名录“{found.register.name}”。{told}。")
    return lines


def _chain(visit: Visit, found: Standings, chain: ChainFile) -> None:
    with ui.element("div").classes("chain"):
        for number, (position, title) in enumerate(POSITION_LABELS.items()):
            mine = [segment for segment in chain.segments if segment.position == position]
            mine.sort(key=lambda segment: -segment.priority)
            with ui.element("div"):
                flows = " flows" if number + 1 < len(POSITION_LABELS) else ""
                ui.label(f"{title}（{len(mine)}）").classes(f"column-title{flows}").props("role=heading aria-level=2")
                for segment in mine:
                    _card(visit, found, chain, segment)


def _card(visit: Visit, found: Standings, chain: ChainFile, segment: Segment) -> None:
    candidates, gap = found.candidates.get((chain.id, segment.id), NOBODY), found.gap(chain.id, segment.id)
    urgent = " urgent" if segment.priority >= found.zone.scoring.order.wanted_priority else ""
    card = ui.element("button").classes(f"segment-card {gap.level if gap else ''}").props("type=button")
    with card:
        with ui.element("div"):
            ui.label(segment.name).classes("segment-name")
            assumed = "（推定）" if segment.ground.source == "assumed" else ""
            ui.label(f"{NEED_LABELS[gap.need if gap else segment.need]}{assumed} · 优先级 {segment.priority}").classes(
                f"need{urgent}"
            )
        if gap is not None:
            there = f"本地{LEVEL_LABELS[gap.level]}，{gap.companies} 家" if gap.companies else f"本地{LEVEL_LABELS[gap.level]}"
            ui.label(there).classes("soft")
        if candidates.count:
            ui.label(f"可谈 {candidates.good} 家（A、B 档），够得上的共 {candidates.count} 家").classes("soft")
            for one in candidates.best[:_SHOWN]:
                ui.label(f"{one.name}　{one.score:.1f}").classes("soft")
        else:
            ui.label("企业库里没有合适的").classes("soft")
    card.on("click", partial(_open, visit, found, chain, segment))


def _open(visit: Visit, found: Standings, chain: ChainFile, segment: Segment) -> None:
    """One segment: its companies, its words, its ground."""
    spec = next(one for one in found.zone.segments if (one.chain, one.id) == (chain.id, segment.id))
    candidates, gap = found.candidates.get((chain.id, segment.id), NOBODY), found.gap(chain.id, segment.id)
    dialog = ui.dialog().props("aria-labelledby=segment-name")
    with dialog, ui.card().classes("company-card"):
        with ui.element("div").classes("card-top"):
            ui.label(f"{chain.name} / {segment.name}").classes("card-title").props("id=segment-name role=heading aria-level=2")
            ui.button(icon="close", on_click=dialog.close).props("flat round dense aria-label=关闭")
        ui.label(segment.description).classes("line")
        source = "园区公开说过" if segment.ground.source == "article" else "推定"
        ui.label(f"{NEED_LABELS[segment.need]}，优先级 {segment.priority}。依据（{source}）：{segment.ground.reason}").classes(
            "line"
        )
        for line in _neighbours(chain, segment):
            ui.label(line).classes("line soft")
        if gap is not None:
            ui.label(f"本地{LEVEL_LABELS[gap.level]}：{need_words(gap)}。{gap.why}").classes("line")
            names = [*gap.anchors, *(leader.name for leader in gap.leaders[:_MOST_LEADERS])]
            if names:
                ui.label(f"本地已有：{'、'.join(dict.fromkeys(names))}").classes("line")
        ui.label("可以拜访的企业").classes("part-title").props("role=heading aria-level=3")
        if not candidates.best:
            ui.label("企业库里没有够得上的，可换城市、加企业文件，或经商会、园区去找。").classes("line")
        for one in candidates.best:
            ui.label(f"{one.name}　{one.city or '城市不详'}　{one.score:.1f} 分　全部名单第 {one.place} 名").classes("line")
        if candidates.best:
            with ui.element("div").classes("buttons"):
                target = visit.address("/ranking", chain=chain.id, segment=segment.id)
                ui.button("到名单里看这一环节", icon="format_list_numbered", on_click=lambda: ui.navigate.to(target)).props(
                    "unelevated"
                )
        _words(segment, spec)
    dialog.on("hide", dialog.delete)
    dialog.open()


def _neighbours(chain: ChainFile, segment: Segment) -> list[str]:
    names = {one.id: one.name for one in chain.segments}
    before = [names[start] for start, end in chain.edges if end == segment.id]
    after = [names[end] for start, end in chain.edges if start == segment.id]
    return [f"{title}：{'、'.join(found)}" for title, found in (("供给它的环节", before), ("它供给的环节", after)) if found]


def _words(segment: Segment, spec: SegmentSpec) -> None:
    with ui.expansion(f"认这一环节的词（{len(spec.terms)} 个，连同近义写法）").props("dense"):
        for weight in sorted(segment.terms, reverse=True):
            ui.label(f"{weight} 分：{_strength(weight)}").classes("soft")
            _chips(segment.terms[weight])
        for title, words in (
            ("排除词：有它的经营项目不算", segment.excluded),
            ("冲突词：有它的企业多半是别的行业", segment.conflicts),
        ):
            if words:
                ui.label(title).classes("soft")
                for word in words:
                    ui.label(f"{word.term}——{word.why}").classes("line")


def _strength(weight: int) -> str:
    return "说的就是这一行" if weight >= 9 else "多半是这一行" if weight >= 6 else "沾边" if weight >= 4 else "只是提示"


def _chips(words: Sequence[str]) -> None:
    with ui.element("div").classes("words"):
        for word in words:
            ui.label(word).classes("word")
