"""Concerns that the rules alone show (只看规则的检查): what can never or always be true, what says the same twice, ranges with holes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from matcher.intake.fields import EPOCH
from matcher.rules.schema import GroupCap, Rule, Veto
from matcher.rules.zone import Part, Zone
from matcher.scoring.evidence import EvidenceReader
from matcher.scoring.expressions import Expression
from matcher.scoring.formula import Ruleset
from matcher.tuning.concerns import Concern, Files, Kind
from matcher.tuning.grid import Cells, Grid
from matcher.tuning.placeholders import no_reason

FILE = "scoring.yaml"
_LEAST_WHY = 4  # characters that can say why


class RuleLint:
    """Looks at one ruleset (规则检查).

    Args:
        evidence: The zone's reader.
        ruleset: Its compiled rules.
        files: Where they stand.
        as_of: The day of the check, in days since 1970.
        zone: Whose rules they are.
    """

    def __init__(self, evidence: EvidenceReader, ruleset: Ruleset, files: Files, as_of: int, zone: Zone) -> None:
        self.ruleset, self.files, self.as_of, self.zone = ruleset, files, as_of, zone
        self.grid = Grid(evidence, as_of)
        self.fields = evidence.fields

    def concerns(self) -> list[Concern]:
        """All of them (全部疑处)."""
        return [*self._vetoes(), *self._rules(), *self._doubled(), *self._caps(), *self._ranges(), *self._why()]

    def _at(self, kind: Kind, key: Part, number: int, field: str, text: str) -> Concern:
        return self.files.concern(kind, FILE, (*self.zone.place_of(key, number), field), text)

    def _known(self, cells: Cells, expression: Expression) -> NDArray[np.float64]:
        values, known = cells.read(expression, self.as_of)
        return np.clip(values[known], 0, 1)

    def _vetoes(self) -> Iterator[Concern]:
        live: list[tuple[int, Expression]] = []
        for number, (veto, expression) in enumerate(zip(self.ruleset.vetoes, self.ruleset.whens, strict=True)):
            cells = self.grid.cells([expression])
            if cells is None or not cells.exact:
                continue
            values = self._known(cells, expression)
            if not values.any():
                yield self._at("never", "vetoes", number, "when", f"否决 {veto.id}：没有企业能满足这个条件")
            elif values.all():
                yield self._at("always", "vetoes", number, "when", f"否决 {veto.id}：读得出来的企业都满足这个条件，全都不上榜")
            else:
                yield from self._shadowed(number, expression, live)
                live.append((number, expression))

    def _shadowed(self, number: int, expression: Expression, before: Sequence[tuple[int, Expression]]) -> Iterator[Concern]:
        for earlier, other in before:
            if not set(other.fields) & set(expression.fields):
                continue
            cells = self.grid.cells([expression, other])
            if cells is None or not cells.exact:
                continue
            (mine, known), (theirs, there) = cells.read(expression, self.as_of), cells.read(other, self.as_of)
            if not ((mine > 0) & known & ~((theirs > 0) & there)).any():
                veto, first = self.ruleset.vetoes[number], self.ruleset.vetoes[earlier]
                text = f"否决 {veto.id}：满足它的企业都已被前面的 {first.id}（{first.label}）否决"
                yield self._at("shadowed", "vetoes", number, "when", text)
                return

    def _rules(self) -> Iterator[Concern]:
        for number, (rule, expression) in enumerate(zip(self.ruleset.rules, self.ruleset.values, strict=True)):
            if not rule.weight:
                yield self._at("never", "rules", number, "weight", f"规则 {rule.id}：分值是 0，给不了分也扣不了分")
                continue
            cells = self.grid.cells([expression])
            if cells is None or not cells.exact:
                continue
            values = self._known(cells, expression)
            if not values.any() and not rule.if_unknown:
                yield self._at("never", "rules", number, "value", f"规则 {rule.id}：没有企业能得到这一条的分")
            elif values.any() and values.min() == values.max():
                text = f"规则 {rule.id}：读得出来的企业取值都是 {values.min():g}，分不出高下"
                yield self._at("always", "rules", number, "value", text)
            elif veto := self._barred(rule, expression):
                text = f"规则 {rule.id}：得分的企业都已被否决 {veto.id}（{veto.label}）除名，轮不到它"
                yield self._at("shadowed", "rules", number, "value", text)

    def _barred(self, rule: Rule, expression: Expression) -> Veto | None:
        """The veto that takes off whoever has points by a rule."""
        for veto, when in zip(self.ruleset.vetoes, self.ruleset.whens, strict=True):
            if rule.if_unknown or not set(when.fields) & set(expression.fields):
                continue
            cells = self.grid.cells([expression, when])
            if cells is None or not cells.exact:
                continue
            (mine, known), (theirs, there) = cells.read(expression, self.as_of), cells.read(when, self.as_of)
            everybody = (theirs > 0)[there].all()  # said of the veto already
            if not everybody and not ((mine > 0) & known & ~((theirs > 0) & there)).any():
                return veto
        return None

    def _of_group(self, group: GroupCap) -> list[tuple[int, Rule, Expression]]:
        both = zip(self.ruleset.rules, self.ruleset.values, strict=True)
        return [(n, rule, expression) for n, (rule, expression) in enumerate(both) if rule.group == group.id]

    def _doubled(self) -> Iterator[Concern]:
        """Two rules that no evidence can tell apart, of one group, or both giving or both taking."""
        entries = list(enumerate(zip(self.ruleset.rules, self.ruleset.values, strict=True)))
        for (_, (first, one)), (number, (rule, other)) in itertools.combinations(entries, 2):
            against = rule.group != first.group and (first.weight > 0) != (rule.weight > 0)
            if one.fields != other.fields or not one.fields or against:
                continue
            cells = self.grid.cells([one, other])
            if cells is None or not cells.exact:
                continue
            (a, a_known), (b, b_known) = cells.read(one, self.as_of), cells.read(other, self.as_of)
            same = np.array_equal(a_known, b_known) and np.array_equal(np.clip(a, 0, 1)[a_known], np.clip(b, 0, 1)[a_known])
            if same and np.clip(a, 0, 1)[a_known].any():
                where = "同组" if rule.group == first.group else "分在两组"
                text = f"规则 {rule.id} 与 {first.id}（{first.label}）{where}，读的、成立的完全一样，同一件事算了两次"
                yield self._at("doubled", "rules", number, "value", text)

    def _caps(self) -> Iterator[Concern]:
        for number, group in enumerate(self.ruleset.groups):
            rules = [rule for _, rule, _ in self._of_group(group)]
            highest, lowest = (sum(round(pick(0.0, rule.weight) * 10) for rule in rules) / 10 for pick in (max, min))
            if not rules:
                yield self._at("cap_unreachable", "groups", number, "cap", f"分组 {group.id}：没有一条规则属于这一组")
            elif highest < group.cap[1] and group.cap[1] > 0:
                text = f"分组 {group.id}：各条满分合计 {highest:g}，到不了封顶 {group.cap[1]:g}"
                yield self._at("cap_unreachable", "groups", number, "cap", text)
            elif lowest > group.cap[0] and group.cap[0] < 0:
                text = f"分组 {group.id}：各条扣满合计 {lowest:g}，到不了下限 {group.cap[0]:g}"
                yield self._at("cap_unreachable", "groups", number, "cap", text)
            elif (highest > 0 >= group.cap[1]) or (lowest < 0 <= group.cap[0] and highest <= 0):
                yield self._at("cap_always", "groups", number, "cap", f"分组 {group.id}：封顶 {group.cap} 把组里的分全截掉了")

    def _ranges(self) -> Iterator[Concern]:
        """Steps over one number within a group: holes between them, and what two of them count."""
        for group in self.ruleset.groups:
            by_field: dict[str, list[tuple[int, Rule, Expression]]] = {}
            for entry in self._of_group(group):
                (*fields,) = entry[2].fields
                if len(fields) == 1 and entry[2].kind == "truth" and self.fields[fields[0]].kind in ("number", "date"):
                    by_field.setdefault(fields[0], []).append(entry)
            for field, entries in by_field.items():
                if len(entries) > 1 and len({rule.weight > 0 for _, rule, _ in entries}) == 1:
                    yield from self._steps(field, entries)

    def _steps(self, field: str, entries: Sequence[tuple[int, Rule, Expression]]) -> Iterator[Concern]:
        cells = self.grid.cells([expression for _, _, expression in entries])
        if cells is None or not cells.exact:
            return
        column = cells.columns[field]
        order = np.argsort(column.values[column.known].astype(np.float64), kind="stable")
        points = column.values[column.known].astype(np.float64)[order]
        fires = np.array([(cells.read(x, self.as_of)[0][column.known] > 0)[order] for _, _, x in entries])
        spans = [np.flatnonzero(row) for row in fires]
        if any(not len(span) or span[-1] - span[0] + 1 != len(span) for span in spans):
            return  # not steps
        label, kind = re.sub("（.*）", "", self.fields[field].label), self.fields[field].kind
        covered = np.flatnonzero(fires.any(axis=0))
        holes = np.setdiff1d(np.arange(covered[0], covered[-1] + 1), covered)
        if len(holes):
            number, rule, _ = entries[-1]
            text = f"分组 {rule.group} 按{label}分档，{_span(points[holes[0]], points[holes[-1]], kind)} 没有一条管到"
            yield self._at("gap", "rules", number, "value", text)
        for (a, (_, first, _)), (b, (number, rule, _)) in itertools.combinations(enumerate(entries), 2):
            shared = np.intersect1d(spans[a], spans[b])
            nested = len(shared) in (len(spans[a]), len(spans[b])) and (spans[a][-1] == spans[b][-1] or spans[a][0] == spans[b][0])
            if len(shared) and not nested:
                text = f"规则 {rule.id} 与 {first.id} 按{label}分档，{_span(points[shared[0]], points[shared[-1]], kind)} 两条都算"
                yield self._at("overlap", "rules", number, "value", text)

    def _why(self) -> Iterator[Concern]:
        both: tuple[tuple[Part, Sequence[Rule | Veto]], ...] = (("vetoes", self.ruleset.vetoes), ("rules", self.ruleset.rules))
        for key, entries in both:
            for number, entry in enumerate(entries):
                why = entry.why.strip()
                if why == entry.label.strip() or no_reason(why) or len(why) < _LEAST_WHY:
                    yield self._at("no_why", key, number, "why", f"{entry.id}：“{why}”没有说为什么")


def _span(low: float, high: float, kind: str) -> str:
    ends = [(EPOCH + timedelta(days=int(end))).isoformat() if kind == "date" else f"{end:g}" for end in (low, high)]
    return ends[0] if low == high else " 到 ".join(ends)
