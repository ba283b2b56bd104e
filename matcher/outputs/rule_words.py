"""Conditions of rules in words (条件的说法): for those who read the rules and do not write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from matcher.scoring.describe import Describer

_UNIT = re.compile("（[^）]*）")  # an amount in words brings its own
_TOKENS = re.compile(r"'[^']*'|[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|<=|>=|<>|!=|\S")
_SIGNS = {
    "AND": "，且 ", "OR": "，或 ", "NOT": "并非 ", "IN": "属于", "=": "是", "<>": "不是", "!=": "不是", ">=": " ≥ ", "<=": " ≤ ",
    ">": " > ", "<": " < ", "TRUE": "是", "FALSE": "否", "*": " × ", "(": "（", ")": "）", ",": "、", "+": " + ", "-": " − ",
    "BETWEEN": "介于",
}  # fmt: skip
_CALLS = {
    "ramp": "{0}从 {1} 到 {2} 渐次给满", "has": "{0}里有{1}", "has_any": "{0}里有{1}之一", "years_since": "{0}距今的年数",
    "ratio": "{0}与{1}之比",
}  # fmt: skip


def condition_words(expression: str, describer: Describer) -> str:
    """An expression of a rule with its fields and values by their Chinese names (条件的说法).

    Args:
        expression: As the rules write it.
        describer: Knows what fields and values are called.
    """
    text = "".join(_told(_TOKENS.findall(expression), describer))
    return re.sub(r"\s+", " ", text).replace("（ ", "（").strip(" ，")


def _told(tokens: Sequence[str], describer: Describer, field: str = "") -> Iterator[str]:
    place = 0
    while place < len(tokens):
        sign, after = tokens[place], tokens[place + 1 : place + 3]
        if sign.lower() in _CALLS and after[:1] == ["("]:
            end = _closing(tokens, place + 1)
            yield _called(sign.lower(), _arguments(tokens[place + 2 : end]), describer)
            place = end
        elif sign in describer.fields:
            field = sign
            yield describer.fields[sign].label
            if after[:1] == ["="] and after[-1] in ("TRUE", "FALSE"):
                yield f"：{_SIGNS[after[1]]}"
                place += 2
        elif sign == "NOT" and after[:1] == ["IN"]:
            yield "不属于"
            place += 1
        elif sign.startswith("'"):
            word = describer.word(field, sign[1:-1])
            yield f"“{word}”"
        else:
            yield _SIGNS.get(sign.upper(), sign)
        place += 1


def _called(name: str, arguments: Sequence[Sequence[str]], describer: Describer) -> str:
    """A call in words; values that follow a list are called as that list's are."""
    field = arguments[0][0] if arguments and arguments[0] else ""
    told = ["".join(_told(one, describer, field)) for one in arguments]
    if name == "has_any":
        told = [told[0], "、".join(told[1:])]
    elif name == "ramp" and arguments[0] == [field] and field in describer.fields:
        told = [_UNIT.sub("", told[0]), *(_amount(field, one, describer) for one in arguments[1:])]
        if told[1] == told[2]:  # from 699 to 700: a step, not a slope
            return f"{told[0]}{'到' if _bounds(arguments[1:]) else '不到'} {told[2]} 才算"
    return _CALLS[name].format(*told)


def _bounds(ends: Sequence[Sequence[str]]) -> bool:
    """Whether a slope goes up."""
    low, high = (float("".join(end)) for end in ends)
    return low < high


def _amount(field: str, bound: Sequence[str], describer: Describer) -> str:
    """A bound in the unit in which the field's values are told: 约500万元 of a logarithm."""
    return describer.amount(field, float("".join(bound)))


def _closing(tokens: Sequence[str], opening: int) -> int:
    """Where the bracket that opens there closes."""
    depth = 0
    for place in range(opening, len(tokens)):
        depth += (tokens[place] == "(") - (tokens[place] == ")")
        if not depth:
            return place
    return len(tokens)


def _arguments(inner: Sequence[str]) -> list[list[str]]:
    """What stands between the commas of a call."""
    found: list[list[str]] = [[]]
    depth = 0
    for sign in inner:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            found.append([])
        else:
            found[-1].append(sign)
    return found
