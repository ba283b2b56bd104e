"""What is doubtful in rules that are valid (规则疑处), each at its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matcher.rules.schema import ScoringFile
from matcher.rules.source import Location, Source

Kind = Literal[
    "never", "always", "shadowed", "doubled", "cap_unreachable", "cap_always", "cap_never", "gap", "overlap", "no_why", "elsewhere",
    "dead_term", "silent", "unwritten",
]  # fmt: skip
KIND_LABELS: dict[Kind, str] = {
    "never": "永远不成立", "always": "对谁都一样", "shadowed": "轮不到", "doubled": "重复计分", "cap_unreachable": "封顶够不到",
    "cap_always": "总被封顶", "cap_never": "没有封过顶", "gap": "区间有缝", "overlap": "区间重叠", "no_why": "没说为什么",
    "elsewhere": "多在别的环节命中", "dead_term": "没有命中过的词", "silent": "没有命中过的规则",
    "unwritten": "占位没写",
}  # fmt: skip
"""Kind of concern → Chinese term."""
NOTES: frozenset[Kind] = frozenset({"dead_term", "silent", "cap_never"})
"""Kinds that another file may well belie: counted, listed only when asked for (只计数的几类)."""


@dataclass(frozen=True, order=True)
class Concern:
    """One doubtful place (一处疑处)."""

    file: str
    line: int
    field: str
    kind: Kind
    text: str


class Files:
    """Where things stand in a zone's files (规则文件的行号).

    Args:
        root: The zone's folder.
        shown: How messages call it.
    """

    def __init__(self, root: Path, shown: str) -> None:
        self.root, self.shown = root, shown
        self._sources: dict[str, Source] = {}

    def source(self, name: str) -> Source:
        """One file, parsed so that lines are known (一个文件)."""
        if name not in self._sources:
            self._sources[name] = Source(self.root / name, f"{self.shown}/{name}")
            self._sources[name].load(ScoringFile)  # whatever model: only the places count here
        return self._sources[name]

    def concern(self, kind: Kind, name: str, location: Location, text: str) -> Concern:
        """A concern about a field of a file (记一处)."""
        source = self.source(name)
        return Concern(source.shown, source.line(location), ".".join(map(str, location)), kind, text)


def sorted_concerns(concerns: Sequence[Concern]) -> tuple[Concern, ...]:
    """By file and line, none twice (排好的疑处)."""
    return tuple(sorted(set(concerns)))
