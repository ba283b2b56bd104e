"""One spelling for matching (规范化): half width, lower case, simplified script. What is shown stays as given."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import opencc

_PUNCTUATION = {
    "，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "【": "(", "】": ")", "〔": "(", "〕": ")", "［": "(", "］": ")",
    "[": "(", "]": ")", "｛": "(", "｝": ")", "{": "(", "}": ")", "﹙": "(", "﹚": ")", "。": ".", "．": ".", "｡": ".",
    "＋": "+", "－": "-", "／": "/", "％": "%", "　": " ", "\u00a0": " ", "\ufeff": "", "\u200b": "", "·": ";", "•": ";",
    "●": ";", "★": ";", "※": ";", "◆": ";", "■": ";", "〓": ";", "＊": "*", "！": "!", "？": "?", "“": "", "”": "",
    "「": "", "」": "", "『": "", "』": "", "《": "", "》": "", "〈": "", "〉": "", "\"": "", "\t": " ",
}  # fmt: skip
_FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_SHORT = 100  # characters up to which a look at each is quicker than a look for each mark
_TRANSLATION = str.maketrans(_PUNCTUATION) | {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if _FULL_WIDTH.match(chr(code))}


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=1)
def _traditional() -> re.Pattern[str]:
    """Characters that the traditional-to-simplified conversion changes; text without them is left alone."""
    plane = [chr(code) for code in range(0x3400, 0xA000)] + [chr(code) for code in range(0xF900, 0xFB00)]
    changed = _converter().convert("\n".join(plane)).split("\n")
    return re.compile("[" + "".join(a for a, b in zip(plane, changed, strict=True) if a != b) + "]")


def to_simplified(text: str) -> str:
    """``text`` in simplified script (繁体转简体).

    Lines are converted one by one, so that a text's result never depends on its neighbours.
    """
    return in_lines_with(_traditional(), text, _converter().convert)


def in_lines_with(sign: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """``text`` with ``change`` made to those of its lines that hold a sign (只改含有标志的行); it is slow, and they are few."""
    done, at = [], 0
    for found in sign.finditer(text):
        if found.start() >= at:
            begin = text.rfind("\n", 0, found.start()) + 1
            end = text.find("\n", found.start())
            end = len(text) if end < 0 else end
            done += [text[at:begin], change(text[begin:end])]
            at = end
    return "".join([*done, text[at:]]) if done else text


def normalise(text: str) -> str:
    """``text`` as matching sees it (规范化后的文本).

    Brackets of all kinds become ``()``, list and sentence marks their ASCII forms, quotation marks vanish, full-width
    letters and digits become half-width and lower case, traditional script becomes simplified. Newlines stay.
    Works alike on one text and on many joined by newlines.
    """
    if len(text) <= _SHORT:
        return to_simplified(text.translate(_TRANSLATION).lower())
    for given, wanted in _PUNCTUATION.items():
        if given in text:
            text = text.replace(given, wanted)
    return to_simplified(_FULL_WIDTH.sub(lambda found: chr(ord(found[0]) - 0xFEE0), text).lower())
