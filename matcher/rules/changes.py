"""``rules/changes.yaml``: what a company can change and at what cost, and what may be answered to a question (改得了的、问得到的)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from matcher.errors import RulesError
from matcher.locate import folder, shipped
from matcher.rules.source import Source

ChangeField = Literal["insured_count", "paid_capital", "capital", "qualifications", "listed", "status", "business_scope"]
_LATIN = re.compile("[A-Za-z]")  # cdmo, evtol: no registry writes them
_STEPS = {
    "insured_count": ("times",), "paid_capital": ("share",), "capital": ("times",), "qualifications": ("add",),
    "business_scope": ("item",),
}  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Step(_Strict):
    """One change (一步): a multiple of the present number, a share of the registered capital, a list to be on, or a further scope item."""

    times: Annotated[float, Field(gt=1, le=100)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    add: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    item: bool | None = None
    cost: Annotated[int, Field(ge=1, le=1000)]

    @property
    def kind(self) -> str:
        """Which of the four it is, if it is one."""
        given = [name for name in ("times", "share", "add", "item") if getattr(self, name) is not None]
        return given[0] if len(given) == 1 else ""


class Changeable(_Strict):
    """A field, its answers with how likely each is beside the others, and its steps (一项).

    ``only`` tells of an answer which legal forms it can be true of (只有这些组织形式才可能), by their kinds; of any where it does not.
    """

    field: ChangeField
    label: Annotated[str, Field(min_length=1, max_length=40)]
    answers: dict[str, Annotated[int, Field(ge=1, le=1000)]]
    only: dict[str, Annotated[list[str], Field(min_length=1)]] = {}
    steps: list[Step]

    @model_validator(mode="after")
    def _fits(self) -> Changeable:
        wrong = [step for step in self.steps if step.kind not in _STEPS.get(self.field, ())]
        if wrong:
            raise ValueError(f"{self.field} 的一步应写 {'、'.join(_STEPS.get(self.field, ('（没有）',)))}，且只写一样")
        if strange := set(self.only) - set(self.answers):
            raise ValueError(f"only 里的 {'、'.join(sorted(strange))} 不是 {self.field} 的答案")
        if self.field in ("insured_count", "paid_capital", "capital"):
            for answer in self.answers:
                if not answer.replace(".", "", 1).isdigit():
                    raise ValueError(f"{self.field} 的答案应为数字，写的是 {answer[:20]!r}")
        return self


class Item(_Strict):
    """How a further scope item of one kind of segment is written (增项怎样写).

    Attributes:
        written: Endings of words that are items as they stand: 粮食种植.
        template: What is put behind a word that is none.
        never: Endings that nothing is put behind: 体外诊断 is no good that anybody makes.
    """

    written: Annotated[list[str], Field(min_length=1)]
    template: Annotated[str, Field(pattern=r"^[^{}]*\{term\}[^{}]*$")]
    never: list[str]

    def of(self, terms: Iterable[str]) -> str | None:
        """The item for a segment's words: the first that is one, else the first that makes one, else None (求增项)."""
        chinese = [term for term in terms if not _LATIN.search(term)]
        if found := next((term for term in chinese if term.endswith(tuple(self.written))), None):
            return found
        able = (term for term in chinese if not term.endswith(tuple(self.never)))
        return next((self.template.format(term=term) for term in able), None)


class Licensed(_Strict):
    """Trades that ask for a licence first, and what an item of theirs costs at least (要先办许可的行当)."""

    cost: Annotated[int, Field(ge=1, le=1000)]
    words: Annotated[list[str], Field(min_length=1)]


class Changes(_Strict):
    """The whole file (改得了的、问得到的)."""

    fields: Annotated[list[Changeable], Field(min_length=1)]
    items: dict[Literal["maker", "service", "trade"], Item]
    licensed: Licensed
    most_changes: Annotated[int, Field(ge=1, le=4)]

    @model_validator(mode="after")
    def _once(self) -> Changes:
        names = [one.field for one in self.fields]
        if len(set(names)) < len(names):
            raise ValueError("同一个字段写了两次")
        return self

    def cost_of(self, item: str, cost: int) -> int:
        """What a further scope item costs: what the step says, or the licence (增项的难易)."""
        return max(cost, self.licensed.cost) if any(word in item for word in self.licensed.words) else cost


def load_changes(rules: str | Path | None = None) -> Changes:
    """What can be changed and asked, checked (读入): of the rules folder in use, else what comes with the program.

    Raises:
        RulesError: The file holds mistakes.
    """
    own = folder("rules", rules) / "changes.yaml"
    source = Source(own if own.is_file() else shipped("rules") / "changes.yaml", "changes.yaml")
    found = source.load(Changes)
    if found is None:
        raise RulesError(source.problems)
    return found
