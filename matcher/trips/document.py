"""A plan as a document (行程文档): the plan on the first pages, then a sheet for each visit; the only user of python-docx."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from matcher.rules import Zone
from matcher.trips.plans import PlannedDay, PlannedVisit, TripPlan
from matcher.trips.words import day_title, overnight, quality, reasons, serves, span, state, team_title, title, way, where

_FONT = "宋体"
_MOST_SCOPE = 120
_MOST_POINTS = 7
_LEAST = 0.5  # points; less is not told
_WIDTHS = (2.4, 6.6, 3.0, 4.6)
_RECORD = ("对方联系人、职务", "电话", "上次联络（日期、方式）", "上次的结果", "本次谈了什么", "下一步、谁负责、何时")


def document(plan: TripPlan, zone: Zone) -> bytes:
    """The plan and its visit sheets as DOCX (行程与拜访单).

    Args:
        plan: The plan.
        zone: Names of segments and rule groups.
    """
    made = docx.Document()
    _styles(made)
    made.core_properties.title = title(plan)
    made.core_properties.author = "链招 lianzhao"
    made.core_properties.created = made.core_properties.modified = datetime.combine(
        date.fromisoformat(plan.start), datetime.min.time()
    )
    names = {(segment.chain, segment.id): f"{segment.chain_name} / {segment.name}" for segment in zone.segments}
    made.add_heading(title(plan), 0)
    made.add_paragraph(f"{span(plan)}。{quality(plan)}。")
    for team in plan.teams:
        if called := team_title(plan, team):
            made.add_heading(called, 1)
        if team.eve:
            made.add_paragraph(f"头天：{way(team.eve)}，住{team.eve.end}")
        for day in team.days:
            _day(made, day, names)
        if team.way_home:
            made.add_paragraph(f"次日返回：{way(team.way_home)}")
    _below(made, plan)
    for team in plan.teams:
        for day in team.days:
            for visit in day.visits:
                _sheet(made, day, visit, zone, names)
    stream = BytesIO()
    made.save(stream)
    return stream.getvalue()


def _styles(made: Any) -> None:
    section = made.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin = section.bottom_margin = Cm(1.6)
    for name, size in (("Normal", 10), ("Title", 18), ("Heading 1", 14), ("Heading 2", 11.5), ("List Bullet", 10)):
        style = made.styles[name]
        style.font.size, style.font.name = Pt(size), _FONT
        style.font.color.rgb = RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
        for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(script), _FONT)
        tongue = OxmlElement("w:lang")  # else a program may take the glyphs of another country
        tongue.set(qn("w:val"), "zh-CN")
        tongue.set(qn("w:eastAsia"), "zh-CN")
        style.element.get_or_add_rPr().append(tongue)
    for name, before, after in (("Normal", 0, 3), ("List Bullet", 0, 1), ("Heading 1", 6, 3), ("Heading 2", 6, 2)):
        spacing = made.styles[name].paragraph_format
        spacing.space_before, spacing.space_after, spacing.line_spacing = Pt(before), Pt(after), 1.0


def _day(made: Any, day: PlannedDay, names: dict[tuple[str | None, str], str]) -> None:
    made.add_heading(day_title(day), 2)
    rows = [
        (f"{visit.begins}–{visit.ends}", f"{visit.name}（{state(visit)}）", where(visit.city, visit.county), serves(visit, names))
        for visit in day.visits
    ]
    if rows:
        _table(made, ("时间", "拜访", "地点", "需求与环节"), rows, _WIDTHS)
    made.add_paragraph(f"当晚：{overnight(day)}")


def _table(made: Any, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
    table = made.add_table(rows=1, cols=len(head))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    for place, cell in enumerate(head):
        _cell(table.rows[0].cells[place], cell, bold=True)
    marked = OxmlElement("w:tblHeader")  # the header comes again on every page
    marked.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(marked)
    for row in rows:
        cells = table.add_row().cells
        for place, cell in enumerate(row):
            _cell(cells[place], cell)
    for place, width in enumerate(widths):
        table.columns[place].width = Cm(width)
    for row in table.rows:
        whole = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().append(whole)
        for place, width in enumerate(widths):
            row.cells[place].width = Cm(width)
    made.add_paragraph().paragraph_format.line_spacing = Pt(6)


def _cell(cell: Any, text: str, *, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
    run = paragraph.add_run(_storable(text))
    run.bold, run.font.size = bold, Pt(9)


def _storable(text: str) -> str:
    """Without what XML has no place for."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)


def _below(made: Any, plan: TripPlan) -> None:
    visits = [visit for team in plan.teams for day in team.days for visit in day.visits]
    backed = [(visit.name, "\n".join(_alternate(other) for other in visit.alternates)) for visit in visits if visit.alternates]
    if backed:
        made.add_heading("备选（没有约定的，约不上就换）", 1)
        _table(made, ("拜访", "备选"), backed, (7, 9.6))
    if plan.dropped:
        made.add_heading("没有排上的", 1)
        rows = [(one.name, where(one.city, one.county), f"{one.score:.1f}", one.reason) for one in plan.dropped]
        _table(made, ("企业", "地点", "得分", "为什么"), rows, (5.2, 2.6, 1.4, 7.4))
    made.add_heading("说明", 1)
    for name, line in reasons(plan):
        made.add_paragraph(_storable(f"{name}：{line}"), style="List Bullet")
    made.add_paragraph(f"上界：{plan.bound_says}。", style="List Bullet")
    made.add_paragraph("登记信息只是线索，出发前核实。" + _dated(plan), style="List Bullet")
    made.add_paragraph(f"计划 {plan.id[:12]}，名单批次 {plan.run.id[:12]}", style="List Bullet")


def _alternate(other: Any) -> str:
    place = f"{other.county}，" if other.county else ""
    return f"{other.name}（{place}{other.score:.1f} 分{'' if other.near else '，不同区县'}）"


def _dated(plan: TripPlan) -> str:
    visits = [visit.result for team in plan.teams for day in team.days for visit in day.visits if visit.result]
    dates = sorted({result.as_of for result in visits if result.as_of})
    return f"资料日期 {dates[0]}{'' if dates[0] == dates[-1] else f' 至 {dates[-1]}'}。" if dates else "资料日期不详。"


def _sheet(made: Any, day: PlannedDay, visit: PlannedVisit, zone: Zone, names: dict[tuple[str | None, str], str]) -> None:
    made.add_heading(_storable(f"拜访单：{visit.name}"), 1).paragraph_format.page_break_before = True
    _table(made, ("项目", "内容"), list(_facts(day, visit, names)), (3.6, 13))
    if visit.result:
        made.add_heading("为什么去", 2)
        made.add_paragraph(_storable(visit.result.reason))
        groups = {group.id: group.label for group in zone.scoring.groups}
        low, high = visit.result.interval
        points = "，".join(f"{groups[one.group]} {one.points:.1f}" for one in visit.result.groups if abs(one.points) >= _LEAST)
        made.add_paragraph(f"得分 {visit.score:.1f}（{low:.1f}–{high:.1f}，{visit.result.band} 档）：{points}")
        told = [one for one in visit.result.contributions if one.points > 0 and one.known]
        rows = [(one.label, f"{one.points:.1f}", one.evidence) for one in sorted(told, key=lambda one: -one.points)[:_MOST_POINTS]]
        _table(made, ("得分项", "分", "依据"), rows, (4.6, 1.4, 10.6))
    for name, lines in (("疑点与待核", visit.doubts), ("见面要问", visit.questions)):
        if lines:
            made.add_heading(name, 2)
            for line in lines:
                made.add_paragraph(_storable(line), style="List Bullet")
    if visit.alternates:
        made.add_heading("约不上换谁", 2)
        for other in visit.alternates:
            made.add_paragraph(_alternate(other), style="List Bullet")
    made.add_heading("联络与记录", 2)
    _table(made, ("项目", "填写"), [(line, "") for line in _RECORD], (4.6, 12))


def _facts(day: PlannedDay, visit: PlannedVisit, names: dict[tuple[str | None, str], str]) -> list[tuple[str, str]]:
    told = [
        ("时间", f"{day.date} {visit.begins}–{visit.ends}（{state(visit)}）"),
        ("地点", where(visit.city, visit.county)),
        ("路程", way(visit.way)),
        ("需求与环节", serves(visit, names)),
    ]
    profile = visit.profile
    if profile and profile.address:
        told.insert(2, ("登记地址", profile.address))
    if visit.result:
        told.append(("统一社会信用代码", visit.result.uscc or "不详"))
    if profile and visit.result:
        money = [
            f"{name} {amount:,.0f} 万元"
            for name, amount in (("注册", profile.capital), ("实缴", profile.paid_capital))
            if amount is not None
        ]
        insured = "不详" if profile.insured is None else f"{profile.insured:,} 人"
        told.append(("资本、成立、参保", f"{'，'.join(money) or '资本不详'}；{profile.founded or '成立不详'}；参保{insured}"))
        scope = profile.business_scope
        told.append(("经营范围", scope if len(scope) <= _MOST_SCOPE else scope[:_MOST_SCOPE] + "……"))
        told.append(("资料日期", visit.result.as_of or "不详"))
    return told
