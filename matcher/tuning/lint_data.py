"""Concerns about rules that only companies show (看数据的检查): rules that fire together, caps that always bind, rules for everybody."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from matcher.engine import Engine
from matcher.rules.zone import Part
from matcher.scoring.evidence import NO_SEGMENT
from matcher.tuning.concerns import Concern, Files, Kind
from matcher.tuning.outcome import Outcome

_FILE = "scoring.yaml"
LEAST = 50
"""Listed companies below which data say nothing (数据太少，不下判断)."""
_LEAST_TOGETHER = 8  # companies for which two rules fire
_TOGETHER = 0.95  # share of those for which either fires
_ALWAYS_CUT = 0.9  # share of companies for which a cap binds


class DataLint:
    """Looks at what the rules did to a file (数据检查).

    Args:
        engine: Over the rules.
        files: Where they stand.
        outcome: What became of every company.
    """

    def __init__(self, engine: Engine, files: Files, outcome: Outcome) -> None:
        scored = outcome.scored
        self.files, self.ruleset, self.zone = files, engine.ruleset, engine.zone
        self.scores, self.vetoes_hit = scored.scores, scored.barring.tolist()
        self.listed = np.flatnonzero(scored.open & (scored.placed.segment != NO_SEGMENT))

    def concerns(self) -> list[Concern]:
        """All of them (全部疑处)."""
        return [*self._together(), *self._constant(), *self._caps(), *self._silent()] if len(self.listed) >= LEAST else []

    def _at(self, kind: Kind, key: Part, number: int, field: str, text: str) -> Concern:
        return self.files.concern(kind, _FILE, (*self.zone.place_of(key, number), field), text)

    def _together(self) -> Iterator[Concern]:
        """Rules, both giving or both taking, that nearly always fire together and read something in common; of two groups, all of it."""
        fires = (self.scores.points != 0) & self.scores.known
        often = fires[:, self.listed].sum(axis=1)
        for a, b in itertools.combinations(range(len(self.ruleset.rules)), 2):
            first, rule = self.ruleset.rules[a], self.ruleset.rules[b]
            fields, others = (set(self.ruleset.values[n].fields) for n in (a, b))
            reads = fields & others if rule.group == first.group else fields == others and fields
            if (first.weight > 0) != (rule.weight > 0) or not reads:
                continue
            if rule.group != first.group and max(often[a], often[b]) >= _TOGETHER * len(self.listed):
                continue  # whoever fires for everybody is told as that
            both = int((fires[a] & fires[b])[self.listed].sum())
            either = int((fires[a] | fires[b])[self.listed].sum())
            if both >= _LEAST_TOGETHER and both >= _TOGETHER * either:
                where = "同组" if rule.group == first.group else "分在两组"
                text = (
                    f"规则 {rule.id} 与 {first.id}（{first.label}）{where}，{either} 家中有 {both} 家同时得分，像是同一件事算了两次"
                )
                yield self._at("doubled", "rules", b, "value", text)

    def _constant(self) -> Iterator[Concern]:
        for number, rule in enumerate(self.ruleset.rules):
            values, known = self.scores.value[number, self.listed], self.scores.known[number, self.listed]
            if known.sum() >= LEAST and values[known].min() == values[known].max() > 0:
                text = f"规则 {rule.id}：{int(known.sum())} 家读得出来，取值都是 {values[known][0] / 1000:g}，分不出高下"
                yield self._at("always", "rules", number, "value", text)

    def _caps(self) -> Iterator[Concern]:
        for number, group in enumerate(self.ruleset.groups):
            raw, cut = self.scores.raw[number, self.listed], self.scores.groups[number, self.listed]
            bound, share = int((raw != cut).sum()), float((raw != cut).mean())
            if share >= _ALWAYS_CUT:
                text = f"分组 {group.id}：{len(raw)} 家中有 {bound} 家被封顶截掉，组里的差别看不出来"
                yield self._at("cap_always", "groups", number, "cap", text)
            possible = int(np.maximum(self.ruleset.weights[self.ruleset.group_of == number], 0).sum()) / 10
            if not bound and possible > group.cap[1] > 0:
                yield self._at("cap_never", "groups", number, "cap", f"分组 {group.id}：{len(raw)} 家没有一家封顶")

    def _silent(self) -> Iterator[Concern]:
        """Rules and vetoes that could be read and never fired."""
        for number, rule in enumerate(self.ruleset.rules):
            known = self.scores.known[number, self.listed]
            if rule.weight and known.sum() >= LEAST and not self.scores.value[number, self.listed][known].any():
                text = f"规则 {rule.id}：{int(known.sum())} 家读得出来，没有一家成立"
                yield self._at("silent", "rules", number, "value", text)
        for number, veto in enumerate(self.ruleset.vetoes):
            if not self.vetoes_hit[number]:
                yield self._at("silent", "vetoes", number, "when", f"否决 {veto.id}：没有一家成立")
