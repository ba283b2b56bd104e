"""Gaps in words (缺口的说法): needs, amounts, and what a register can say."""

from __future__ import annotations

from collections.abc import Sequence

from matcher.matching.gaps import Coverage, Gap
from matcher.types import NEED_LABELS

POSITION_LABELS = {"upstream": "上游", "midstream": "中游", "downstream": "下游"}
"""Position → Chinese term."""


def need_words(gap: Gap) -> str:
    """The need that counts, and where the declared and the derived one differ (需求的说明)."""
    declared = NEED_LABELS[gap.declared] + ("（报道）" if gap.declared_by == "article" else "（推定）")
    derived = NEED_LABELS[gap.derived] + ("（按名录）" if gap.certain else "（待核实）")
    return f"{NEED_LABELS[gap.need]}　声明 {declared}，推导 {derived}"


def money(yuan: int) -> str:
    """An amount as people say it (金额)."""
    wan = yuan / 10_000
    return f"{wan / 10_000:,.3g}亿元" if wan >= 10_000 else f"{wan:,.0f}万元"


def coverage_lines(coverage: Coverage) -> list[str]:
    """What the register holds, and what it cannot say (名录覆盖说明)."""
    said = f"名录 {coverage.companies:,} 家，写明经营范围的 {coverage.with_scope:,} 家"
    if coverage.elsewhere:
        said += f"，不在本市、不算的 {coverage.elsewhere:,} 家"
    lines = [said]
    if coverage.years:
        first, last = coverage.years
        lines.append(
            f"成立年份 {first}–{last}" + (f"，其中没有 {_years(coverage.missing_years)}" if coverage.missing_years else "")
        )
    lines.append(
        "已声明名录就是全部：没有见到的就是没有"
        if coverage.complete
        else "没有声明名录就是全部：没有见到的环节记为不详，不当作没有"
    )
    return lines


def _years(years: Sequence[int]) -> str:
    """2001–2005、2014–2018."""
    runs: list[list[int]] = []
    for year in years:
        if runs and runs[-1][1] == year - 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return "、".join(str(first) if first == last else f"{first}–{last}" for first, last in runs) + " 年"
