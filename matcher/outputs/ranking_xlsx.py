"""A ranking as a workbook (排名工作簿).

The same answer gives the same bytes: the date of making is the run's ``as_of``, and the clock is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from matcher.outputs.workbook import Book, Column
from matcher.rules import Zone
from matcher.types import NEED_LABELS, Contribution, RankedCompany, Ranking

Fact = tuple[str, str | float]
"""What is told of an answer as a whole, and its title (说明的一行)."""
FACT_COLUMNS: list[Column[Fact]] = [Column("项目", lambda f: f[0], 24), Column("内容", lambda f: f[1], 90, "wrapped")]
"""Columns of such a sheet (说明的各列)."""


def ranking_xlsx(ranking: Ranking, zone: Zone, labels: Mapping[str, str], called: str = "") -> bytes:
    """A ranking as a workbook (排名工作簿): 名单, 机会型, 得分明细, 说明.

    Args:
        ranking: The ranking.
        zone: Names of chains, segments, rule groups and vetoes.
        labels: Field → Chinese label.
        called: What the ruleset is called, if it is called anything.
    """
    columns = [*_company_columns(zone, labels), *_group_columns(zone)]
    lists = (("名单", ranking.results), ("机会型", ranking.opportunities))
    with Book(f"{zone.file.name} 拜访目标名单", str(ranking.run.request["as_of"])) as book:
        for title, results in lists:
            book.add(title, columns, results, frozen=2)
        lines = [(title, result, line) for title, results in lists for result in results for line in result.contributions]
        book.add("得分明细", _detail_columns(zone), lines, frozen=3)
        book.add("说明", FACT_COLUMNS, list(_facts(ranking, zone, called)))
    return book.content()


def _company_columns(zone: Zone, labels: Mapping[str, str]) -> list[Column[RankedCompany]]:
    segments = {(segment.chain, segment.id): segment.name for segment in zone.segments}
    vetoes = {veto.id: veto.label for veto in zone.scoring.vetoes}

    def named(ids: Iterable[str], names: Mapping[str, str]) -> str:
        return "、".join(names.get(one, one) for one in ids)

    return [
        Column("名次", lambda r: r.rank, 6, "whole"),
        Column("企业名称", lambda r: r.name, 32, "wrapped"),
        Column("城市", lambda r: r.city, 9),
        Column("得分", lambda r: r.score, 7, "tenths"),
        Column("档次", lambda r: r.band, 6, "centred"),
        Column("需求", lambda r: NEED_LABELS[r.need], 8, "centred"),
        Column("产业链", lambda r: zone.chain_names.get(r.chain or "", "机会型"), 12, "wrapped"),
        Column("环节", lambda r: segments.get((r.chain, r.segment or ""), ""), 18, "wrapped"),
        Column("推荐理由", lambda r: r.reason, 64, "wrapped"),
        Column("最该先问", lambda r: named([r.next_question] if r.next_question else [], labels), 14, "wrapped"),
        Column("契合度", lambda r: r.affinity, 8, "hundredths"),
        Column("命中词", lambda r: "、".join(r.matched_terms), 26, "wrapped"),
        Column("得分下限", lambda r: r.interval[0], 9, "tenths"),
        Column("得分上限", lambda r: r.interval[1], 9, "tenths"),
        Column("资料里没有的", lambda r: named(r.unknown, labels), 30, "wrapped"),
        Column("可能的否决", lambda r: named(r.possible_vetoes, vetoes), 16, "wrapped"),
        Column("集团决策者", lambda r: r.family.head if r.family else "", 26, "wrapped"),
        Column("同集团其他企业", lambda r: "、".join(r.family.others) if r.family else "", 30, "wrapped"),
        Column("统一社会信用代码", lambda r: r.uscc, 22),
        Column("省份", lambda r: r.province, 9),
        Column("数据日期", lambda r: r.as_of, 12),
        Column("资料行号", lambda r: r.row, 9, "whole"),
        Column("排序值", lambda r: r.order_value, 8, "hundredths"),
    ]


def _group_columns(zone: Zone) -> list[Column[RankedCompany]]:
    def points(group: str) -> Callable[[RankedCompany], float | None]:
        return lambda r: next((g.points for g in r.groups if g.group == group), None)

    return [Column(f"得分·{group.label}", points(group.id), 11, "hundredths") for group in zone.scoring.groups]


Detail = tuple[str, RankedCompany, Contribution]


def _detail_columns(zone: Zone) -> list[Column[Detail]]:
    groups = {group.id: group.label for group in zone.scoring.groups}
    return [
        Column("榜单", lambda d: d[0], 8),
        Column("名次", lambda d: d[1].rank, 6, "whole"),
        Column("企业名称", lambda d: d[1].name, 32),
        Column("分组", lambda d: groups.get(d[2].group, d[2].group), 14),
        Column("规则", lambda d: d[2].label, 18),
        Column("得分", lambda d: d[2].points, 9, "hundredths"),
        Column("分值", lambda d: d[2].weight, 8, "tenths"),
        Column("取值", lambda d: d[2].value, 9, "ten-thousandths"),
        Column("已知", lambda d: d[2].known, 6, "centred"),
        Column("依据", lambda d: d[2].evidence, 60, "wrapped"),
        Column("统一社会信用代码", lambda d: d[1].uscc, 22),
        Column("规则代号", lambda d: d[2].rule, 24),
    ]


def _facts(ranking: Ranking, zone: Zone, called: str) -> Iterator[Fact]:
    """The manifest of the run in words, without the time of making."""
    request, run = ranking.run.request, ranking.run

    def listed(key: str, names: Mapping[str, str], everything: str) -> str:
        given = request.get(key)
        chosen = given if isinstance(given, list) else [str(given)] if given else []
        return "、".join(names.get(one, one) for one in chosen) or everything

    yield "园区", f"{zone.file.name}（{run.zone}）"
    yield "城市", listed("cities", {}, "全部城市")
    yield "产业链", listed("chains", zone.chain_names, "全部产业链")
    yield "产业招商小组", listed("group", {group.id: group.name for group in zone.file.groups}, "不限")
    yield "需求", listed("need", NEED_LABELS, "不限")
    yield "计算日", str(request["as_of"])
    yield "名单最多家数", str(request["top"])
    yield "考虑的企业", ranking.considered
    yield "列入名单", len(ranking.results)
    yield "列入机会型", len(ranking.opportunities)
    yield "并入同集团企业", ranking.folded
    labels = {veto.id: veto.label for veto in zone.scoring.vetoes}
    for veto, count in ranking.vetoed.items():
        yield f"未列入：{labels.get(veto, veto)}", count
    dates = sorted({result.as_of for result in (*ranking.results, *ranking.opportunities) if result.as_of})
    yield "数据日期", "不详" if not dates else dates[0] if dates[0] == dates[-1] else f"{dates[0]} 至 {dates[-1]}"
    yield "提醒", "登记信息只是线索，出发前核实。资料里没有的不等于没有，也不等于零；得分下限和上限是未知的都取最坏与最好时的得分。"
    yield "批次", run.id
    yield "资料摘要", run.snapshot
    if called:
        yield "规则", called.removeprefix("规则")
    yield "规则摘要", run.ruleset
    yield "语料摘要", run.corpora
    for key, title in (("local", "本地名录摘要"), ("lists", "名单依据摘要")):
        if request.get(key):
            yield title, str(request[key])
    for name, number in sorted(run.versions.items()):
        yield f"版本：{name}", number
