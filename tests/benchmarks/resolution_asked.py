"""Questions about names with their answers, the bases they are asked of, and what is answered (企业归一基准的题目与回答).

Queries: brands with their legal names, short names of listed companies, new names of renamed ones, and names of the register with one
kind of noise each. Every query is asked twice: with its company in the base, and without.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import opencc

from matcher.corpora import Corpora
from matcher.matching.name_features import Asked, Compared, NameComparer
from matcher.matching.name_files import built_index
from matcher.matching.name_index import squeezed
from matcher.matching.resolution import Decision, decided
from matcher.rules.resolution import ByKind, ResolutionRules
from matcher.text.names import name_reader
from matcher.text.normalise import normalise

NAMES, BRANDS = "company_names_part1.csv.gz", "brand_legal_pairs_dev.csv.gz"
LISTED, RENAMED = "listed_companies_labelled_dev.csv.gz", "renamed_pairs_same_uscc.csv"
NOISES = ("typo", "no_region", "no_form", "wrong_form", "reordered", "abbreviated", "width", "traditional")
_NOISY = 8000
_SMALL = 50_000


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
        self.index = built_index(self.names)
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
