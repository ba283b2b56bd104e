"""What if (试算基准): what ranking again costs when rules change, told as multiples of reading the same columns or text once.

The registry's rows are recombined to 1,000,000 companies (names and scopes of other rows, codes of their own). All is measured in one
process, the kinds alternating in every round, and ratios are of medians, because the machine's speed differs from minute to minute.

    one pass      numpy's sum over the columns of all rules' values, for every pair of company and segment (int16)
    order         ``with_rules`` and ``order``: the whole list, so the first 100 too, with scores and places
    lines         ``rank``: the first 100 of it, and of the list beside it, with every reason; their texts are read for that
    words         ``with_rules`` and ``order`` after a change of one chain's terms, beside one scan of the companies' names and scopes by
                  Aho–Corasick with all words of the zone; one process each. The first change is told by itself, with the texts kept
                  ready by the reading and without

    LIANZHAO_DATA=folder make bench
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import ahocorasick_rs

from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.rules import Zone
from matcher.runs import Request
from matcher.tuning.outcome import Reading, outcome_of, read_companies
from matcher.tuning.what_if import WhatIf
from tests.benchmarks.snapshots import FILE, ZONE, recombined

COMPANIES = 1_000_000
WORDED = 100_000
ROUNDS = 9
_REQUEST = Request(as_of=date(2026, 1, 1), top=100)
Content = dict[str, Any]


def _weight(content: Content, number: int) -> None:
    rule = content["rules"][number % len(content["rules"])]
    rule["weight"] = round(rule["weight"] + 0.5, 1)


def _cap(content: Content, number: int) -> None:
    group = content["groups"][number % len(content["groups"])]
    group["cap"] = [group["cap"][0], group["cap"][1] + 1.0]


def _unknown(content: Content, number: int) -> None:
    content["rules"][number % len(content["rules"])]["if_unknown"] = 0.25


def _fill(content: Content, number: int) -> None:
    content["order"]["fill"]["complement"] = [1000, 990 - number]


def _expression(content: Content, number: int) -> None:
    content["rules"][0]["value"] = f"ramp(affinity, 250, {800 + number})"


def _veto(content: Content, number: int) -> None:
    content["vetoes"].append({"id": "tried", "label": "试", "when": f"insured_count < {number + 1}", "why": "试算"})


CHANGES: dict[str, Callable[[Content, int], None]] = {
    "改一条规则的分值": _weight, "改一组的封顶": _cap, "改未知时的取值": _unknown, "改同环节折算": _fill, "改一条规则的表达式": _expression,
    "添一条否决": _veto,
}  # fmt: skip


def changed(zone: Zone, change: Callable[[Content, int], None], number: int) -> Zone:
    """The zone with one thing changed, another in every round."""
    content = zone.scoring.model_dump()
    change(content, number)
    return zone.with_scoring(type(zone.scoring).model_validate(content))


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def of_numbers(engine: Engine, intake: Intake) -> None:
    """Prints the table for changes of scoring."""
    reading = read_companies(engine, intake)
    start = time.perf_counter()
    trial = WhatIf(engine, reading, _REQUEST)
    begun = time.perf_counter() - start
    columns = [values.value for values in trial.chains.rules]
    trial.rank()
    found: dict[str, list[float]] = {"pass": [], "scan": [], "deciding": [], "lines": [], **{name: [] for name in CHANGES}}
    for number in range(ROUNDS):
        for name, change in CHANGES.items():
            zone = changed(engine.zone, change, number)
            found["pass"].append(seconds(lambda: [column.sum() for column in columns]))
            found["scan"].append(seconds(lambda: [column.max() for column in columns]))
            found[name].append(seconds(lambda zone=zone: trial.with_rules(zone).order()))
        found["deciding"].append(seconds(trial.chains.matrix.sum))
        found["lines"].append(seconds(trial.rank) - seconds(trial.order))
        print(f"第 {number + 1} 轮", file=sys.stderr)
    plain = seconds(lambda: outcome_of(engine, reading, _REQUEST))
    middle = {name: statistics.median(times) for name, times in found.items()}
    one = middle["pass"]
    pairs, deciding, listed = len(trial.chains.table), len(trial.chains.pool.pair), len(trial.chains.listing.company)
    size = sum(column.nbytes for column in columns) / 1e6
    print(f"试算：{len(reading.companies):,} 家（{FILE} 重组），{len(columns)} 条规则 × {pairs:,} 对", end="")
    print(f"，其中 {deciding:,} 对、{listed:,} 家左右名单")
    print(f"{'读一遍全部取值列（' + format(size, ',.0f') + ' MB）':<24}{one * 1000:9.1f} 毫秒    1.00 遍")
    scan = middle["scan"]
    print(
        f"{'同上，只求最大':<24}{scan * 1000:9.1f} 毫秒 {scan / one:7.2f} 遍（受内存带宽限；要以它为一遍，下面的遍数乘 {one / scan:.1f}）"
    )
    for name in CHANGES:
        spread = [value / one for value in sorted(found[name])]
        print(f"{name:<24}{middle[name] * 1000:9.1f} 毫秒 {middle[name] / one:7.2f} 遍（{spread[0]:.2f}–{spread[-1]:.2f}）")
    print(f"{'前 100 家两张榜成文':<24}{middle['lines'] * 1000:9.1f} 毫秒 {middle['lines'] / one:7.2f} 遍")
    print(f"左右名单的那些列读一遍 {middle['deciding'] * 1000:.1f} 毫秒；建取值表 {begun:.1f} 秒；不留取值重排一遍 {plain:.1f} 秒")


def of_words(intake: Intake) -> None:
    """Prints the table for changes of words."""
    engine = Engine(ZONE, processes=1)
    few = replace(intake, companies=intake.companies.take(range(min(WORDED, len(intake.companies)))))
    reading = read_companies(engine, few)
    ready: list[Reading] = []
    opened = seconds(lambda: ready.append(read_companies(engine, few, words=True)))
    text = "\n".join([*few.companies.text["name"], *few.companies.text["business_scope"]])
    search = ahocorasick_rs.AhoCorasick(engine.reader.matcher.vocabulary.patterns)
    trial, unready = WhatIf(engine, ready[0], _REQUEST), WhatIf(engine, reading, _REQUEST)
    chain = engine.zone.segments[0].chain
    numbers = [number for number, one in enumerate(engine.zone.segments) if one.chain == chain]
    found: dict[str, list[float]] = {"scan": [], "words": []}
    for number in range(ROUNDS + 1):
        at = numbers[number % len(numbers)]
        segments = list(engine.zone.segments)
        segments[at] = replace(segments[at], terms=tuple(sorted({**dict(segments[at].terms), f"智能{number}装置": 8}.items())))
        zone = replace(engine.zone, segments=tuple(segments), digest=str(number))
        found["scan"].append(seconds(lambda: search.find_matches_as_indexes(text, overlapping=True)))
        found["words"].append(seconds(lambda zone=zone: trial.with_rules(zone).order()))
    first, cut = found["words"].pop(0), seconds(lambda: unready.with_rules(zone).order())
    whole = seconds(lambda: engine.reader.read(few.companies))
    scan, words = (statistics.median(times) for times in found.values())
    print(f"改一条产业链的词：{len(few.companies):,} 家，{len(text):,} 字，一个进程")
    print(f"{'词表扫一遍全文':<24}{scan * 1000:9.1f} 毫秒    1.00 遍")
    print(f"{'改词后重排':<24}{words * 1000:9.1f} 毫秒 {words / scan:7.2f} 遍")
    print(f"{'头一次':<24}{first * 1000:9.1f} 毫秒 {first / scan:7.2f} 遍")
    print(f"{'没有备着文本的头一次':<24}{cut * 1000:9.1f} 毫秒 {cut / scan:7.2f} 遍")
    print(f"{'读企业，备着文本':<24}{opened * 1000:9.1f} 毫秒 {opened / scan:7.2f} 遍")
    print(f"{'全部重读（不含重排）':<24}{whole * 1000:9.1f} 毫秒 {whole / scan:7.2f} 遍")


def main() -> int:
    """Prints the tables."""
    data = os.environ.get("LIANZHAO_DATA")
    if not data or not (Path(data) / FILE).is_file():
        print(f"跳过：LIANZHAO_DATA 应指向含 {FILE} 的目录")
        return 0
    engine = Engine(ZONE)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.csv.gz"
        recombined(Path(data) / FILE, file, -(-COMPANIES // 79_999))
        intake = read_files([file], engine.corpora)
    intake = replace(intake, companies=intake.companies.take(range(min(COMPANIES, len(intake.companies)))))
    of_numbers(engine, intake)
    of_words(intake)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
