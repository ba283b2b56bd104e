"""``rules/resolution.yaml``: how names are weighed and from where on an answer is given (归一规则)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from matcher.errors import RulesError
from matcher.locate import folder
from matcher.rules.source import Source

Weight = Annotated[float, Field(ge=-100, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ByKind(_Strict):
    """Weights for queries cut short (简称) and for full names (全称)."""

    short: dict[str, Weight]
    full: dict[str, Weight]


class Bought(_Strict):
    """What a threshold was measured to give (阈值换来的准确率)."""

    precise: Share
    absent: Share
    measured_on: str


class ResolutionRules(_Strict):
    """The whole file (归一规则).

    Attributes:
        same_at: Confidence from which the answer is *same*.
        unsure_at: … from which it is *unsure*; below it is *none*.
        order: Weights of the score that orders candidates.
        confidence: Weights of the logistic confidence; ``one`` is the intercept.
        bought: Measured on development data at ``same_at``.
    """

    same_at: Share
    unsure_at: Share
    order: ByKind
    confidence: ByKind
    bought: Bought

    @model_validator(mode="after")
    def _ordered(self) -> ResolutionRules:
        if self.unsure_at >= self.same_at:
            raise ValueError("unsure_at 应小于 same_at")
        return self


def load_resolution(rules: str | Path | None = None) -> ResolutionRules:
    """The rules of resolution (读入归一规则).

    Raises:
        RulesError: The file is missing or holds mistakes.
    """
    source = Source(folder("rules", rules) / "resolution.yaml", "resolution.yaml")
    loaded = source.load(ResolutionRules)
    if loaded is None or source.problems:
        raise RulesError(source.problems)
    return loaded
