"""One spelling for matching (规范化): half width, lower case, simplified script. What is shown stays as given."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np
import opencc
from numpy.typing import NDArray

_PUNCTUATION = {
    "，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "【": "(", "】": ")", "〔": "(", "〕": ")", "［": "(", "］": ")",
    "[": "(", "]": ")", "｛": "(", "｝": ")", "{": "(", "}": ")", "﹙": "(", "﹚": ")", "。": ".", "．": ".", "｡": ".",
    "＋": "+", "－": "-", "／": "/", "％": "%", "　": " ", "\u00a0": " ", "\ufeff": "", "\u200b": "", "·": ";", "•": ";",
    "●": ";", "★": ";", "※": ";", "◆": ";", "■": ";", "〓": ";", "＊": "*", "！": "!", "？": "?", "“": "", "”": "",
    "「": "", "」": "", "『": "", "』": "", "《": "", "》": "", "〈": "", "〉": "", "\"": "", "\t": " ",
}  # fmt: skip
_FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_SHORT = 100  # characters up to which a look at each is quicker than a look for each mark
_IN_CONTEXT = "Σİ"  # their small letters depend on what is around them, or are two
_CASELESS = 0x20000  # from here on no character has a small letter
_GONE = np.uint32(0xFFFFFFFF)
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


@lru_cache(maxsize=1)
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """By code point: what each character becomes, alone, and whether it is of the traditional script. For long texts."""
    spelled = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    lettered = spelled[:_CASELESS].copy()
    lettered[[*map(ord, _IN_CONTEXT)]] = 0  # such texts are read another way
    spelled[:_CASELESS] = _code_points(_text_of(lettered).lower())
    for code, wanted in _TRANSLATION.items():
        small = (wanted if isinstance(wanted, str) else chr(wanted)).lower()
        spelled[code] = ord(small) if small else _GONE
    is_traditional = np.zeros(sys.maxunicode + 1, dtype=np.bool_)
    is_traditional[[ord(char) for char in _traditional().pattern[1:-1]]] = True
    return spelled, is_traditional


def to_simplified(text: str) -> str:
    """``text`` in simplified script (繁体转简体).

    Lines are converted one by one, so that a text's result never depends on its neighbours.
    """
    pattern = _traditional()
    return in_lines_with(pattern, text, _converter().convert) if pattern.search(text) else text


def in_lines(texts: Sequence[str], instead: str) -> str:
    """The texts, one a line (每条一行); where a text has line ends of its own, ``instead`` stands there."""
    joined = "\n".join(texts)
    if "\r" in joined or joined.count("\n") >= max(len(texts), 1):  # of few
        joined = "\n".join([text.replace("\n", instead).replace("\r", instead) for text in texts])
    return joined


def in_lines_with(sign: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """``text`` with ``change`` made to those of its lines that hold a sign (只改含有标志的行); it is slow, and they are few."""
    return _in_lines_at((found.start() for found in sign.finditer(text)), text, change)


def _in_lines_at(places: Iterable[int], text: str, change: Callable[[str], str]) -> str:
    """The same where the places of the signs are known, in order."""
    done, at = [], 0
    for place in places:
        if place >= at:
            begin = text.rfind("\n", 0, place) + 1
            end = text.find("\n", place)
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
    if any(char in text for char in _IN_CONTEXT):
        for given, wanted in _PUNCTUATION.items():
            text = text.replace(given, wanted)
        return to_simplified(_FULL_WIDTH.sub(lambda found: chr(ord(found[0]) - 0xFEE0), text).lower())
    spelled, is_traditional = _tables()
    chars = spelled[_code_points(text)]
    chars = chars[chars != _GONE]
    return _in_lines_at(np.flatnonzero(is_traditional[chars]).tolist(), _text_of(chars), _converter().convert)


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _text_of(code_points: NDArray[np.uint32]) -> str:
    return code_points.tobytes().decode("utf-32-le", "surrogatepass")
