"""Proves which words hit: literally, within the borders of words, by one slip at most, and never beside an excluded word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora, Mark
from matcher.matching.vocabulary import TextHits, Vocabulary, term_number
from matcher.rules.load import SegmentSpec
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
