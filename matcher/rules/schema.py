"""What the files under ``rules/`` may say (规则文件的字段): pydantic models, also the source of the JSON Schemas for editors.

Unknown fields are mistakes. Messages are turned into Chinese with file and line by ``matcher.rules.source``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=48)]
RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=48)]
Term = Annotated[str, Field(min_length=1, max_length=24)]
Text = Annotated[str, Field(min_length=1, max_length=400)]
Tenths = Annotated[float, Field(ge=-100, le=100, multiple_of=0.1)]
Share = Annotated[float, Field(ge=0, le=1)]
Code = Annotated[str, Field(pattern=r"^\d{2,4}$")]


def _checked(kind: str) -> AfterValidator:
    """A text that the caller's own check (by kind, in the validation context) must accept; without one all texts pass."""

    def check(text: str, info: ValidationInfo) -> str:
        problem = (info.context or {}).get(kind, lambda _: None)(text)
        if problem:
            raise PydanticCustomError("rule_text", "{problem}", {"problem": problem})
        return text

    return AfterValidator(check)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Ground(_Strict):
    """Where a statement comes from (依据): the zone's own published words, or an assumption with its reason."""

    source: Literal["article", "assumed"]
    reason: Text


class Place(_Strict):
    """Where the zone lies (位置)."""

    province: str
    city: str
    longitude: Annotated[float, Field(ge=70, le=140)]
    latitude: Annotated[float, Field(ge=0, le=60)]
    ground: Ground


class Group(_Strict):
    """An industry recruitment group (产业招商小组); ``chains`` is empty while the zone has not named its industry."""

    id: Id
    name: Text
    chains: list[Id] = []
    ground: Ground


class Anchor(_Strict):
    """A company or institution already in the zone (现有龙头), or a platform or resource (平台、资源).

    ``segments`` are those that it stands in, ``attracts`` those of the chain whose companies it speaks for coming (可带动的环节);
    ``attracts_words`` are goods that speak so in the scope of a maker of any other segment of the chain.
    """

    name: Text
    chain: Id
    segments: list[Id] = []
    attracts: list[Id] = []
    attracts_words: list[Term] = []
    ground: Ground


class Signed(_Strict):
    """A company that the zone has signed with (已签约的企业)."""

    name: Text
    day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    ground: Ground


class Trip(_Strict):
    """A trip that the zone makes (行程): cities in order."""

    name: Text
    cities: Annotated[list[str], Field(min_length=1)]


class ZoneFile(_Strict):
    """``zone.yaml``: the zone (园区)."""

    id: Id
    name: Text
    place: Place
    groups: Annotated[list[Group], Field(min_length=1)]
    anchors: list[Anchor] = []
    platforms: list[Anchor] = []
    approached: list[Anchor] = []
    signed: list[Signed] = []
    service_modes: list[Text] = []
    trips: list[Trip] = []


class NotThis(_Strict):
    """A word that shows that an item, or a company, is something else (排除词、冲突词)."""

    term: Term
    why: Text


AskedWord = Annotated[str, Field(min_length=1, max_length=10)]


class AsksOf(_Strict):
    """What to ask first of those who do one of these things (按做什么问).

    ``words`` stand in what the sentence says it does. Where ``also`` has words, one of them stands anywhere in its scope, too.
    """

    words: Annotated[list[AskedWord], Field(min_length=1)]
    also: list[AskedWord] = []
    asks: Text


class Segment(_Strict):
    """A segment of a chain (环节).

    ``wants_group`` says that the zone wants a brand or group for it, not one more single house.
    ``terms`` maps a weight 1–10 to the words that carry it: 10 says this trade and no other, 2 is a hint. ``asks`` is what to ask such
    a company first (见面先问), ``asks_of`` what to ask those who do a part of it first, the first that fits; ``verb`` what is said of
    its makers instead of 生产 (种植、养殖).
    """

    id: Id
    name: Annotated[str, Field(min_length=2, max_length=20)]
    position: Literal["upstream", "midstream", "downstream"]
    kind: Literal["maker", "service", "trade"]
    need: Literal["complement", "strengthen", "extend"]
    priority: Annotated[int, Field(ge=1, le=10)]
    ground: Ground
    description: Text
    gbt4754: list[Code] = []
    needs_chemical_park: bool = False
    wants_group: bool = False
    asks: Text | None = None
    asks_of: list[AsksOf] = []
    verb: Annotated[str, Field(min_length=2, max_length=4)] | None = None
    terms: dict[Annotated[int, Field(ge=1, le=10)], Annotated[list[Term], Field(min_length=1)]]
    synonyms: dict[Term, Annotated[list[Term], Field(min_length=1)]] = {}
    excluded: list[NotThis] = []
    conflicts: list[NotThis] = []


class ChainFile(_Strict):
    """``chains/<chain>.yaml``: an industrial chain (产业链)."""

    id: Id
    name: Text
    segments: Annotated[list[Segment], Field(min_length=1)]
    edges: list[Annotated[list[Id], Field(min_length=2, max_length=2)]] = []


class Theme(_Strict):
    """A direction worth talking to although no chain asks for it (机会型方向); ``asks`` and ``asks_of`` as of a segment."""

    id: Id
    name: Annotated[str, Field(min_length=2, max_length=20)]
    kind: Literal["maker", "service", "trade"]
    ground: Ground
    description: Text
    gbt4754: list[Code] = []
    terms: dict[Annotated[int, Field(ge=1, le=10)], Annotated[list[Term], Field(min_length=1)]]
    synonyms: dict[Term, Annotated[list[Term], Field(min_length=1)]] = {}
    excluded: list[NotThis] = []
    conflicts: list[NotThis] = []
    asks: Text | None = None
    asks_of: list[AsksOf] = []


class OpportunityFile(_Strict):
    """``opportunities.yaml``: themes of the list beside the chains (机会型)."""

    themes: list[Theme]


class GroupCap(_Strict):
    """A group of rules; its sum is cut to the cap (分组封顶)."""

    id: RuleId
    label: Text
    cap: Annotated[list[Tenths], Field(min_length=2, max_length=2)]


class Veto(_Strict):
    """A company for which ``when`` is true leaves the list (一票否决)."""

    id: RuleId
    label: Text
    when: Annotated[str, Field(min_length=1), _checked("when")]
    why: Text


class Rule(_Strict):
    """``points = weight × value``; ``value`` is an expression in [0, 1] or a condition (规则).

    ``says`` is what the sentence of reasons says of a company that has points by it (推荐理由里的话), ``asks`` what to ask of one that
    loses points by it (先问什么).
    """

    id: RuleId
    group: RuleId
    label: Text
    weight: Tenths
    value: Annotated[str, Field(min_length=1), _checked("value")]
    if_unknown: Share = 0
    evidence: Annotated[Text, _checked("evidence")]
    says: Annotated[Text, _checked("evidence")] | None = None
    asks: Text | None = None
    why: Text


class Bands(_Strict):
    """Least score of each band (档次)."""

    A: Annotated[float, Field(ge=0, le=100)]
    B: Annotated[float, Field(ge=0, le=100)]
    C: Annotated[float, Field(ge=0, le=100)]


class ChainFill(_Strict):
    """By how many thousandths each further company of a chain counts less, and how little at least (同一产业链的折算)."""

    step: Annotated[int, Field(ge=0, le=1000)]
    least: Annotated[int, Field(ge=1, le=1000)]


class Order(_Strict):
    """How a list is filled (名单的次序).

    ``fill`` gives, per need, the thousandths by which the score of the first, second … company of a segment counts; the last
    number repeats; ``chain_fill`` does the same for a chain. ``least_affinity`` (thousandths) is what a segment needs to be
    considered for a company at all. A theme outside the chains takes a company over when its affinity is higher by ``opportunity_margin``.
    Segments of ``wanted_priority`` and more are named below a list that has nobody for them.
    """

    least_affinity: Annotated[int, Field(ge=1, le=1000)]
    opportunity_margin: Annotated[int, Field(ge=0, le=1000)]
    fill: dict[
        Literal["complement", "strengthen", "extend", "none"],
        Annotated[list[Annotated[int, Field(ge=0, le=1000)]], Field(min_length=1)],
    ]
    chain_fill: ChainFill = ChainFill(step=0, least=1000)
    wanted_priority: Annotated[int, Field(ge=1, le=10)] = 10


class Presence(_Strict):
    """How a local register is read (有无的尺度): who stands in a segment, for how much, and from when it is present or strong.

    ``capital`` in 万元: from ``least`` thousandths of a company at the first to a whole one at the second, by the logarithm. ``forms``:
    legal form → thousandths. ``present`` and ``strong``: thousandths of companies. ``partner_affinity``: from here a company whose name
    agrees is named as one to buy from or to sell to. ``without``: marks whose bearers are no base of an industry. ``sellers``:
    thousandths for which a firm counts that only sells what the segment makes. ``sure``: thousandths of a presence that must say so by
    name too before a need follows for certain.
    """

    least_affinity: Annotated[int, Field(ge=1, le=1000)]
    capital: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]
    least: Annotated[int, Field(ge=0, le=1000)]
    forms: dict[str, Annotated[int, Field(ge=0, le=1000)]] = {}
    present: Annotated[int, Field(ge=1)]
    strong: Annotated[int, Field(ge=1)]
    partner_affinity: Annotated[int, Field(ge=1, le=1000)]
    sellers: Annotated[int, Field(ge=0, le=1000)] = 1000
    sure: Annotated[int, Field(ge=0, le=1000)] = 0
    without: list[str] = []


class LedgerStage(_Strict):
    """What a step of a project is called, and how much of a project it counts for the need of its segment, in thousandths (项目阶段)."""

    name: Text
    weight: Annotated[int, Field(ge=0, le=1000)]


class LedgerScoring(_Strict):
    """What holds only where a ledger is read (读台账时才有的规则).

    ``states`` and ``stages`` say what the steps of targets and projects are called; ``stages`` also how much of a project each counts
    for (``segment_underway``). Vetoes, groups and rules stand before and behind the others.
    """

    states: dict[RuleId, Text]
    stages: dict[RuleId, LedgerStage]
    groups: list[GroupCap] = []
    vetoes: list[Veto] = []
    rules: list[Rule] = []


class ScoringFile(_Strict):
    """``scoring.yaml``: vetoes, groups and rules (评分规则).

    ``visit_questions`` is what to ask a company of each kind of segment first, and one that is ``approached`` or has ``signed`` already
    (见面先问).
    """

    order: Order
    bands: Bands
    need_strength: dict[Literal["complement", "strengthen", "extend"], Annotated[int, Field(ge=0, le=1000)]]
    capital_scale: dict[Literal["maker", "service", "trade"], Annotated[float, Field(gt=0, le=100)]] = {}
    visit_questions: dict[Literal["maker", "service", "trade", "approached", "signed"], Text] = {}
    presence: Presence | None = None
    ledger: LedgerScoring | None = None
    groups: Annotated[list[GroupCap], Field(min_length=1)]
    vetoes: list[Veto]
    rules: Annotated[list[Rule], Field(min_length=1)]


FILES: dict[str, type[BaseModel]] = {
    "zone": ZoneFile,
    "chain": ChainFile,
    "opportunities": OpportunityFile,
    "scoring": ScoringFile,
}
"""Kind of file → model; ``make schemas`` writes one JSON Schema for each."""
