"""Reports in words (通报成文): one document of headings, paragraphs and tables, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from matcher.ledger.doubles import Doubt
from matcher.ledger.money import Money, plain
from matcher.ledger.reports import Fact, Figure, Line, rounded
from matcher.ledger.reports_changes import Change, Recommended
from matcher.ledger.reports_monthly import Annual, Assessed, Monthly, Place
from matcher.ledger.reports_weekly import Effort, Moved, Weekly
from matcher.ledger.setting import Setting

RUN = "批次"
"""Title of the column that names the run of a recommendation (批次)."""
SOURCES = "附：各数出自台账的哪几行"
"""Title of the part that the figures lead to (出处)."""
SOURCE_HEAD, SOURCE_WIDTHS = ("数", "台账", "名称", "责任", "状态", "推荐批次"), (24, 12, 24, 14, 21, 14)
"""Titles and widths of its columns."""
PROVED_ONLY = (
    "只有附了证明的才算数：每个数先写有证明的，括号里写填报的；括号里没有的，填报的都有证明。"
    "证明写“待更新”的不算：附上以后改过金额、内外资、日期或企业，核对后再附一次。"
)
_NOTHING = "没有计入的事项，也没有下达年度目标任务。"


@dataclass(frozen=True)
class Section:
    """A part of a document (一节).

    Attributes:
        lines: Paragraphs before the table.
        head: Titles of the table's columns; empty without a table.
        rows: Its lines.
        widths: How wide the columns are to each other.
    """

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Source:
    """The ledger rows that a figure counts (一个数的出处).

    Attributes:
        label: The figure: its line and column, as the report calls them.
        rows: Of each row: what it is called, its name, whose it is, where it stands, the run that recommended it.
    """

    label: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Document:
    """A report as people read it (一份通报).

    Attributes:
        sources: The rows behind its figures.
        links: (section, line, column) of a table → the place of its source in ``sources``.
    """

    title: str
    subtitle: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    sources: tuple[Source, ...] = ()
    links: Mapping[tuple[int, int, int], int] = field(default_factory=dict)


class Teller:
    """Tells reports in the zone's own words (成文).

    Args:
        setting: What things are called.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._measures = {measure.id: measure.name for measure in setting.rules.file.measures}
        self._kinds = {key: names[0] for key, names in setting.rules.file.words["unit_kind"].items()}

    def weekly(self, week: Weekly, changes: Recommended | None = None) -> Document:
        """The dispatch of a week (周调度)."""
        idle = [unit for unit in week.units if unit.idle]
        late = sum(not one.proved for one in week.moved)
        lines = (
            f"本周有进展 {len(week.moved)} 件{f'，其中 {late} 件还没有附证明' if late else ''}；过期未办 {len(week.overdue)} 件；"
            f"{week.idle_days} 天以上没有动静的 {len(week.idle)} 个；本周没有活动的单位 {len(idle)} 个。",
        )
        moved = [
            (one.name, one.whose, f"{one.before} → {one.step}", f"{one.on}" + ("（补登）" if one.late else ""),
             _proof(one, one.line, week.doubts) + ("，协议投资待更新" if one.sum_outdated else ""), self.number(one.row))
            for one in week.moved
        ]  # fmt: skip
        overdue = [
            (one.name, one.whose, one.what, f"{one.due_on}", f"{one.days} 天", self.number(one.row)) for one in week.overdue
        ]  # fmt: skip
        quiet = [(one.name, one.whose, one.state, f"{one.last_on}", f"{one.days} 天", self.number(one.row)) for one in week.idle]
        sections = [
            _listed("一、本周进展", ("名称", "责任", "进展", "日期", "证明", "台账"), moved, (26, 20, 20, 14, 10, 12)),
            _listed("二、过期未办", ("名称", "责任", "事项", "期限", "过期", "台账"), overdue, (24, 18, 26, 13, 9, 12)),
            _listed(
                f"三、久无动静（{week.idle_days} 天以上）", ("名称", "责任", "状态", "最近一次", "已过", "台账"), quiet,
                (28, 20, 12, 14, 10, 12),
            ),
            self._efforts(week.units, idle),
        ]  # fmt: skip
        if changes is not None:
            sections.append(_recommended(changes))
        sections += self._doubted("证明存疑", week.doubts)
        return Document(f"{week.zone_name}招商工作周调度", days(week.since, week.until), lines, tuple(sections))

    def monthly(self, month: Monthly) -> Document:
        """The report of a month (月通报)."""
        lines = (
            f"截至 {day(month.until)}，序时进度 {percent(month.calendar)}。{PROVED_ONLY}",
            self._zone_in_words(month),
        )
        happened = [
            (f"{one.on}", one.name, self._measures.get(one.measure, one.measure), self.amount(one.amount, one.currency),
             _proof(one, one.step, month.doubts), self.number(one.row))
            for one in month.happened
        ]  # fmt: skip
        named = [*self._praise("前列", month.front), *self._praise("后列", month.rear)] or ["还没有下达年度目标任务，不排名次。"]
        sections = [
            self._done("一、全区完成情况", [one for one in month.lines if one.unit_kind == "zone"], named=False),
            Section("二、先进与后进", tuple(named), *self._placed(month.places)),
            self._done("三、各单位完成情况", [one for one in month.lines if one.unit_kind != "zone"], named=True),
            _listed("四、本月计入的事项", ("日期", "名称", "指标", "数额", "证明", "台账"), happened, (13, 30, 18, 16, 9, 12)),
            *self._doubted("五、证明存疑", month.doubts),
        ]
        title = f"{month.zone_name}招商工作月通报"
        return Document(title, f"{month.since.year} 年 {month.since.month} 月", lines, tuple(sections))

    def annual(self, year: Annual) -> Document:
        """The assessment of a year (年考核)."""
        lines = (
            f"截至 {day(year.until)}，序时进度 {percent(year.calendar)}。{PROVED_ONLY}",
            f"得分 = Σ 权重 × 完成率，一项最多按 {percent(Fraction(str(year.most)))} 计；没有下达任务的项不计，其余权重折算到 100。",
        )
        sections = []
        for kind in dict.fromkeys(unit.unit_kind for unit in year.units):
            of_kind = [unit for unit in year.units if unit.unit_kind == kind]
            ordered = [
                (
                    f"{one.place}" if one.place else "不排",
                    one.unit,
                    f"{one.score}" if one.score is not None else "没有下达任务",
                    f"{one.weight}",
                )
                for one in of_kind
            ]
            sections.append(
                Section(f"{self._kinds[kind]}名次", (), ("名次", "单位", "得分", "计分权重"), tuple(ordered), (10, 40, 25, 25))
            )
            sections += [self._marks(one) for one in of_kind]
        if not sections:
            sections.append(Section("名次", (f"{_NOTHING}目标任务登记在附属台账“年度目标任务”里。",)))
        sections += self._doubted("证明存疑", year.doubts)
        return Document(f"{year.zone_name}招商工作年度考核", f"{year.year} 年", lines, tuple(sections))

    def amount(self, amount: Decimal, currency: str) -> str:
        """A number of things, or a sum of money (数额)."""
        return Money(amount, currency).shown(self.setting.currencies) if currency else plain(amount)

    def both(self, figure: Figure, currency: str) -> str:
        """The proved number, and the filed one where it is another (有证明的与填报的)."""
        proved = self.amount(figure.proved, currency)
        return proved if figure.filed == figure.proved else f"{proved}（填报 {self.amount(figure.filed, currency)}）"

    def number(self, row: str) -> str:
        """A row as people call it (第几号)."""
        book, _, id_ = row.partition(":")
        return f"{self.setting.called(book)} {id_}"

    def unit(self, kind: str, unit: str) -> str:
        """A unit by its name (单位名称)."""
        if kind == "zone":
            return self.setting.rules.zone_name
        return self.setting.rules.groups.get(unit, unit) if kind == "group" else unit

    def _zone_in_words(self, month: Monthly) -> str:
        told = [
            f"{self._measures[line.measure]} {self.both(line.month, line.currency)}"
            for line in month.lines
            if line.unit_kind == "zone" and line.month.rows
        ]
        return f"本月：{'；'.join(told)}。" if told else "本月没有计入的事项。"

    def _done(self, title: str, of: Sequence[Line], *, named: bool) -> Section:
        """What was done, of the zone or of its units (完成情况)."""
        rows = [
            (
                *([self._kinds[line.unit_kind], self.unit(line.unit_kind, line.unit)] if named else []),
                self._measures.get(line.measure, line.measure),
                self.both(line.month, line.currency),
                self.both(line.year, line.currency),
                "没有下达" if line.goal is None else self.amount(line.goal, line.currency),
                "" if line.done is None else percent(line.done),
                "" if line.done is None else "落后" if line.behind else "达到",
            )
            for line in of
        ]
        head = (*(("类别", "单位") if named else ()), "指标", "本月", "本年累计", "年度目标", "完成率", "序时进度")
        widths = (*((9, 16) if named else ()), 20, 18, 18, 13, 11, 12)
        return Section(title, (), head, tuple(rows), widths) if rows else Section(title, (_NOTHING,))

    def _placed(self, places: Sequence[Place]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[int, ...]]:
        rows = [
            (
                self._kinds[one.unit_kind],
                f"{one.place}",
                self.unit(one.unit_kind, one.unit),
                percent(one.done),
                self._named(one.behind),
            )
            for one in places
        ]
        head = ("类别", "名次", "单位", "平均完成率", "落后于序时进度的指标")
        return (head, tuple(rows), (10, 8, 28, 14, 40)) if rows else ((), (), ())

    def _praise(self, word: str, places: Sequence[Place]) -> list[str]:
        found = []
        for kind in dict.fromkeys(one.unit_kind for one in places):
            units = [self.unit(kind, one.unit) for one in places if one.unit_kind == kind]
            found.append(f"{self._kinds[kind]}{word}：{'、'.join(units)}。")
        return found

    def _named(self, measures: Iterable[str]) -> str:
        return "、".join(self._measures.get(one, one) for one in measures) or "无"

    def _marks(self, unit: Assessed) -> Section:
        rows = [
            (
                self._measures.get(mark.measure, mark.measure), f"{mark.weight}", self.both(mark.figure, mark.currency),
                "没有下达" if mark.goal is None else self.amount(mark.goal, mark.currency),
                "不计" if mark.done is None else percent(mark.done), "不计" if mark.done is None else f"{mark.points}",
                "、".join(self.number(row) for row in mark.figure.proved_rows) or "无",
            )
            for mark in unit.marks
        ]  # fmt: skip
        head = ("指标", "权重", "完成", "目标", "完成率", "得分", "出自台账")
        title = f"{self.unit(unit.unit_kind, unit.unit)}：{unit.score if unit.score is not None else '没有下达任务'}"
        return Section(title, (), head, tuple(rows), (20, 9, 19, 13, 10, 9, 22))

    def _doubted(self, title: str, doubts: Sequence[Doubt]) -> list[Section]:
        """Files that prove two things, or are not what they were; nothing is said where there is none."""
        rows = [(one.name, self.number(one.row), f"{one.proof}", one.why) for one in doubts]
        said = ("下列证明存疑；数已计入，请核对原件，用错的撤回，缺失、改动的恢复或重新附上，再出通报。",)
        return [Section(title, said, ("名称", "台账", "证明编号", "存疑"), tuple(rows), (22, 12, 10, 56))] if rows else []

    def _efforts(self, units: Sequence[Effort], idle: Sequence[Effort]) -> Section:
        rows = [
            (
                self._kinds[one.unit_kind], self.unit(one.unit_kind, one.unit), f"{len(one.open)}", f"{len(one.moved)}",
                f"{len(one.met)}", f"{len(one.held)}", f"{len(one.overdue)}", "没有活动" if one.idle else "",
            )
            for one in units
        ]  # fmt: skip
        named = "、".join(self.unit(one.unit_kind, one.unit) for one in idle)
        said = (f"本周没有活动的：{named}。",) if idle else ("各单位本周都有活动。",) if units else ("没有单位登记。",)
        head = ("类别", "单位", "在跟", "进展", "会见", "活动", "过期", "本周")
        return Section("四、各单位本周活动", said, *((head, tuple(rows), (10, 26, 8, 8, 8, 8, 8, 12)) if rows else ()))


def percent(part: Fraction) -> str:
    """A part in percent, one place (百分比)."""
    return f"{rounded(part * 1000).to_integral_value() / 10}%"


def days(since: object, until: object) -> str:
    """Days in Chinese (起止日期); of one day, such as a Monday's week so far, that day alone."""
    return day(since) if since == until else f"{day(since)}至{day(until)}"


def day(of: object) -> str:
    """A day in Chinese (日期)."""
    year, month, number = str(of).split("-")
    return f"{int(year)} 年 {int(month)} 月 {int(number)} 日"


def _listed(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]], widths: tuple[int, ...]) -> Section:
    return Section(title, (), head, tuple(rows), widths) if rows else Section(title, ("没有。",))


def _recommended(changes: Recommended) -> Section:
    if changes.problem:
        return Section("五、推荐名单的变化", (changes.problem,))
    said = (
        f"与上周的批次 {changes.before[:12]} 相比，本周的批次 {changes.now[:12]}：新列入 {len(changes.entered)} 家，"
        f"不再列入 {len(changes.left)} 家。",
    )
    rows = [(*_change(one), (changes.now if one.entered else changes.before)[:12]) for one in (*changes.entered, *changes.left)]
    head = ("变化", "企业", "城市", "名次", "为什么", RUN)
    return Section("五、推荐名单的变化", said, *((head, tuple(rows), (8, 24, 10, 12, 42, 14)) if rows else ()))


def _proof(one: Fact | Moved, step: int | None, doubts: Sequence[Doubt]) -> str:
    doubted = any((doubt.row, doubt.step, doubt.others) == (one.row, step, ()) for doubt in doubts)  # its own file is gone
    return ("存疑" if doubted else "有") if one.proved else "待更新" if one.outdated else "还没有"


def _change(one: Change) -> tuple[str, ...]:
    place = f"{one.place_before or '—'} → {one.place_now or '—'}"
    return ("新列入" if one.entered else "不再列入", one.name, one.city, place, one.why)
