"""Proves that the fast tokenizer gives the reference's tokens, loses no character and never looks over a line's end."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.text.tokenizer import cut, reference_cut

_REGISTRY = (
    "一般项目：食用农产品初加工；农副产品销售；货物进出口（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）",
    "许可项目：第三类医疗器械经营；药品零售；餐饮服务（不含凉菜）",
    "生产、加工、销售：冷冻蔬菜、面粉，经营本企业自产产品的出口业务",
    "果树、茶树的种植、销售及相关技术服务",
    "旅游景区管理,酒店管理;文艺创作;会议及展览服务.",
    "研发：3d打印设备、plc控制系统、led显示屏、vr体验软件、a4纸、t恤、卡拉ok",
    "丁基胶塞、丁腈手套、三叶青、专用粉、中乐器、中医馆",
    "1.饲料加工 2.仓储服务(危险品除外)  3.e-mail 服务 c++ 开发 50%  12,345.6万元",
    "佳农机械，富农机械，乐农机具；农机具修理",
    "😀饲料😀加工🐟🐖、𠮷野豆腐、㐀㐁、ＡＢＣ１２３、①②、αβγ、カフェ、한국",
)
_CHINESE = (
    "中国农机械饲料加工生产销售医疗器械旅游文化体育茶叶果树种植养殖研发服务管理的和及与或除外不含批发零售技术进出口业务公司有限"
)
_OTHER = "abcdexyzABC0123456789.,;:+-#&%_/()（）、，；：。·【】！？*'\"<>=@ \t\u3000\xa0"
_RARE = "😀🐖🇨🇳👩‍🌾𠮷㐀龥鿃鿿豈々〇①Ⅲαβжカナ한é\u200b\ufeff\u0301\x1c\x85"

_words = st.sampled_from([piece for line in _REGISTRY for piece in line.replace("；", "、").split("、")])
_piece = st.one_of(
    _words,
    st.text(_CHINESE, min_size=1, max_size=8),
    st.text(_OTHER, min_size=1, max_size=6),
    st.text(_RARE, min_size=1, max_size=3),
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n").map(str),
)
_line = st.lists(_piece, max_size=8).map("".join).filter(lambda text: "\n" not in text and "\r" not in text)


@pytest.mark.slow
@pytest.mark.parametrize("text", _REGISTRY)
def test_registry_like_text_has_the_tokens_of_the_reference(text: str, corpora: Corpora) -> None:
    assert cut(text, corpora) == reference_cut(text, corpora)


@given(text=_line)
@settings(max_examples=150, deadline=None)
@example(text="a+b-c.d_e%f#g&h")
@example(text="t恤卡拉ok3d打印")
@example(text="鿃鿿㐀饲料")
def test_any_mixture_has_the_tokens_of_the_reference_and_loses_nothing(text: str, corpora: Corpora) -> None:
    tokens = cut(text, corpora)
    assert tokens == reference_cut(text, corpora)
    assert "".join(tokens) == text
    assert all(tokens), "no token is empty"


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=100, deadline=None)
def test_arbitrary_unicode_is_cut_like_the_reference_and_joined_again(text: str, corpora: Corpora) -> None:
    tokens = cut(text, corpora)
    assert tokens == reference_cut(text, corpora)
    assert "".join(tokens) == text


@given(lines=st.lists(_line, max_size=6))
@settings(max_examples=100, deadline=None)
def test_lines_cut_together_are_lines_cut_alone(lines: list[str], corpora: Corpora) -> None:
    apart: list[str] = []
    for number, line in enumerate(lines):
        apart += (["\n"] if number else []) + cut(line, corpora)
    assert cut("\n".join(lines), corpora) == apart


def test_a_word_across_a_line_end_is_no_word(corpora: Corpora) -> None:
    assert cut("饲料", corpora) == ["饲料"]
    assert cut("饲\n料", corpora) == ["饲", "\n", "料"]


def test_every_trade_word_alone_is_cut_like_the_reference(corpora: Corpora) -> None:
    for word in corpora.trade_words:
        assert cut(word, corpora) == reference_cut(word, corpora)


def test_trade_words_come_from_the_corpora(corpora: Corpora, tmp_path) -> None:
    (tmp_path / "dictionaries").mkdir()
    (tmp_path / "dictionaries" / "made-up.txt").write_text("# 虚构\n魔豆蓝饼 2000\n", encoding="utf-8")
    other = Corpora(tmp_path)
    assert "魔豆蓝饼" not in cut("生产魔豆蓝饼", corpora)
    assert "魔豆蓝饼" in cut("生产魔豆蓝饼", other)
    assert cut("生产魔豆蓝饼", other) == reference_cut("生产魔豆蓝饼", other)
    assert "魔豆蓝饼" not in cut("生产魔豆蓝饼", corpora), "one dictionary never leaks into another"


def test_no_word_is_invented(corpora: Corpora) -> None:
    """HMM is off: characters that no dictionary joins stay apart."""
    assert cut("鑫甪犇", corpora) == ["鑫", "甪", "犇"]
