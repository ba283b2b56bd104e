"""Rules changed in their files (改规则文件): one number or one word at its place; every other character, comments too, stays as it was.

What comes of a change is read again and compared with what was meant; a way of writing that this does not know is refused.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from matcher.errors import OptionError

Part = Literal["rules", "groups"]
_PLAIN = re.compile(r"[\u4e00-\u9fffA-Za-z][\u4e00-\u9fffA-Za-z0-9（）·]*")
_MEANS_ELSE = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_LINE = 120  # characters after which a list goes on in the next line
_UNKNOWN_STYLE = "这个文件的写法，网页改不了，请直接改文件"


@dataclass(frozen=True)
class Weight:
    """Another weight of a rule, or another end of a group's cap (改分值).

    Attributes:
        part: ``rules`` or ``groups``.
        id: Of the rule or group.
        value: In points.
        end: Of a cap: 0 the lower, 1 the upper.
    """

    part: Part
    id: str
    value: float
    end: int = 1


@dataclass(frozen=True)
class Word:
    """A word of a segment that is added or taken away (改词).

    Attributes:
        segment: Id of the segment.
        word: The word.
        weight: Under which weight it stands, or is to stand.
        add: Else it is taken away.
    """

    segment: str
    word: str
    weight: int
    add: bool


def with_weight(text: str, change: Weight) -> str:
    """``scoring.yaml`` with another weight (换一条规则的分值).

    Args:
        text: The file.
        change: What to change.

    Raises:
        OptionError: There is no such rule or group.
    """
    root = _composed(text)
    for place in (_at(root, change.part), _at(_at(root, "ledger"), change.part)):
        node = _with_id(place, change.id)
        if node is None:
            continue
        if change.part == "rules":
            found = _at(node, "weight")
        else:
            cap = _at(node, "cap")
            found = cap.value[change.end] if isinstance(cap, yaml.SequenceNode) and len(cap.value) == 2 else None
        if not isinstance(found, yaml.ScalarNode):
            break
        changed = _replaced(text, found.start_mark.index, found.end_mark.index, f"{change.value:g}")
        return _proved(text, changed, lambda content: _set_weight(content, change))
    raise OptionError(f"规则文件里没有 {change.id}")


def with_word(text: str, change: Word) -> str:
    """A chain's file with a word more or less (增删一个词).

    Args:
        text: The file.
        change: What to change.

    Raises:
        OptionError: There is no such segment or word, it is there already, or it is the last of its weight.
    """
    segment = _with_id(_at(_composed(text), "segments"), change.segment)
    terms = _at(segment, "terms")
    if not isinstance(terms, yaml.MappingNode):
        raise OptionError(f"产业链文件里没有环节 {change.segment}")
    there = {word.value: (key, words) for key, words in terms.value for word in words.value}
    if change.add:
        if change.word in there:
            raise OptionError(f"“{change.word}”已经在这一环节里，{there[change.word][0].value} 分")
        changed = _added(text, terms, change)
    else:
        if change.word not in there or int(there[change.word][0].value) != change.weight:
            raise OptionError(f"这一环节 {change.weight} 分里没有“{change.word}”")
        changed = _removed(text, there[change.word][1], change.word)
    return _proved(text, changed, lambda content: _set_word(content, change))


def _added(text: str, terms: yaml.MappingNode, change: Word) -> str:
    word = _quoted(change.word)
    words = next((words for key, words in terms.value if key.value == str(change.weight)), None)
    if words is None:
        key, last = terms.value[-1]
        return _replaced(
            text, last.end_mark.index, last.end_mark.index, f"\n{' ' * key.start_mark.column}{change.weight}: [{word}]"
        )
    first, last = words.value[0], words.value[-1]
    end = last.end_mark.index
    if not words.flow_style:
        return _replaced(text, end, end, f"\n{' ' * (last.start_mark.column - 2)}- {word}")
    wraps = last.end_mark.column + len(word) > _LINE
    return _replaced(text, end, end, f",\n{' ' * first.start_mark.column}{word}" if wraps else f", {word}")


def _removed(text: str, words: yaml.SequenceNode, word: str) -> str:
    items = words.value
    place = next(number for number, item in enumerate(items) if item.value == word)
    if len(items) == 1:
        raise OptionError(f"“{word}”是这一档唯一的词，不能删；先加别的词")
    if not words.flow_style:
        line = text.rfind("\n", 0, items[place].start_mark.index)
        after = text.find("\n", items[place].end_mark.index)
        return _replaced(text, line, after if after >= 0 else len(text), "")
    if place + 1 < len(items):
        return _replaced(text, items[place].start_mark.index, items[place + 1].start_mark.index, "")
    return _replaced(text, items[place - 1].end_mark.index, items[place].end_mark.index, "")


def _proved(text: str, changed: str, meant: Any) -> str:
    """The changed text, if it says what was meant and nothing else."""
    wanted = copy.deepcopy(yaml.load(text, Loader=yaml.CSafeLoader))
    meant(wanted)
    try:
        found = yaml.load(changed, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        raise OptionError(_UNKNOWN_STYLE) from None
    if found != wanted:
        raise OptionError(_UNKNOWN_STYLE)
    return changed


def _set_weight(content: Any, change: Weight) -> None:
    for part in (content, content.get("ledger") or {}):
        for one in part.get(change.part, ()):
            if one["id"] == change.id:
                value = float(f"{change.value:g}")
                if change.part == "rules":
                    one["weight"] = value
                else:
                    one["cap"][change.end] = value
                return


def _set_word(content: Any, change: Word) -> None:
    segment = next(one for one in content["segments"] if one["id"] == change.segment)
    words = segment["terms"].setdefault(change.weight, [])
    if change.add:
        words.append(change.word)
    else:
        words.remove(change.word)


def _composed(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def _at(node: yaml.Node | None, key: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _with_id(node: yaml.Node | None, id_: str) -> yaml.Node | None:
    entries: Sequence[yaml.Node] = node.value if isinstance(node, yaml.SequenceNode) else ()
    for one in entries:
        named = _at(one, "id")
        if named is not None and named.value == id_:
            return one
    return None


def _quoted(word: str) -> str:
    """A word as YAML takes it for a text."""
    if _PLAIN.fullmatch(word) and word.lower() not in _MEANS_ELSE:
        return word
    return json.dumps(word, ensure_ascii=False)


def _replaced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]
