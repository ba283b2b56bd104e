"""A ranking as JSON and CSV (排名的文本输出)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from matcher.outputs.cells import safe
from matcher.rules import Zone
from matcher.types import NEED_LABELS, RankedCompany, Ranking

_COLUMNS = (
    "list", "rank", "name", "uscc", "province", "city", "score", "band", "low", "high", "need", "chain", "segment", "affinity",
    "matched_terms", "reason", "next_question", "family_head", "family_city", "family_others",
    "unknown", "possible_vetoes", "row", "as_of", "order_value",
)  # fmt: skip


def ranking_json(ranking: Ranking) -> dict[str, Any]:
    """A ranking as plain JSON data, in the contract's shape (排名的 JSON)."""
    return asdict(ranking)


def write_ranking_csv(ranking: Ranking, zone: Zone, groups: Sequence[str], stream: TextIO) -> None:
    """One line a company, the points by group in columns of their own (排名 CSV)."""
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([*_COLUMNS, *(f"points_{group}" for group in groups)])
    for title, results in (("产业链", ranking.results), ("机会型", ranking.opportunities)):
        writer.writerows(_line(title, result, zone) for result in results)


def _line(title: str, result: RankedCompany, zone: Zone) -> list[Any]:
    names = {segment.id: segment.name for segment in zone.segments if segment.chain == result.chain}
    values: Mapping[str, Any] = {
        **asdict(result),
        "list": title,
        "low": result.interval[0],
        "high": result.interval[1],
        "need": NEED_LABELS[result.need],
        "chain": zone.chain_names.get(result.chain or "", ""),
        "segment": names.get(result.segment or "", ""),
        "matched_terms": "、".join(result.matched_terms),
        "family_head": result.family.head if result.family else "",
        "family_city": result.family.head_city if result.family else "",
        "family_others": "、".join(result.family.others) if result.family else "",
        "unknown": "、".join(result.unknown),
        "possible_vetoes": "、".join(result.possible_vetoes),
    }
    cells = [values[column] for column in _COLUMNS] + [group.points for group in result.groups]
    return [safe("" if cell is None else cell) for cell in cells]
