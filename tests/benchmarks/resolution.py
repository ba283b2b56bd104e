"""How well names are resolved, and how fast (企业归一的准与快).

    LIANZHAO_DATA=folder python -m tests.benchmarks.resolution            the tables
    LIANZHAO_DATA=folder python -m tests.benchmarks.resolution --brute 10  … and brute force beside, on 10 queries of each kind
    LIANZHAO_DATA=folder python -m tests.benchmarks.resolution --fit      weights for rules/resolution.yaml from one half of the queries

Queries: brands with their legal names, short names of listed companies, new names of renamed ones, and names of the register with one
kind of noise each. The legal names stand among 1.4 million others, and again among 50,000, as in a user's base. Every query is asked twice:
with its company in the base, and without. Weights come from one half of the queries, drawn by a digest of the query; the tables show the
other half, of both bases. Answers are decided by the function that ``Resolver`` decides with.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import opencc
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from matcher.corpora import Corpora, open_corpora
from matcher.matching.name_features import Asked, Compared, NameComparer
from matcher.matching.name_index import NameIndex, squeezed
from matcher.matching.resolution import Decision, decided
from matcher.rules.resolution import FEATURES, QUERY_FEATURES, ByKind, Confidence, Ordering, ResolutionRules, load_resolution
from matcher.text.names import name_reader
from matcher.text.normalise import normalise

NAMES, BRANDS = "company_names_part1.csv.gz", "brand_legal_pairs_dev.csv.gz"
LISTED, RENAMED = "listed_companies_labelled_dev.csv.gz", "renamed_pairs_same_uscc.csv"
NOISES = ("typo", "no_region", "no_form", "wrong_form", "reordered", "abbreviated", "width", "traditional")
_NOISY = 8000
_SMALL = 50_000
_BRUTE = {"ratio": fuzz.ratio, "partial_ratio": fuzz.partial_ratio, "WRatio": fuzz.WRatio}


@dataclass(frozen=True)
class Query:
    """One question with its answer: the number of the name that is meant."""

    kind: str
    text: str
    answer: int

    @property
    def fits(self) -> bool:
        """It is of the half that weights are taken from."""
        return hashlib.sha256(self.text.encode()).digest()[0] < 128


@dataclass(frozen=True)
class Answered:
    """A query with what the first pass found."""

    query: Query
    asked: Asked
    found: list[Compared]


class Base:
    """Names, squeezed ones once, with their index."""

    def __init__(self, names: Sequence[str], corpora: Corpora, rules: ResolutionRules) -> None:
        self.number: dict[str, int] = {}
        self.names: list[str] = []
        for name, short in zip(names, squeezed(names), strict=True):
            if short not in self.number:
                self.number[short] = len(self.names)
                self.names.append(name)
        started = time.perf_counter()
        self.index = NameIndex.build(self.names)
        self.seconds = time.perf_counter() - started
        self.corpora = corpora
        self.comparer = NameComparer(self.index, corpora, rules)

    def of(self, name: str) -> int:
        """The number of a name."""
        return self.number[squeezed([name])[0]]


def read(folder: Path) -> tuple[dict[str, list[dict[str, str]]], list[str]]:
    """The tables of queries, and all names."""
    tables = {name: list(_rows(folder / name)) for name in (BRANDS, LISTED, RENAMED)}
    names = [row["name"] if "name" in row else next(iter(row.values())) for row in _rows(folder / NAMES)]
    for table, column in ((BRANDS, "legal_name"), (LISTED, "full_name"), (RENAMED, "registry_name_2019")):
        names += [row[column] for row in tables[table] if row[column]]
    return tables, names


def small(base: Base, asked: Sequence[Query], rules: ResolutionRules, *, fits: bool) -> tuple[Base, list[Query]]:
    """One half of the queries, with a base of no more than ``_SMALL`` names that holds their answers."""
    mine = [query for query in asked if query.fits == fits]
    answers = {query.answer for query in mine}
    others = random.Random(20261128).sample(range(len(base.names)), _SMALL - len(answers))
    less = Base([base.names[n] for n in sorted(answers | set(others))], base.corpora, rules)
    return less, [replace(query, answer=less.of(base.names[query.answer])) for query in mine]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def queries(base: Base, tables: dict[str, list[dict[str, str]]]) -> list[Query]:
    """All questions, the same in every run."""
    asked = []
    for row in tables[BRANDS]:
        brand, legal = row["brand_name"], row["legal_name"]
        if brand and legal:
            inside = squeezed([brand])[0] in squeezed([legal])[0]
            asked.append(Query("brand_inside" if inside else "brand_outside", brand, base.of(legal)))
    asked += [Query("listed_short", row["short_name"], base.of(row["full_name"])) for row in tables[LISTED] if row["short_name"]]
    asked += [Query("renamed", row["name_newer_or_other_source"], base.of(row["registry_name_2019"])) for row in tables[RENAMED]]
    draw = random.Random(20261124)
    reader, script = name_reader(base.corpora), opencc.OpenCC("s2t")
    for place, name in enumerate(draw.sample(base.names, _NOISY)):
        kind = NOISES[place % len(NOISES)]
        parts = reader.parse(normalise(name))
        changed = name
        at = draw.randrange(len(name))
        if kind == "typo":
            other = draw.choice("天地人和大中国新华东方")
            changed = draw.choice(
                [
                    name[:at] + name[at + 1 :],
                    name[:at] + other + name[at + 1 :],
                    name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :],
                ]
            )
        elif kind == "no_region" and parts.region:
            changed = name.replace(parts.region, "", 1)
        elif kind == "no_form":
            tail = next((tail for tail in ("股份有限公司", "有限责任公司", "有限公司", "公司") if name.endswith(tail)), "")
            changed = name.removesuffix(tail)
        elif kind == "wrong_form":
            changed = (
                name.replace("有限责任公司", "有限公司") if "有限责任公司" in name else name.replace("有限公司", "股份有限公司")
            )
        elif kind == "reordered" and parts.region and parts.trade_name:
            changed = f"{parts.trade_name}({parts.region}){parts.industry_term}有限公司"
        elif kind == "abbreviated" and parts.trade_name:
            changed = parts.trade_name + parts.industry_term[:2]
        elif kind == "width":
            changed = name.replace("(", "（").replace(")", "）").replace("公司", "公 司")
        elif kind == "traditional":
            changed = script.convert(name)
        if len(changed) >= 2 and (changed != name or kind in ("width", "traditional")):
            asked.append(Query(kind, changed, base.of(name)))
    return asked


def first_pass(base: Base, asked: Sequence[Query]) -> list[Answered]:
    """Candidates of every query; a renamed company's new name may not be answered by itself."""
    found = []
    for query in asked:
        parts = base.comparer.read(query.text)
        without = frozenset(base.index.exact(query.text)) - {query.answer} if query.kind == "renamed" else frozenset()
        found.append(Answered(query, parts, base.comparer.compared(parts, base.names, without)))
    return found


def ordered(one: Answered, names: Sequence[str], order: ByKind, *, absent: bool) -> list[Compared]:
    """The candidates in order of weights, with or without the company that is meant."""
    own = order.full if one.asked.is_full else order.short
    left = [c for c in one.found if not (absent and c.number == one.query.answer)]
    scored = [Compared(c.number, c.features, sum(own.get(k, 0.0) * v for k, v in c.features.items())) for c in left]
    return sorted(scored, key=lambda c: (-c.score, len(names[c.number]), c.number))


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


@dataclass(frozen=True)
class Given:
    """What was answered to a query, its company in the base or not."""

    kind: str
    written: str
    absent: bool
    decision: Decision
    chance: float
    right: bool


def judgements(base: Base, one: Answered, rules: ResolutionRules) -> Iterator[Given]:
    """The answers to a query, with its company and without, decided as ``Resolver`` decides."""
    exact = base.index.exact(one.query.text) if one.query.kind != "renamed" else []
    written = one.asked.kind if one.asked.is_named else "unnamed"
    for absent in (False, True):
        best = ordered(one, base.names, rules.order, absent=absent)
        if exact and not absent:
            yield Given(one.query.kind, written, absent, "same", 1.0, one.query.answer in exact)
        elif best:
            decision, chances = decided(base.comparer, rules, one.asked, best)
            yield Given(one.query.kind, written, absent, decision, chances[0], best[0].number == one.query.answer)


def _threshold(given: Sequence[Given]) -> float:
    """The lowest, from 0.8, at which 99.3 % are right, and of every kind of query at most 0.95 % are wrong where the company is absent."""
    for at in np.arange(0.80, 1.0, 0.005):
        same = [g.right for g in given if g.chance >= at and not g.absent and g.chance < 1]
        kinds = [kind for kind, count in Counter(g.kind for g in given if g.absent).items() if count >= 100]
        wrong = max(np.mean([g.chance >= at for g in given if g.absent and g.kind == kind]) for kind in kinds)
        if wrong <= 0.0095 and np.mean(same) >= 0.993:
            return float(at)
    return 1.0


def tables(base: Base, answered: Sequence[Answered], rules: ResolutionRules) -> None:
    """Prints right answers, precision and wrong answers for absent companies by kind of query, and the reliability by decile."""
    lines: dict[str, list[tuple[bool, bool, bool, bool, bool]]] = defaultdict(list)
    deciles: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for one in answered:
        if one.query.fits:
            continue
        best = ordered(one, base.names, rules.order, absent=False)
        given = list(judgements(base, one, rules))
        for g in given:
            deciles[min(9, int(g.chance * 10))].append((g.chance, g.right))
        same = [any(g.decision == "same" for g in given if g.absent == absent) for absent in (False, True)]
        right = any(g.right for g in given if not g.absent)
        lost = not any(g.decision != "none" for g in given if not g.absent)
        lines[one.query.kind].append((right, right or one.query.answer in [c.number for c in best[:5]], *same, lost))
    print(f"企业归一：{len(base.names):,} 个名称，没有用来定权重的一半查询")
    print("                      查询    首位对    前五有    答“就是它”  其中对    在库而答没有  不在库时误答")
    for kind, got in lines.items():
        same = [right for right, _, answered_same, *_ in got if answered_same]
        precise = f"{np.mean(same):9.3f}" if same else "        —"
        print(
            f"    {kind:<16} {len(got):>5} {np.mean([g[0] for g in got]):9.3f} {np.mean([g[1] for g in got]):9.3f} "
            f"{len(same) / len(got):11.3f} {precise} {np.mean([g[4] for g in got]):12.3f} {np.mean([g[3] for g in got]):12.3f}"
        )
    print("把握（在库与不在库各问一次）   次数    平均把握    实际对的")
    for decile in sorted(deciles):
        said, true = np.mean(deciles[decile], axis=0)
        print(f"    {decile / 10:.1f}–{decile / 10 + 0.1:.1f} {len(deciles[decile]):>20} {said:10.3f} {true:10.3f}")


def brute(base: Base, answered: Sequence[Answered], each: int) -> None:
    """Prints how often brute force puts the right name first, on some queries of each kind, beside us."""
    order = load_resolution().order
    kinds: dict[str, list[Answered]] = defaultdict(list)
    for one in answered:
        if not one.query.fits and len(kinds[one.query.kind]) < each:
            kinds[one.query.kind].append(one)
    plain = [normalise(name) for name in base.names]
    print(f"首位对的比例，每种 {each} 个查询，逐个比对全部名称")
    print("                      链招 " + " ".join(f"{name:>14}" for name in _BRUTE))
    for kind, sample in kinds.items():
        ours = np.mean(
            [[c.number for c in ordered(one, base.names, order, absent=False)][:1] == [one.query.answer] for one in sample]
        )
        shares = []
        for scorer in _BRUTE.values():
            hit = 0
            for one in sample:
                if one.query.kind == "renamed":
                    banned = set(base.index.exact(one.query.text)) - {one.query.answer}
                    choices = {n: name for n, name in enumerate(plain) if n not in banned} if banned else plain
                else:
                    choices = plain
                best = process.extractOne(normalise(one.query.text), choices, scorer=scorer)
                hit += best is not None and best[2] == one.query.answer
            shares.append(hit / len(sample))
        print(f"    {kind:<16} {ours:7.2f} " + " ".join(f"{share:14.2f}" for share in shares))


def speed(base: Base, asked: Sequence[Query]) -> None:
    """Prints one name's time as a ratio to one brute-force look, interleaved."""
    plain, comparer = [normalise(name) for name in base.names], base.comparer
    sample = random.Random(7).sample(list(asked), 60)
    ours, theirs, share = [], [], []
    for query in sample:
        started = time.perf_counter()
        found = comparer.compared(comparer.read(query.text), base.names)
        middle = time.perf_counter()
        best = process.extractOne(normalise(query.text), plain, scorer=fuzz.ratio)
        theirs.append(time.perf_counter() - middle)
        ours.append(middle - started)
        if best and best[1]:
            share.append(max((fuzz.ratio(normalise(query.text), plain[c.number]) for c in found), default=0.0) / best[1])
    print(
        f"一个名称：链招 p50 {np.median(ours) * 1e3:.2f} 毫秒、p99 {np.percentile(ours, 99) * 1e3:.2f} 毫秒；"
        f"process.extractOne(ratio) p50 {np.median(theirs) * 1e3:.0f} 毫秒；p50 快 {np.median(theirs) / np.median(ours):.0f} 倍，"
        f"p99 快 {np.percentile(theirs, 99) / np.percentile(ours, 99):.0f} 倍；候选里最高的 ratio 达到逐个比对的 {np.mean(share):.1%}"
    )
    with tempfile.TemporaryDirectory() as place:
        base.index.save(Path(place))
        started = time.perf_counter()
        comparer = NameComparer(NameIndex.open(Path(place)), Corpora(), comparer.rules)
        comparer.compared(comparer.read(sample[0].text), base.names)
        first = time.perf_counter() - started
    print(
        f"索引：每个名称 {base.index.size / len(base.index):.0f} 字节；存盘后打开（连同读语料）到第一个答案 {first * 1e3:.0f} 毫秒；"
        f"建 {base.seconds:.1f} 秒"
    )


def build_memory(folder: Path) -> None:
    """Prints the peak of building the index in a process that does nothing else, where the system tells it."""
    if not Path("/proc/self/status").exists():
        return
    code = (
        "import csv, gzip, re, sys\nfrom pathlib import Path\nfrom matcher.matching.name_index import NameIndex\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024\n"
        "names = [row[0] for row in csv.reader(gzip.open(sys.argv[1], 'rt', encoding='utf-8'))][1:]\n"
        "before = peak()\nindex = NameIndex.build(names)\n"
        "print(f'建索引：{len(names):,} 个名称读入后 {before} MB，建时峰值 {peak()} MB')"
    )
    subprocess.run([sys.executable, "-c", code, str(folder / NAMES)], check=True)


def main() -> int:
    """Prints weights or tables."""
    folder = os.environ.get("LIANZHAO_DATA")
    if not folder or not (Path(folder) / NAMES).is_file():
        print(f"未设 LIANZHAO_DATA，或其中没有 {NAMES}：企业归一基准略过")
        return 0
    corpora = open_corpora()
    rules = load_resolution()
    fitting = "--fit" in sys.argv
    if fitting:
        plain = {"core_near": 1.0}
        rules = rules.model_copy(update={"order": Ordering(short=plain, full=plain)})
    texts, names = read(Path(folder))
    base = Base(names, corpora, rules)
    asked = queries(base, texts)
    less, few = small(base, asked, rules, fits=fitting)
    answered, among_few = first_pass(base, [query for query in asked if query.fits == fitting]), first_pass(less, few)
    if fitting:
        fit(rules, [(base, answered), (less, among_few)])
        return 0
    tables(base, answered, rules)
    tables(less, among_few, rules)
    speed(base, asked)
    sys.stdout.flush()
    build_memory(Path(folder))
    if "--brute" in sys.argv:
        brute(base, answered, int(sys.argv[-1]) if sys.argv[-1].isdigit() else 10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
