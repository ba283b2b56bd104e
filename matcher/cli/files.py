"""Writing answers (输出文件): whole or not at all, and never a cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from matcher.errors import LianzhaoError, OptionError, system_reason
from matcher.rules import Zone
from matcher.scoring.explain import Explanation
from matcher.storage import whole_bytes, whole_file
from matcher.types import NEED_LABELS, RankedCompany, Ranking

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "list", "rank", "name", "uscc", "province", "city", "score", "band", "low", "high", "need", "chain", "segment", "affinity",
    "matched_terms", "reason", "next_question", "family_head", "family_city", "family_others",
    "unknown", "possible_vetoes", "row", "as_of", "order_value",
)  # fmt: skip


@contextlib.contextmanager
def written(target: str | None, *, bom: bool = False) -> Iterator[TextIO]:
    """A text stream to ``target``, or to stdout if None (输出流); a file appears only when all of it is written.

    Raises:
        OptionError: It cannot be written there.
    """
    try:
        if target is None:
            if bom:
                sys.stdout.write("\ufeff")
            yield sys.stdout
            sys.stdout.flush()
        else:
            with whole_file(Path(target), bom=bom) as stream:
                yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        if target is None:  # what is still in the buffer cannot be written either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise LianzhaoError(f"写不进标准输出（{system_reason(error)}）") from None
        raise OptionError(f"写不进 {target}（{system_reason(error)}）") from None


def write_bytes(target: str, content: bytes) -> None:
    """Writes a file of bytes, whole or not at all (写二进制文件).

    Raises:
        OptionError: It cannot be written there.
    """
    try:
        with whole_bytes(Path(target)) as stream:
            stream.write(content)
    except OSError as error:
        raise OptionError(f"写不进 {target}（{system_reason(error)}）") from None


def safe(cell: Any) -> Any:
    """A cell that no spreadsheet runs as a formula (防公式)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def as_json(value: Any) -> str:
    """JSON as people and programs read it (JSON 文本)."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def ranking_json(ranking: Ranking) -> dict[str, Any]:
    """A ranking as plain JSON data, in the contract's shape (排名的 JSON)."""
    return asdict(ranking)


def result_json(result: RankedCompany) -> dict[str, Any]:
    """A result without ``rank``, as ``score`` answers (评分结果的 JSON)."""
    data = asdict(result)
    del data["rank"]
    return data


def explained_json(result: RankedCompany, explanation: Explanation) -> dict[str, Any]:
    """A result without ``rank``, with everything that speaks for and against it (评分与完整解释的 JSON)."""
    return {**result_json(result), "explanation": asdict(explanation)}


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
