"""Where the folders ``rules/`` and ``corpora/`` are (数据目录的位置).

Order: the caller's own path, then the environment, then a checkout beside ``matcher/``, then the copy in the wheel.
"""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str, chosen: str | Path | None = None) -> Path:
    """The folder ``rules`` or ``corpora`` to use (所用的数据目录).

    Args:
        name: ``rules`` or ``corpora``.
        chosen: A path given by the user; wins over everything else.

    Returns:
        An existing directory, or the first choice if none exists (the reader then names it in its error).
    """
    if chosen is not None:
        return Path(chosen)
    from_environment = os.environ.get(f"LIANZHAO_{name.upper()}")
    if from_environment:
        return Path(from_environment)
    return shipped(name)


def shipped(name: str) -> Path:
    """The folder ``rules`` or ``corpora`` that comes with the program (随程序的数据目录), whatever the user has chosen."""
    checkout = _PACKAGE.parent / name
    return checkout if (checkout / "README.md").is_file() else _PACKAGE / "_bundled" / name


def home() -> Path:
    """``LIANZHAO_HOME``: where the program keeps what it writes (程序的数据目录)."""
    return Path(os.environ.get("LIANZHAO_HOME") or Path.home() / ".local" / "share" / "lianzhao")
