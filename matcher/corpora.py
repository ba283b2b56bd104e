"""Reference data of the language and the registry (语料): the only reader of the folder ``corpora/``."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import yaml

from matcher.errors import CorporaError
from matcher.locate import folder
from matcher.parsed import parsed_before

MODES = ("produce", "develop", "operate", "wholesale", "sell", "retail", "trade", "consult", "lease")
"""Operating modes 经营方式, strongest claim first; the index is the code used in arrays, and ``none`` is ``len(MODES)``."""

KINDS = ("maker", "service", "trade")
"""What a real company of a segment does (环节的企业类型): makes, serves or trades."""

GROUP_STATES = ("as_ever", "troubled", "left", "ended")
"""How a known group stands since the registries' data (近况): as ever, in trouble, out of the trade it is known for, wound up."""


@dataclass(frozen=True)
class Reading:
    """How a scope is read (读经营范围的办法): ``corpora/reading.yaml``. Integers are thousandths."""

    position_half: int
    main_items: int
    name_weight: int
    name_weight_unsupported: int
    says_enough: int
    made_lift: int
    context_weight: int
    amount_half: int
    strength_share: int
    cosine_share: int
    cosine_only_cap: int
    family_most_bearers: int
    family_telling_bearers: int
    wide_regions: list[str]
    family_place_bearers: int
    fuzzy_share: int
    conflict_share: int
    filler_weight: int
    modes: dict[str, list[str]]
    mode_weights: dict[str, dict[str, int]]
    standing_verbs: list[str]
    closing_verbs: list[str]
    made_here: list[str]
    made_goods: list[str]
    noun_verbs: list[str]
    noun_tails: list[str]
    nouns_with_verbs: list[str]
    verb_prefixes: list[str]
    drawn_verbs: list[str]
    branch_heads: list[str]
    told_tails: list[str]
    item_tails: list[str]
    boilerplate: list[str]
    boilerplate_signs: str
    labels: list[str]
    label_patterns: list[str]
    label_signs: list[str]
    rejoin: dict[str, str]
    bracket_drops: list[str]
    bracket_exceptions: list[str]
    negations_to_end: list[str]
    exceptions: list[str]
    negated_words: list[str]
    fillers: list[str]
    permit_leads: list[str]
    holding_items: list[str]
    steps: list[str]


@dataclass(frozen=True)
class Mark:
    """What a name or a scope says a company is (标记); see ``corpora/marks.yaml``."""

    id: str
    label: str
    name_has: tuple[str, ...] = ()
    name_ends: tuple[str, ...] = ()
    first_has: tuple[str, ...] = ()
    first_only: tuple[str, ...] = ()
    scope_has: tuple[str, ...] = ()
    unless_name: tuple[str, ...] = ()


@dataclass(frozen=True)
class LegalForm:
    """An ending of enterprise names (组织形式)."""

    tail: str
    kind: str
    mode: str | None = None


@dataclass(frozen=True)
class KnownGroup:
    """A group that everybody knows, and how the names of its companies begin (知名集团).

    Attributes:
        name: As its own names begin: who bears it and is a group is the head itself.
        city: Where it decides.
        signs: Beginnings of its companies' names, behind the region or with it.
        with_: Words of which such a name holds one; empty if the sign alone tells.
        known_for: Trades that everybody knows it for (公认的主营), as a scope would write them.
        told: What everybody knows of it, in a few words for the sentence of reasons (公认的一句话); empty if nothing.
        changed: What has become of it since the registries' data (近年变化); empty if nothing is known.
        asks: What to ask it first, before what its trade is asked (见面先问); empty for the trade's question.
        now: One of ``GROUP_STATES``: how it stands now (近况).
    """

    name: str
    city: str
    signs: tuple[str, ...]
    with_: tuple[str, ...] = ()
    known_for: tuple[str, ...] = ()
    told: str = ""
    changed: str = ""
    asks: str = ""
    now: str = "as_ever"


@dataclass(frozen=True)
class Division:
    """An administrative division (行政区划). Coordinates in degrees, None where unknown."""

    adcode: str
    name: str
    level: str
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True)
class RateTable:
    """CNY per unit of each currency on a date (汇率表)."""

    date: date
    cny: dict[str, float]


class Corpora:
    """The folder ``corpora/``, read once and only where needed (语料库).

    Args:
        path: The folder; found by ``locate.folder`` if None.

    Raises:
        CorporaError: A file is missing or does not have the expected shape.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = folder("corpora", path)

    def _file(self, name: str) -> Path:
        if (file := self.path / name).is_file():
            return file
        raise CorporaError(f"{file}：缺少语料文件")

    def _cells(self, name: str, *columns: str) -> Iterator[Any]:
        """The cells of two or more columns of a table, row by row."""
        with self._file(name).open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            try:
                at = itemgetter(*map(next(rows).index, columns))
                yield from map(at, filter(None, rows))
            except (StopIteration, ValueError, IndexError):
                raise CorporaError(f"{self.path / name} 第 {rows.line_num} 行：应有 {'、'.join(columns)} 各列") from None

    def _yaml(self, name: str) -> Any:
        text = self._file(name).read_bytes()
        try:
            return parsed_before(text, __file__, lambda: yaml.load(text, Loader=yaml.CSafeLoader))
        except yaml.YAMLError as error:
            raise CorporaError(f"{self.path / name}：不是有效的 YAML（{str(error).splitlines()[0]}）") from None

    @cached_property
    def reading(self) -> Reading:
        """The way to read a scope (读法)."""
        raw = self._yaml("reading.yaml")
        try:
            reading = Reading(**raw)
        except TypeError as error:
            raise CorporaError(f"{self.path / 'reading.yaml'}：字段不符（{error}）") from None
        if set(reading.modes) != set(MODES) or set(reading.mode_weights) != set(KINDS):
            raise CorporaError(f"{self.path / 'reading.yaml'}：modes 应为 {MODES}，mode_weights 应为 {KINDS}")
        return reading

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """Marks in file order (标记)."""
        try:
            raw_marks: list[dict[str, Any]] = self._yaml("marks.yaml")["marks"]
            marks = tuple(
                Mark(raw["id"], raw["label"], **{key: tuple(raw[key]) for key in raw if key not in ("id", "label")})
                for raw in raw_marks
            )
        except (TypeError, KeyError) as error:
            raise CorporaError(f"{self.path / 'marks.yaml'}：字段不符（{error}）") from None
        if len(marks) > 62:
            raise CorporaError(f"{self.path / 'marks.yaml'}：最多 62 个标记")
        return marks

    @cached_property
    def _legal(self) -> dict[str, Any]:
        return dict(self._yaml("legal_forms.yaml"))

    @cached_property
    def legal_forms(self) -> tuple[LegalForm, ...]:
        """Endings of names, longest first (组织形式)."""
        forms = [LegalForm(**raw) for raw in self._legal["forms"]]
        return tuple(sorted(forms, key=lambda form: -len(form.tail)))

    @cached_property
    def outlet_tails(self) -> dict[str, str]:
        """Ending → kind of outlet (分支网点)."""
        return {tail: kind for kind, tails in self._legal["outlets"].items() for tail in tails}

    @cached_property
    def not_outlets(self) -> tuple[str, ...]:
        """Endings that look like an outlet and are none (不是网点的名称末尾)."""
        return tuple(self._legal["not_outlets"])

    @cached_property
    def makers(self) -> tuple[str, ...]:
        """Endings of names whose scope, if it has no verb at all, lists what they make (名称末尾即生产者)."""
        return tuple(self._legal["makers"])

    @cached_property
    def known_groups(self) -> tuple[KnownGroup, ...]:
        """Groups that everybody knows, in file order (知名集团)."""
        try:
            raw_groups: list[dict[str, Any]] = self._yaml("groups.yaml")["groups"]
            return tuple(
                KnownGroup(
                    raw["name"],
                    raw["city"],
                    tuple(raw["signs"]),
                    tuple(raw.get("with", ())),
                    tuple(raw.get("known_for", ())),
                    raw.get("told", ""),
                    raw.get("changed", ""),
                    raw.get("asks", ""),
                    _group_state(raw.get("now", GROUP_STATES[0])),
                )
                for raw in raw_groups
            )
        except (TypeError, KeyError, ValueError) as error:
            raise CorporaError(f"{self.path / 'groups.yaml'}：字段不符（{error}）") from None

    @cached_property
    def industry_words(self) -> frozenset[str]:
        """Words that stand in the 行业表述 of names (行业用词); made by ``make corpora``."""
        counted = {word for word, _names in self._cells("industry_words.csv", "word", "names")}
        return frozenset(counted.union(self._legal["industry_words"]).difference(self.no_industry_words))

    @cached_property
    def no_industry_words(self) -> frozenset[str]:
        """Words that often stand late in names and name no trade (不是行业用词)."""
        return frozenset(self._legal["no_industry_words"])

    @cached_property
    def common_trade_names(self) -> dict[str, int]:
        """Trade name → how many of 1.4 million names bear it (常见字号); made by ``make corpora``."""
        return {word: int(names) for word, names in self._cells("trade_names.csv", "word", "names")}

    @cached_property
    def former_districts(self) -> dict[tuple[str, str], str]:
        """(City, former name of a district) → what it is called or part of now (已改名、并入的区县)."""
        return {(city, former): now for city, former, now in self._cells("former_districts.csv", "city", "former", "now")}

    @cached_property
    def divisions(self) -> tuple[Division, ...]:
        """Provinces, cities and counties (行政区划)."""
        return tuple(
            Division(code, name, level, float(east) if east else None, float(north) if north else None)
            for code, name, level, east, north in self._cells("divisions.csv", "adcode", "name", "level", "longitude", "latitude")
        )

    @cached_property
    def gbt4754(self) -> dict[str, str]:
        """Code → name of the classification of industries (国民经济行业分类)."""
        return dict(self._cells("gbt4754.csv", "code", "name"))

    @cached_property
    def rates(self) -> tuple[RateTable, ...]:
        """Exchange rates by date, oldest first (汇率)."""
        tables = [
            RateTable(raw["date"], {"CNY": 1.0, **{code: float(rate) for code, rate in raw["cny"].items()}})
            for raw in self._yaml("currencies.yaml")["rates"]
        ]
        return tuple(sorted(tables, key=lambda table: table.date))

    @cached_property
    def currency_names(self) -> tuple[tuple[str, str], ...]:
        """(name as written, code), longest name first (币种写法)."""
        names = self._yaml("currencies.yaml")["names"]
        pairs = [(written, code) for code, spellings in names.items() for written in spellings]
        return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))

    @cached_property
    def column_names(self) -> dict[str, str]:
        """Header as written (normalised, no spaces) → field (列名)."""
        raw = self._yaml("columns.yaml")["columns"]
        return {str(written).lower().replace(" ", ""): field for field, names in raw.items() for written in names}

    @cached_property
    def wan_headers(self) -> frozenset[str]:
        """Headers whose bare numbers are 万元 (以万元为单位的表头)."""
        return frozenset(self._yaml("columns.yaml")["wan_headers"])

    @cached_property
    def empty_cells(self) -> frozenset[str]:
        """Lower-case cells that mean "nothing" (等于没有填的写法)."""
        return frozenset(str(cell) for cell in self._yaml("columns.yaml")["empty"])

    @cached_property
    def statuses(self) -> dict[str, Any]:
        """What cells say of status, listing and qualifications, and Chinese labels (状态写法与中文标签)."""
        raw: dict[str, Any] = self._yaml("statuses.yaml")
        return raw

    @cached_property
    def synonyms(self) -> dict[str, tuple[str, ...]]:
        """Canonical term → other spellings (同义词)."""
        return {term: tuple(variants) for term, variants in self._yaml("synonyms.yaml")["synonyms"].items()}

    @cached_property
    def stopwords(self) -> frozenset[str]:
        """Words that never enter TF-IDF (停用词)."""
        lines = self._file("stopwords.txt").read_text(encoding="utf-8").splitlines()
        return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))

    @cached_property
    def idf(self) -> dict[str, int]:
        """Word → inverse document frequency in thousandths (逆文档频率); made by ``make corpora``."""
        return {word: int(milli) for word, milli in self._cells("idf.csv", "word", "idf_milli")}

    @cached_property
    def trade_words(self) -> dict[str, int]:
        """Word → frequency: what the tokenizer knows beyond jieba's own dictionary (行业词典)."""
        words: dict[str, int] = {}
        for file in sorted((self.path / "dictionaries").glob("*.txt")):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                if not line.strip() or line.startswith("#"):
                    continue
                word, _, count = line.partition(" ")
                if not count.isdigit():
                    raise CorporaError(f"{file}:{number}：应为“词 频”")
                words[word] = int(count)
        return words

    @property
    def sample(self) -> Path:
        """The bundled real companies (随附样例)."""
        return self._file("sample/companies.csv")

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every file that can move a score (语料指纹)."""
        digest = hashlib.sha256()
        for file in self.files():
            digest.update(file.relative_to(self.path).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()

    def files(self) -> list[Path]:
        """Every file that can move a score (语料文件), in order."""
        found = (file for file in sorted(self.path.rglob("*")) if file.suffix in {".yaml", ".csv", ".txt"})
        return [file for file in found if "sample" not in file.relative_to(self.path).parts]


def _group_state(word: str) -> str:
    if word in GROUP_STATES:
        return word
    raise ValueError(f"now 应为 {'、'.join(GROUP_STATES)} 之一，不是 {word!r}")


def open_corpora(path: str | Path | None = None) -> Corpora:
    """The corpora at ``path``, shared by all callers of this process while the files stay as they are (共享的语料库)."""
    opened = Corpora(path)
    return _shared(opened.path, opened.digest)


@lru_cache(maxsize=4)
def _shared(path: Path, digest: str) -> Corpora:
    corpora = Corpora(path)
    corpora.digest = digest  # of the files as they were opened, not as they are when somebody asks
    return corpora
