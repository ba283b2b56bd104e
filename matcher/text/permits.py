"""Until when a scope says that its permits last (许可证有效期): 食品经营（许可证有效期至2018年6月30日）."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

_PERMIT = re.compile("有效期|许可证(?:书)?至|许可期限")
_REACH = 44  # characters behind the sign in which its last day stands
_DAY = re.compile(r"(\d{4})[年./-](\d{1,2})[月./-](\d{1,2})")
_EPOCH = date(1970, 1, 1)


def permits_until(scopes: Sequence[str], unknown: int) -> NDArray[np.int64]:
    """The last day named behind 有效期 or 许可证至 in each scope, in days since 1970; ``unknown`` where none is (许可证有效期止).

    Args:
        scopes: Texts as registered, full-width digits included.
        unknown: What stands for no day.
    """
    found = np.full(len(scopes), unknown, dtype=np.int64)
    for place, scope in enumerate(scopes):
        signs = [sign.start() for sign in _PERMIT.finditer(scope)] if "有效期" in scope or "许可" in scope else []
        if signs:
            days = [_days(*map(int, day.groups())) for at in signs for day in _DAY.finditer(scope, at, at + _REACH)]
            found[place] = max((day for day in days if day is not None), default=unknown)
    return found


def _days(year: int, month: int, day: int) -> int | None:
    try:
        return (date(year, month, day) - _EPOCH).days
    except ValueError:
        return None
