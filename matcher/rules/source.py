"""YAML with line numbers (带行号的 YAML): every mistake becomes file, line, field and what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from matcher.errors import RulesProblem
from matcher.parsed import parsed_before

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[str | int]
TextChecks = Mapping[str, Callable[[str], str | None]]
"""Kind of text → what is wrong with one, or None."""

MOST_BYTES = 4 * 1024 * 1024
"""A rules file larger than this is not one."""
RULE_TEXT = "rule_text"
"""Type of a mistake in a text that the model's user checks."""
_DEEPEST = 40
MOST_NODES = 200_000
"""More values than this come from aliases that unfold, not from a person."""

_EXPECTED = {
    "missing": "缺少此字段",
    "extra_forbidden": "没有这个字段",
    "string_type": "应为文本",
    "int_type": "应为整数",
    "float_type": "应为数字",
    "bool_type": "应为 true 或 false",
    "list_type": "应为列表",
    "dict_type": "应为键值表",
    "model_type": "应为键值表",
    "literal_error": "应为 {expected} 之一",
    "string_pattern_mismatch": "格式应为 {pattern}",
    "string_too_short": "不能为空",
    "string_too_long": "最长 {max_length} 个字",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    "greater_than_equal": "应 ≥ {ge}",
    "less_than_equal": "应 ≤ {le}",
    "multiple_of": "应为 {multiple_of} 的整数倍",
    "int_from_float": "应为整数",
}


class Source:
    """One rules file and where each of its fields stands (规则文件及其行号).

    Args:
        file: The path to read.
        shown: The path as messages show it.
    """

    def __init__(self, file: Path, shown: str) -> None:
        self.file, self.shown = file, shown
        self.problems: list[RulesProblem] = []
        self.raw = b""  # what was read, for the digest: the file may change meanwhile
        self._text = ""
        self._tree: yaml.Node | None = None

    def problem(self, location: Location, expected: str) -> None:
        """Notes a mistake at a field (记一处错误)."""
        field = ".".join(str(part) for part in location) or "（全文）"
        self.problems.append(RulesProblem(self.shown, self.line(location), field, expected))

    def line(self, location: Location) -> int:
        """Line (from 1) of the field, or of its nearest parent that exists."""
        if self._tree is None and self._text:
            self._tree = yaml.compose(self._text, Loader=yaml.CSafeLoader)
        node, line = self._tree, 1
        for part in location:
            if isinstance(node, yaml.MappingNode):
                entry = next(((key, value) for key, value in node.value if key.value == str(part)), None)
                if entry is None:
                    break
                line, node = entry[0].start_mark.line + 1, entry[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def texts(self) -> Iterator[tuple[Location, str]]:
        """Every text of the file as it was loaded, with its place (全部文字), keys left out."""
        waiting: list[tuple[object, tuple[str | int, ...]]] = [(_content(self._text) if self._text else None, ())]
        while waiting:
            value, place = waiting.pop()
            if isinstance(value, str):
                yield place, value
            elif isinstance(value, dict):
                waiting += [(inner, (*place, str(key))) for key, inner in value.items()]
            elif isinstance(value, list):
                waiting += [(inner, (*place, number)) for number, inner in enumerate(value)]

    def load(self, model: type[Model], checks: TextChecks | None = None) -> Model | None:
        """The file as ``model``, or None with ``problems`` filled (读入并校验).

        Args:
            model: What the file must be.
            checks: Checks of the texts that the model leaves to its user, by kind.
        """
        text = self._read()
        content = self._parsed(text) if text is not None else None
        if text is None or self.problems:
            return None
        try:
            return model.model_validate(content, context=checks)
        except RecursionError:
            self.problem((), "嵌套过深")
            return None
        except ValidationError as error:
            for detail in error.errors():
                location = [part for part in detail["loc"] if part != "[key]"]
                if detail["type"] in _EXPECTED:
                    message = _EXPECTED[detail["type"]].format(**detail.get("ctx", {})) + _given(detail["input"])
                else:
                    message = detail["msg"]
                self.problem(location, message)
            sound = all(detail["type"] == RULE_TEXT for detail in error.errors())
            return model.model_validate(content) if sound else None  # its cross references can be checked all the same

    def _read(self) -> str | None:
        try:
            raw = self.file.read_bytes()
        except OSError as error:
            self.problem((), f"读不到文件（{error.strerror}）")
            return None
        self.raw = raw
        if len(raw) > MOST_BYTES:
            self.problem((), f"文件过大，最多 {MOST_BYTES // 1024 // 1024} MB")
            return None
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.problems.append(RulesProblem(self.shown, raw[: error.start].count(b"\n") + 1, "（全文）", "应为 UTF-8 编码"))
            return None

    def _parsed(self, text: str) -> object:
        try:
            content = _content(text)
            self._text = text
            return content
        except _WrittenTwiceError as error:
            self.problems += [RulesProblem(self.shown, line, field, "这个字段写了两次") for line, field in error.places]
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            self.problems.append(RulesProblem(self.shown, line, "（语法）", f"不是有效的 YAML：{error.problem or error.context}"))
        except (yaml.YAMLError, ValueError) as error:
            self.problems.append(RulesProblem(self.shown, 1, "（语法）", f"不是有效的 YAML：{str(error).splitlines()[0][:80]}"))
        except OverflowError:
            self.problem((), f"内容过多（别名展开后超过 {MOST_NODES} 个值）")
        except RecursionError:
            self.problem((), "嵌套过深")
        return None


class _WrittenTwiceError(Exception):
    """Keys that stand twice in one mapping: (line, field) of each."""

    def __init__(self, places: list[tuple[int, str]]) -> None:
        super().__init__(places)
        self.places = places


@lru_cache(maxsize=32)
def _content(text: str) -> object:
    """What a flawless text holds; the same text again (another version of the rules, a trial) is not parsed again. Nobody changes it.

    Raises:
        yaml.YAMLError: The text is no YAML.
        OverflowError, RecursionError: It unfolds into more, or deeper, than a person writes.
        _WrittenTwiceError: Keys stand twice.
    """
    return parsed_before(text.encode(), __file__, lambda: _unfolded(text))


def _unfolded(text: str) -> object:
    tree = yaml.compose(text, Loader=yaml.CSafeLoader)
    if tree is None:
        return None
    if twice := list(_written_twice(tree)):
        raise _WrittenTwiceError(twice)
    return yaml.constructor.SafeConstructor().construct_document(tree)


def _written_twice(tree: yaml.Node) -> Iterator[tuple[int, str]]:
    """Line and field of keys that stand twice.

    Raises:
        OverflowError: A few aliases unfold into more values than a person writes.
        RecursionError: Values are nested deeper than a person nests them.
    """
    left = MOST_NODES
    waiting: list[tuple[yaml.Node, tuple[str | int, ...]]] = [(tree, ())]
    while waiting:
        node, place = waiting.pop()
        left -= 1
        if left < 0:
            raise OverflowError
        if len(place) > _DEEPEST:
            raise RecursionError
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    yield key.start_mark.line + 1, ".".join(map(str, (*place, name)))
                seen.add(name)
                waiting.append((value, (*place, name)))
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(value, (*place, number)) for number, value in enumerate(node.value)]


def _given(value: object) -> str:
    if isinstance(value, (str, int, float, bool)):
        shown = repr(value) if isinstance(value, str) else str(value)
        return f"，写的是 {shown if len(shown) <= 40 else shown[:37] + '…'}"
    return ""
