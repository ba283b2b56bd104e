"""Records that describe no company (不成其为企业的行): no name, or cells that stand in the wrong column (错列).

Cells are known by their shape: a date, an amount, a credit code, a legal form. A shape in a column that asks for something else says
that the row is shifted. What the cell holds is never told; it may be a person's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from operator import itemgetter

import numpy as np

LONGEST_NAME = 200
_PERSON = re.compile(
    r"[\u4e00-\u9fff]{1,3}[^\W\d_a-zA-Z厂店社院司场部馆所站行室吧坊庄园会校团心网城]|[\u4e00-\u9fff]{2,}[·•][\u4e00-\u9fff·•]{2,}"
)  # no ending of a firm
_PERSON_LENGTH = 15
_PERSON_PLAIN, _DOTS = 4, "·•"
PERSON = ("name", "疑似错列：这里应为企业登记全称，却像人名或简称")
"""Field and reason of a row that names a person (人名的拒收理由)."""
_MOST_PERSONS = 5  # fewer than a fifth of a table
_SCOPE = "依法须经"  # 依法须经批准的项目…, the closing words of a scope
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_AMOUNT_WORD = re.compile(
    "[元万亿章]|[一二三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟]{2}"
)  # 五百万, 见章程: unreadable, but an amount
_DATE_WORD = re.compile("[年月日期]|长久|永久")
_SHAPES = {  # of whole cells
    "日期": r"(?:1[89]|20)[0-9]{2}(?:[-/.][0-9]{1,2}[-/.][0-9]{1,2}|年[0-9]{1,2}月[0-9]{1,2}日?)(?:[ T][0-9].*)?",
    "金额": r"(?:人民币)?\s*[0-9][0-9,.]*\s*[(（]?\s*(?:[百千]?[万亿]元?|元|(?=[美港日欧英]))\s*"
    r"(?:人民币|(?:[美港日欧澳加韩]|香港|新加坡)元|港币|英镑|新台币|整)?\s*[)）]?(?:人民币|整)?",
    "信用代码": r"(?i:[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10})",
    "企业类型": r"(?:其他)?(?:一人)?(?:有限责任公司|股份有限公司)(?:分公司)?(?:[(（][^(（]*(?:[(（][^(（]*[)）])?[^(（]*[)）]|[ ,，].*)?"
    r"|个人独资企业|个体工商户|(?:普通|有限)合伙(?:企业)?|全民所有制|集体所有制|农民专业合作(?:社|经济组织)|国有企业|集体企业|外商投资企业",
    "登记状态": r"存续|在业|开业|在营|正常|注销|吊销|迁出|迁入|存续[(（].{0,16}[)）]|在营[(（].{0,16}[)）]"
    r"|吊销[,，].{0,8}|在业[/,，].{0,8}",
    "经营范围": r"(?:一般|许可)(?:经营)?项目[:：].*",
}
_first = itemgetter(slice(1))
_DIGITS = frozenset(("", *"0123456789"))
_FIRST = frozenset("0123456789人其一有股个普全集农国外存在开正注吊迁许")
"""What cells of these shapes begin with: the others, nearly all, are not looked at closely."""
_LONGEST_SHAPE = 60
_FEW = 16  # names up to which they are looked at one by one
_LONGEST_PLACE = 30
_CLAUSES = re.compile("[;；。]|、.*、")  # what stands between the items of a scope
_WANTED: dict[str, tuple[str, tuple[str, ...]]] = {  # field → what it asks for, what it never holds
    "name": ("企业名称", ("日期", "金额", "信用代码", "企业类型", "登记状态", "经营范围")),
    "founded_date": ("日期", ("金额", "信用代码", "企业类型", "登记状态")),
    "as_of": ("日期", ("金额", "信用代码", "企业类型", "登记状态")),
    "reg_capital_raw": ("金额", ("日期", "信用代码", "企业类型", "登记状态")),
    "paid_capital_raw": ("金额", ("日期", "信用代码", "企业类型", "登记状态")),
    "insured_count": ("人数", ("日期", "金额", "信用代码", "企业类型", "登记状态")),
    "company_type": ("企业类型", ("日期", "金额", "信用代码")),
    "status": ("登记状态", ("日期", "金额", "信用代码")),
    "industry": ("行业", ("日期", "金额", "信用代码")),
    "province": ("省份", ("日期", "金额", "信用代码", "企业类型", "登记状态")),
    "city": ("城市", ("日期", "金额", "信用代码", "企业类型", "登记状态")),
    "county": ("区县", ("日期", "金额", "信用代码", "企业类型", "登记状态")),
    "address": ("地址", ("日期", "金额", "信用代码", "企业类型")),
    "business_scope": ("经营范围", ("日期", "金额", "信用代码", "企业类型")),
}
_VARIED = frozenset({"name", "address", "business_scope"})  # nearly every cell is another: a set of them would save nothing
_CODE_HOLDS = ("日期", "金额", "企业类型", "登记状态", "经营范围")


def _compiled(shapes: Iterable[str]) -> re.Pattern[str]:
    """One pattern for several shapes; the group that matched tells which."""
    return re.compile("|".join(f"({_SHAPES[shape]})" for shape in shapes))


_NEVER = {field: (shapes, _compiled(shapes)) for field, (_, shapes) in _WANTED.items()} | {
    "uscc": (_CODE_HOLDS, _compiled(_CODE_HOLDS))
}
_NO_CODE = re.compile(r".*(?:公司|集团|合作社|[一-鿿]厂|有限合伙[)）])|[一-鿿·]*[A-Za-z ]*[路街号省市县区镇村].{4,}")


def flaws(columns: Mapping[str, list[str]], empty: frozenset[str]) -> dict[int, tuple[str, str]]:
    """Place → (field, reason) of records that describe no company (不成其为企业的行).

    Args:
        columns: Field → cells, stripped.
        empty: Cells that mean "nothing".
    """
    found = _nameless(columns["name"], empty)
    distinct = {field: columns[field] if field in _VARIED else set(columns[field]) for field in _WANTED}
    for field, words in (("reg_capital_raw", _AMOUNT_WORD), ("founded_date", _DATE_WORD)):
        bare = {cell for cell in distinct[field] if cell[:1] not in _DIGITS and not _DIGIT.search(cell) and not words.search(cell)}
        _add(found, field, columns[field], {cell: "却没有数字" for cell in bare if cell.lower() not in empty})
    for field in [field for field in _WANTED if field != "name"]:
        begun = compress(distinct[field], map(_FIRST.__contains__, map(_first, distinct[field])))
        short = (cell for cell in begun if len(cell) <= _LONGEST_SHAPE)
        _add(found, field, columns[field], {cell: shape for cell in short if (shape := _shape(cell, field))})
    for field in ("province", "city", "county"):
        long = {cell for cell in distinct[field] if len(cell) > _LONGEST_PLACE or _CLAUSES.search(cell)}
        _add(found, field, columns[field], dict.fromkeys(long, "却像经营范围或地址"))
    codes = columns["uscc"]
    if not set(map(len, codes)) <= {0, 18} or not "".join(codes).isascii():  # nearly always all are codes
        odd = {cell for cell in codes if cell and (len(cell) != 18 or not cell.isascii()) and cell.lower() not in empty}
        _add(found, "uscc", codes, {cell: shape for cell in odd if (shape := _no_code(cell))})
    return found


def _nameless(names: Sequence[str], empty: frozenset[str]) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    longest = max(map(len, empty), default=0)
    if _SCOPE in "\n".join(names):
        found = {place: ("name", "疑似错列：这里应为企业名称，却像经营范围") for place, name in enumerate(names) if _SCOPE in name}
    for place in _odd(names, longest):
        name = names[place]
        if len(name) <= longest and name.lower() in empty:
            found[place] = ("name", "没有企业名称")
        elif len(name) > LONGEST_NAME:
            found[place] = ("name", f"企业名称超过 {LONGEST_NAME} 字")
        elif not name.isprintable() or not _LETTER.search(name):
            found[place] = ("name", "企业名称里没有文字，或含控制字符")
        elif shape := "却像经营范围" if _SCOPE in name else _shape(name, "name"):
            found[place] = ("name", f"疑似错列：这里应为企业名称，{shape}")
    return found


def _odd(names: Sequence[str], longest: int) -> list[int]:
    """Places of the few names that have to be looked at one by one: very short or long, or of other signs than letters."""
    count = len(names)
    if count <= _FEW:
        return [place for place, name in enumerate(names) if not _plain(name, longest)]
    lengths = np.fromiter(map(len, names), np.int64, count)
    firsts = list(map(_first, names))
    strange = {first for first in set(firsts) if first in _FIRST or not first.isalpha()}
    odd = (lengths <= longest) | (lengths > LONGEST_NAME)
    odd |= np.fromiter(map(strange.__contains__, firsts), np.bool_, count)
    odd |= ~np.fromiter(map(str.isprintable, names), np.bool_, count)
    places: list[int] = np.flatnonzero(odd).tolist()
    return places


def _plain(name: str, longest: int) -> bool:
    """Whether nothing of that is so of a name."""
    return longest < len(name) <= LONGEST_NAME and name[0] not in _FIRST and name[0].isalpha() and name.isprintable()


def persons(names: Sequence[str]) -> dict[int, tuple[str, str]]:
    """In a table of registered names, two to four characters alone are a person's (人名): no legal form leaves room for so few.

    A table of brands is full of such names and is left alone.
    """
    short = like_persons(names)
    return dict.fromkeys(short, PERSON) if are_persons(len(short), len(names)) else {}


def like_persons(names: Sequence[str]) -> list[int]:
    """Places of names that are as short as a person's (像人名的)."""
    lengths = np.fromiter(map(len, names), np.int64, len(names))
    likely = set(np.flatnonzero(lengths <= _PERSON_PLAIN).tolist())
    for dot in _DOTS:  # a longer one has a dot between its parts
        likely.update(place for place, name in enumerate(names) if dot in name)
    return [place for place in sorted(likely) if len(names[place]) <= _PERSON_LENGTH and _PERSON.fullmatch(names[place])]


def are_persons(short: int, names: int) -> bool:
    """Whether ``short`` of so many names are persons': few are, where the others are registered names (算不算人名)."""
    return short * _MOST_PERSONS < names


def _add(found: dict[int, tuple[str, str]], field: str, cells: list[str], problems: dict[str, str]) -> None:
    """Adds the records whose cell has a problem; the first flaw of a record stands."""
    if problems:
        wanted = _WANTED[field][0] if field in _WANTED else "信用代码"
        for place, cell in enumerate(cells):
            if cell in problems:
                found.setdefault(place, (field, f"疑似错列：这里应为{wanted}，{problems[cell]}"))


def _shape(cell: str, field: str) -> str:
    """What a cell looks like that its field never holds, or nothing."""
    shapes, pattern = _NEVER[field]
    match = pattern.fullmatch(cell)
    return f"却像{shapes[(match.lastindex or 1) - 1]}" if match else ""


def _no_code(cell: str) -> str:
    return _shape(cell, "uscc") or ("却像名称或地址" if _NO_CODE.fullmatch(cell) else "")
