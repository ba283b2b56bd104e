"""One spelling for matching (规范化): half width, lower case, simplified script. What is shown stays as given."""

from __future__ import annotations

import re
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
    if not _traditional().search(text):
        return text
    lines = text.split("\n")
    marked = [n for n, line in enumerate(lines) if _traditional().search(line)]
    for number in marked:
        lines[number] = _converter().convert(lines[number])
    return "\n".join(lines)


def normalise(text: str) -> str:
    """``text`` as matching sees it (规范化后的文本).

    Brackets of all kinds become ``()``, list and sentence marks their ASCII forms, quotation marks vanish, full-width
    letters and digits become half-width and lower case, traditional script becomes simplified. Newlines stay.
    Works alike on one text and on many joined by newlines.
    """
    for given, wanted in _PUNCTUATION.items():
        if given in text:
            text = text.replace(given, wanted)
    if _FULL_WIDTH.search(text):
        text = _FULL_WIDTH.sub(lambda found: chr(ord(found[0]) - 0xFEE0), text)
    return to_simplified(text.lower())
