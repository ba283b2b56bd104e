"""Proves what is read from a scope: its items in order without boilerplate and negations, and alike in any batch."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import MODES, Corpora
from matcher.text.scope import _EDGES, ScopeItems, ScopeReader, _leads_last, _parted, numbered, scope_reader
from matcher.text.verbs import NO_MODE


@pytest.fixture(scope="module")
def reader(corpora: Corpora) -> ScopeReader:
    return scope_reader(corpora)


def rows(items: ScopeItems) -> list[list[tuple[str, str, bool]]]:
    """(text, mode, filler) of each scope's items in order."""
    names = (*MODES, "none")
    found: list[list[tuple[str, str, bool]]] = [[] for _ in range(items.rows)]
    for row, item, position, mode in zip(items.row, items.item, items.position, items.mode, strict=True):
        assert position == len(found[row]), "places count from 0 within a scope"
        found[row].append((items.texts[item], names[mode], bool(items.filler[item])))
    return found


def texts(reader: ScopeReader, scope: str) -> list[str]:
    return [text for text, _, _ in rows(reader.read([scope]))[0]]


ITEMS = {
    # cut at ；。，、： and line ends, in order
    "红茶；绿茶。白茶，黑茶、花茶：黄茶\n青茶\r\n砖茶": ["红茶", "绿茶", "白茶", "黑茶", "花茶", "黄茶", "青茶", "砖茶"],
    "红茶;绿茶.白茶,黑茶:黄茶": ["红茶", "绿茶", "白茶", "黑茶", "黄茶"],
    "绿茶、红茶、绿茶": ["绿茶", "红茶", "绿茶"],
    "红茶 绿茶": ["红茶", "绿茶"],
    "红茶…绿茶……": ["红茶", "绿茶"],
    "，，、；红茶；；": ["红茶"],
    "": [],
    "；，。": [],
    "茶": [],  # one character says nothing
    # a point within a number or a Latin word is no full stop
    "1.5吨叉车、web3.0软件。红茶": ["1.5吨叉车", "web3.0软件", "红茶"],
    # edges
    "-红茶-、*绿茶*、及白茶、黑茶等": ["红茶", "绿茶", "白茶", "黑茶"],
    "ＰＬＣ控制器、「红茶」、農機": ["plc控制器", "红茶", "农机"],
    # labels go, what they head stays
    "一般项目：红茶、绿茶；许可项目：白茶": ["红茶", "绿茶", "白茶"],
    "经营范围：红茶；主营:绿茶；兼营 白茶": ["红茶", "绿茶", "白茶"],
    "许可经营项目：红茶 一般经营项目：绿茶": ["红茶", "绿茶"],
    # licence talk
    "红茶（依法须经批准的项目，经相关部门批准后方可开展经营活动）": ["红茶"],
    "红茶；依法须经批准的项目，经相关部门批准后方可开展经营活动；绿茶": ["红茶", "绿茶"],
    "凭有效许可证经营；红茶": ["红茶"],
    "红茶（凭许可证经营）、绿茶（有效期至2030年1月1日）": ["红茶", "绿茶"],
    "无；红茶；其他": ["红茶"],
    "国家法律法规禁止经营的不得经营；红茶": ["红茶"],
    "2024；（一）；abc；红茶": ["红茶"],
    # negations
    "红茶（不含绿茶）、白茶": ["红茶", "白茶"],
    "红茶，不含绿茶、白茶；黑茶": ["红茶", "黑茶"],
    "红茶不含绿茶、青茶，白茶。黑茶": ["红茶", "白茶", "黑茶"],
    "不从事绿茶服务，白茶生产": ["白茶生产"],
    "除绿茶外的白茶销售": ["白茶销售"],
    "红茶不包括绿茶\n黑茶": ["红茶", "黑茶"],
    "红茶（除绿茶外）、白茶": ["红茶", "白茶"],
    "红茶（绿茶除外）、白茶": ["红茶", "白茶"],
    "红茶、绿茶除外、白茶": ["红茶", "白茶"],
    "红茶（绿茶、白茶除外）": ["红茶"],
    "不得从事绿茶种植；红茶": ["红茶"],
    "非医疗性健康指导、红茶": ["健康指导", "红茶"],
    "健康指导（非医疗性）": ["健康指导"],
    "非学历技能指导": ["技能指导"],
    "非食用植物油": ["非食用植物油"],
    # brackets: those with conditions go, others are read
    "茶叶（红茶、绿茶）；白茶": ["茶叶", "红茶", "绿茶", "白茶"],
    "茶叶（红茶（祁门）、绿茶）": ["茶叶", "红茶", "祁门", "绿茶"],
    "茶叶（红茶（不含祁门）、绿茶）": ["茶叶", "红茶", "绿茶"],
    "茶叶【红茶】［绿茶］": ["茶叶", "红茶", "绿茶"],
    "茶叶（限分支机构）、红茶（仅限预包装）": ["茶叶", "红茶"],
    "茶叶（红茶": ["茶叶(红茶"],  # an open bracket swallows nothing
}


@pytest.mark.parametrize(("scope", "wanted"), ITEMS.items())
def test_items_in_order(scope: str, wanted: list[str], reader: ScopeReader) -> None:
    assert texts(reader, scope) == wanted


LICENCE_TALK = (
    "依法须经批准的项目，经相关部门批准后方可开展经营活动，具体经营项目以审批结果为准",
    "除依法须经批准的项目外，凭营业执照依法自主开展经营活动",
    "（以上范围需经许可经营的，须凭许可证经营）",
    "以上经营范围不含国家法律、法规规定限制、禁止和许可经营的项目",
    "未经金融监管部门批准，不得从事吸收存款、融资担保、代客理财、向社会公众集（融）资等金融业务",
    "（不涉及国营贸易管理商品，涉及配额、许可证管理商品的，按国家有关规定办理申请）",
    "国家限制和禁止的除外",
    "涉及许可经营的凭许可证经营",
    "法律、法规禁止的不得经营",
    "法律、行政法规、国务院决定禁止的不得经营",
    "法律、行政法规、国务院决定规定应当许可的，经许可机关批准后方可经营",
)
"""What registries append to scopes by rule, whatever the trade."""


@pytest.mark.parametrize("talk", LICENCE_TALK)
def test_licence_talk_leaves_nothing(talk: str, reader: ScopeReader) -> None:
    assert texts(reader, f"红茶；{talk}；绿茶") == ["红茶", "绿茶"]


@pytest.mark.parametrize("scope", ["红茶（除烟草外）", "红茶，除烟草外", "红茶（烟草除外）", "红茶，烟草除外", "红茶，不含烟草"])
def test_what_is_excepted_is_not_read(scope: str, reader: ScopeReader) -> None:
    assert texts(reader, scope) == ["红茶"]


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        ("红茶（乌龙茶除外）", {"红茶": "乌龙茶"}),
        ("红茶（除乌龙茶外）的批发；绿茶", {"红茶的批发": "乌龙茶"}),
        ("绿茶；红茶（不含乌龙茶、花茶；茶饼）", {"红茶": "乌龙茶 花茶 茶饼"}),
        ("红茶（仅销售，不包括乌龙茶）", {"红茶": "乌龙茶"}),
        ("红茶（不含乌龙茶）（花茶的除外）", {"红茶": "乌龙茶 花茶"}),
        ("仓储服务（不含冷库、不含危险化学品）、装卸", {"仓储服务": "冷库 不含危险化学品"}),  # no pattern takes the end away
        ("餐馆（不含凉菜 不含裱花蛋糕）；住宿", {"餐馆": "凉菜 不含裱花蛋糕"}),
        ("橡胶制品（除前置许可经营项目外）、化工", {"橡胶制品": "前置许可经营项目"}),
        ("红茶（不含\U0010d800乌龙茶\U0010000a）", {"红茶": " 乌龙茶 "}),  # private use: not what hides the excepted
        ("红茶\x1e乌龙茶\x1f、绿茶", {}),  # a row's own control characters mark nothing
        ("红茶（以上均不含乌龙茶）；绿茶（凭许可证经营）；花茶（精品）", {}),  # of all before it, of nobody, a kind
    ],
)
def test_what_brackets_except_stays_with_its_item(scope: str, wanted: dict[str, str], reader: ScopeReader) -> None:
    found = reader.read([scope])
    assert {found.texts[number]: said for number, said in found.excepted.items()} == wanted


def test_fillers_are_marked_and_kept(reader: ScopeReader, corpora: Corpora) -> None:
    found = rows(reader.read(["货物进出口；红茶加工；技术咨询"]))[0]
    assert [(text, filler) for text, _, filler in found] == [("红茶加工", False), ("技术咨询", True), ("货物进出口", True)]
    fillers = rows(reader.read(["；".join(corpora.reading.fillers)]))[0]
    assert fillers
    assert all(filler for _, _, filler in fillers)


def test_leading_permits_and_fillers_come_last(reader: ScopeReader) -> None:
    assert texts(reader, "快餐店；停车场；主题公园的经营；演出") == ["主题公园的经营", "演出", "快餐店", "停车场"]
    assert texts(reader, "货物进出口，预包装食品零售，旅游景点开发") == ["旅游景点开发", "货物进出口", "预包装食品零售"]
    assert texts(reader, "实业投资，旅游景点开发") == ["实业投资", "旅游景点开发"], "what tells a holding stays"


def test_a_permit_is_the_business_where_there_is_no_other_or_it_is_made(reader: ScopeReader) -> None:
    assert texts(reader, "停车服务；货物进出口") == ["停车服务", "货物进出口"]
    assert texts(reader, "预包装食品生产；红茶销售") == ["预包装食品生产", "红茶销售"]
    assert texts(reader, "红茶销售；停车服务；快餐店") == ["红茶销售", "停车服务", "快餐店"], "only what leads moves"


def test_bare_verbs_are_no_items(reader: ScopeReader) -> None:
    assert texts(reader, "生产、加工、销售：红茶") == ["红茶"]
    assert texts(reader, "批发兼零售：红茶") == ["红茶"]
    assert texts(reader, "红茶的种植、加工及销售") == ["红茶的种植"]
    assert texts(reader, "研发、生产和销售；红茶") == ["红茶"]


# ------------------------------------------------------------------------------------------------ batches

_FRAGMENTS = (
    *(
        "红茶",
        "桌椅",
        "木门",
        "陶罐",
        "饲料",
        "农业机械",
        "養老服務",
        "ＰＬＣ",
        "v1.5",
        "3.14",
        "😀",
        "a",
        "x.y",
        "1.",
        "货物进出口",
    ),
    *("生产", "加工", "销售", "批发兼零售", "批发", "零售", "进出口", "咨询", "租赁", "研发", "的种植", "和", "及", "等", "兼"),
    *("一般项目：", "许可项目", "主营 :", "经营范围", "不含", "除外", "除", "外", "非医疗性", "非", "医疗", "凭许可证经营", "以上"),
    *("依法须经批准的项目", "经相关部门批准后方可开展经营活动", "无", "其他", "（", "）", "(", ")", "【", "】", "“", "”", "/", "-"),
    *(
        "；",
        ";",
        "，",
        ",",
        "、",
        "：",
        ":",
        "。",
        ".",
        "…",
        "·",
        " ",
        "  ",
        "\u3000",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "İ",
        "Σ",
        "\u200b",
    ),
)
_scope = st.lists(st.sampled_from(_FRAGMENTS), max_size=16).map("".join)
_loose = st.one_of(_scope, _scope, st.text(st.characters(exclude_categories=["Cs"]), max_size=30))


@pytest.mark.slow
@given(scopes=st.lists(_loose, max_size=7))
@settings(max_examples=150, deadline=None)
def test_a_batch_is_read_as_one_by_one(scopes: list[str], reader: ScopeReader) -> None:
    together = reader.read(scopes)
    assert together.rows == len(scopes)
    assert rows(together) == [rows(reader.read([scope]))[0] for scope in scopes]
    plain = [text for number, text in enumerate(together.texts) if number not in together.excepted]
    assert len(set(plain)) == len(plain), "texts are distinct, but for what brackets except"
    assert (together.mode >= 0).all()
    assert (together.mode <= NO_MODE).all()
    assert (together.row[1:] >= together.row[:-1]).all(), "rows ascend"


@given(scopes=st.lists(_loose.map(lambda text: text.replace("\n", " ")), max_size=5))
@settings(max_examples=100, deadline=None)
def test_cleaning_many_is_cleaning_each(scopes: list[str], reader: ScopeReader) -> None:
    assert reader.clean("\n".join(scopes)) == "\n".join(reader.clean(scope) for scope in scopes)


@given(scope=_loose)
@settings(max_examples=100, deadline=None)
def test_items_never_hold_what_separates_or_edges_them(scope: str, reader: ScopeReader) -> None:
    for text in texts(reader, scope):
        assert len(text) > 1
        assert text == text.strip(" -_/*#.'()+&%~<>=?!和及与或等的并兼")
        assert not set(text) & set("；;，,、：:。\n\r")


@given(items=st.lists(_loose.map(lambda text: text.replace("\n", " ")), max_size=20))
@settings(max_examples=100, deadline=None)
def test_licence_talk_is_found_where_the_patterns_find_it(items: list[str], reader: ScopeReader, corpora: Corpora) -> None:
    """Against the plain reading: every item of two characters or more that ends in no Chinese character or holds a sign is searched."""
    patterns = [re.compile(pattern) for pattern in corpora.reading.boilerplate]

    def plain(text: str) -> bool:
        odd = text[-1] < "一" or any(sign in text for sign in corpora.reading.boilerplate_signs)
        return not (odd and any(pattern.search(text) for pattern in patterns))

    assert reader._kept(items).tolist() == [len(text) > 1 and plain(text) for text in items]


@given(text=_loose)
@settings(max_examples=100, deadline=None)
def test_parts_and_marks_are_those_of_a_plain_split(text: str) -> None:
    plain = re.split("([;,、:\n])", text)
    parts, marks = _parted(text)
    assert parts == [part.strip(_EDGES) for part in plain[0::2]]
    assert [chr(mark) for mark in marks] == [*plain[1::2], "\n"]


@given(scopes=st.lists(_loose, max_size=5))
@settings(max_examples=100, deadline=None)
def test_fillers_are_the_items_that_are_one_of_the_words(scopes: list[str], reader: ScopeReader, corpora: Corpora) -> None:
    words = corpora.reading.fillers
    items = reader.read([*scopes, f"{words[0]}(食品除外);{words[-1]};甲{words[0]}"])
    assert items.filler.tolist() == [text in words for text in items.texts]
    assert items.filler.any()


@given(texts=st.lists(st.sampled_from(_FRAGMENTS)))
@settings(deadline=None)
def test_numbers_follow_first_appearance(texts: list[str]) -> None:
    distinct, numbers = numbered(texts)
    assert distinct == list(dict.fromkeys(texts))
    assert [distinct[number] for number in numbers] == texts


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=30))
def test_the_order_that_puts_leads_last_against_sorting(occurrences: list[tuple[int, bool]]) -> None:
    occurrences.sort(key=lambda one: one[0])
    row, lead = [one[0] for one in occurrences], [one[1] for one in occurrences]
    expected: list[int] = []
    for number in range(5):
        mine = [n for n, own in enumerate(row) if own == number]
        leading = [n for n in mine if all(lead[m] for m in mine if m <= n)]
        expected += mine if len(leading) == len(mine) else [n for n in mine if n not in leading] + leading
    found = _leads_last(np.array(row, dtype=np.int32), np.array(lead, dtype=np.bool_), 5)
    assert found.tolist() == expected
