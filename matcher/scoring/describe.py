"""Evidence in words (依据的文字说明): values as planners read them, and the one sentence that says why."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from matcher.corpora import Corpora
from matcher.intake.fields import EPOCH
from matcher.rules import Zone
from matcher.rules.zone import SegmentSpec
from matcher.scoring.evidence import NO_SEGMENT, Evidence
from matcher.scoring.values import Field
from matcher.types import NEED_LABELS

UNKNOWN_TEXT = "不详"
_NOT_THERE = "没有登记"
_OFF_CHAIN = "产业链之外"
CHANGED = "近年有变："
"""How the clause begins that tells what has become of a company since the registries' data (近年变化)."""


def evidence_check(fields: Mapping[str, Field], corpora: Corpora) -> Callable[[str], str | None]:
    """Check of a rule's ``evidence`` text (依据文字检查): what stands in braces must be a field, a mark or one of two more words."""
    known = {*fields, *(mark.id for mark in corpora.marks), "segment", "matched_terms"}

    def check(template: str) -> str | None:
        try:
            parsed = list(string.Formatter().parse(template))
        except ValueError:
            return "花括号没有成对"
        wrong = [name for _, name, spec, conversion in parsed if name is not None and (name not in known or spec or conversion)]
        return f"没有占位符 {{{wrong[0][:40]}}}" if wrong else None

    return check


class Describer:
    """Shows a pair's evidence in Chinese (依据说明)."""

    def __init__(self, zone: Zone, corpora: Corpora, fields: Mapping[str, Field]) -> None:
        self.zone, self.fields = zone, fields
        labels = corpora.statuses["labels"]
        self._visit_questions = {str(kind): question for kind, question in zone.scoring.visit_questions.items()}
        self._questions: dict[str, str] = corpora.statuses["questions"]
        self._words: dict[str, dict[str, str]] = {
            "mode": labels["modes"], "kind": labels["kinds"], "legal_form": labels["legal_forms"],
            "outlet": labels["outlets"], "group_state": labels["group_states"], "need": NEED_LABELS,
            "qualifications": labels["qualifications"], "marks": {mark.id: mark.label for mark in corpora.marks},
            "position": {**labels["positions"], "none": _OFF_CHAIN}, "chain": {**zone.chain_names, "none": _OFF_CHAIN},
        }  # fmt: skip
        if zone.scoring.ledger is not None:
            self._words["ledger_state"] = {"none": _NOT_THERE, **zone.scoring.ledger.states}
            self._words["project_stage"] = {
                "none": _NOT_THERE,
                **{key: one.name for key, one in zone.scoring.ledger.stages.items()},
            }
        self._verbs: dict[str, str] = {labels["modes"][mode]: verb for mode, verb in labels["verbs"].items()}
        self._verb_words = tuple(verb for verbs in corpora.reading.modes.values() for verb in verbs)
        made, claims = corpora.reading.modes["produce"], {*corpora.reading.modes["produce"], *corpora.reading.modes["develop"]}
        self._of_nouns = tuple(verb for verb in corpora.reading.noun_verbs if verb not in claims)
        self._makes = re.compile("|".join(map(re.escape, made))).search
        verbs, tails = ("|".join(map(re.escape, words)) for words in (self._verb_words, corpora.reading.noun_tails))
        before = "".join(corpora.reading.verb_prefixes)
        within = f"(?<![{before}])(?:{verbs})(?!(?:专?用)?(?:{tails}))"  # 食品加工机械, 水产深加工品 have none
        self._has_verb = re.compile(f"(?:{verbs})(?:、|$)|{within}")
        self._branches = re.compile("|".join(corpora.reading.branch_heads))
        self._steps = frozenset(corpora.reading.steps)
        steps = "|".join(map(re.escape, sorted(self._steps, key=len, reverse=True)))
        self._steps_off = re.compile(f"(?<=..)(?:{steps})$")  # 食用植物油半精炼 makes 食用植物油
        self._parts: dict[str, list[tuple[str, str]]] = {}  # template → each text in it, and what it names of a pair behind it
        self._marks = {mark.id: number for number, mark in enumerate(corpora.marks)}

    def segment(self, number: int) -> SegmentSpec | None:
        """The segment of this number, None for ``NO_SEGMENT``."""
        return None if number == NO_SEGMENT else self.zone.segments[number]

    def word(self, name: str, value: str) -> str:
        """What a value that a rule names is called (取值的叫法), whichever company has it."""
        return self._words.get(name, {}).get(value, value)

    def amount(self, name: str, value: float) -> str:
        """What a number of a field is called (数的叫法), whichever company has it."""
        return _NUMBERS.get(name, _plain)(value)

    def fill(self, template: str, evidence: Evidence, pair: int, terms: Sequence[str], *, brief: bool = False) -> str:
        """A rule's evidence text with its values (填写依据); ``brief`` as in ``value``."""
        parts = self._parts.get(template)
        if parts is None:
            parts = self._parts[template] = [(text, name or "") for text, name, _, _ in string.Formatter().parse(template)]
        told, filled = evidence.told.of(pair), list[str]()
        for text, name in parts:
            filled.append(text)
            if name == "matched_terms":
                filled.append("、".join(terms) or "无")
            elif name == "segment":
                segment = self.segment(int(evidence.segment[pair]))
                filled.append(segment.name if segment else "无")
            elif name:
                filled.append(told.get((name, brief)) or self.value(name, evidence, pair, brief=brief))
        return "".join(filled)

    def value(self, name: str, evidence: Evidence, pair: int, *, brief: bool = False) -> str:
        """One field's or mark's value in Chinese (字段值); ``brief`` rounds amounts as people say them."""
        told = evidence.told.of(pair)
        value = told.get((name, brief))
        if value is None:
            value = told[name, brief] = self._value(name, evidence, pair, brief=brief)
        return value

    def _value(self, name: str, evidence: Evidence, pair: int, *, brief: bool) -> str:
        if name in self._marks:
            marks = evidence.columns["marks"]
            if int(marks.values[pair]) >> self._marks[name] & 1:
                return "是"
            return "否" if marks.known[pair] else UNKNOWN_TEXT
        field, column = self.fields[name], evidence.columns[name]
        if field.kind == "list":
            return self._listed(name, evidence, pair)
        if not column.known[pair]:
            return UNKNOWN_TEXT
        raw: Any = column.values[pair]
        notes = evidence.ledger.notes
        noted = notes.get((name, int(evidence.company[pair]))) if notes and not brief else None
        note = f"（{noted}）" if noted else ""
        if field.kind == "text":
            word = field.names[int(raw)]
            return self._words.get(name, {}).get(word, word) + note
        if field.kind == "truth":
            return ("是" if raw else "否") + note
        if field.kind == "date":
            return (EPOCH + timedelta(days=int(raw))).isoformat()
        if name == "capital" and evidence.columns["foreign_capital"].values[pair]:
            return f"{_about(float(raw))}（外币折算）"
        return (_BRIEF if brief and name in _BRIEF else _NUMBERS).get(name, _plain)(float(raw)) + note

    def _listed(self, name: str, evidence: Evidence, pair: int) -> str:
        column = evidence.columns[name]
        mask = int(column.values[pair])
        days = evidence.lists.days.get(int(evidence.company[pair]), {}) if name == "qualifications" else {}
        words = [
            self._words[name][word] + (f"（名单 {days[bit]}）" if bit in days else "")
            for bit, word in enumerate(self.fields[name].names)
            if mask >> bit & 1
        ]
        return "、".join(words) if words else ("无" if column.known[pair] else UNKNOWN_TEXT)

    def reason(self, evidence: Evidence, pair: int, remarks: Remarks) -> str:
        """The sentence a planner reads (推荐理由): business, gap that it closes, what speaks for it, biggest doubt, what to ask.

        What the whole file lacks (参保人数) is no company's matter: ``next_question`` keeps it.
        """
        segment = self.segment(int(evidence.segment[pair]))
        if segment is None:
            return "名称和经营范围都看不出与园区产业链的关系。"
        if segment.chain is None:
            purpose = f"属机会型方向「{segment.name}」"
        else:
            purposes = _PURPOSES[segment.need] if segment.priority > _ASIDE else _BY_THE_WAY
            purpose = purposes.format(chain=segment.chain_name, segment=segment.name)
        local = f"（{segment.presence}）" if segment.presence else ""
        said = [f"{self._told_business(evidence, pair, remarks, segment)}，{purpose}{local}"]
        if segment.offers:
            said.append(f"可依托{'、'.join(segment.offers[:_MOST_OFFERS])}")
        if remarks.reaches:
            said.append(remarks.reaches)
        if partners := _partners(segment):
            said.append(partners)
        if evidence.columns["renowned"].values[pair] and (remarks.told or not remarks.claimed):
            said.append(f"{remarks.told or _RENOWNED}（公开常识）")
        founded = evidence.columns["founded"]
        strengths = [*remarks.strengths, *([self.value("founded", evidence, pair)[:4] + "年成立"] if founded.known[pair] else [])]
        if strengths:
            said.append("、".join(strengths))
        return "；".join([*said, *self._doubts(remarks), *self._questions_of(evidence, pair, remarks, segment)]) + "。"

    def _told_business(self, evidence: Evidence, pair: int, remarks: Remarks, segment: SegmentSpec) -> str:
        business = self._business(evidence, pair, remarks.business, segment) or segment.name
        if remarks.named and remarks.business and not remarks.claimed:
            return f"名称写着{'、'.join(remarks.business[:_MOST_TOLD])}，经营范围里没有写"
        if not remarks.claimed:
            return business
        return f"公认的主业是{_VERB_FIRST.sub('', business)}" + ("" if remarks.told else "（公开常识）")

    def _doubts(self, remarks: Remarks) -> list[str]:
        return [
            *([f"园区已与它签约（{remarks.signed}）"] if remarks.signed else []),
            *([f"{CHANGED}{remarks.changed}（公开消息）"] if remarks.changed else []),
            *(["经营范围写明这些由分支机构经营，厂不一定在注册地"] if self._by_branches(remarks) else []),
            *([f"待核：{remarks.doubt}"] if remarks.doubt else []),
        ]

    def _questions_of(self, evidence: Evidence, pair: int, remarks: Remarks, segment: SegmentSpec) -> list[str]:
        """The trade's own question comes first; what is doubted is asked after it."""
        standing = "signed" if remarks.signed else "approached" if evidence.columns["approached"].values[pair] else ""
        talked = self._visit_questions.get(standing)
        own = "" if remarks.signed else remarks.asked
        first = own or talked or _asked(segment, remarks.business, remarks.written) or self._visit_questions.get(segment.kind)
        asks = [asked_of(first, at_home=remarks.at_home)] if first else []
        asks += [remarks.asks] if remarks.asks else []
        return [f"{word}{ask}" for word, ask in zip(("先问清", "再问"), asks, strict=False)]

    def _by_branches(self, remarks: Remarks) -> bool:
        """Whether the scope says before what it does that branches do what follows (限分支机构经营): a maker then, but not at its seat."""
        head = self._branches.search(remarks.written)
        return head is not None and bool(remarks.business) and remarks.written.find(remarks.business[0]) > head.start()

    def question(self, field: str) -> str:
        """How to ask for a field (问法)."""
        return self._questions.get(field) or self.fields[field].label.split("（")[0]

    def _business(self, evidence: Evidence, pair: int, phrases: Sequence[str], segment: SegmentSpec) -> str:
        """Its main business in a few words: 生产片剂、颗粒剂；主营旅游景点开发."""
        told = list(dict.fromkeys(self._steps_off.sub("", phrase).upper() for phrase in phrases))
        told = [phrase for phrase in told if not any(_is_class_of(phrase, other) for other in told)]
        told = [phrase for phrase in told if phrase not in self._steps and not _VAGUE.search(phrase)] or told
        told = [_CLINGS.sub("", phrase) for phrase in told]
        mode = self.value("mode", evidence, pair) if evidence.columns["mode"].known[pair] else ""
        verb = self._verbs.get(mode, "")
        makes = verb and verb == self._verbs.get(self._words["mode"]["produce"])
        if segment.verb and makes:
            verb = segment.verb
        bare = [phrase for phrase in told if phrase in self._verb_words]
        if makes and 0 < len(bare) < len(told):  # 屠宰、蛋液: it slaughters, and makes the other; 养殖、鸭: it breeds ducks
            others = [word for word in bare if word != verb]
            does = "、".join([phrase for phrase in told if phrase not in bare][: _MOST_TOLD - min(len(others), 1)])
            return "、".join([*others, f"{verb}{does}"])
        does = "、".join(told[:_MOST_TOLD])
        if segment.verb and verb == segment.verb and does.endswith("业") and not does.startswith(self._verb_words):
            return f"{_MAINLY}{does}"  # nobody plants 林业
        if not does or does.startswith(self._verb_words):  # 生产玩具, 组织体育活动: it brings its own verb
            noun = verb and mode == self._words["mode"]["produce"] and does.startswith(self._of_nouns) and not self._makes(does)
            return f"{verb}{does}" if noun else does  # 检测诊断产品: a product's name begins with a verb
        if verb and not self._has_verb.search(does):
            return f"{verb}{does}"
        return f"{_MAINLY if _proved(evidence, pair) else _WRITTEN}{does}"


def asked_of(question: str, *, at_home: bool) -> str:
    """A question as it is asked of companies of the zone's own province, or of others: 要不要{北方|鲁西}的第二条线 (按来源地问)."""
    return _BY_ORIGIN.sub(lambda told: told[2 if at_home else 1], question)


def _proved(evidence: Evidence, pair: int) -> bool:
    """Whether its name, or what everybody knows, says too what a service writes into its scope: that costs nothing and needs no permit."""
    columns = evidence.columns
    return any(columns[field].known[pair] and columns[field].values[pair] for field in ("name_agrees", "renowned"))


def _asked(segment: SegmentSpec, business: Sequence[str], written: str) -> str:
    """The segment's question for what the company does first: 大米 is not asked for wheat."""
    fitting = (of.asks for phrase in business for of in segment.asks_of if of.fits(phrase, written))
    return next(fitting, segment.asks)


def _partners(segment: SegmentSpec) -> str:
    """Whom in the zone it would supply, and from whom it would buy."""
    suppliers, customers = (
        "、".join(_COMPANY.sub("", name) for name in names[:_MOST_PARTNERS]) for names in (segment.suppliers, segment.customers)
    )
    buys = f"可用本地{suppliers}的产品" if suppliers else ""
    sells = f"可为本地{customers}配套" if customers else ""
    return "，".join(filter(None, (sells, buys)))


def _is_class_of(phrase: str, other: str) -> bool:
    """Whether a phrase's characters stand in a somewhat longer one, in order: 速冻食品 is said by 速冻面米食品."""
    rest = iter(other)
    return len(phrase) < len(other) <= len(phrase) + _MOST_FINER and all(char in rest for char in phrase)


def _plain(value: float) -> str:
    return f"{value:,.0f}"


def _share(value: float) -> str:
    return f"{value / 1000:.2f}"


def _about(value: float) -> str:
    return f"{value / 10_000:,.3g}亿元" if value >= 10_000 else f"{value:,.0f}万元" if value >= 100 else _wan(value)


def _wan(value: float) -> str:
    return f"{value / 10_000:,.4g}亿元" if value >= 10_000 else f"{value:,.6g}万元"


_PURPOSES = {
    "complement": "可补{chain}链「{segment}」一环",
    "strengthen": "可做强{chain}链「{segment}」",
    "extend": "可把{chain}链延伸到「{segment}」",
}
_BY_THE_WAY = "属{chain}链「{segment}」，可顺访"
_ASIDE = 4  # priority up to which a segment is no gap that anybody would speak of: 啤酒, 茶
_CLINGS = re.compile("^(?:的|其他|其它)(?=..)|(?<=..)(?:领域内?|的技术)$")  # what is left of 自产的生物农药; a class of licences
_VAGUE = re.compile("其他|类$")  # 头孢菌素类: what a bracket says of the product before it
_MAINLY, _WRITTEN = "主营", "登记有"
_VERB_FIRST = re.compile(f"^(?:{_MAINLY}|生产|研发)(?=..)")
_BY_ORIGIN = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")
_MOST_TOLD = 3
_MOST_FINER = 4  # characters: 有机肥料 is not said by 有机-无机复混肥料
_MOST_PARTNERS = 2
_MOST_OFFERS = 2
_RENOWNED = "业内公认"  # of whom no more is written down
_COMPANY = re.compile("(?:总|股份)?(?:有限)?(?:责任)?公司$")  # 山东凤祥实业, as people call it


@dataclass(frozen=True)
class Remarks:
    """What is to be said of a company beside its business (评语).

    Attributes:
        business: Its main business in the scope's order, a few words each.
        written: Its scope, normalised.
        told: What everybody knows of it.
        changed: What has become of its group since the registries' data.
        asked: What to ask it first, of a group that everybody knows.
        reaches: Whom in the zone a part of what it makes would serve beside what its segment as a whole does.
        signed: The day on which the zone signed with it.
        claimed: ``business`` is what everybody says it does; its scope does not say so.
        named: Only its name says so; its scope does not.
        at_home: It sits in the zone's own province.
        strengths: What speaks for it, strongest first.
        doubt: The rule that took most points, in words.
        asks: What that rule asks.
    """

    business: Sequence[str] = ()
    written: str = ""
    told: str = ""
    changed: str = ""
    asked: str = ""
    reaches: str = ""
    signed: str = ""
    claimed: bool = False
    named: bool = False
    at_home: bool = False
    strengths: Sequence[str] = ()
    doubt: str | None = None
    asks: str | None = None


_NUMBERS: dict[str, Callable[[float], str]] = {
    "affinity": _share,
    "main_business": _share,
    "need_strength": _share,
    "capital_log": lambda value: f"约{_about(10 ** (value / 1000))}",
    "capital": _wan,
    "paid_capital": _wan,
    "insured_count": lambda value: f"{value:,.0f}人",
    "breadth": _plain,
    "days_since_visit": lambda value: f"{value:,.0f}天",
    "next_step_overdue": lambda value: f"{value:,.0f}天",
    "segment_underway": lambda value: f"{value / 1000:.1f}个",
}


_BRIEF: dict[str, Callable[[float], str]] = {"capital": _about, "paid_capital": _about}


def day_text(day: int, unknown: int) -> str | None:
    """A date as ISO text, None if unknown (日期文本)."""
    return None if day == unknown else (EPOCH + timedelta(days=int(day))).isoformat()
