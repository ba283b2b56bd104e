"""Texts that were left for later (占位没写的): TODO, 待补 and the like, in whatever field of whichever file of a zone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from matcher.tuning.concerns import Concern, Files

_LATER = re.compile(
    r"(?<![a-z])(?:todo|tbd|fixme)(?![a-z])"
    r"|^[（(【<\[{]?(?:待办|待补充?|待填写?|待写|待完善|待定|请填写.{0,8}|填写.{0,4}|占位.{0,2}|placeholder|x{2,}|[.…\-？?_]+)[）)】>\]}]?[。.]?$",
    re.IGNORECASE,
)
_NO_WHY = re.compile(
    r"^(?:n/?a|同上|同前|略|无|暂无|见上|如题|说明|原因|理由|试试|测试|按要求|领导要求|x)[。.]?$",
    re.IGNORECASE,
)
_REASONS = ("why", "reason")


def left_for_later(text: str) -> bool:
    """Whether a text stands in for one that is still to be written (占位)."""
    return _LATER.search(text.strip()) is not None


def no_reason(text: str) -> bool:
    """Whether a text gives no reason (没说为什么): left for later, or words that fit everything."""
    return left_for_later(text) or _NO_WHY.match(text.strip()) is not None


def placeholders(files: Files) -> Iterator[Concern]:
    """What was left for later in a zone's files (占位没写的), reasons that say nothing among it.

    Reasons may be short (是装备); other texts may be 无.

    Args:
        files: The zone's.
    """
    for file in sorted(files.root.rglob("*.yaml")):
        name = file.relative_to(files.root).as_posix()
        for location, text in files.source(name).texts():
            if location and location[-1] in _REASONS:
                if no_reason(text):
                    yield files.concern("no_why", name, location, f"“{text.strip()}”没有说为什么")
            elif left_for_later(text):
                yield files.concern("unwritten", name, location, f"“{text.strip()}”是占位，还没有写")
