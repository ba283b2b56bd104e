"""Proves on real results that the numbers of the JSON add up exactly, as decimals, and that every company is accounted for."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request
from matcher.scoring.formula import UNIT
from matcher.scoring.results import Assembler
from matcher.types import RankedCompany

AS_OF = date(2026, 1, 1)
ALL = 10**6
Json = dict[str, Any]

TRADES = (
    ("度假酒店管理", "酒店管理；旅游度假区开发运营；住宿服务；餐饮服务"),
    ("医疗器械", "医疗器械生产；一类医疗器械研发、销售；康复辅具适配；医疗器械租赁"),
    ("食品加工", "预制菜生产；肉制品加工、销售；农产品冷链仓储；食品技术研发"),
    ("体育文化", "体育赛事策划；水上运动培训；体育用品销售；文艺创作；投资咨询；足浴服务"),
    ("化学原料药", "原料药生产；化工产品制造；医药中间体研发"),
    ("玩具科技", "玩具研发、制造；游艺设备销售；电子产品组装"),
    ("建材贸易", "钢材批发；五金零售；建筑工程施工；房地产开发；物业管理"),
)
FAILING_CODE = "91370200MA00000000"
FORMS = ("有限公司", "股份有限公司", "集团有限公司", "有限公司青岛分公司")
CAPITALS = ("", "300万人民币", "800万人民币", "3000万人民币", "20000万人民币", "0万人民币")
FOUNDED = ("", "1975-03-01", "2010-06-30", "2024-11-11", "2027-01-01")
HEADER = (
    "name", "uscc", "founded_date", "reg_capital_raw", "paid_capital_raw", "insured_count", "status", "company_type", "listed",
    "qualifications", "province", "city", "business_scope",
)  # fmt: skip


def made_up_rows(size: int) -> list[dict[str, str]]:
    """Companies that do not exist, with every field now and then missing."""
    draw = random.Random(20260101)
    rows = []
    for number in range(size):
        trade, scope = draw.choice(TRADES)
        rows.append(
            {
                "name": f"青岛某某{number}号{trade}{draw.choice(FORMS)}",
                "uscc": draw.choice(("", f"91370200MA00{number:05}X")),
                "founded_date": draw.choice(FOUNDED),
                "reg_capital_raw": draw.choice(CAPITALS),
                "paid_capital_raw": draw.choice(CAPITALS),
                "insured_count": draw.choice(("", "0", "7", "55", "4000")),
                "status": draw.choice(("", "存续", "在业", "注销")),
                "company_type": draw.choice(("", "有限责任公司", "个体工商户")) if draw.random() < 0.4 else "",
                "listed": draw.choice(("", "是", "否")),
                "qualifications": draw.choice(("", "高新技术企业", "专精特新")),
                "province": "山东",
                "city": "青岛",
                "business_scope": draw.choice((scope, scope, scope, "")),
            }
        )
    return rows


def written(rows: Sequence[dict[str, str]], path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


@dataclass(frozen=True)
class Answer:
    """A ranking of all companies as a reader of its JSON sees it, and the same companies scored one by one."""

    ranking: Json
    scored: list[Json]

    @property
    def items(self) -> list[Json]:
        return [*self.ranking["results"], *self.ranking["opportunities"], *self.scored]


def as_read(value: Any) -> Json:
    """What the JSON says, its numbers read as decimals."""
    read: Json = json.loads(json.dumps(asdict(value), ensure_ascii=False, allow_nan=False), parse_float=Decimal, parse_int=Decimal)
    return read


def profiles_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(made_up_rows(240), tmp_path_factory.mktemp("results") / "made-up.csv")


@pytest.fixture(scope="module", params=["sample", "made-up"])
def answer(request: pytest.FixtureRequest, engine: Engine, made_up: Path) -> Answer:
    path = Path(engine.corpora.sample) if request.param == "sample" else made_up
    ranking = engine.rank(read_files([path], engine.corpora), Request(as_of=AS_OF, top=ALL))
    scored = engine.score(profiles_of(path), AS_OF)
    assert all(isinstance(result, RankedCompany) for result in scored)
    return Answer(as_read(ranking), [as_read(result) for result in scored])


def cut(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return min(high, max(low, value))


def total(groups: Sequence[Json], points: dict[str, Decimal]) -> Decimal:
    """The score that these points by rule's group give."""
    sums = [cut(points[group["group"]], *group["cap"]) for group in groups]
    return cut(sum(sums, Decimal(0)), Decimal(0), Decimal(100))


def sums(item: Json, points: Sequence[Decimal]) -> dict[str, Decimal]:
    by_group = {group["group"]: Decimal(0) for group in item["groups"]}
    for contribution, amount in zip(item["contributions"], points, strict=True):
        by_group[contribution["group"]] += amount
    return by_group


# --- the sums ------------------------------------------------------------------------------------------------------------


def test_the_data_have_everything_that_the_sums_must_bear(answer: Answer):
    """Unknown values, capped groups, doubts, vetoes and listed companies all occur, so that no test below passes idly."""
    contributions = [contribution for item in answer.items for contribution in item["contributions"]]
    assert {contribution["known"] for contribution in contributions} == {True, False}
    assert any(contribution["points"] < 0 for contribution in contributions)
    assert any(group["raw"] != group["points"] for item in answer.items for group in item["groups"])
    assert len(answer.ranking["results"]) > 20
    assert answer.ranking["vetoed"]
    assert answer.ranking["opportunities"]


def test_points_are_weight_times_value(answer: Answer):
    for item in answer.items:
        for contribution in item["contributions"]:
            assert 0 <= contribution["value"] <= 1
            assert contribution["points"] == contribution["weight"] * contribution["value"], (item["name"], contribution)


def test_group_points_are_the_contributions_cut_to_the_cap(answer: Answer):
    for item in answer.items:
        raw = sums(item, [contribution["points"] for contribution in item["contributions"]])
        for group in item["groups"]:
            assert group["raw"] == raw[group["group"]], (item["name"], group)
            assert group["points"] == cut(group["raw"], *group["cap"]), (item["name"], group)


def test_the_score_is_the_clamped_sum_of_the_groups(answer: Answer):
    for item in answer.items:
        assert item["score"] == cut(sum(group["points"] for group in item["groups"]), Decimal(0), Decimal(100)), item["name"]


def test_the_interval_takes_nought_and_one_for_what_is_unknown(answer: Answer):
    for item in answer.items:
        low, high = [], []
        for c in item["contributions"]:
            low.append(c["points"] if c["known"] else min(Decimal(0), c["weight"]))
            high.append(c["points"] if c["known"] else max(Decimal(0), c["weight"]))
        assert item["interval"] == [total(item["groups"], sums(item, low)), total(item["groups"], sums(item, high))], item["name"]
        assert item["interval"][0] <= item["score"] <= item["interval"][1], item["name"]


def test_no_number_carries_more_digits_than_its_unit(answer: Answer):
    def digits(number: Decimal) -> int:
        return max(0, -int(number.normalize().as_tuple().exponent))

    for item in answer.items:
        amounts = [
            item["score"],
            *item["interval"],
            *(g["points"] for g in item["groups"]),
            *(c["points"] for c in item["contributions"]),
        ]
        assert max(map(digits, amounts)) <= 4, item["name"]
        assert digits(item["order_value"]) <= 10
        assert digits(item["affinity"]) <= 3
        assert 0 <= item["affinity"] <= 1


def test_contributions_and_groups_are_those_of_the_rules_file(answer: Answer, engine: Engine):
    scoring = engine.zone.scoring
    for item in answer.items:
        assert [(c["rule"], c["group"], c["label"]) for c in item["contributions"]] == [
            (r.id, r.group, r.label) for r in scoring.rules
        ]
        assert [(g["group"], g["cap"]) for g in item["groups"]] == [
            (g.id, [Decimal(str(end)) for end in g.cap]) for g in scoring.groups
        ]
        for contribution, rule in zip(item["contributions"], scoring.rules, strict=True):
            assert contribution["weight"] == Decimal(str(rule.weight))
            assert contribution["evidence"]
            if not contribution["known"]:
                assert contribution["value"] == Decimal(str(rule.if_unknown)), (item["name"], rule.id)


def test_bands_unknown_fields_and_vetoes(answer: Answer, engine: Engine):
    bands = engine.zone.scoring.bands
    vetoes = [veto.id for veto in engine.zone.scoring.vetoes]
    for item in answer.items:
        band = next((name for name in "ABC" if item["score"] >= Decimal(str(getattr(bands, name)))), "D")
        assert item["band"] == band, item["name"]
        assert item["unknown"] == sorted(set(item["unknown"]))
        assert set(item["possible_vetoes"]) <= set(vetoes)
        assert item["next_question"] is None or item["next_question"] in item["unknown"]
        assert item["reason"].endswith("。")
        if all(contribution["known"] for contribution in item["contributions"]):
            assert item["interval"] == [item["score"]] * 2
            assert item["next_question"] is None


def test_bands_begin_at_their_least_score(engine: Engine):
    bands = engine.zone.scoring.bands
    band = Assembler(engine.zone, engine.ruleset, engine.describer, engine.reader).band
    for name, below, least in (("A", "B", bands.A), ("B", "C", bands.B), ("C", "D", bands.C)):
        assert (band(round(least * UNIT)), band(round(least * UNIT) - 1)) == (name, below)
    assert (band(100 * UNIT), band(0)) == ("A", "D")


@pytest.mark.parametrize(("status", "possible", "fired"), [("", True, None), ("存续", False, None), ("注销", False, "closed")])
def test_a_veto_that_could_not_be_read_is_listed_as_possible(engine: Engine, status: str, possible: bool, fired: str | None):
    profile = {
        "name": "青岛某某酒店管理有限公司",
        "business_scope": "酒店管理",
        "reg_capital_raw": "5000万人民币",
        "status": status,
    }
    (result,) = engine.score([profile], AS_OF)
    assert isinstance(result, RankedCompany)
    assert ("closed" in result.possible_vetoes, "closed" in result.unknown, result.vetoed_by) == (possible, possible, fired)


# --- the list ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["results", "opportunities"])
def test_order_values_are_the_score_times_the_fill_of_the_place(answer: Answer, engine: Engine, part: str):
    listed = answer.ranking[part]
    assert [item["rank"] for item in listed] == list(range(1, len(listed) + 1))
    places: Counter[tuple[str | None, str]] = Counter()
    chains: Counter[str | None] = Counter()
    share = engine.zone.scoring.order.chain_fill
    for item in listed:
        steps = engine.zone.scoring.order.fill[item["need"]]
        place, before = places[item["chain"], item["segment"]], chains[item["chain"]]
        places[item["chain"], item["segment"]] += 1
        chains[item["chain"]] += 1
        part = Decimal(max(1000 - share.step * before, share.least)) / 1000
        assert item["order_value"] == item["score"] * steps[min(place, len(steps) - 1)] / 1000 * part, item["name"]
        assert (item["segment_place"], item["chain_place"]) == (place + 1, before + 1)
    assert max(places.values()) > 1
    order = [(-item["order_value"], -item["score"]) for item in listed]
    assert order == sorted(order)
    coded = [(*rank, item["uscc"]) for rank, item in zip(order, listed, strict=True) if item["uscc"]]
    assert coded == sorted(coded)


def test_listed_companies_fit_their_segment_and_have_no_veto(answer: Answer, engine: Engine):
    for part, themes in (("results", False), ("opportunities", True)):
        for item in answer.ranking[part]:
            assert item["vetoed_by"] is None
            assert (item["chain"] is None) is themes
            assert item["affinity"] * 1000 >= engine.zone.scoring.order.least_affinity


def test_every_company_considered_is_listed_or_vetoed_or_an_opportunity(answer: Answer):
    ranking = answer.ranking
    counted = len(ranking["results"]) + len(ranking["opportunities"]) + sum(ranking["vetoed"].values()) + ranking["folded"]
    assert ranking["considered"] == counted == len(answer.scored)
    names = [item["name"] for part in ("results", "opportunities") for item in ranking[part]]
    assert len(names) == len(set(names))


def test_vetoes_are_counted_at_the_first_that_fires(answer: Answer):
    beside = {item["name"] for item in answer.ranking["opportunities"]}
    first = Counter(item["vetoed_by"] for item in answer.scored if item["vetoed_by"] and item["name"] not in beside)
    assert answer.ranking["vetoed"] == first


def test_a_company_scores_the_same_alone_and_in_the_list(answer: Answer):
    alone = {item["name"]: item for item in answer.scored}
    for item in answer.ranking["results"]:
        other = alone[item["name"]]
        for field in set(item) - {"rank", "row", "order_value", "segment_place", "chain_place", "family", "notes"}:
            assert item[field] == other[field], (item["name"], field)
        assert other["order_value"] == other["score"]


@pytest.mark.parametrize(
    "asked",
    [{"chains": ("medical-health",)}, {"need": "extend"}, {"chains": ("culture-tourism", "creative-sport"), "need": "complement"}],
)
def test_filtered_lists_add_up_too(engine: Engine, made_up: Path, asked: dict[str, Any]):
    ranking = engine.rank(read_files([made_up], engine.corpora), Request(as_of=AS_OF, top=ALL, **asked))
    assert ranking.opportunities == ()
    assert ranking.considered == 240 == len(ranking.results) + sum(ranking.vetoed.values())
    for result in ranking.results:
        assert result.chain in asked.get("chains", (result.chain,))
        assert result.need == asked.get("need", result.need)


def test_top_cuts_the_list_and_changes_nothing_else(engine: Engine, made_up: Path):
    intake = read_files([made_up], engine.corpora)
    whole, short = (engine.rank(intake, Request(as_of=AS_OF, top=top)) for top in (ALL, 7))
    assert short.results == whole.results[:7]
    assert short.opportunities == whole.opportunities[:7]
    assert (short.considered, short.vetoed) == (whole.considered, whole.vetoed)


@pytest.mark.parametrize(
    ("name", "scope", "results", "opportunities", "vetoed"),
    [
        ("青岛某某酒店管理有限公司", "酒店管理；旅游度假区开发运营", 1, 0, 0),
        ("青岛某某玩具有限公司", "玩具研发、制造、销售", 0, 1, 0),
        ("青岛某某建材有限公司", "钢材批发；五金零售", 0, 0, 1),
    ],
    ids=["a target", "an opportunity", "nothing"],
)
def test_a_list_may_be_empty(engine: Engine, tmp_path: Path, name: str, scope: str, results: int, opportunities: int, vetoed: int):
    row = dict.fromkeys(HEADER, "") | {"name": name, "business_scope": scope, "reg_capital_raw": "5000万人民币"}
    ranking = engine.rank(read_files([written([row], tmp_path / "one.csv")], engine.corpora), Request(as_of=AS_OF))
    assert (len(ranking.results), len(ranking.opportunities), sum(ranking.vetoed.values())) == (results, opportunities, vetoed)
    assert ranking.considered == 1


# --- the order of the input ----------------------------------------------------------------------------------------------


def listing(engine: Engine, rows: Sequence[dict[str, str]], path: Path) -> list[Json]:
    """Results and opportunities without the row, which says where in the file a company stood."""
    ranking = engine.rank(read_files([written(rows, path)], engine.corpora), Request(as_of=AS_OF, top=ALL))
    return [{**as_read(result), "row": None} for result in (*ranking.results, *ranking.opportunities)]


def test_the_order_of_the_file_does_not_matter(engine: Engine, tmp_path: Path):
    rows = made_up_rows(120)
    shuffled = random.Random(5).sample(rows, len(rows))
    assert listing(engine, shuffled, tmp_path / "b.csv") == listing(engine, rows, tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "青岛某甲酒店管理有限公司"}, {"name": "青岛某乙酒店管理有限公司"}),
        ({"name": "青岛某甲酒店管理有限公司", "uscc": FAILING_CODE}, {"name": "青岛某乙酒店管理有限公司", "uscc": FAILING_CODE}),
        ({"reg_capital_raw": "90000万人民币"}, {"reg_capital_raw": "95000万人民币"}),
    ],
    ids=["without a code", "same failing code", "same text, other capital"],
)  # fmt: skip
def test_twins_stand_in_the_same_order_whatever_the_file_says_first(engine: Engine, tmp_path: Path, one: Json, other: Json):
    twin = dict.fromkeys(HEADER, "") | {
        "name": "青岛东方酒店管理有限公司", "founded_date": "2010-01-01", "reg_capital_raw": "90000万人民币",
        "province": "山东", "city": "青岛", "business_scope": "酒店管理；旅游度假区开发运营",
    }  # fmt: skip
    toys = {**twin, "name": "青岛某丙玩具有限公司", "business_scope": "玩具研发、制造、销售"}
    rows = [{**twin, **one}, {**twin, **other}, toys]
    listed = listing(engine, rows, tmp_path / "a.csv")
    assert len(listed) == 3
    assert listed[0]["score"] == listed[1]["score"], "the twins must tie for the test to say anything"
    assert listing(engine, rows[::-1], tmp_path / "b.csv") == listed
