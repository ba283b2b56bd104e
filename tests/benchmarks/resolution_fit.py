"""Weights and thresholds of ``rules/resolution.yaml`` from one half of the benchmark's queries (归一权重的拟合)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from matcher.rules.resolution import FEATURES, QUERY_FEATURES, Confidence, Ordering, ResolutionRules
from tests.benchmarks.resolution_asked import Answered, Base, Given, judgements, ordered


def fit(rules: ResolutionRules, halves: Sequence[tuple[Base, Sequence[Answered]]]) -> None:
    """Prints weights (of candidates beside each other, then of the best one's confidence) and thresholds, as the rules file has them.

    Args:
        rules: As they are.
        halves: The large base, then the small one, each with the half of the queries that is for fitting.
    """
    names = (*FEATURES, *QUERY_FEATURES)
    order: dict[str, dict[str, float]] = {}
    large: dict[str, dict[str, float]] = {}
    few: dict[str, dict[str, float]] = {}
    for kind in ("short", "full"):
        order[kind] = _order_weights([one for one in halves[0][1] if one.asked.is_full == (kind == "full")])
    ranked = rules.model_copy(update={"order": Ordering(**order)})
    for kind in ("short", "full"):
        for half, sure in zip(halves, (large, few), strict=True):
            table, right = _asked_twice(*half, ranked, kind)
            model = LogisticRegression(C=3, max_iter=5000).fit(table, right)
            weights = [*model.coef_[0], model.intercept_[0]]
            sure[kind] = dict(zip((*names, "one"), (round(float(weight), 2) for weight in weights), strict=True))
    weighed = ranked.model_copy(update={"confidence": Confidence(**large), "confidence_small": Confidence(**few)})
    for title, (base, half) in zip(("same_at", "same_at_small"), halves, strict=True):
        judged = [given for one in half for given in judgements(base, one, weighed)]
        print(f"{title}:")
        for kind in ("short", "open", "full"):
            print(f"  {kind}: {_threshold([given for given in judged if given.written == kind]):.3f}")
    for title, by_kind in (("order", order), ("confidence", large), ("confidence_small", few)):
        print(f"{title}:")
        for kind, weights_of in by_kind.items():
            print(f"  {kind}:", *(f"    {name}: {weight:g}" for name, weight in weights_of.items() if weight), sep="\n")


def _asked_twice(
    base: Base, half: Sequence[Answered], rules: ResolutionRules, kind: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The features of the best candidate of each query, its company in the base or not, and whether it is the right one."""
    table, right = [], []
    for one in half:
        for absent in (False, True) if one.asked.is_full == (kind == "full") else ():
            best = ordered(one, base.names, rules.order, absent=absent)
            if best:
                values = {**best[0].features, **base.comparer.query_features(one.asked, best)[0]}
                table.append([values.get(name, 0.0) for name in (*FEATURES, *QUERY_FEATURES)])
                right.append(best[0].number == one.query.answer)
    return np.array(table), np.array(right)


def _order_weights(mine: Sequence[Answered]) -> dict[str, float]:
    """Weights under which the answer is likeliest among its candidates: a conditional logit, held small."""
    rows: list[list[float]] = []
    begins, answers, share = [], [], []
    for one in mine:
        if any(c.number == one.query.answer for c in one.found):
            begins.append(len(rows))
            share.append({"brand_inside": 1.0, "brand_outside": 0.3, "listed_short": 0.6, "renamed": 1.0}.get(one.query.kind, 0.25))
            for c in one.found:
                if c.number == one.query.answer:
                    answers.append(len(rows))
                rows.append([c.features.get(name, 0.0) for name in FEATURES])
    table, starts, weight = np.array(rows), np.array(begins), np.array(share)
    sizes = np.diff([*begins, len(rows)])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = table @ weights
        powers = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        chances = powers / np.repeat(np.add.reduceat(powers, starts), sizes)
        slope = weight @ table[answers] - (chances * np.repeat(weight, sizes)) @ table
        return float(-weight @ np.log(chances[answers]) + 0.025 * weights @ weights), 0.05 * weights - slope

    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x
    return dict(zip(FEATURES, np.round(found, 2).tolist(), strict=True))


def _threshold(given: Sequence[Given]) -> float:
    """The lowest, from 0.9, at which 99.3 % are right, and of every kind of query at most 0.95 % are wrong where the company is absent."""
    for at in np.arange(0.90, 1.0, 0.005):
        same = [g.right for g in given if g.chance >= at and not g.absent and g.chance < 1]
        kinds = [kind for kind, count in Counter(g.kind for g in given if g.absent).items() if count >= 100]
        wrong = max(np.mean([g.chance >= at for g in given if g.absent and g.kind == kind]) for kind in kinds)
        if wrong <= 0.0095 and np.mean(same) >= 0.993:
            return float(at)
    return 1.0
