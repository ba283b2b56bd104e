"""Which company a name means that is entered (登记时认企业), as ``resolve`` decides it: filled in where sure, asked where not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matcher.errors import FieldError
from matcher.ledger.books import TARGETS, Book
from matcher.ledger.setting import Setting, pick
from matcher.ledger.values import text_of
from matcher.matching.resolution import Candidate, Resolver
from matcher.text.normalise import normalise

ENTERPRISE = "enterprise"
"""Kind of a target that stands in a company register (企业); chambers and parks do not."""
_MOST = 3


@dataclass(frozen=True)
class Meant:
    """What is known of a name (认到的企业).

    Attributes:
        code: Its credit code; empty if it is not known for sure.
        told: What whoever enters it is told, in Chinese; empty for nothing.
    """

    code: str = ""
    told: str = ""


def wanted(setting: Setting, book: Book[Any], values: Mapping[str, Any]) -> str | None:
    """The name to look up (要认的名称): of a row of a company that has no code yet, None of any other.

    Args:
        setting: The zone's rules.
        book: Which book.
        values: Of the new row, as people write them.
    """
    name = values.get("company")
    if book.field("uscc") is None or values.get("uscc") or not isinstance(name, str) or not text_of(name):
        return None
    if book is TARGETS and isinstance(kind := values.get("kind"), str):
        try:
            kind = pick("", kind, setting.vocabulary("word", "target_kind"))
        except FieldError:
            return None  # told when the row is entered
        return text_of(name) if kind == ENTERPRISE else None
    return text_of(name)


def meant(resolver: Resolver, name: str, base: str) -> Meant:
    """Which company is meant (认企业): never a guess. Of several that may be, whoever enters it says which by its code.

    Args:
        resolver: Of the companies that are known.
        name: As it is entered.
        base: What the companies are, in Chinese: 当前快照.
    """
    answer = resolver.resolve(name)
    if answer.decision == "same" and answer.company is not None:
        company = answer.company
        if not resolver.companies.code_ok[company.place]:
            return Meant()
        as_said = normalise(company.name) == normalise(name).strip()
        return Meant(company.uscc, f"统一社会信用代码按{base}填：{company.uscc}" + ("" if as_said else f"（认作 {company.name}）"))
    if answer.decision == "unsure" and answer.candidates:
        named = "、".join(map(_called, answer.candidates[:_MOST]))
        more = f" 等 {len(answer.candidates)} 家" if len(answer.candidates) > _MOST else ""
        return Meant("", f"「{name}」在{base}里吃不准是哪一家，没有填统一社会信用代码；可能是 {named}{more}，是的请写明代码")
    return Meant()


def _called(one: Candidate) -> str:
    return f"{one.name}（{one.uscc or '没有代码'}）"
