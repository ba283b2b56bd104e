"""``rules/resolution.yaml``: how names are weighed and from where on an answer is given (归一规则)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from matcher.errors import RulesError
from matcher.locate import folder
from matcher.rules.source import Source

FEATURES = (
    "whole_equal",  # 全称相同
    "one_edit",  # 全称只差一处：多一字、少一字、错一字，或两字颠倒
    "all_but_form",  # 行政区划、字号、行业表述都相同
    "core_equal",  # 字号加行业表述相同
    "trade_equal",  # 字号相同
    "trade_near",  # 字号相近（编辑距离）
    "trade_begins",  # 一个字号是另一个的开头，1；短的只有两个字，0.5
    "trade_edit",  # 字号三个字以上、第一个字相同、只差一处
    "industry_other",  # 双方都写了行业，没有一个字相同
    "industry_near",  # 行业表述相近
    "industry_begins",  # 一方的行业是另一方的开头
    "region_equal",  # 行政区划相同
    "region_same",  # 行政区划一致，如一个在另一个之内
    "region_other",  # 行政区划矛盾
    "form_same",  # 组织形式相同
    "outlet_other",  # 一个是分支网点，另一个不是
    "outlet_bears",  # 候选是分支网点，“公司”之后（去掉地名）以查询打头：查询可能是它上级的品牌
    "branch_same",  # 都是分支网点，略去“股份有限公司”等之后名称以查询结尾
    "branch_other",  # 都是分支网点，公司之后的部分不同
    "head",  # 问的是分支网点，候选是它的上级
    "group_same",  # 都是集团
    "core_near",  # 字号加行业表述的相似度
    "initials",  # 名称各词（行政区划、字号、行业）的开头依次连起来是查询：青啤是青岛啤酒
    "begins",  # 名称以查询开头
    "within",  # 查询整段出现在名称里
    "core_within",  # 查询的字号加行业整段出现在名称里
    "shortened",  # 查询逐字按次序出现在名称里（简称）
    "short_start",  # …而且第一个字在名称开头或行政区划之后
    "number_other",  # 数字、字母不同（一公司、二公司）
    "is_joint_stock",  # 候选是股份公司：被人提起的多是大公司
    "is_group",  # 候选是集团
    "is_long",  # 候选名称比查询长出多少
    "is_national",  # 候选名称没有行政区划：要大公司才准
    "at_centre",  # 候选在一线城市，1；在其他直辖市、副省级城市或只写省名，0.5：叫得响的品牌多在大城市
    "is_provincial",  # 候选只写到省、直辖市
    "in_county",  # 候选写到区县
    "has_outlets",  # 库里有候选的分支网点
    "other_form",  # 候选不是有限公司、股份公司：合作社、厂、所、老式的公司
)
"""Comparisons of a query with a name, each 0…1 (比较特征)."""
QUERY_FEATURES = ("score", "lead", "rare", "long", "open_region", "unnamed", "rivals")
"""Of a candidate in its list: its score, its lead over the best other (分差), rarity and length of the 字号 asked for, that the query
has no region, no 字号, and how many others can be meant as well (对手)."""
Weight = Annotated[float, Field(ge=-100, le=100)]
Kind = TypeVar("Kind", bound="ByKind")
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ByKind(_Strict):
    """Weights for queries cut short (简称) and for full names (全称)."""

    short: dict[str, Weight]
    full: dict[str, Weight]


class Ordering(ByKind):
    """Weights of ``FEATURES`` in the score that orders candidates (排先后的权重)."""

    @model_validator(mode="after")
    def _known(self) -> Ordering:
        return _only(self, FEATURES)


class Confidence(ByKind):
    """Weights of all features in the logistic confidence; ``one`` is the intercept (把握的权重)."""

    @model_validator(mode="after")
    def _known(self) -> Confidence:
        return _only(self, (*FEATURES, *QUERY_FEATURES, "one"))


def _only(weights: Kind, known: Collection[str]) -> Kind:
    unknown = sorted((weights.short.keys() | weights.full.keys()) - set(known))
    if unknown:
        raise ValueError(f"没有这些比较项：{'、'.join(unknown)}")
    return weights


class SameAt(_Strict):
    """Confidence from which the answer is *same*, by how the query is written (就是它的把握)."""

    short: Share
    open: Share
    full: Share


class Marks(_Strict):
    """What stands before or behind a name and is no part of it (名称之外的标记)."""

    before: tuple[str, ...]
    after: tuple[str, ...]


class Bought(_Strict):
    """What a threshold was measured to give (阈值换来的准确率)."""

    precise: Share
    absent: Share
    measured_on: str


class ResolutionRules(_Strict):
    """The whole file (归一规则).

    Attributes:
        same_at: Confidence from which the answer is *same* in a base of 1.4 million names or more: cut short, a full name without its
            region, a full name.
        same_at_small: … in one of 50,000 or fewer, where fewer firms can be mixed up; between the two it lies between.
        unsure_at: … from which it is *unsure*; below it is *none*.
        marks: Of exchanges, before and behind short names.
        spelt_out: Short form → as the register writes it.
        order: The score that orders candidates.
        confidence: What the best one's confidence is made of in a base of 1.4 million names or more.
        confidence_small: … in one of 50,000 or fewer; between the two the log odds lie between.
        bought: Measured on development data at ``same_at``.
    """

    same_at: SameAt
    same_at_small: SameAt
    unsure_at: Share
    marks: Marks
    spelt_out: dict[str, str]
    order: Ordering
    confidence: Confidence
    confidence_small: Confidence
    bought: Bought

    @model_validator(mode="after")
    def _ordered(self) -> ResolutionRules:
        if self.unsure_at >= min(getattr(at, kind) for at in (self.same_at, self.same_at_small) for kind in SameAt.model_fields):
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
