"""Former names of a company (曾用名): what a file says, and what the rows of one code called it before."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SEPARATORS = re.compile(r"\s*[;；,，、|/\n]+\s*")
_BETWEEN = "、"
_WITHIN = "，"  # in place of what stands between names, where a name itself holds it


def former_cell(cell: str) -> str:
    """A cell of former names with one separator between them (曾用名单元格)."""
    return _SEPARATORS.sub(_BETWEEN, cell) if cell else cell


def former_names(rows: Iterable[tuple[str, str]], present: str) -> str:
    """The former names of a company of several rows (合并曾用名): all names that they bear or tell, but the present one.

    They stand by code point, so that neither the order of rows matters nor what was merged before what.

    Args:
        rows: Name and former names of each.
        present: The name that won.
    """
    names: set[str] = set()
    for name, former in rows:
        names |= {_as_entry(name), *former.split(_BETWEEN)}
    return _BETWEEN.join(sorted(names - {"", _as_entry(present)}))


def _as_entry(name: str) -> str:
    return name.replace(_BETWEEN, _WITHIN)
