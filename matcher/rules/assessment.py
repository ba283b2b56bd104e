"""``rules/assessment.yaml`` and a zone's own: what measures count, and the scales of the reports (督导考核的尺度)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from matcher.errors import RulesError
from matcher.locate import folder, shipped
from matcher.rules.ledger import Key, LedgerRules
from matcher.rules.source import Source

FILE = "assessment.yaml"
UnitKind = Literal["department", "town", "group"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Counts(_Strict):
    """How a measure is counted (怎么计): exactly one way.

    Attributes:
        step: Projects that reached this step.
        agreed_at: Agreed investment of the projects that reached this step.
        arrived: Funds that arrived, of this origin.
        activities: Activities of these kinds that came to the step ``held``.
    """

    step: Key | None = None
    agreed_at: Key | None = None
    arrived: Key | None = None
    activities: list[Key] = []
    held: Key | None = None


class Weekly(_Strict):
    """The weekly dispatch (周调度).

    Attributes:
        idle_days: After so many days without anything a row is named.
        started: The step of projects that the planned day of starting means.
        production: The step that the planned day of producing means.
    """

    idle_days: Annotated[int, Field(ge=1, le=365)]
    started: Key
    production: Key


class Monthly(_Strict):
    """The monthly report (月通报): how many are named at the front and at the rear."""

    front: Annotated[int, Field(ge=0, le=50)]
    rear: Annotated[int, Field(ge=0, le=50)]


class Item(_Strict):
    """One item of the assessment (考核项)."""

    measure: Key
    weight: Annotated[int, Field(ge=1, le=100)]


class Annual(_Strict):
    """The annual assessment (年考核).

    Attributes:
        unit_kinds: Which kinds of units are assessed, each among themselves.
        most: No item counts for more than this part of its goal.
    """

    unit_kinds: Annotated[list[UnitKind], Field(min_length=1)]
    most: Annotated[float, Field(ge=1, le=10, multiple_of=0.01)]
    items: Annotated[list[Item], Field(min_length=1)]


class Assessment(_Strict):
    """``assessment.yaml`` (督导考核的尺度)."""

    measures: dict[Key, Counts]
    weekly: Weekly
    monthly: Monthly
    annual: Annual


def load_assessment(ledger: LedgerRules, rules: str | Path | None = None) -> Assessment:
    """The scales of a zone, its own file before the common one (读入督导考核的尺度).

    Args:
        ledger: Steps, measures and words that the file may name.
        rules: Another rules folder than the installed one.

    Raises:
        RulesError: The file holds mistakes; all are listed.
    """
    root = folder("rules", rules)
    own, common = root / ledger.zone / FILE, root / FILE
    if own.is_file():
        source = Source(own, f"{ledger.zone}/{FILE}")
    else:
        source = Source(common if common.is_file() else shipped("rules") / FILE, FILE)
    file = source.load(Assessment)
    if file is not None:
        _check(source, file, ledger)
    if file is None or source.problems:
        raise RulesError(source.problems)
    return file


def _check(source: Source, file: Assessment, ledger: LedgerRules) -> None:
    measures = {measure.id: measure for measure in ledger.file.measures}
    steps = {book: {step.id for step in of_book} for book, of_book in ledger.file.steps.items()}
    for key, counts in file.measures.items():
        here = ("measures", key)
        if key not in measures:
            source.problem(here, f"ledger.yaml 的 measures 里没有 '{key}'")
        ways = [way for way in (counts.step, counts.agreed_at, counts.arrived, *counts.activities[:1]) if way]
        if len(ways) != 1 or bool(counts.activities) != (counts.held is not None):
            source.problem(here, "应写 step、agreed_at、arrived、activities 加 held 之一")
        for name, given, known in (
            ("step", counts.step, steps["projects"]),
            ("agreed_at", counts.agreed_at, steps["projects"]),
            ("held", counts.held, steps["activities"]),
            ("arrived", counts.arrived, set(ledger.file.words["origin"])),
        ):
            if given is not None and given not in known:
                source.problem((*here, name), f"没有 '{given}'")
        for place, kind in enumerate(counts.activities):
            if kind not in ledger.file.words["activity_kind"]:
                source.problem((*here, "activities", place), f"没有 '{kind}'")
        money = bool(counts.agreed_at or counts.arrived)
        if key in measures and money != measures[key].money:
            source.problem(here, "计的是金额还是个数，与 ledger.yaml 的 measures 不一致")
    _check_scales(source, file, steps["projects"])


def _check_scales(source: Source, file: Assessment, steps: set[str]) -> None:
    for name in ("started", "production"):
        if getattr(file.weekly, name) not in steps:
            source.problem(("weekly", name), f"没有项目步骤 '{getattr(file.weekly, name)}'")
    for place, item in enumerate(file.annual.items):
        if item.measure not in file.measures:
            source.problem(("annual", "items", place, "measure"), f"measures 里没有 '{item.measure}'")
    if sum(item.weight for item in file.annual.items) != 100:
        source.problem(("annual", "items"), "权重合计应为 100")
