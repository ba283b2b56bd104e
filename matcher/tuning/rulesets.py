"""Which ruleset a word means (规则集的叫法)."""

from __future__ import annotations

from pathlib import Path

from matcher.errors import OptionError
from matcher.locate import folder

DRAFT = "draft"
"""The rules folder as it is now (草稿)."""


def ruleset_folder(word: str, zone: str, rules: str | Path | None = None) -> Path:
    """The zone's folder that a word or a path means (规则集的目录).

    Args:
        word: ``draft``, or a path: of the zone's folder, or of the rules folder that holds it.
        zone: Id of the zone.
        rules: The rules folder in use; found by ``locate.folder`` if None.

    Raises:
        OptionError: There is no such folder.
    """
    if word == DRAFT:
        return folder("rules", rules) / zone
    for path in (Path(word), Path(word) / zone):
        if (path / "zone.yaml").is_file():
            return path
    raise OptionError(f"没有这套规则：{word[:80]}，应为园区的规则目录（其中有 zone.yaml），或 {DRAFT}（现在的规则目录）")
