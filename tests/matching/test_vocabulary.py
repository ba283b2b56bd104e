"""Proves which words hit: literally, within the borders of words, by one slip at most, and never beside an excluded word; and that the
zone's words send companies of a trade to the segment of that trade, look-alikes elsewhere."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora, Mark
from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.matching.vocabulary import TextHits, Vocabulary, term_number
from matcher.rules.zone import SegmentSpec
from matcher.runs import Request
from matcher.text.tokenizer import reference_cut
from tests.matching.naive import NaiveText, NaiveVocabulary, one_slip, segment


def hits(vocabulary: Vocabulary, found: TextHits, text: int) -> list[tuple[int, str]]:
    """(weight, term) by segment."""
    weight, best = found.weight[[text]].toarray()[0].tolist(), found.best[[text]].toarray()[0].tolist()
    return [(of, vocabulary.patterns[term_number(code)] if code else "") for of, code in zip(weight, best, strict=True)]


def weights(corpora: Corpora, spec: SegmentSpec, *texts: str) -> list[int]:
    return Vocabulary([spec], corpora).find(texts).weight.toarray()[:, 0].tolist()


@pytest.fixture(scope="module")
def real(engine) -> Vocabulary:
    return Vocabulary(engine.zone.segments, engine.corpora)


@pytest.fixture(scope="module")
def naive(engine) -> NaiveVocabulary:
    return NaiveVocabulary(engine.zone.segments, engine.corpora)


@pytest.fixture(scope="module")
def words(engine) -> list[str]:
    """Words of every kind: terms, excluded words, conflicts, words of marks."""
    found = {word for of in engine.zone.segments for word in (*(t for t, _ in of.terms), *of.excluded, *of.conflicts)}
    found |= {word for mark in engine.corpora.marks for word in (*mark.name_has, *mark.first_has, *mark.first_only)}
    return sorted(found)


def texts_of(words: list[str]) -> st.SearchStrategy[str]:
    """Words, torn words, slips and joints, stuck together."""
    word = st.sampled_from(words)
    torn = st.builds(lambda w, a, b: w[a : len(w) - b], word, st.integers(0, 2), st.integers(0, 2))
    slip = st.builds(lambda w, n: w[:n] + w[n + 1 : n + 2] + w[n : n + 1] + w[n + 2 :], word, st.integers(0, 6))
    more = st.builds(lambda w, n, c: w[:n] + c + w[n:], word, st.integers(0, 9), st.sampled_from("的农a机"))
    joint = st.sampled_from(
        ["", "", "的", "及", "佳", "农", "a", "3", "机械", "销售", "代销", "成员", " ", "(", "技术", "vr", "医院", "烟"]
    )
    return st.lists(st.one_of(word, torn, slip, more, joint), min_size=1, max_size=4).map("".join)


@pytest.mark.slow
def test_hits_equal_the_naive_reference(real: Vocabulary, naive: NaiveVocabulary, words: list[str]) -> None:
    @given(texts=st.lists(texts_of(words), min_size=1, max_size=5))
    @settings(max_examples=80, deadline=None)
    def check(texts: list[str]) -> None:
        found = real.find(texts)
        for number, text in enumerate(texts):
            assert hits(real, found, number) == naive.hits(text), text
            assert found.conflict[number].tolist() == naive.conflicts(text), text

    check()


def ends(read: NaiveText, word: str) -> bool:
    """Whether the text ends in the word in a way that counts."""
    return read.counts(word, len(read.text) - len(word), len(read.text))


def test_marks_equal_the_naive_reference(real: Vocabulary, corpora: Corpora) -> None:
    by_kind = ("name_has", "first_has", "first_only", "scope_has", "unless_name")
    words = sorted({word for mark in corpora.marks for kind in (*by_kind, "name_ends") for word in getattr(mark, kind)})

    @given(texts=st.lists(texts_of(words), min_size=1, max_size=5))
    @settings(max_examples=80, deadline=None)
    def check(texts: list[str]) -> None:
        found = real.find(texts)
        masks = (found.name_marks, found.first_marks, found.only_marks, found.scope_marks, found.unless_marks)
        for number, text in enumerate(texts):
            read = NaiveText(text, corpora)
            for kind, mask in zip(by_kind, masks, strict=True):
                wanted = 0
                for bit, mark in enumerate(corpora.marks):
                    listed = [word.lower() for word in getattr(mark, kind)]
                    holds = text in listed if kind == "first_only" else any(read.holds(word) for word in listed)
                    if kind == "name_has":
                        holds |= any(text.endswith(word.lower()) and ends(read, word.lower()) for word in mark.name_ends)
                    wanted |= int(holds) << bit
                assert int(mask[number]) == wanted, (kind, text)

    check()


def test_a_batch_is_found_as_one_by_one(real: Vocabulary, words: list[str]) -> None:
    @given(texts=st.lists(st.one_of(texts_of(words), st.just("")), max_size=6))
    @settings(max_examples=50, deadline=None)
    def check(texts: list[str]) -> None:
        together = real.find(texts)
        for number, text in enumerate(texts):
            alone = real.find([text])
            for mine, whole in (
                (alone.best.toarray()[0], together.best.toarray()[number]),
                (alone.conflict[0], together.conflict[number]),
                (alone.name_marks[0], together.name_marks[number]),
                (alone.only_marks[0], together.only_marks[number]),
            ):
                assert np.array_equal(mine, whole)
            tokens = [t for t, owner in zip(together.tokens, together.owner, strict=True) if owner == number and t != "\n"]
            assert tokens == [token for token in alone.tokens if token != "\n"]

    check()


BORDERS = (
    # text, its words, term, hits
    ("金农机械", ["金农", "机械"], "农机", False),  # half of one word and half of the next
    ("富农机械", ["富农", "机械"], "农机", False),
    ("佳农机械", ["佳", "农", "机械"], "农机", False),  # a word and half of the next
    ("农机修理", ["农机", "修理"], "农机", True),  # a whole word
    ("农机具销售", ["农机具", "销售"], "农机", True),  # the beginning of one word
    ("小麦粉", ["小麦粉"], "小麦", True),
    ("金农机械", ["金农", "机械"], "农机械", True),  # three characters are specific enough
    ("a4纸", ["a4", "纸"], "a4", True),
    ("em菌剂", ["em", "菌剂"], "em菌剂", True),
    ("item菌剂", ["item", "菌剂"], "em菌剂", False),  # Latin letters keep their borders at any length
    ("vr体验", ["vr", "体验"], "vr", True),
    ("avr体验", ["avr", "体验"], "vr", False),
)


@pytest.mark.parametrize(("text", "tokens", "term", "wanted"), BORDERS)
def test_word_borders(text: str, tokens: list[str], term: str, wanted: bool, corpora: Corpora) -> None:
    assert reference_cut(text, corpora) == tokens, "the case stands on these words"
    assert weights(corpora, segment({term: 10}), text) == [100 if wanted else 0]


def test_words_at_the_ends_of_neighbouring_texts_never_join(corpora: Corpora) -> None:
    assert weights(corpora, segment({"魔豆蓝饼": 10, "农机": 7}), "魔豆", "蓝饼", "农", "机", "") == [0, 0, 0, 0, 0]


def test_the_best_term_is_the_weightiest_then_the_longest_then_the_first(corpora: Corpora) -> None:
    vocabulary = Vocabulary([segment({"魔豆蓝饼": 4, "魔豆蓝": 7, "蓝饼铺子": 7, "白饼铺子": 7})], corpora)
    found = vocabulary.find(["魔豆蓝饼", "魔豆蓝饼铺子", "蓝饼铺子白饼铺子", "铺子"])
    assert [hits(vocabulary, found, n)[0] for n in range(4)] == [(70, "魔豆蓝"), (70, "蓝饼铺子"), (70, "白饼铺子"), (0, "")]


def test_an_excluded_word_silences_its_segment_and_no_other(corpora: Corpora) -> None:
    shop = segment({"魔豆饼": 10}, excluded=["代销"])
    other = segment({"魔豆饼": 7})
    found = Vocabulary([shop, other], corpora).find(["魔豆饼加工", "魔豆饼代销", "代销"])
    assert found.weight.toarray().tolist() == [[100, 70], [0, 70], [0, 0]]


def test_an_excluded_word_keeps_word_borders_too(corpora: Corpora) -> None:
    spec = segment({"机械": 10}, excluded=["农机"])
    assert weights(corpora, spec, "金农机械", "农机机械") == [100, 0]


def test_a_longer_term_of_the_segment_takes_an_excluded_word_back(corpora: Corpora) -> None:
    spec = segment({"智慧茶馆系统": 9, "茶叶": 5}, excluded=["茶馆"], conflicts=["系统"])
    vocabulary = Vocabulary([spec], corpora)
    found = vocabulary.find(["智慧茶馆系统", "茶叶茶馆", "智慧茶馆系统茶馆", "茶叶系统"])
    assert (found.best.toarray()[:, 0] > 0).tolist() == [True, False, False, True]
    assert found.conflict[:, 0].tolist() == [False, False, False, True]


def test_a_conflict_is_noticed_and_silences_nothing_here(corpora: Corpora) -> None:
    found = Vocabulary([segment({"魔豆饼": 10}, conflicts=["足浴"]), segment({"魔豆饼": 10})], corpora).find(
        ["魔豆饼足浴", "魔豆饼"]
    )
    assert found.conflict.tolist() == [[True, False], [False, False]]
    assert found.weight.toarray().tolist() == [[100, 100], [100, 100]]


SLIPS = (
    ("豆魔蓝饼铺", 60),  # swapped
    ("魔豆蓝饼", 60),  # lost
    ("魔豆蓝的饼铺", 60),  # added
    ("魔豆白饼铺", 0),  # replaced: another word
    ("豆魔蓝铺饼", 0),  # two slips
    ("蓝豆魔饼铺", 0),  # a swap of far ones
    ("卖豆魔蓝饼铺", 0),  # a slip within a longer item
    ("魔豆", 0),
)


@pytest.mark.parametrize(("text", "wanted"), SLIPS)
def test_slips_are_swapped_lost_or_added_characters_only(text: str, wanted: int, corpora: Corpora) -> None:
    assert one_slip("魔豆蓝饼铺", text) is (wanted > 0), "the reference agrees with the hand"
    assert corpora.reading.fuzzy_share == 600
    assert weights(corpora, segment({"魔豆蓝饼铺": 10}), text, "魔豆蓝饼铺") == [wanted, 100]


def test_only_long_and_weighty_terms_forgive_a_slip(corpora: Corpora) -> None:
    assert weights(corpora, segment({"魔豆蓝饼铺": 7}), "豆魔蓝饼铺") == [42]
    assert weights(corpora, segment({"魔豆蓝饼铺": 6}), "豆魔蓝饼铺") == [0]
    assert weights(corpora, segment({"魔豆蓝饼": 10}), "豆魔蓝饼") == [0]


def test_a_slip_counts_only_where_no_term_hits(corpora: Corpora) -> None:
    assert weights(corpora, segment({"魔豆蓝饼铺": 10, "蓝饼铺": 2}), "豆魔蓝饼铺") == [20]


def test_the_weight_in_another_chain_lends_no_slip(corpora: Corpora) -> None:
    """A term too light to forgive a slip in its own segment stays so, whatever it weighs elsewhere."""
    light, heavy = segment({"魔豆蓝饼铺": 4}), segment({"魔豆蓝饼铺": 10}, chain="other")
    assert Vocabulary([light, heavy], corpora).find(["豆魔蓝饼铺"]).weight.toarray().tolist() == [[0, 60]]


def test_a_hit_of_another_chain_takes_no_slip_away(corpora: Corpora) -> None:
    """Editing the terms of one chain moves no other."""
    mine, other = segment({"魔豆蓝饼铺": 10}), segment({"蓝饼铺": 2}, chain="other")
    assert weights(corpora, mine, "豆魔蓝饼铺") == [60]
    assert Vocabulary([mine, other], corpora).find(["豆魔蓝饼铺"]).weight.toarray().tolist() == [[60, 20]]


def test_an_excluded_word_forbids_the_slip_too(corpora: Corpora) -> None:
    assert weights(corpora, segment({"魔豆蓝饼铺": 10}, excluded=["饼铺"]), "豆魔蓝饼铺") == [0]


@pytest.mark.parametrize("kind", ["name_has", "first_has", "first_only", "scope_has", "unless_name"])
def test_each_kind_of_mark_word_has_a_mask_of_its_own(kind: str, corpora: Corpora) -> None:
    marks = (Mark("one", "一", **{kind: ("魔豆饼",)}), Mark("two", "二", **{kind: ("魔豆饼", "PLC柜")}))
    other_corpora = Corpora(corpora.path)
    other_corpora.__dict__["marks"] = marks
    vocabulary = Vocabulary([segment({"红茶": 5})], other_corpora)
    found = vocabulary.find(["魔豆饼", "魔豆饼加工", "plc柜", "红茶"])
    of = {
        "name_has": found.name_marks,
        "first_has": found.first_marks,
        "first_only": found.only_marks,
        "scope_has": found.scope_marks,
        "unless_name": found.unless_marks,
    }
    whole = [3, 0, 2, 0] if kind == "first_only" else [3, 3, 2, 0]
    for other, mask in of.items():
        assert mask.tolist() == (whole if other == kind else [0, 0, 0, 0]), other


# --- the zone's own words: made-up companies, with the trade words that registries write -----------------------------------

PLACED = (
    # name, scope, segment
    ("杭州甪鑫制药", "制造：中西原料药及制剂，食品，生物制品，兽药；货物进出口", "finished-drugs"),
    ("浙江甪鑫诊断技术集团", "诊断技术、医疗技术的技术开发、技术服务；医疗器械的制造（限分支机构经营）", "lab-imaging-checkup"),
    ("甪鑫家政集团", "普通货运；搬家运输；生活照料、精神慰藉、日间照料", "home-care"),
    ("青岛甪鑫养老", "养老服务；老年公寓管理；康复护理", "senior-institutions"),
    ("青岛甪鑫海藻集团", "食品添加剂；海藻酸钠、褐藻胶、海藻酸钙的生产；化妆品及海藻制品的检验检测服务", "deep-processing"),
    ("青岛甪鑫生物制品", "胚毒/细胞毒活疫苗、细菌灭活疫苗的生产；饲料添加剂开发", "animal-health"),
    ("青岛甪鑫饲料", "配合饲料、预混料的生产；兽药销售", "feed"),
    ("青岛甪鑫箱业", "生产销售冷藏箱、冷机及其配件", "cold-chain-equipment"),
    ("青岛甪鑫物流", "冷库租赁、冷链物流、冷藏运输", "cold-chain-market"),
    ("杭州甪鑫食品", "炒货食品及坚果制品（烘炒类）的生产", "bakery-snack"),
    ("浙江甪鑫农业科技", "农业物联网、农业信息软件的技术开发", "smart-agriculture"),
    ("杭州甪鑫动物世界", "动物园经营；马戏、杂技表演；餐饮服务", "theme-parks"),
    ("杭州甪鑫水上乐园", "水上游乐园服务；餐饮服务", "theme-parks"),
    ("青岛甪鑫商业股份", "国内商业；特许经营；房地产开发；柜台租赁", "retail-brands"),
    ("杭州甪鑫博览园", "旅游规划综合开发、经营及咨询服务；会展服务", "tourism-investment"),
    ("浙江甪鑫运动器械制造", "航空模型、水上摩托艇生产", "watercraft"),
)
ELSEWHERE = (
    # name, scope, a segment that one word of it suggests
    ("杭州甪鑫机械", "轴承故障诊断技术、电力设备诊断服务", "lab-imaging-checkup"),
    ("青岛甪鑫检测", "煤炭、化工原料、化妆品的检验检测服务", "quality-testing"),
    ("杭州甪鑫农业科技", "土鸡养殖，销售；农业科技开发；农业技术开发", "smart-agriculture"),
    ("杭州甪鑫控股", "股权投资；农业科技开发；农产品零售", "smart-agriculture"),
    ("杭州甪鑫农业", "生态农业技术研发、推广；有机农业种植", "circular-agriculture"),
    ("临安甪鑫展示道具", "加工、销售：商品陈列柜、服装展示柜", "cold-chain-equipment"),
    ("青岛甪鑫动物医院", "动物诊疗；疫苗零售；宠物用品零售", "animal-health"),
    ("绍兴甪鑫伞业", "伞、伞件、伞布的制造；帐篷、遮阳篷的加工", "outdoor-gear"),
    ("绍兴甪鑫伞业", "伞、伞件、伞布的制造；帐篷、遮阳篷的加工", "tour-vehicles"),
    ("甪鑫公交集团", "公共客运；汽车维修；职业技能培训", "vocational-education"),
    ("杭州甪鑫数字技术", "电子产品、多媒体设备、通信设备的研发、生产", "education-equipment"),
    ("浙江甪鑫新材料", "透气膜、透气薄膜的生产", "sports-facilities"),
    ("青岛甪鑫商贸", "日用百货、小百货、粮油、副食品的批发、零售", "retail-brands"),
    ("杭州甪鑫汽配", "汽车零部件的制造；秸秆压块机、秸秆气化炉的研制", "circular-agriculture"),
)


def placed(engine: Engine, name: str, scope: str) -> tuple[str | None, float]:
    """The segment that a company is given and its affinity, with capital and age that bar nobody."""
    profile = {"name": f"{name}有限公司", "business_scope": scope, "reg_capital": "20000万元", "founded_date": "2009-01-01"}
    (result,) = engine.score([profile], date(2026, 11, 1))
    assert not isinstance(result, dict)
    return result.segment, result.affinity


@pytest.mark.parametrize(("name", "scope", "segment_id"), PLACED)
def test_a_trade_goes_to_its_segment(engine: Engine, name: str, scope: str, segment_id: str) -> None:
    found, affinity = placed(engine, name, scope)
    assert (found, affinity >= 0.4) == (segment_id, True), affinity


@pytest.mark.parametrize(("name", "scope", "segment_id"), ELSEWHERE)
def test_one_stray_word_sends_nobody_to_a_segment(engine: Engine, name: str, scope: str, segment_id: str) -> None:
    assert segment_id in {segment.id for segment in engine.zone.segments}
    assert placed(engine, name, scope)[0] != segment_id


OPPORTUNITIES = (
    # name, scope, theme or none
    ("浙江甪鑫三维科技股份", "三维扫描仪、3D打印机的生产；三维数字化设备的技术开发", "industrial-vision"),
    ("杭州甪鑫软件园股份", "高科技产业的投资与管理；园区建设开发与管理；孵化器运营", "park-operation"),
    ("青岛甪鑫玩具", "毛绒玩具、益智玩具的生产；货物进出口", "toys-amusement"),
    ("青岛甪鑫毛皮", "面料的织染和后整理加工；玩具、服装的生产", None),
    ("杭州甪鑫五金", "车圈、自行车配件、童车、玩具的制造；电镀", None),
    ("甪鑫镇工业园区开发", "工业园区基础设施建设；工业园区开发", None),
    ("甪鑫家禽孵化", "家禽孵化；种禽孵化", None),
)


@pytest.mark.parametrize(("name", "scope", "theme"), OPPORTUNITIES)
def test_opportunities_are_of_their_theme_and_can_be_permitted(engine: Engine, name: str, scope: str, theme: str | None) -> None:
    profile = {"name": f"{name}有限公司", "business_scope": scope, "reg_capital": "20000万元", "founded_date": "2009-01-01"}
    ranking = engine.rank(from_profiles([profile], engine.corpora), Request(as_of=date(2026, 11, 1)))
    assert [result.segment for result in ranking.opportunities] == ([theme] if theme else [])
