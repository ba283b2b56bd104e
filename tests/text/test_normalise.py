"""Proves that one spelling stands for all widths, brackets and scripts, and that a batch is read as its members are."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.matching.profiles import ProfileReader
from matcher.text.normalise import _SHORT, in_lines, in_lines_with, normalise, to_simplified
from matcher.text.scope import scope_reader

_TWICE = {"薴"}
"""薴 becomes 苧, which is also a traditional way to write 苎: the one character that needs two steps."""

_PAIRS = (
    ("ＡＢＣｘｙｚ０１２９", "abcxyz0129"),
    ("PLC控制", "plc控制"),
    ("３Ｄ打印", "3d打印"),
    ("饲料（含添加剂）", "饲料(含添加剂)"),
    ("饲料【甲】〔乙〕［丙］[丁]｛戊｝{己}﹙庚﹚", "饲料(甲)(乙)(丙)(丁)(戊)(己)(庚)"),
    ("甲，乙；丙：丁。戊．己｡庚", "甲,乙;丙:丁.戊.己.庚"),
    ("甲＋乙－丙／丁％＊！？", "甲+乙-丙/丁%*!?"),
    ("甲\u3000乙\u00a0丙\t丁", "甲 乙 丙 丁"),
    ("\ufeff甲\u200b乙", "甲乙"),
    ('“甲”「乙」『丙』《丁》〈戊〉"己"', "甲乙丙丁戊己"),
    ("甲·乙•丙●丁★戊※己◆庚■辛〓壬", "甲;乙;丙;丁;戊;己;庚;辛;壬"),
    ("甲、乙", "甲、乙"),
    ("農業機械製造", "农业机械制造"),
    ("飼料、獸藥、醫療器械", "饲料、兽药、医疗器械"),
    ("甲\n乙", "甲\n乙"),
    ("", ""),
)

_ALPHABET = (
    "农业机械饲料医疗器械旅游文化体育甲乙丙丁農業機械飼料醫療遊覽書畫體育養殖種苗製造麵粉鹽裏後發乾隆著於"
    'ＡｂＣ０９abXYZ09（）【】[]{}，；：。、·•“”《》"+-/％* \t\u3000\u200b😀\n'
)
_text = st.text(_ALPHABET, max_size=40)
_any = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize(("given_text", "wanted"), _PAIRS)
def test_one_spelling(given_text: str, wanted: str) -> None:
    assert normalise(given_text) == wanted


def test_every_full_width_letter_and_digit_becomes_its_plain_one() -> None:
    plain = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    wide = "".join(chr(ord(char) + 0xFEE0) for char in plain)
    assert normalise(wide) == plain.lower()


def test_twice_is_once_for_every_character_of_the_basic_plane() -> None:
    codes = [*range(0x20, 0xD800), *range(0xE000, 0x10000)]
    once = [normalise(chr(code)) for code in codes]
    assert {chr(code) for code, text in zip(codes, once, strict=True) if normalise(text) != text} <= _TWICE


@given(text=_text)
@settings(max_examples=150, deadline=None)
def test_twice_is_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(text=st.one_of(_text, _any))
@settings(max_examples=150, deadline=None)
def test_nothing_that_is_folded_away_is_left(text: str) -> None:
    found = normalise(text)
    for char in '，；：（）【】〔〕［］[]{}｛｝。．｡＋－／％＊！？\u3000\u00a0\ufeff\u200b·•●★※◆■〓“”「」『』《》〈〉"\t':
        assert char not in found
    assert not any("０" <= char <= "９" or "Ａ" <= char <= "Ｚ" or "ａ" <= char <= "ｚ" for char in found)
    assert found.count("\n") == text.count("\n"), "newlines stay"


@given(lines=st.lists(st.one_of(_text, _any).map(lambda text: text.replace("\n", " ")), max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_batch_is_its_lines(lines: list[str]) -> None:
    assert normalise("\n".join(lines)) == "\n".join(normalise(line) for line in lines)
    assert to_simplified("\n".join(lines)) == "\n".join(to_simplified(line) for line in lines)


def test_a_neighbour_never_changes_a_line() -> None:
    """Script conversion works by phrases; a phrase must not reach into the next line."""
    for first, second in (("乾", "隆"), ("後", "宮"), ("農", "業"), ("皇", "后")):
        assert normalise(f"{first}\n{second}") == f"{normalise(first)}\n{normalise(second)}"


_TRADITIONAL = (
    ("甲鄉農業機械有限公司", "農業機械製造、飼料加工；種苗繁育", "甲乡农业机械有限公司", "农业机械制造、饲料加工；种苗繁育"),
    ("乙城養老服務有限公司", "養老服務、醫療器械銷售（不含藥品）", "乙城养老服务有限公司", "养老服务、医疗器械销售（不含药品）"),
    ("丙山旅遊開發有限公司", "旅遊景區管理；遊覽觀光，文藝創作", "丙山旅游开发有限公司", "旅游景区管理；游览观光，文艺创作"),
)


@pytest.mark.parametrize(("name", "scope", "simple_name", "simple_scope"), _TRADITIONAL)
def test_traditional_script_is_matched_as_simplified(
    name: str, scope: str, simple_name: str, simple_scope: str, corpora: Corpora, engine
) -> None:
    from matcher.intake import from_profiles

    reader = scope_reader(corpora)
    assert reader.clean(scope) == reader.clean(simple_scope)
    profiles = [{"name": name, "business_scope": scope}, {"name": simple_name, "business_scope": simple_scope}]
    read = ProfileReader(engine.zone.segments, corpora).read(from_profiles(profiles, corpora).companies)
    assert read.affinity[0].tolist() == read.affinity[1].tolist()
    assert read.affinity[0].max() > 300, "and it does match"


@given(text=st.text("甲乙丙門\n", max_size=30))
@settings(deadline=None)
def test_only_lines_with_a_sign_change_and_each_once(text: str) -> None:
    plain = "\n".join(f"<{line}>" if "乙" in line or "丙" in line else line for line in text.split("\n"))
    assert in_lines_with(re.compile("乙|丙"), text, lambda line: f"<{line}>") == plain


@given(text=st.one_of(_text, _any))
@settings(deadline=None)
def test_short_texts_are_read_as_long_ones(text: str) -> None:
    """The two ways through, one character at a time and one mark at a time, give the same."""
    assert len(text) <= _SHORT
    assert normalise(text + "\n" + "甲" * _SHORT) == normalise(text) + "\n" + "甲" * _SHORT


@pytest.mark.slow
def test_every_character_is_spelled_alike_in_long_texts_and_in_short_ones() -> None:
    codes = [code for code in range(sys.maxunicode + 1) if chr(code) != "\n"]
    alone = [normalise(chr(code)) for code in codes]
    assert normalise("\n".join(map(chr, codes))).split("\n") == alone, "with Σ and İ"
    plain = [place for place, code in enumerate(codes) if chr(code) not in "Σİ"]
    assert normalise("\n".join(chr(codes[place]) for place in plain)).split("\n") == [alone[place] for place in plain]


@pytest.mark.parametrize("text", ["ΟΔΟΣ", "İSTANBUL", "ΣΑΣ Σ", "\ud800甲"])
def test_letters_that_depend_on_their_neighbours_are_spelled_alike_in_long_texts(text: str) -> None:
    assert normalise(f"{text}\n{'农' * (2 * _SHORT)}").split("\n")[0] == normalise(text)


@given(texts=st.lists(st.text(st.sampled_from("甲乙;\n\r"), max_size=4), max_size=5))
def test_each_text_is_a_line_whatever_line_ends_it_has(texts: list[str]) -> None:
    plain = "\n".join(text.replace("\n", ";").replace("\r", ";") for text in texts)
    assert in_lines(texts, ";") == plain
    assert in_lines([*texts, "甲"], ";").split("\n") == [*(text.replace("\n", ";").replace("\r", ";") for text in texts), "甲"]
