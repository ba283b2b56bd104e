"""Proves whose verb speaks for which item, in the order of the module docstring, against a plain reference and by hand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import MODES, Corpora
from matcher.text.scope import ScopeReader, scope_reader


@pytest.fixture(scope="module")
def reader(corpora: Corpora) -> ScopeReader:
    return scope_reader(corpora)


def modes(reader: ScopeReader, scope: str) -> dict[str, str]:
    found = reader.read([scope])
    names = (*MODES, "none")
    return {found.texts[item]: names[mode] for item, mode in zip(found.item, found.mode, strict=True)}


BY_HAND = {
    # none
    "红茶、绿茶": {"红茶": "none", "绿茶": "none"},
    # but for what only a maker's permit lists
    "片剂、硬胶囊剂、抗生素": {"片剂": "produce", "硬胶囊剂": "produce", "抗生素": "none"},
    "销售：片剂、硬胶囊剂": {"片剂": "sell", "硬胶囊剂": "sell"},
    # 1. its own verb, the strongest claim of several, wherever it stands
    "红茶种植": {"红茶种植": "produce"},
    "销售红茶": {"销售红茶": "sell"},
    "红茶加工销售": {"红茶加工销售": "produce"},
    "红茶批发零售": {"红茶批发零售": "wholesale"},
    "批发兼零售红茶": {"批发兼零售红茶": "wholesale"},
    "红茶研发": {"红茶研发": "develop"},
    "红茶运输": {"红茶运输": "operate"},
    "红茶经销": {"红茶经销": "sell"},
    "代销红茶": {"代销红茶": "retail"},
    "红茶进出口": {"红茶进出口": "trade"},
    "红茶信息咨询": {"红茶信息咨询": "consult"},
    "茶具出租": {"茶具出租": "lease"},
    "销售：红茶、绿茶加工": {"红茶": "sell", "绿茶加工": "produce"},
    "红茶、绿茶销售、白茶的种植": {"红茶": "sell", "绿茶销售": "sell", "白茶的种植": "produce"},
    # 2. a head that ends in a colon
    "销售：红茶、绿茶": {"红茶": "sell", "绿茶": "sell"},
    "批发、零售：红茶、绿茶": {"红茶": "wholesale", "绿茶": "wholesale"},
    "零售、批发：红茶、绿茶": {"红茶": "wholesale", "绿茶": "wholesale"},
    "生产、加工、销售：红茶、绿茶": {"红茶": "produce", "绿茶": "produce"},
    "销售、加工、生产：红茶，绿茶": {"红茶": "produce", "绿茶": "produce"},
    "研发，生产及销售：红茶、绿茶": {"红茶": "produce", "绿茶": "produce"},
    "生产/销售：红茶": {"红茶": "produce"},
    "销售：红茶，绿茶；白茶": {"红茶": "sell", "绿茶": "sell", "白茶": "none"},
    "销售：红茶、绿茶的生产": {"红茶": "sell", "绿茶的生产": "produce"},  # the head comes before the next verb of the list
    "销售：红茶；生产：绿茶": {"红茶": "sell", "绿茶": "produce"},
    "销售：红茶，生产：绿茶": {"红茶": "sell", "绿茶": "produce"},  # the nearer head
    "一般项目：生产、销售：红茶": {"红茶": "produce"},
    # a head of makers lists its goods in sentences, until another verb speaks
    "生产：红茶，绿茶；白茶；毛巾": {"红茶": "produce", "绿茶": "produce", "白茶": "produce", "毛巾": "produce"},
    "生产加工：红茶；茶具（茶杯）；白茶销售；毛巾": {
        "红茶": "produce",
        "茶具": "produce",
        "茶杯": "produce",
        "白茶销售": "sell",
        "毛巾": "none",
    },
    "生产红茶；绿茶": {"生产红茶": "produce", "绿茶": "none"},
    # 3. the next verb in its list
    "红茶、绿茶的生产": {"红茶": "produce", "绿茶的生产": "produce"},
    "果树、茶树的种植、销售": {"果树": "produce", "茶树的种植": "produce"},
    "红茶、绿茶、白茶的批发": {"红茶": "wholesale", "绿茶": "wholesale", "白茶的批发": "wholesale"},
    "红茶、绿茶、销售": {"红茶": "sell", "绿茶": "sell"},
    "红茶的销售、绿茶、白茶的加工": {"红茶的销售": "sell", "绿茶": "produce", "白茶的加工": "produce"},
    "销售红茶、绿茶、白茶的加工": {"销售红茶": "sell", "绿茶": "produce", "白茶的加工": "produce"},  # 3 before 4
    # 4. the last verb before it in the sentence
    "销售红茶、绿茶、白茶": {"销售红茶": "sell", "绿茶": "sell", "白茶": "sell"},
    "销售红茶，绿茶": {"销售红茶": "sell", "绿茶": "sell"},
    "生产红茶、销售绿茶、白茶": {"生产红茶": "produce", "销售绿茶": "sell", "白茶": "sell"},
    "生产、红茶、绿茶": {"红茶": "produce", "绿茶": "produce"},
    "销售红茶；绿茶": {"销售红茶": "sell", "绿茶": "none"},
    "销售红茶。绿茶": {"销售红茶": "sell", "绿茶": "none"},
    "销售红茶\n绿茶": {"销售红茶": "sell", "绿茶": "none"},
    "销售红茶，绿茶，白茶的加工": {"销售红茶": "sell", "绿茶": "sell", "白茶的加工": "produce"},  # 4 before 5
    # 5. the next verb in the sentence
    "红茶，绿茶的加工": {"红茶": "produce", "绿茶的加工": "produce"},
    "红茶，绿茶，销售": {"红茶": "sell", "绿茶": "sell"},
    "红茶；绿茶的加工": {"红茶": "none", "绿茶的加工": "produce"},
    # a run of bare verbs speaks with its strongest
    "生产、销售红茶、绿茶": {"销售红茶": "produce", "绿茶": "produce"},
    "零售、批发、红茶": {"红茶": "wholesale"},
    "销售、生产、红茶、绿茶": {"红茶": "produce", "绿茶": "produce"},
    "生产；销售红茶": {"销售红茶": "sell"},
    # bare verbs that close a list raise the item before them
    "红茶的研发、生产、销售": {"红茶的研发": "produce"},
    "红茶、绿茶的销售、加工；白茶": {"红茶": "produce", "绿茶的销售": "produce", "白茶": "none"},
    "红茶的销售、生产绿茶": {"红茶的销售": "sell", "生产绿茶": "produce"},
    "红茶的研发、生产、销售绿茶": {"红茶的研发": "develop", "销售绿茶": "produce"},
    "红茶的销售，加工": {"红茶的销售": "sell"},
    # some verbs are a business of their own
    "住宿、餐饮服务": {"住宿": "operate", "餐饮服务": "operate"},
    "仓储、运输：红茶": {"仓储": "operate", "红茶": "operate"},
    # a verb that closes an item is stronger than one that opens it or stands in it, unless they are joined
    "红茶种植基地管理": {"红茶种植基地管理": "operate"},
    "加工红茶及销售": {"加工红茶及销售": "produce"},
    "红茶加工及技术服务": {"红茶加工及技术服务": "produce"},
    "红茶加工业务": {"红茶加工业务": "produce"},
    "红茶种植咨询": {"红茶种植咨询": "consult"},
    "茶馆管理咨询服务": {"茶馆管理咨询服务": "consult"},
    "茶馆经营及业务咨询服务": {"茶馆经营及业务咨询服务": "operate"},
    "制茶车间租赁服务": {"制茶车间租赁服务": "lease"},
    # a verb within a noun says nothing
    "销售：红茶、茶叶加工机械、种植技术资料": {"红茶": "sell", "茶叶加工机械": "sell", "种植技术资料": "sell"},
    "茶叶生产资料批发": {"茶叶生产资料批发": "wholesale"},
    "收购本企业生产所需的鲜叶": {"收购本企业生产所需的鲜叶": "sell"},
    # what one makes oneself is made, wherever it is said; what others make is bought
    "销售自产的红茶": {"销售自产的红茶": "produce"},
    "销售成员种植的红茶": {"销售成员种植的红茶": "produce"},
    "红茶委托加工": {"红茶委托加工": "sell"},
    "红茶受委托加工": {"红茶受委托加工": "produce"},
    # brackets and negations do not lend verbs
    "红茶（不含加工）、绿茶": {"红茶": "none", "绿茶": "none"},
    "销售（不含零售）：红茶": {"红茶": "sell"},
    "销售：茶叶（红茶、绿茶）、白茶": {"茶叶": "sell", "红茶": "sell", "绿茶": "sell", "白茶": "sell"},
}


@pytest.mark.parametrize(("scope", "wanted"), BY_HAND.items())
def test_by_hand(scope: str, wanted: dict[str, str], reader: ScopeReader) -> None:
    assert modes(reader, scope) == wanted


@pytest.mark.parametrize("tail", ["：红茶", "、租赁红茶", "、红茶"])
def test_a_long_run_of_bare_verbs_speaks_with_its_strongest(tail: str, reader: ScopeReader) -> None:
    assert set(modes(reader, f"生产、批发、零售、代理、租赁{tail}").values()) == {"produce"}
    assert set(modes(reader, f"研发、批发、销售、零售、进出口、咨询、租赁{tail}").values()) == {"develop"}


# ------------------------------------------------------------------------------------- the plain reference

_VERBS = {"生产": 0, "研发": 1, "运输": 2, "批发": 3, "销售": 4, "零售": 5, "进出口": 6, "咨询": 7, "租赁": 8}
_STANDING = {"运输"}
"""Of the verbs above, those that are a business when they stand alone."""
_NONE = 9
_NOUNS = ("红茶", "绿茶", "桌椅", "木门", "陶罐", "竹篮")


@dataclass(frozen=True)
class Piece:
    """An item as it is written; ``verb`` stands before the noun, after it, or alone (``bare``), or nowhere."""

    noun: str
    verb: str
    where: str
    mark: str = "、"

    @property
    def text(self) -> str:
        return {"none": self.noun, "leads": self.verb + self.noun, "ends": f"{self.noun}的{self.verb}", "bare": self.verb}[
            self.where
        ]

    @property
    def mode(self) -> int:
        return _VERBS.get(self.verb, _NONE)


def strength(sentence: list[Piece], place: int) -> int:
    """The mode a verb speaks with: the strongest of the bare verbs that run up to it, if it leads or stands alone."""
    found = sentence[place].mode
    if sentence[place].where in {"leads", "bare"}:
        for before in reversed(sentence[:place]):
            if before.where != "bare":
                break
            found = min(found, before.mode)
    if sentence[place].where == "ends":
        found = min([found, *(piece.mode for piece in closing(sentence, place))])
    return found


def closing(sentence: list[Piece], place: int) -> list[Piece]:
    """The bare verbs that close the list behind an item, unless they lead what comes next."""
    run: list[Piece] = []
    while place + 1 < len(sentence) and sentence[place].mark != "，":
        place += 1
        if sentence[place].where != "bare" or sentence[place].mark == "：":
            leads = sentence[place].where in {"leads", "bare"}
            return [] if leads else run
        run.append(sentence[place])
    return run


def expected(sentence: list[Piece]) -> list[tuple[str, int]]:
    """The module docstring, sentence by sentence.

    A verb that leads its item, a verb alone before the sentence's first item, and a head speak for what follows;
    a verb that ends its item, or stands alone, speaks for what stands before it.
    """
    opening = next(n for n, piece in enumerate(sentence) if piece.where != "bare")
    speaks_on = [
        piece.where == "leads" or (piece.where == "bare" and (n < opening or piece.mark == "："))
        for n, piece in enumerate(sentence)
    ]
    list_of = [sum(piece.mark == "，" for piece in sentence[:n]) for n in range(len(sentence))]
    found = []
    for here, piece in enumerate(sentence):
        if piece.where == "bare":
            if piece.verb in _STANDING and piece.mark != "：":
                found.append((piece.verb, piece.mode))
            continue
        before = range(here - 1, -1, -1)
        after = [n for n in range(here + 1, len(sentence)) if sentence[n].where in {"ends", "bare"}]
        heads = [n for n in before if sentence[n].mark == "：" and sentence[n].mode < _NONE]
        leaders = [n for n in before if speaks_on[n]]
        if piece.where != "none":
            mode = strength(sentence, here)
        else:
            in_list = [n for n in after if list_of[n] == list_of[here]]
            speaker = next((n for source in (heads, in_list, leaders, after) for n in source), None)
            mode = _NONE if speaker is None else strength(sentence, speaker)
        found.append((piece.text, mode))
    return found


def listed_on(earlier: list[Piece], sentence: list[Piece], here: int) -> bool:
    """Whether the last verb before an item, in whatever sentence, is a head of makers."""
    for at, pieces in ((here, sentence), (len(earlier), earlier)):
        for n in range(at - 1, -1, -1):
            if pieces[n].where != "none":
                return pieces[n].where == "bare" and pieces[n].mark == "：" and strength(pieces, n) == _VERBS["生产"]
    return False


def expected_of_all(sentences: list[list[Piece]]) -> list[tuple[str, int]]:
    """What every sentence says of its own items, and heads of makers of those that are left."""
    found: list[tuple[str, int]] = []
    earlier: list[Piece] = []
    for sentence in sentences:
        told = [n for n, piece in enumerate(sentence) if piece.where != "bare" or (piece.verb in _STANDING and piece.mark != "：")]
        for n, (text, mode) in zip(told, expected(sentence), strict=True):
            found.append((text, _VERBS["生产"] if mode == _NONE and listed_on(earlier, sentence, n) else mode))
        earlier += sentence
    return found


_plain = st.builds(Piece, st.sampled_from(_NOUNS), st.just(""), st.just("none"), st.sampled_from("、、、，"))
_own = st.builds(
    Piece, st.sampled_from(_NOUNS), st.sampled_from(list(_VERBS)), st.sampled_from(["leads", "ends"]), st.sampled_from("、、、，：")
)
_bare = st.builds(Piece, st.just(""), st.sampled_from(list(_VERBS)), st.just("bare"), st.sampled_from("、、，"))


@st.composite
def _sentence(draw: st.DrawFn) -> list[Piece]:
    """Verbs in front, perhaps with a colon; items; perhaps verbs behind."""
    front = draw(st.lists(_bare, max_size=3))
    if front and draw(st.booleans()):
        front[-1] = Piece("", front[-1].verb, "bare", "：")
    middle = draw(st.lists(st.one_of(_plain, _plain, _own), min_size=1, max_size=6))
    return [*front, *middle, *draw(st.lists(_bare, max_size=2))]


@pytest.mark.slow
@given(sentences=st.lists(_sentence(), min_size=1, max_size=4), ends=st.lists(st.sampled_from("；。\n"), min_size=4, max_size=4))
@settings(max_examples=150, deadline=None)
def test_modes_equal_the_plain_reference(sentences: list[list[Piece]], ends: list[str], reader: ScopeReader) -> None:
    scope = ""
    for sentence, end in zip(sentences, ends, strict=False):
        marks = [piece.mark for piece in sentence[:-1]] + [end]
        scope += "".join(piece.text + mark for piece, mark in zip(sentence, marks, strict=True))
    items = reader.read([scope])
    found = [(items.texts[item], int(mode)) for item, mode in zip(items.item, items.mode, strict=True)]
    assert found == expected_of_all([[*sentence[:-1], last(sentence[-1])] for sentence in sentences]), scope


def last(piece: Piece) -> Piece:
    """The sentence's last item carries no mark of its own."""
    return Piece(piece.noun, piece.verb, piece.where, "；")
