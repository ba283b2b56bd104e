"""Brackets in a scope (括号): licence talk goes, what they add is an item, what they except is kept apart (组织体育活动(承办体育赛事除外)).

What is excepted stays behind its item between two marks until the items are parted. Its characters are hidden meanwhile, so that no pattern
for the text around begins or ends in it.
"""

from __future__ import annotations

import re

from matcher.corpora import Reading

_INNER = re.compile(r"\(([^()\n]*)\)")
_DEEP = 2  # brackets within brackets
_EXCEPT, _END = "\x1e", "\x1f"
_EXCEPTED = re.compile(f"{_EXCEPT}([^{_END}\n]*){_END}")
_APART = re.compile(f"[;,、:{_EXCEPT}{_END}]")
_HIDDEN = 0x100000  # added to code points
_MOST = 20_000


class Brackets:
    """Reads brackets with the words of ``corpora/reading.yaml`` (括号解析)."""

    def __init__(self, reading: Reading) -> None:
        self._drop = re.compile("|".join(reading.bracket_drops))
        self._exceptions = [re.compile(pattern) for pattern in reading.bracket_exceptions]
        self._known: dict[str, str] = {}

    def read(self, text: str) -> str:
        """A normalised text without brackets (去括号); what they except is marked and hidden."""
        for mark in (_EXCEPT, _END):
            text = text.replace(mark, " ")  # what the row itself holds of them marks nothing
        for _depth in range(_DEEP):
            text = _INNER.sub(self._bracket, text)
        return text

    def _bracket(self, found: re.Match[str]) -> str:
        """What becomes of a bracket: the same few stand in most scopes, so what was seen is remembered, as far as there is room."""
        inner = found[1]
        becomes = self._known.get(inner)
        if becomes is None:
            becomes = self._of_bracket(inner)
            if len(self._known) >= _MOST:  # another thread may be reading
                self._known = {}
            self._known[inner] = becomes
        return becomes

    def _of_bracket(self, inner: str) -> str:
        if not self._drop.search(inner):
            return f"、{inner}、"
        for pattern in self._exceptions:
            if said := pattern.search(inner):
                return f"{_EXCEPT}{_hidden(_APART.sub(' ', said[1]))}{_END}"
        return ""


def without_exceptions(text: str) -> str:
    """A text without what brackets except from its items (不说除外的)."""
    return _EXCEPTED.sub("", text)


def exceptions_apart(texts: list[str], edges: str) -> tuple[list[str], dict[int, str]]:
    """The texts without what brackets except from them, and the excepted by number of the text (除外的分开).

    Args:
        texts: Items.
        edges: Characters that cling to the ends of an item.
    """
    bare, excepted = texts.copy(), dict[int, str]()
    for number in [number for number, text in enumerate(texts) if _EXCEPT in text]:
        parts = _EXCEPTED.split(texts[number])
        bare[number], excepted[number] = "".join(parts[::2]).strip(edges), _shown(" ".join(parts[1::2]))
    return bare, excepted


def _hidden(text: str) -> str:
    """Rare characters, of which no pattern has any, stay as they are; those of private use would be taken for hidden ones."""
    return "".join(_hidden_char(char) for char in text)


def _hidden_char(char: str) -> str:
    if char <= "\uffff":
        return chr(ord(char) + _HIDDEN)
    return char if char < chr(_HIDDEN) else chr(ord(" ") + _HIDDEN)


def _shown(text: str) -> str:
    return "".join(chr(ord(char) - _HIDDEN) if char >= chr(_HIDDEN) else char for char in text)
