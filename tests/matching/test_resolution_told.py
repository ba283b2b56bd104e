"""What people say beside a name decides, what is no name is refused, and rules and bases of any size are taken as they are."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora, open_corpora
from matcher.errors import RulesError
from matcher.locate import folder
from matcher.matching.name_features import NameComparer
from matcher.matching.name_files import former_names, write_index
from matcher.matching.name_index import NameIndex
from matcher.matching.resolution import LONGEST, MOST, Known, Resolver
from matcher.rules.resolution import SameAt, load_resolution
from tests.matching.made_up import PROFILES, RULES, WHALE, base, shared, told


@pytest.fixture
def resolver() -> Resolver:
    return shared()


def test_a_code_decides_and_another_code_is_doubted(resolver: Resolver) -> None:
    assert told(resolver.resolve("叫错了的名字", "91320500MA1W000000")) == ("same", "苏州珑玥医疗器械有限公司")
    doubted = resolver.resolve("苏州珑玥医疗器械有限公司", "91320500MA1W999999")
    assert doubted.decision == "unsure"
    assert "代码" in doubted.why
    assert told(resolver.resolve("苏州珑玥医疗器械有限公司", "不是代码")) == ("same", "苏州珑玥医疗器械有限公司")
    assert resolver.resolve("91320500MA1W999999").decision == "none"


def test_a_code_beside_the_name_of_another_company_is_unsure_with_both(resolver: Resolver) -> None:
    code, whale = "91320500MA1W000000", "91370200MA3C000011"
    for query in (WHALE, "鲸屿食品"):  # the column of codes has slipped by a row
        slipped = resolver.resolve(query, code)
        assert slipped.decision == "unsure"
        assert [one.name for one in slipped.candidates[:2]] == ["苏州珑玥医疗器械有限公司", WHALE]
        assert slipped.why == f"代码是苏州珑玥医疗器械有限公司，名称像{WHALE}"
    absent = resolver.resolve("台州鼎熠机床有限公司", code)
    assert told(absent) == ("unsure", "苏州珑玥医疗器械有限公司")
    assert "名称不是" in absent.why
    for query in ("", "鲸屿", "青岛鲸屿", "鲸屿食品厂", "青岛海昧食品有限公司", "山东鲸屿集团有限公司", "青岛鲸鱼食品公司"):
        assert told(resolver.resolve(query, whale)) == ("same", WHALE), query


def test_a_judgement_wins_over_a_code_and_says_so() -> None:
    judged = {"鲸屿": "杭州禾晟纺织有限公司", "珑玥": None, "鲸屿食品": WHALE}
    resolver = Resolver(base(), open_corpora(), RULES, Known({}, judged))
    over = resolver.resolve("鲸屿", "91370200MA3C000011")
    assert told(over) == ("same", "杭州禾晟纺织有限公司")
    assert over.why == f"人工判定，但统一社会信用代码是{WHALE}的"
    assert "苏州珑玥医疗器械有限公司的" in resolver.resolve("珑玥", "91320500MA1W000000").why
    assert resolver.resolve("鲸屿食品", "91370200MA3C000011").why == resolver.resolve("鲸屿").why == "人工判定"


def test_the_users_brands_come_before_names() -> None:
    brands = {
        "鲸鲸": (WHALE, ""),
        "禾晟纺织": ("", "91320500MA1W000000"),
        "外地的": ("不在库里有限公司", ""),
        "云": ("上海云杉科技有限公司", ""),
    }
    resolver = Resolver(base(), open_corpora(), RULES, Known(brands, {}))
    assert told(resolver.resolve("鲸鲸")) == ("same", WHALE)
    assert told(resolver.resolve("禾晟紡織")) == ("same", "苏州珑玥医疗器械有限公司")
    missing = resolver.resolve("外地的")
    assert missing.decision == "none"
    assert "不在库里有限公司" in missing.why
    assert resolver.resolve("云").decision == "unsure"


def test_judgements_come_before_everything_and_can_be_withdrawn() -> None:
    judged = {WHALE: "杭州禾晟纺织有限公司", "91370200MA3C000011": None, "鲸鲸": "91320500MA1W000000", "蓝溪谷": None}
    brands = {"鲸鲸": (WHALE, "")}
    resolver = Resolver(base(), open_corpora(), RULES, Known(brands, judged))
    assert told(resolver.resolve("青岛鲸屿食品（股份）有限公司")) == ("same", "杭州禾晟纺织有限公司")
    assert resolver.resolve("91370200MA3C000011").decision == "none"
    assert told(resolver.resolve("鲸鲸")) == ("same", "苏州珑玥医疗器械有限公司")
    assert told(resolver.resolve("蓝溪谷")) == ("none", "")
    withdrawn = Resolver(base(), open_corpora(), RULES, Known(brands, {}))
    assert told(withdrawn.resolve(WHALE)) == ("same", WHALE)
    assert told(withdrawn.resolve("鲸鲸")) == ("same", WHALE)


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "鲸",
        "x",
        "😀😀",
        "😀",
        "'; DROP TABLE companies;--",
        "啊" * 10_000,
        WHALE * 50,
        "\ud800\udfff",
        "\x00\x01",
        "()()",
        "........",
        "____",
    ],
)
def test_what_is_no_name_is_refused_with_a_reason(resolver: Resolver, query: str) -> None:
    answer = resolver.resolve(query)
    assert answer.decision == "none"
    assert answer.why


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_has_an_answer_that_can_be_stored(query: str) -> None:
    answer = shared().resolve(query)
    assert answer.query.encode() is not None
    assert (answer.company is None) == (answer.decision == "none")
    assert len(answer.candidates) <= MOST
    assert math.fsum(one.confidence for one in answer.candidates) <= 1.01
    assert answer.decision != "same" or len(query) <= 2 * LONGEST


@given(
    st.lists(
        st.sampled_from(["杭州", "聊城", "山东", "食品", "科技", "酒店", "管理", "有限公司", "股份", "集团", "公司", "市"]),
        max_size=5,
    )
)
@settings(deadline=None)
def test_places_trades_and_forms_together_decide_nothing(words: list[str]) -> None:
    answer = shared().resolve("".join(words))
    names = {profile["name"] for profile in PROFILES}
    assert answer.decision != "same" or (answer.company is not None and answer.company.name in names and answer.why == "名称相同")


def test_a_small_base_has_thresholds_of_its_own() -> None:
    never = SameAt(short=1.0, open=1.0, full=1.0)
    for changed, decision in (("same_at", "same"), ("same_at_small", "unsure")):
        resolver = Resolver(base(), open_corpora(), RULES.model_copy(update={changed: never}))
        assert resolver.resolve("鲸屿食品").decision == decision


def test_a_base_is_the_smaller_the_fewer_names_it_has() -> None:
    resolver = shared()
    index, comparer = resolver.index, NameComparer(resolver.index, open_corpora(), RULES)
    assert comparer.smallness == 1

    def of(names: int) -> float:
        many = replace(index, starts=np.zeros(names + 1, dtype=np.int64))
        return NameComparer(many, open_corpora(), RULES).smallness

    sizes = [of(names) for names in (50_000, 100_000, 400_000, 1_400_000, 5_000_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(1, abs=1e-4)
    assert 0 < sizes[2] < sizes[1] < 1
    assert sizes[3:] == [0, 0]


def test_a_saved_index_serves_without_the_names_in_memory(resolver: Resolver, tmp_path: Path) -> None:
    companies = base()
    write_index(tmp_path, companies.text["name"], former_names(companies.text["former_names"]))
    opened = Resolver(companies, open_corpora(), RULES, index=NameIndex.open(tmp_path))
    for query in ("鲸屿食品厂", "蓝溪谷", "91320500MA1W000000", "禾晟纺织"):
        assert opened.resolve(query) == resolver.resolve(query)
    with pytest.raises(ValueError, match="another base"):
        Resolver(base(PROFILES[:3]), open_corpora(), RULES, index=NameIndex.open(tmp_path))


def test_candidates_tell_what_was_compared(resolver: Resolver) -> None:
    first = resolver.resolve("鲸屿食品").candidates[0]
    assert first.features["core_equal"] == 1
    assert all(0 < abs(value) <= 1 for value in first.features.values())


def test_an_empty_base_knows_nobody(corpora: Corpora) -> None:
    empty = Resolver(base([PROFILES[0]]).take([]), corpora, RULES)
    assert empty.resolve(WHALE).decision == "none"
    assert empty.resolve("91370200MA3C000011").decision == "none"


@pytest.mark.parametrize(
    ("given_text", "wanted", "field"),
    [
        ("  short: 0.", "  short: 1.", "same_at.short"),
        ("unsure_at: 0.1", "unsure_at: 0.95", "unsure_at"),
        ("same_at_small:", "same_at_smal:", "same_at_smal"),
        ("    trade_equal:", "    trade_eqaul:", "trade_eqaul"),
        ("  precise: 0.99", "  precise: 很准", "bought.precise"),
        ("bought:", "bougth:", "bougth"),
    ],
)
def test_mistakes_in_the_thresholds_are_told_with_file_line_and_field(
    tmp_path: Path, given_text: str, wanted: str, field: str
) -> None:
    text = (folder("rules") / "resolution.yaml").read_text(encoding="utf-8")
    assert given_text in text
    (tmp_path / "resolution.yaml").write_text(text.replace(given_text, wanted, 1), encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        load_resolution(tmp_path)
    said = str(caught.value)
    assert "resolution.yaml:" in said
    assert field in said
