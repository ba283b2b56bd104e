"""Proves the formula against a slow reference in exact fractions: points, caps, clamp, unknowns, interval, vetoes, question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.rules import Zone
from matcher.rules.schema import ScoringFile
from matcher.scoring.evidence import Evidence
from matcher.scoring.formula import UNIT, Ruleset, Scores, rule_checks
from matcher.scoring.values import ExpressionError, Field
from tests.scoring.language import AS_OF, columns

FIELDS = {
    "a": Field("number", "甲"),
    "b": Field("number", "乙"),
    "f": Field("truth", "丙"),
    "tags": Field("list", "丁", ("x", "y")),
}
Row = Mapping[str, Any]
Answer = Fraction | bool | None


def ramp(value: int | None, low: int, high: int) -> Fraction | None:
    return None if value is None else min(Fraction(1), max(Fraction(0), Fraction(value - low, high - low)))


def has(row: Row, word: str) -> bool | None:
    words, complete = row["tags"]
    return True if word in words else False if complete else None


def over_and_f(row: Row) -> bool | None:
    over = None if row["a"] is None else row["a"] > 300
    if over is False or row["f"] is False:
        return False
    return None if over is None or row["f"] is None else True


def two_ramps(row: Row) -> Fraction | None:
    first, second = ramp(row["a"], 0, 997), ramp(row["b"], 0, 997)
    return None if first is None or second is None else first - second / 2


# Text, its plain meaning, the fields it reads. 997 is odd, so that no thousandth lies exactly between two others.
VALUES: tuple[tuple[str, Callable[[Row], Answer], tuple[str, ...]], ...] = (
    ("ramp(a, 0, 997)", lambda row: ramp(row["a"], 0, 997), ("a",)),
    ("ramp(b, 499, 0)", lambda row: ramp(row["b"], 499, 0), ("b",)),
    ("ramp(a, 0, 997) - 0.5 * ramp(b, 0, 997)", two_ramps, ("a", "b")),
    ("b", lambda row: None if row["b"] is None else Fraction(row["b"]), ("b",)),
    ("f", lambda row: row["f"], ("f",)),
    ("NOT f = TRUE", lambda row: None if row["f"] is None else not row["f"], ("f",)),
    ("a > 300 AND f", over_and_f, ("a", "f")),
    ("has(tags, 'x')", lambda row: has(row, "x"), ("tags",)),
    ("1", lambda row: Fraction(1), ()),
)
CONDITIONS = tuple(value for value in VALUES if isinstance(value[1]({"a": 1, "b": 1, "f": True, "tags": (("x",), True)}), bool))


def tenths(low: int, high: int) -> st.SearchStrategy[float]:
    return st.integers(low, high).map(lambda number: number / 10)


@st.composite
def rulesets(draw: st.DrawFn) -> dict[str, Any]:
    """Plain settings: groups with caps, up to six rules, up to three vetoes."""
    groups = []
    for number in range(draw(st.integers(1, 3))):
        groups.append({"id": f"g{number}", "label": "组", "cap": sorted(draw(st.tuples(tenths(-600, 600), tenths(-600, 900))))})
    rules = []
    for number in range(draw(st.integers(1, 6))):
        rules.append(
            {
                "id": f"r{number}",
                "group": draw(st.sampled_from(groups))["id"],
                "label": "规则",
                "weight": draw(tenths(-1000, 1000)),
                "value": draw(st.sampled_from(VALUES))[0],
                "if_unknown": draw(st.integers(0, 1000)) / 1000,
                "evidence": "依据",
                "why": "理由",
            }
        )
    vetoes = [
        {"id": f"v{number}", "label": "否决", "when": draw(st.sampled_from(CONDITIONS))[0], "why": "理由"}
        for number in range(draw(st.integers(0, 3)))
    ]
    return {"groups": groups, "rules": rules, "vetoes": vetoes}


maybe = st.one_of(st.none(), st.integers(-50, 1100))
rows_of_evidence = st.lists(
    st.fixed_dictionaries(
        {
            "a": maybe,
            "b": maybe,
            "f": st.sampled_from((True, False, None)),
            "tags": st.tuples(st.sets(st.sampled_from(("x", "y"))).map(lambda words: tuple(sorted(words))), st.booleans()),
        }
    ),
    min_size=1,
    max_size=5,
)


def zone_of(plain: Mapping[str, Any]) -> Zone:
    scoring = ScoringFile.model_validate(
        {
            "order": {"least_affinity": 250, "opportunity_margin": 150, "fill": {"none": [1000]}},
            "bands": {"A": 70, "B": 58, "C": 45},
            "need_strength": {"complement": 1000},
            **plain,
        }
    )
    return Zone("t", None, (), (), scoring, "")


def evidence_of(rows: Sequence[Row]) -> Evidence:
    return Evidence(np.arange(len(rows)), np.zeros(len(rows), dtype=np.int64), columns(rows, FIELDS))


def scored(plain: Mapping[str, Any], rows: Sequence[Row]) -> tuple[Ruleset, Evidence, Scores]:
    """Scored; what a list is ordered by is the same when asked for alone."""
    ruleset, evidence = Ruleset(zone_of(plain), FIELDS), evidence_of(rows)
    scores, outcome = ruleset.score(evidence, AS_OF), ruleset.outcome(evidence, AS_OF)
    assert outcome.score.tolist() == scores.score.tolist()
    assert outcome.vetoed.tolist() == scores.vetoed.tolist()
    return ruleset, evidence, scores


# --- the slow reference --------------------------------------------------------------------------------------------------


def decimal(number: float) -> Fraction:
    """The number as it is written in the file, not its nearest binary fraction."""
    return Fraction(str(number))


def thousandths(value: Fraction) -> Fraction:
    return Fraction((min(Fraction(1), max(Fraction(0), value)) * 1000 + Fraction(1, 2)).__floor__(), 1000)


@dataclass(frozen=True)
class Reference:
    """What the formula says of one row, by its own words."""

    plain: Mapping[str, Any]
    row: Row

    @property
    def answers(self) -> list[Answer]:
        return [meaning_of(rule["value"])(self.row) for rule in self.plain["rules"]]

    @property
    def shown(self) -> list[Fraction]:
        """Every rule's value: rounded to thousandths, ``if_unknown`` where unknown."""
        pairs = zip(self.answers, self.plain["rules"], strict=True)
        return [decimal(rule["if_unknown"]) if a is None else thousandths(Fraction(a)) for a, rule in pairs]

    def groups(self, values: Sequence[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
        raw = {group["id"]: Fraction(0) for group in self.plain["groups"]}
        for rule, value in zip(self.plain["rules"], values, strict=True):
            raw[rule["group"]] += decimal(rule["weight"]) * value
        cut = [min(decimal(g["cap"][1]), max(decimal(g["cap"][0]), raw[g["id"]])) for g in self.plain["groups"]]
        return list(raw.values()), cut

    def score(self, values: Sequence[Fraction]) -> Fraction:
        return min(Fraction(100), max(Fraction(0), sum(self.groups(values)[1], Fraction(0))))

    def possible(self, open_rules: Sequence[int]) -> list[Fraction]:
        """The scores with every one of these rules at 0 and at 1, the others as shown."""
        scores = []
        for ends in product((Fraction(0), Fraction(1)), repeat=len(open_rules)):
            values = list(self.shown)
            for number, end in zip(open_rules, ends, strict=True):
                values[number] = end
            scores.append(self.score(values))
        return scores

    @property
    def unread(self) -> list[int]:
        return [number for number, answer in enumerate(self.answers) if answer is None]

    @property
    def vetoes(self) -> list[bool | None]:
        return [meaning_of(veto["when"])(self.row) for veto in self.plain["vetoes"]]

    @property
    def unknown_fields(self) -> list[str]:
        texts = [self.plain["rules"][number]["value"] for number in self.unread]
        texts += [veto["when"] for veto, answer in zip(self.plain["vetoes"], self.vetoes, strict=True) if answer is None]
        read = {field for text in texts for field in reads(text)}
        return sorted(field for field in read if (not self.row["tags"][1] if field == "tags" else self.row[field] is None))

    def spread(self, field: str) -> Fraction:
        """How far an answer to this field could move the score."""
        scores = self.possible([n for n in self.unread if field in reads(self.plain["rules"][n]["value"])])
        return max(scores) - min(scores)


def meaning_of(text: str) -> Callable[[Row], Answer]:
    return next(meaning for written, meaning, _ in VALUES if written == text)


def reads(text: str) -> tuple[str, ...]:
    return next(fields for written, _, fields in VALUES if written == text)


def exact(units: Any) -> list[Fraction]:
    assert units.dtype.kind == "i", "amounts are whole units"
    return [Fraction(int(unit), UNIT) for unit in units]


# --- properties ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(rulesets(), rows_of_evidence)
def test_everything_the_formula_gives_equals_the_reference(plain, rows):
    ruleset, evidence, scores = scored(plain, rows)
    for pair, row in enumerate(rows):
        wanted = Reference(plain, row)
        assert scores.known[:, pair].tolist() == [answer is not None for answer in wanted.answers]
        assert [Fraction(int(v), 1000) for v in scores.value[:, pair]] == wanted.shown
        points = [decimal(rule["weight"]) * value for rule, value in zip(plain["rules"], wanted.shown, strict=True)]
        assert exact(scores.points[:, pair]) == points
        raw, cut = wanted.groups(wanted.shown)
        assert exact(scores.raw[:, pair]) == raw
        assert exact(scores.groups[:, pair]) == cut
        assert exact(scores.score[[pair]]) == [wanted.score(wanted.shown)]
        possible = wanted.possible(wanted.unread)
        assert exact(scores.low[[pair]]) == [min(possible)]
        assert exact(scores.high[[pair]]) == [max(possible)]
        assert scores.low[pair] <= scores.score[pair] <= scores.high[pair]
        assert scores.vetoed[:, pair].tolist() == [answer is True for answer in wanted.vetoes]
        assert scores.unread[:, pair].tolist() == [answer is None for answer in wanted.vetoes]
        assert ruleset.unknown_fields(evidence, scores, pair) == wanted.unknown_fields


@settings(deadline=None, max_examples=100)
@given(rulesets(), rows_of_evidence)
def test_the_next_question_moves_the_score_most(plain, rows):
    ruleset, evidence, scores = scored(plain, rows)
    for pair, row in enumerate(rows):
        wanted = Reference(plain, row)
        spreads = {field: wanted.spread(field) for field in wanted.unknown_fields}
        question = ruleset.next_question(evidence, scores, pair)
        if max(spreads.values(), default=Fraction(0)) == 0:
            assert question is None
        else:
            assert question in spreads
            assert spreads[question] == max(spreads.values())


@settings(deadline=None, max_examples=40)
@given(rulesets(), rows_of_evidence, st.randoms(use_true_random=False))
def test_neither_the_batch_nor_the_order_of_the_rules_moves_a_score(plain, rows, random):
    together = scored(plain, rows)[2]
    for pair, row in enumerate(rows):
        alone = scored(plain, [row])[2]
        assert [alone.score[0], alone.low[0], alone.high[0]] == [together.score[pair], together.low[pair], together.high[pair]]
    shuffled = {key: random.sample(entries, len(entries)) for key, entries in plain.items()}
    again = scored(shuffled, rows)[2]
    np.testing.assert_array_equal(again.score, together.score)
    np.testing.assert_array_equal(again.low, together.low)
    np.testing.assert_array_equal(again.high, together.high)


@settings(deadline=None, max_examples=20)
@given(rulesets(), rows_of_evidence)
def test_many_pairs_are_scored_as_few_are(plain, rows):
    few, many = scored(plain, rows)[2], scored(plain, rows * 300)[2]
    for field in fields(Scores):
        one, other = getattr(few, field.name), getattr(many, field.name)
        np.testing.assert_array_equal(np.concatenate([one] * 300, axis=-1), other, field.name)


# --- by hand -------------------------------------------------------------------------------------------------------------


def rule(key: str, group: str, weight: float, value: str, if_unknown: float = 0) -> dict[str, Any]:
    return {
        "id": key,
        "group": group,
        "label": "规",
        "weight": weight,
        "value": value,
        "if_unknown": if_unknown,
        "evidence": "据",
        "why": "由",
    }


def veto(key: str, when: str) -> dict[str, Any]:
    return {"id": key, "label": "否", "when": when, "why": "由"}


BY_HAND = {
    "groups": [{"id": "good", "label": "好", "cap": [0, 30]}, {"id": "bad", "label": "坏", "cap": [-10, 0]}],
    "rules": [
        rule("size", "good", 20, "ramp(a, 0, 1000)", 0.3),
        rule("fame", "good", 15.5, "f"),
        rule("doubt", "bad", -12, "b > 5", 0.5),
    ],
    "vetoes": [veto("gone", "has(tags, 'x')"), veto("huge", "a > 2000")],
}
NOTHING = {"a": None, "b": None, "f": None, "tags": ((), False)}


@pytest.mark.parametrize(
    ("row", "good", "bad", "score", "low", "high"),
    [
        ({"a": 500, "b": 1, "f": True, "tags": ((), True)}, 25.5, 0, 25.5, 25.5, 25.5),
        ({"a": 900, "b": 1, "f": True, "tags": ((), True)}, 30, 0, 30, 30, 30),  # 18 + 15.5, cut to 30
        ({"a": 900, "b": 9, "f": True, "tags": ((), True)}, 30, -10, 20, 20, 20),  # −12, cut to −10
        ({"a": 100, "b": 9, "f": False, "tags": ((), True)}, 2, -10, 0, 0, 0),  # 2 − 10, clamped
        ({"a": None, "b": 1, "f": True, "tags": ((), True)}, 21.5, 0, 21.5, 15.5, 30),  # 0.3 × 20 + 15.5; 0 or 20 for the unknown
        (NOTHING, 6, -6, 0, 0, 30),
    ],
)
def test_scores_by_hand(row, good, bad, score, low, high):
    scores = scored(BY_HAND, [row])[2]
    assert (scores.groups[:, 0] / UNIT).tolist() == [good, bad]
    assert [scores.score[0] / UNIT, scores.low[0] / UNIT, scores.high[0] / UNIT] == [score, low, high]


def test_the_score_ends_at_a_hundred_and_a_group_without_rules_gives_its_cap():
    groups = [{"id": "one", "label": "一", "cap": [0, 95]}, {"id": "two", "label": "二", "cap": [7.5, 20]}]
    plain = {"groups": groups, "rules": [rule("all", "one", 100, "TRUE")], "vetoes": []}
    scores = scored(plain, [NOTHING])[2]
    assert (scores.raw[:, 0] / UNIT).tolist() == [100, 0]
    assert (scores.groups[:, 0] / UNIT).tolist() == [95, 7.5]
    assert scores.score[0] == 100 * UNIT


@pytest.mark.parametrize(
    ("tags", "a", "vetoed", "unread"),
    [
        ((("x",), False), 10, [True, False], [False, False]),
        ((("y",), True), 10, [False, False], [False, False]),
        ((("y",), False), 10, [False, False], [True, False]),
        ((("x",), True), 3000, [True, True], [False, False]),
        (((), False), None, [False, False], [True, True]),
    ],
)
def test_a_veto_fires_on_true_alone(tags, a, vetoed, unread):
    scores = scored(BY_HAND, [{**NOTHING, "tags": tags, "a": a}])[2]
    assert scores.vetoed[:, 0].tolist() == vetoed
    assert scores.unread[:, 0].tolist() == unread


def test_the_question_by_hand():
    def question(**row: Any) -> str | None:
        ruleset, evidence, scores = scored(BY_HAND, [{**NOTHING, "tags": ((), True), **row}])
        return ruleset.next_question(evidence, scores, 0)

    assert question(a=1000, b=1) == "f"  # 20 … 30; nothing else is open
    assert question(f=True, b=1) == "a"  # 15.5 … 30
    assert question(f=True, a=1000) == "b"  # 20 … 30
    assert question(b=1) == "a"  # a: 0 … 20 while fame counts 0; f: 6 … 21.5
    assert question(a=0, f=False) is None  # doubt alone cannot lower a score of 0
    assert question(a=1, b=1, f=True) is None


def test_values_outside_zero_and_one_are_cut_and_halves_round_up():
    plain = {"groups": [{"id": "g", "label": "组", "cap": [-100, 100]}], "rules": [rule("r", "g", 10, "a")], "vetoes": []}
    rows = [{**NOTHING, "a": a} for a in (-5, -0.4, 0, 0.0625, 0.0615, 0.5, 1, 1.5, 1e9)]
    assert scored(plain, rows)[2].value[0].tolist() == [0, 0, 0, 63, 62, 500, 1000, 1000, 1000]


def test_checks_say_what_is_wrong_with_a_text_and_nothing_of_a_good_one():
    checks = rule_checks(FIELDS)
    assert checks["value"]("f") is None
    assert checks["value"]("a + 1") is None
    assert checks["when"]("f") is None
    assert "zz" in str(checks["value"]("zz > 1"))
    assert checks["value"]("a / 2")
    assert checks["when"]("a + 1") == "否决条件应为真假，不是数字"


def test_a_zone_loaded_without_the_checks_cannot_be_scored():
    plain = {
        "groups": [{"id": "g", "label": "组", "cap": [0, 1]}],
        "rules": [rule("first", "g", 1, "zz > 1")],
        "vetoes": [],
    }
    with pytest.raises(ExpressionError, match="zz"):
        Ruleset(zone_of(plain), FIELDS)
