"""Companies that do not exist and rules changed at random, for all tests of tuning."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import numpy as np

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.intake import Intake, from_profiles, read_files
from matcher.rules.schema import ScoringFile
from matcher.runs import Request
from matcher.scoring.evidence import NO_SEGMENT
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import ORDER_UNIT
from matcher.text.names import name_reader
from matcher.tuning.outcome import Places, Reading, Scored, outcome_of, score_all
from matcher.tuning.variants import Change
from matcher.types import Ranking
from tests.scoring.test_results import made_up_rows

AS_OF = date(2026, 1, 1)
TOP = Request(as_of=AS_OF, top=20)
Content = dict[str, Any]


def made_up(corpora: Corpora, size: int = 160) -> Intake:
    return from_profiles(made_up_rows(size), corpora)


def recombined(corpora: Corpora, size: int, seed: int) -> Intake:
    """Companies that do not exist, of the words of the bundled sample: names and scopes put together from pieces of others."""
    draw = random.Random(seed)
    text = read_files([corpora.sample], corpora).companies.text
    parse = name_reader(corpora).parse
    parts = [parse(name, city) for name, city in zip(text["name"], text["city"], strict=True)]
    trade_names = draw.sample(sorted({part.trade_name for part in parts if part.trade_name}), 200)
    trades = sorted({part.industry_term for part in parts if part.industry_term})
    items = sorted({item for scope in text["main_products"] for item in re.split("[;；、。，]", scope) if 1 < len(item) < 30})
    rows = []
    for number in range(size):
        city = draw.choice(("青岛", "杭州", "绍兴", "聊城"))
        own = "" if draw.random() < 0.05 else draw.choice(trade_names) + draw.choice(("", "", "", draw.choice(trade_names)[:2]))
        ends = ("有限公司", "有限公司", "集团有限公司", "股份有限公司", "控股有限公司", "集团股份有限公司", "厂", "有限公司分公司")
        rows.append({
            "name": f"{draw.choice((city, city, ''))}{own}{draw.choice(trades)}{draw.choice(ends)}", "city": city,
            "uscc": draw.choice(("", code(number))), "business_scope": "；".join(draw.sample(items, draw.choice((0, 1, 2, 5, 15)))),
            "founded_date": draw.choice(("", "1990-05-01", "2012-01-31", "2024-10-01")),
            "reg_capital_raw": draw.choice(("", "50万元", "800万元", "6000万元", "5亿元")),
            "insured_count": draw.choice(("", "0", "12", "55", "4000")), "status": draw.choice(("", "存续", "存续", "注销")),
            "listed": draw.choice(("", "", "是")), "address": draw.choice(("", "", f"{city}市人民路{draw.randrange(9)}号101室")),
        })  # fmt: skip
    return from_profiles(rows, corpora)


_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def code(number: int) -> str:
    """A valid credit code that nobody has."""
    body = "91370000" + "".join(_ALPHABET[number // 31**place % 31] for place in range(9))
    total = sum(_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return body + _ALPHABET[-total % 31]


def as_json(ranking: Ranking) -> str:
    """All of a ranking but the time of its making."""
    data = asdict(ranking)
    del data["run"]["created_at"]
    return json.dumps(data, ensure_ascii=False)


def _weight(scoring: Content, draw: random.Random) -> None:
    rule = draw.choice(scoring["rules"])
    rule["weight"] = round(rule["weight"] + draw.choice((-6.5, -3.0, -0.1, 0.1, 2.5, 7.0, 20.0, 60.0)), 1)


def _unknown(scoring: Content, draw: random.Random) -> None:
    draw.choice(scoring["rules"])["if_unknown"] = draw.choice((0.0, 0.3, 0.5, 1.0))


def _cap(scoring: Content, draw: random.Random) -> None:
    group = draw.choice(scoring["groups"])
    low, high = group["cap"]
    group["cap"] = [low - draw.choice((0.0, 1.0, 4.5, 70.0)), high + draw.choice((-2.0, 0.0, 3.0, 60.0)) if high else 0.0]
    group["cap"].sort()


def _drop_rule(scoring: Content, draw: random.Random) -> None:
    if len(scoring["rules"]) > 1:
        scoring["rules"].pop(draw.randrange(len(scoring["rules"])))


def _add_rule(scoring: Content, draw: random.Random) -> None:
    number = len(scoring["rules"]) + draw.randrange(1000, 9000)
    scoring["rules"].append(
        {
            "id": f"trial_{number}", "group": draw.choice(scoring["groups"])["id"], "label": "试算", "evidence": "试算", "why": "试算规则",
            "weight": draw.choice((-9.0, -1.5, 3.3, 12.0)), "if_unknown": draw.choice((0.0, 0.4)),
            "value": draw.choice(("ramp(insured_count, 5, 60)", "founded >= '2010-01-01'", "capital >= 1000", "mode = 'produce'")),
        }
    )  # fmt: skip


def _move_rule(scoring: Content, draw: random.Random) -> None:
    draw.choice(scoring["rules"])["group"] = draw.choice(scoring["groups"])["id"]


def _drop_veto(scoring: Content, draw: random.Random) -> None:
    if scoring["vetoes"]:
        scoring["vetoes"].pop(draw.randrange(len(scoring["vetoes"])))


def _add_veto(scoring: Content, draw: random.Random) -> None:
    when = draw.choice(("capital < 3000", "founded < '2011-01-01'", "insured_count < 10", "kind = 'trade'"))
    number = draw.randrange(1000, 9000)
    scoring["vetoes"].insert(0, {"id": f"trial_veto_{number}", "label": "试算", "when": when, "why": "试算规则"})


def _fill(scoring: Content, draw: random.Random) -> None:
    scoring["order"]["fill"][draw.choice(list(scoring["order"]["fill"]))] = draw.choice(([1000], [1000, 500], [900, 900, 300]))
    scoring["order"]["chain_fill"] = draw.choice(({"step": 0, "least": 1000}, {"step": 30, "least": 500}))


def _least(scoring: Content, draw: random.Random) -> None:
    scoring["order"]["least_affinity"] = draw.choice((150, 250, 400, 600))
    scoring["order"]["opportunity_margin"] = draw.choice((0, 150, 700))


def _strength(scoring: Content, draw: random.Random) -> None:
    scoring["need_strength"][draw.choice(list(scoring["need_strength"]))] = draw.choice((300, 700, 1000))


CHANGES: tuple[Callable[[Content, random.Random], None], ...] = (
    _weight, _weight, _weight, _unknown, _cap, _cap, _drop_rule, _add_rule, _move_rule, _drop_veto, _add_veto, _fill, _least, _strength,
)  # fmt: skip


def _expression(scoring: Content, draw: random.Random) -> None:
    rule = draw.choice(scoring["rules"])
    rule["value"] = draw.choice((
        "ramp(affinity, 300, 900)", "mode = 'produce' OR is_group = TRUE", "ramp(capital_log, 2500, 4000)", "1",
        "need_strength >= 800", "has(qualifications, 'high_tech')", f"ramp(insured_count, {draw.randrange(1, 9)}, 50)",
    ))  # fmt: skip


def _scale(scoring: Content, draw: random.Random) -> None:
    scoring["capital_scale"][draw.choice(("maker", "service", "trade"))] = draw.choice((0.5, 1.0, 3.0))


ANY_CHANGES = (*CHANGES, _expression, _expression, _scale)


def changed(
    scoring: ScoringFile,
    draw: random.Random,
    most: int = 4,
    kinds: tuple[Callable[[Content, random.Random], None], ...] = CHANGES,
) -> ScoringFile:
    """The scoring after one to ``most`` random edits, checked as a file is."""
    content = scoring.model_dump()
    for change in draw.choices(kinds, k=draw.randint(1, most)):
        change(content, draw)
    return ScoringFile.model_validate(content)


def like(engine: Engine, reading: Reading, request: Request, ranking: Ranking) -> None:
    """The outcome says of every line of both lists, of the vetoes and of what folds what the ranking says, which was asked for all."""
    outcome = outcome_of(engine, reading, request)
    scored, themes = score_all(engine, reading, request)
    lists: list[tuple[Places, Scored, Any]] = [(outcome.chains, scored, ranking.results)]
    if outcome.opportunities is not None and themes is not None:
        lists.append((outcome.opportunities, themes, ranking.opportunities))
    else:
        assert ranking.opportunities == ()
    for places, of, results in lists:
        entry = {company: number for number, company in enumerate(of.placed.company.tolist())}
        assert len(places.company) == len(results)
        for company, value, result in zip(places.company.tolist(), places.order_value.tolist(), results, strict=True):
            at, companies = entry[company], reading.companies
            assert (companies.row[company], companies.text["name"][company]) == (result.row, result.name)
            amounts = (value / ORDER_UNIT, *(int(one[at]) / UNIT for one in (of.scores.score, of.scores.low, of.scores.high)))
            assert amounts == (result.order_value, result.score, *result.interval)
            number = int(of.placed.segment[at])
            segment = None if number == NO_SEGMENT else engine.zone.segments[number]
            assert (segment and segment.chain, segment and segment.id) == (result.chain, result.segment)
            assert places.families.get(company) == result.family
            points = {rule.id: int(of.scores.points[n, at]) / UNIT for n, rule in enumerate(engine.ruleset.rules)}
            assert all(points[one.rule] == one.points for one in result.contributions)
            groups = [int(of.scores.groups[n, at]) / UNIT for n in range(len(engine.ruleset.groups))]
            assert groups == [group.points for group in result.groups]
    counts = Counter(engine.ruleset.vetoes[int(scored.placed.veto[company])].id for company in np.flatnonzero(outcome.vetoed))
    assert counts == Counter(ranking.vetoed)
    assert sum(len(places.folded) for places, *_ in lists) == ranking.folded
    assert len(reading.companies) == ranking.considered


def cells(change: Change) -> dict[str, str]:
    """A change as the cells of a company file."""
    if change.field in ("capital", "paid_capital"):
        return {{"capital": "reg_capital_raw"}.get(change.field, "paid_capital_raw"): f"{change.value}元"}
    return {change.field: str(change.value)}


def place_in(engine: Engine, rows: list[dict[str, str]], row: int, request: Request = TOP) -> tuple[int | None, float | None]:
    """Place and score of one of the rows when all are ranked from the start; rows count from 1."""
    ranking = engine.rank(from_profiles(rows, engine.corpora), replace(request, top=10**6))
    found = [(result.rank, result.score) for result in ranking.results if result.row == row]
    return found[0] if found else (None, None)
