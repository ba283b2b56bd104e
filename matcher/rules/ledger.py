"""``rules/ledger.yaml`` and a zone's own ``ledger.yaml``: steps, proofs and words of the ledgers (台账的规矩)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from matcher.errors import RequestError, RulesError
from matcher.locate import folder, shipped
from matcher.rules.load import zone_ids
from matcher.rules.schema import ChainFile, ZoneFile
from matcher.rules.source import Source

FILE = "ledger.yaml"
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
Name = Annotated[str, Field(min_length=1, max_length=40)]
Names = Annotated[list[Name], Field(min_length=1)]
STEPPED = ("targets", "projects", "activities")
"""The books whose rows make steps (有步骤的台账)."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class StepSpec(_Strict):
    """One step (一步).

    Attributes:
        next: Steps that follow without a reason.
        proofs: Kinds of proof, any one of which proves it; none for a step that needs no proof.
        reason: It always needs a reason.
        aside: A side-track that any step may go to (搁置、放弃、流失).
        ends: Whatever is there is worked on no more (放弃、流失).
        never_skipped: Nothing beyond it is reached without it.
        first_contact: Whoever makes it first is who spoke first (首谈登记).
        makes_project: It is made by turning a target into a project, and only so (转项目).
    """

    id: Key
    name: Name
    also: list[Name] = []
    next: list[Key] = []
    proofs: list[Name] = []
    reason: bool = False
    aside: bool = False
    ends: bool = False
    never_skipped: bool = False
    first_contact: bool = False
    makes_project: bool = False


class PaperSpec(_Strict):
    """A paper that a project needs before it builds (一件手续), and what proves it."""

    id: Key
    name: Name
    also: list[Name] = []
    proofs: Names


class MeasureSpec(_Strict):
    """What an annual goal counts (目标任务的指标): things, or a sum of money."""

    id: Key
    name: Name
    also: list[Name] = []
    money: bool = False


class RowColumns(_Strict):
    """What the columns of a workbook are called that say which row, and which version of it (编号、版本两列)."""

    id: Names
    version: Names


class BookSpec(_Strict):
    """What a book, one of its rows and its columns are called (台账的叫法); the first name of a column is its title."""

    title: Name
    row: Name
    fields: dict[Key, Names]


Steps = Annotated[list[StepSpec], Field(min_length=1)]


class LedgerFile(_Strict):
    """``rules/ledger.yaml`` (台账的规矩)."""

    steps: dict[Key, Steps]
    papers: list[PaperSpec]
    arrivals: Names
    words: dict[Key, dict[Key, Names]]
    measures: Annotated[list[MeasureSpec], Field(min_length=1)]
    currencies: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], Names]
    row_columns: RowColumns
    books: dict[Key, BookSpec]


class Office(_Strict):
    """A department or a town (部门、镇街)."""

    name: Name
    also: list[Name] = []


class ZoneLedgerFile(_Strict):
    """``rules/<zone>/ledger.yaml``: offices of a zone, and what it does otherwise than ``rules/ledger.yaml`` (园区的台账规矩)."""

    departments: list[Office] = []
    towns: list[Office] = []
    service_modes: dict[Name, Names] = {}
    steps: dict[Key, Steps] = {}
    papers: list[PaperSpec] | None = None
    arrivals: Names | None = None
    measures: Annotated[list[MeasureSpec], Field(min_length=1)] | None = None


@dataclass(frozen=True)
class LedgerRules:
    """The rules of the ledgers of one zone (园区台账的全部规矩).

    Attributes:
        file: What holds for the zone: the common file, with the zone's own steps, papers and measures in their place.
        groups, chains: Id → name.
        group_of: Chain → the first group that goes for it.
        segments: (chain, segment) → name.
        service_modes: Name as in ``zone.yaml`` → what else it is called.
        departments, towns: Empty where the zone has named none: then any name will do.
    """

    zone: str
    zone_name: str
    file: LedgerFile
    groups: dict[str, str]
    chains: dict[str, str]
    group_of: dict[str, str]
    segments: dict[tuple[str, str], str]
    service_modes: dict[str, tuple[str, ...]]
    departments: tuple[Office, ...]
    towns: tuple[Office, ...]


def load_ledger(zone: str, rules: str | Path | None = None) -> LedgerRules:
    """The rules of a zone's ledgers, checked (读入台账的规矩).

    Args:
        zone: Folder name under ``rules/``.
        rules: Another rules folder than the installed one.

    Raises:
        RequestError: There is no such zone.
        RulesError: A file holds mistakes; all are listed.
    """
    known = zone_ids(rules)
    if zone not in known:
        raise RequestError("园区", zone, known)
    root = folder("rules", rules)
    common = Source(root / FILE if (root / FILE).is_file() else shipped("rules") / FILE, FILE)
    own = Source(root / zone / FILE, f"{zone}/{FILE}")
    place = Source(root / zone / "zone.yaml", f"{zone}/zone.yaml")
    chains = [Source(file, f"{zone}/chains/{file.name}") for file in sorted((root / zone / "chains").glob("*.yaml"))]
    file, of_zone = common.load(LedgerFile), place.load(ZoneFile)
    mine = own.load(ZoneLedgerFile) if own.file.is_file() else ZoneLedgerFile()
    loaded = [chain.load(ChainFile) for chain in chains]
    if file is not None:
        _check(common, file.steps)
        for book in STEPPED:
            if book not in file.steps:
                common.problem(("steps",), f"缺少 '{book}'")
    if mine is not None:
        _check(own, mine.steps)
        for mode in mine.service_modes:
            if of_zone is not None and mode not in of_zone.service_modes:
                own.problem(("service_modes", mode), f"zone.yaml 的 service_modes 里没有 '{mode}'")
    problems = [problem for source in (common, own, place, *chains) for problem in source.problems]
    if problems or file is None or mine is None or of_zone is None:
        raise RulesError(problems)
    return _rules(zone, file, mine, of_zone, [chain for chain in loaded if chain is not None])


def _rules(zone: str, file: LedgerFile, mine: ZoneLedgerFile, of_zone: ZoneFile, chains: Sequence[ChainFile]) -> LedgerRules:
    others = {key: getattr(mine, key) for key in ("papers", "arrivals", "measures") if getattr(mine, key) is not None}
    return LedgerRules(
        zone=zone,
        zone_name=of_zone.name,
        file=file.model_copy(update={"steps": {**file.steps, **mine.steps}, **others}),
        groups={group.id: group.name for group in of_zone.groups},
        chains={chain.id: chain.name for chain in chains},
        group_of={chain: group.id for group in reversed(of_zone.groups) for chain in group.chains},
        segments={(chain.id, segment.id): segment.name for chain in chains for segment in chain.segments},
        service_modes={mode: tuple(mine.service_modes.get(mode, ())) for mode in of_zone.service_modes},
        departments=tuple(mine.departments),
        towns=tuple(mine.towns),
    )


def _check(source: Source, books: dict[str, list[StepSpec]]) -> None:
    for book, steps in books.items():
        if book not in STEPPED:
            source.problem(("steps", book), f"应为 {'、'.join(STEPPED)} 之一")
        ids = [step.id for step in steps]
        names = [name for step in steps for name in (step.id, step.name, *step.also)]
        for number, step in enumerate(steps):
            for place, following in enumerate(step.next):
                if following not in ids:
                    source.problem(("steps", book, number, "next", place), f"没有步骤 '{following}'")
            for name in _twice(names, (step.id, step.name, *step.also)):
                source.problem(("steps", book, number), f"'{name}' 写了两次")
        if steps[0].aside or steps[0].reason:
            source.problem(("steps", book, 0), "第一步不能是旁支，也不能要理由")


def _twice(names: Sequence[str], of_step: Iterable[str]) -> list[str]:
    return [name for name in of_step if names.count(name) > 1]
