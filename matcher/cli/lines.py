"""Chinese sentences in lines (折行): no number is torn apart, nor from its unit, and no line begins with a mark that closes something."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_CLOSES, _OPENS = "，。；：、！？…）」』》】”’", "（「『《【“‘"
_LATIN = r"[!-~–]"
_WHOLE = re.compile(rf"[{_OPENS}]*(?:{_LATIN}+[一-鿿]?|.)[{_CLOSES}]*", re.DOTALL)
"""What is never torn: a character, or a Latin word or number and the character behind it, with the marks around it."""


def say(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    """Prints a sentence, folded to the console's width (打印一句).

    Args:
        console: Where to.
        text: Without line ends.
        style: Of rich.
        indent: Columns before every line.
    """
    for line in folded(text, console.width - indent):
        console.print(Text(" " * indent + line, style=style), soft_wrap=True)


def folded(text: str, width: int) -> list[str]:
    """The lines of a text, each of ``width`` columns at the most, where what may not be torn is no wider itself (折成几行)."""
    lines, line = list[str](), ""
    for whole in _WHOLE.findall(text):
        line += whole
        if cell_len(line) <= width:
            continue
        if line != whole:
            lines.append(line.removesuffix(whole).rstrip())
            line = whole.lstrip(" ")
        while cell_len(line) > width:  # longer than a line
            head = _begin(line, width)
            lines.append(head)
            line = line.removeprefix(head)
    return [*lines, line.rstrip()] if line or not lines else lines


def _begin(text: str, width: int) -> str:
    size = 1
    while size < len(text) and cell_len(text[: size + 1]) <= width:
        size += 1
    return text[:size]
