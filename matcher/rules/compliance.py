"""``rules/compliance.yaml``: what no rule may read or reward, what no promise should hold, and on what ground (合规名单)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from matcher.errors import RulesError
from matcher.locate import folder, shipped
from matcher.rules.source import Source

Text = Annotated[str, Field(min_length=1, max_length=400)]
Where = Literal["label", "says", "asks", "evidence", "why", "visit_questions", "marks", "terms"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LegalSource(_Strict):
    """A law or regulation and the article that bears on it (法规依据)."""

    title: Text
    number: Text
    article: Text
    says: Text

    def __str__(self) -> str:
        return f"《{self.title}》（{self.number}）{self.article}"


class Forbidden(_Strict):
    """One thing that no rule may do (禁止事项).

    Attributes:
        fields: Fields that no expression may read.
        rewarded: Fields for which no rule may give points.
        marks: Marks that no expression may ask for.
        words: Words that stand neither in an expression nor in the texts of ``where``: of rules, of the marks that they ask for, of the
            terms of segments.
        instead: What to write instead.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Text
    fields: list[str]
    rewarded: list[str] = []
    marks: list[str]
    words: list[Text]
    where: list[Where]
    instead: Text
    sources: Annotated[list[LegalSource], Field(min_length=1)]


class Promised(_Strict):
    """A kind of promise that is warned of where it is entered (承诺提醒).

    Attributes:
        kinds: Kinds of promise, as ``rules/ledger.yaml`` has them, that are always warned of.
        words: Words that are warned of in a promise of any kind.
        unless: What makes it lawful, for the warning.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Text
    kinds: list[str]
    words: list[Text]
    unless: Text
    instead: Text
    sources: Annotated[list[LegalSource], Field(min_length=1)]


class Compliance(_Strict):
    """The whole list (合规名单)."""

    forbidden: Annotated[list[Forbidden], Field(min_length=1)]
    promises: list[Promised] = []


def load_compliance(rules: str | Path | None = None) -> Compliance:
    """The list, checked (读入合规名单): of the rules folder in use, else the one that comes with the program.

    Raises:
        RulesError: The file holds mistakes.
    """
    own = folder("rules", rules) / "compliance.yaml"
    file = own if own.is_file() else shipped("rules") / "compliance.yaml"
    source = Source(file, "compliance.yaml")
    found = source.load(Compliance)
    if found is None:
        raise RulesError(source.problems)
    return found
