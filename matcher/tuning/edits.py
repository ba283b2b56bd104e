"""What differs between two rulesets (规则改动), in words: the cause beside the effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matcher.rules import Zone
from matcher.rules.zone import SegmentSpec

_FIELDS = {
    "group": "分组", "label": "名称", "weight": "分值", "value": "取值", "if_unknown": "未知时的取值", "evidence": "依据",
    "says": "理由里的话", "asks": "先问什么", "why": "为什么", "when": "条件", "cap": "封顶",
}  # fmt: skip
_WHOLE = {
    "order": "名单次序", "bands": "档次", "need_strength": "需求强度", "capital_scale": "资本折算",
    "visit_questions": "见面先问", "presence": "有无的尺度",
}  # fmt: skip
_LEDGER = {"states": "台账状态", "stages": "台账阶段"}
_SEGMENT = {
    "name": "名称", "need": "需求", "priority": "优先级", "kind": "环节类型", "position": "上中下游", "wants_group": "要集团、品牌",
    "needs_chemical_park": "须进化工园区", "description": "说明", "gbt4754": "行业代码",
}  # fmt: skip
_WORDS = {"terms": "词", "excluded": "排除词", "conflicts": "冲突词"}
_MOST_SHOWN = 6


@dataclass(frozen=True)
class Edit:
    """One difference (一处改动).

    Attributes:
        where: The rule, veto, group, segment or part of the scoring.
        what: What of it differs.
        old, new: As text; empty where it is not there.
    """

    where: str
    what: str
    old: str
    new: str


def edits(old: Zone, new: Zone) -> tuple[Edit, ...]:
    """All that differs between two rulesets, as far as it can move a list or a sentence (改动清单), in file order."""
    return (*_scoring(old, new), *_segments(old, new))


def _scoring(old: Zone, new: Zone) -> Iterator[Edit]:
    """What holds only where a ledger is read counts too, whether one is read here or not."""
    before, after = (zone.with_ledger_rules().scoring.model_dump(mode="json") for zone in (old, new))
    for key, title in _WHOLE.items():
        if before[key] != after[key]:
            yield from _fields(title, before[key], after[key])
    for key, title in _LEDGER.items():
        yield from _fields(title, *((side["ledger"] or {}).get(key, {}) for side in (before, after)))
    for key, title in (("groups", "分组"), ("vetoes", "否决"), ("rules", "规则")):
        theirs, mine = ({one["id"]: one for one in side[key]} for side in (before, after))
        for id_ in dict.fromkeys([*mine, *theirs]):
            where = f"{title} {id_}（{(mine.get(id_) or theirs[id_])['label']}）"
            if id_ not in theirs or id_ not in mine:
                yield Edit(where, "整条", "有" if id_ in theirs else "", "有" if id_ in mine else "")
                continue
            yield from (
                Edit(where, label, _text(theirs[id_][field]), _text(mine[id_][field]))
                for field, label in _FIELDS.items()
                if field in mine[id_] and theirs[id_][field] != mine[id_][field]
            )
        shared = [[id_ for id_ in side if id_ in theirs and id_ in mine] for side in (theirs, mine)]
        if shared[0] != shared[1]:
            yield Edit(title, "先后", "、".join(shared[0]), "、".join(shared[1]))


def _fields(where: str, old: Any, new: Any) -> Iterator[Edit]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield Edit(where, "整项", _text(old), _text(new))
        return
    for key in dict.fromkeys([*new, *old]):
        if old.get(key) != new.get(key):
            yield Edit(where, str(key), _text(old.get(key)), _text(new.get(key)))


def _segments(old: Zone, new: Zone) -> Iterator[Edit]:
    theirs, mine = _by_id(old), _by_id(new)
    for key in dict.fromkeys([*mine, *theirs]):
        segment = mine.get(key) or theirs[key]
        where = f"环节 {segment.id}（{segment.name}）"
        if key not in theirs or key not in mine:
            yield Edit(where, "整个环节", "有" if key in theirs else "", "有" if key in mine else "")
            continue
        for field, label in _SEGMENT.items():
            before, after = getattr(theirs[key], field), getattr(mine[key], field)
            if before != after:
                yield Edit(where, label, _text(before), _text(after))
        for field, label in _WORDS.items():
            lost, added = (
                [word for word in getattr(side, field) if word not in getattr(other, field)]
                for side, other in ((theirs[key], mine[key]), (mine[key], theirs[key]))
            )
            if lost or added:
                yield Edit(where, label, _listed(lost), _listed(added))


def _by_id(zone: Zone) -> Mapping[tuple[str | None, str], SegmentSpec]:
    return {(segment.chain, segment.id): segment for segment in zone.segments}


def _listed(words: list[Any]) -> str:
    told = [f"{word[0]}（{word[1]}）" if isinstance(word, tuple) else str(word) for word in words[:_MOST_SHOWN]]
    return "、".join(told) + (f" 等 {len(words)} 个" if len(words) > _MOST_SHOWN else "")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        return f"{value:g}"
    if isinstance(value, dict):
        return "，".join(f"{key} {_text(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return "、".join(_text(one) for one in value)
    return str(value)
