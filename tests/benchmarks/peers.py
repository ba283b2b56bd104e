"""Other programs on the same rows in the same run (同行): part of ``make bench-scale``.

    LIANZHAO_DATA=folder python -m tests.benchmarks.peers

Each is given what it is made for, with settings that its own guide recommends, and is asked what this program is asked; the two
alternate, each in a process of its own. They are not of the same kind: ratios of time stand beside what came of it.

    names      who of so many companies is meant by names with a slip: splink (Fellegi–Sunter on DuckDB, names that share the beginning of
               their 字号 are compared), sparse_dot_topn (character n-grams, cosine, the best one), and the resolver
    match      the best companies of every segment: tantivy's index over the very tokens that are matched here, one weighted query a
               segment, and affinities of all companies with all segments
    rules      a decision table of zen-engine and the same conditions in the rule language, company by company and all at once

They come with ``make .venv/peers`` and are not needed for anything else; what is not installed is said to be so.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.intake import Companies, read_files
from matcher.intake.fields import UNKNOWN
from matcher.matching.resolution import Resolver
from matcher.rules.resolution import load_resolution
from matcher.scoring.expressions import compile_expression
from matcher.scoring.values import Column, Field
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.text.tokenizer import cut

FILE, ZONE = "registry_sample_80k.csv.gz", "liaocheng-resort"
NAMES, QUERIES, ROWS, DECIDED, ROUNDS = 50_000, 500, 20_000, 2_000, 3
PACKAGES = {"splink": "splink", "sparse_dot_topn": "sparse_dot_topn", "tantivy": "tantivy", "zen": "zen-engine"}
Figures = dict[str, float]


def companies(most: int) -> Companies:
    """The first so many of the file."""
    found = read_files([Path(os.environ["LIANZHAO_DATA"]) / FILE], open_corpora()).companies
    return found.take(range(min(most, len(found))))


def asked(names: Sequence[str]) -> list[tuple[str, int]]:
    """Names with a character lost or two swapped, or without their legal form, and which they are; the same in every run."""
    draw = random.Random(20261129)
    found = []
    for place in draw.sample(range(len(names)), QUERIES):
        name = names[place]
        at = draw.randrange(len(name) - 2)
        lost, swapped = name[:at] + name[at + 1 :], name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        found.append((draw.choice([lost, swapped, name.removesuffix("有限公司").removesuffix("有限责任公司")]), place))
    return found


def names_here() -> Figures:
    """The resolver: the index is built, then one name after another."""
    given = companies(NAMES)
    start = time.perf_counter()
    resolver = Resolver(given, open_corpora(), load_resolution())
    built = time.perf_counter()
    right = 0
    for name, place in asked(given.text["name"]):
        answer = resolver.resolve(name)
        right += bool(answer.candidates) and answer.candidates[0].place == place
    return {"prepare": built - start, "each": (time.perf_counter() - built) / QUERIES, "right": right / QUERIES}


def names_sparse() -> Figures:
    """sparse_dot_topn over scikit-learn's TF-IDF of pairs and triples of characters."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sparse_dot_topn import sp_matmul_topn

    names = companies(NAMES).text["name"]
    start = time.perf_counter()
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), dtype=np.float32)
    known = vectorizer.fit_transform(names).T.tocsr()
    built = time.perf_counter()
    queries = asked(names)
    best = sp_matmul_topn(vectorizer.transform([name for name, _ in queries]), known, top_n=1, sort=True, n_threads=1)
    right = sum(
        int(best.indices[best.indptr[n]]) == place for n, (_, place) in enumerate(queries) if best.indptr[n + 1] > best.indptr[n]
    )
    return {"prepare": built - start, "each": (time.perf_counter() - built) / QUERIES, "right": right / QUERIES}


def names_splink() -> Figures:
    """splink: trained on the names themselves, as its guide does, then all queries together."""
    import duckdb
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    names = companies(NAMES).text["name"]
    parse = name_reader(open_corpora()).parse

    def frame(given: Sequence[str]) -> pd.DataFrame:
        parts = [parse(normalise(name)) for name in given]
        trade = [part.trade_name or part.core for part in parts]
        columns = {"name": list(given), "trade": trade, "start": [one[:2] for one in trade], "end": [name[-6:] for name in given]}
        return pd.DataFrame({"unique_id": range(len(given)), **columns})

    queries = asked(names)
    start = time.perf_counter()
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8]), cl.JaroWinklerAtThresholds("trade", [0.9, 0.7])],
        blocking_rules_to_generate_predictions=[block_on("start"), block_on("end")],
    )
    connection = duckdb.connect()
    connection.execute(f"SET threads = {os.cpu_count()}")
    database = DuckDBAPI(connection)
    tables = [
        database.register(frame(given), dataset_display_name=called)
        for called, given in (("a", [name for name, _ in queries]), ("b", names))
    ]
    linker = Linker(tables, settings, log_level=50)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("start"))
    built = time.perf_counter()
    found = linker.inference.predict().as_pandas_dataframe().sort_values(["match_probability", "unique_id_r"])
    best = dict(zip(found["unique_id_l"].tolist(), found["unique_id_r"].tolist(), strict=True))
    right = sum(best.get(number) == place for number, (_, place) in enumerate(queries))
    return {"prepare": built - start, "each": (time.perf_counter() - built) / QUERIES, "right": right / QUERIES}


def match_here() -> Figures:
    """Affinities of all companies with all segments, in one process."""
    engine, given = Engine(ZONE, processes=1), companies(ROWS)
    start = time.perf_counter()
    affinity = engine.reader.read(given).affinity
    for column in affinity.T:
        np.argsort(-column, kind="stable")[:100]
    return {"all": time.perf_counter() - start}


def match_tantivy() -> Figures:
    """tantivy: its index over the tokens of names and scopes, then the best hundred of every segment by BM25."""
    import tantivy

    engine, given = Engine(ZONE, processes=1), companies(ROWS)
    cut("词典", engine.corpora)
    start = time.perf_counter()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="whitespace", index_option="freq")
    builder.add_integer_field("place", stored=True)
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(num_threads=1)
    for place, (name, scope) in enumerate(zip(given.text["name"], given.text["business_scope"], strict=True)):
        writer.add_document(tantivy.Document(text=[" ".join(cut(normalise(f"{name};{scope}"), engine.corpora))], place=place))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()
    for segment in engine.zone.segments:
        words = [
            tantivy.Query.boost_query(tantivy.Query.term_query(schema, "text", token), float(weight))
            for term, weight in segment.terms
            for token in cut(term, engine.corpora)
        ]
        searcher.search(tantivy.Query.boolean_query([(tantivy.Occur.Should, word) for word in words]), 100)
    return {"all": time.perf_counter() - start}


_CONDITIONS = (
    ("capital >= 10000", 8.0), ("capital BETWEEN 1000 AND 9999", 5.0), ("capital < 100", -10.0), ("years BETWEEN 5 AND 25", 5.0),
    ("years < 2", -3.0), ("insured >= 100", 6.0), ("insured BETWEEN 20 AND 99", 3.0), ("capital >= 500 AND years >= 10", 2.0),
)  # fmt: skip


def _facts(most: int) -> dict[str, Any]:
    given = companies(most)
    years = np.maximum(0, 20_000 - given.founded.astype(np.int64)) / 365.2425
    unknown = given.capital == UNKNOWN
    return {"capital": np.where(unknown, 0, given.capital / 10_000), "years": years, "insured": np.maximum(given.insured, 0)}


def rules_here() -> Figures:
    """The rule language: all companies at once, and company by company."""
    facts = _facts(DECIDED)
    everywhere = np.ones(len(facts["capital"]), dtype=np.bool_)
    fields = {name: Field("number", name) for name in facts}
    rules = [(compile_expression(text, fields), points) for text, points in _CONDITIONS]

    def points(columns: dict[str, Column]) -> Any:
        return sum(points * expression(columns, 0)[0] for expression, points in rules)

    start = time.perf_counter()
    together = points({name: Column(values, everywhere) for name, values in facts.items()})
    middle = time.perf_counter()
    for n in range(DECIDED):
        points({name: Column(values[n : n + 1], everywhere[:1]) for name, values in facts.items()})
    return {"each": (time.perf_counter() - middle) / DECIDED, "batch": (middle - start) / DECIDED, "sum": float(together.sum())}


def rules_zen() -> Figures:
    """zen-engine: the same conditions as a decision table that collects what fires."""
    import zen

    def unary(text: str, field: str) -> str:
        for part in text.split(" AND ") if "BETWEEN" not in text else [text]:
            if part.startswith(field):
                said = part.removeprefix(field).strip()
                return f"[{said.split()[1]}..{said.split()[3]}]" if said.startswith("BETWEEN") else said
        return ""

    names = ("capital", "years", "insured")
    inputs = [{"id": name, "name": name, "field": name, "type": "expression"} for name in names]
    outputs = [{"id": "points", "name": "points", "field": "points", "type": "expression"}]
    rows = [
        {"_id": str(n), **{name: unary(text, name) for name in names}, "points": str(points)}
        for n, (text, points) in enumerate(_CONDITIONS)
    ]
    table = {"hitPolicy": "collect", "inputs": inputs, "outputs": outputs, "rules": rows}
    place = {"position": {"x": 0, "y": 0}}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", **place},
        {"id": "table", "type": "decisionTableNode", "name": "table", "content": table, **place},
        {"id": "out", "type": "outputNode", "name": "out", **place},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
        {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    facts = _facts(DECIDED)
    rows_of = [dict(zip(facts, map(float, row), strict=True)) for row in zip(*facts.values(), strict=True)]
    start = time.perf_counter()
    total = sum(hit["points"] for row in rows_of for hit in decision.evaluate(row)["result"] or ())
    return {"each": (time.perf_counter() - start) / DECIDED, "sum": float(total)}


KINDS: dict[str, Callable[[], Figures]] = {
    kind.__name__: kind for kind in (names_here, names_sparse, names_splink, match_here, match_tantivy, rules_here, rules_zen)
}  # fmt: skip
_NEEDS = {"names_sparse": "sparse_dot_topn", "names_splink": "splink", "match_tantivy": "tantivy", "rules_zen": "zen"}


def measured(kind: str, rounds: int = ROUNDS) -> list[Figures]:
    """Runs of one kind, each in a fresh process; none where its package is not installed."""
    if kind in _NEEDS and importlib.util.find_spec(_NEEDS[kind]) is None:
        return []
    command = [sys.executable, "-m", "tests.benchmarks.peers", kind]
    found = []
    for _round in range(rounds):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"  {kind} {found[-1]}", file=sys.stderr)
    return found


def table(rounds: int = ROUNDS) -> list[str]:
    """The lines of the table, in Markdown."""
    runs = {kind: list[Figures]() for kind in KINDS}
    for _round in range(rounds):
        for kind in KINDS:
            runs[kind] += measured(kind, 1)
    middle = {
        kind: {key: statistics.median(run[key] for run in found) for key in found[0]} for kind, found in runs.items() if found
    }
    here = {kind.partition("_")[0]: middle[kind] for kind in middle if kind.endswith("_here")}
    lines = ["| 做什么 | 谁 | 备好，秒 | 用时 | 链招的几倍 | 结果 |", "|---|---|---|---|---|---|"]
    for kind in KINDS:
        what, who = _TITLES[kind]
        if kind not in middle:
            lines.append(f"| {what} | {who.format('')} | 没有安装 | | | |")
            continue
        own, base = middle[kind], here[kind.partition("_")[0]]
        key = "all" if "all" in own else "each"
        prepare = f"{own['prepare']:.1f}" if "prepare" in own else ""
        if "sum" in own and own["sum"] != base["sum"]:
            raise AssertionError("the two do not decide alike")
        said = (
            f"首位对 {own['right']:.1%}"
            if "right" in own
            else f"一起算每家 {own['batch'] * 1e6:.2f} 微秒"
            if "batch" in own
            else ""
        )
        lines.append(
            f"| {what} | {who.format(_version(kind))} | {prepare} | {_told(own[key])} | {own[key] / base[key]:.2f} | {said} |"
        )
    return lines


_TITLES = {
    "names_here": (f"{QUERIES} 个写错的名称，在 {NAMES:,} 家中找", "链招，一个一个问"),
    "names_sparse": ("同上", "sparse_dot_topn{}，一批问"),
    "names_splink": ("同上", "splink{}，一批问，全部核"),
    "match_here": (f"{ROWS:,} 家，每个环节最合的一百家，一个进程", "链招（连同切词、全部契合度）"),
    "match_tantivy": ("同上", "tantivy{}，同样的词，BM25"),
    "rules_here": (f"{len(_CONDITIONS)} 条规则，{DECIDED:,} 家，一家一家算", "链招的规则语言"),
    "rules_zen": ("同上", "zen-engine{} 决策表"),
}


def _version(kind: str) -> str:
    return f" {importlib.metadata.version(PACKAGES[_NEEDS[kind]])}" if kind in _NEEDS else ""


def _told(seconds: float) -> str:
    return (
        f"{seconds:.2f} 秒" if seconds >= 0.1 else f"{seconds * 1e3:.2f} 毫秒" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} 微秒"
    )


def main() -> int:
    """Prints the table, or runs one kind."""
    if not (Path(os.environ.get("LIANZHAO_DATA", "")) / FILE).is_file():
        print(f"跳过：LIANZHAO_DATA 应指向含 {FILE} 的目录")
        return 0
    if len(sys.argv) == 2:
        print(json.dumps(KINDS[sys.argv[1]]()))
        return 0
    print("\n".join(table()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
