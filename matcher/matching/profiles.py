"""Companies → what their texts say (企业画像): affinities, marks, name parts, breadth. The one way for a file and for a single company.

Large batches are cut into chunks and read by several processes (the tokenizer holds the interpreter's lock); every row depends on itself
alone, so the result is the same for any number of chunks and processes.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import GROUP_STATES, MODES, Corpora
from matcher.intake import Companies
from matcher.intake.fields import UNKNOWN_DAY
from matcher.matching.affinity import Affinities, Matcher, Texts
from matcher.matching.vocabulary import TextHits
from matcher.processes import in_chunks
from matcher.rules.zone import SegmentSpec
from matcher.storage import collector_paused
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.text.permits import permits_until
from matcher.text.scope import ScopeItems, scope_reader
from matcher.text.verbs import NO_MODE
from matcher.types import NameParts

CHUNK = 20_000
"""Companies read at once; bounds memory and nothing else."""
_KINDS_OF_SEGMENTS: dict[str, type] = {
    "affinity": np.int16,
    "main": np.int16,
    "mode": np.int8,
    "named": np.bool_,
    "breadth": np.int16,
}
_KINDS_OF_SCOPES: dict[str, type] = {"marks": np.int64, "has_scope": np.bool_, "permit_until": np.int64}
OF_SEGMENTS = tuple(_KINDS_OF_SEGMENTS)
"""Fields of ``Profiles`` that segments decide (随环节而定的画像字段): companies × segments; the rest is the same for any segments."""
_CONSULT, _PRODUCE = MODES.index("consult"), MODES.index("produce")
_MODE_CODES: dict[str | None, int] = {None: NO_MODE, **{mode: code for code, mode in enumerate(MODES)}}


@dataclass(frozen=True)
class Profiles:
    """What the texts of companies say (企业画像); rows are companies.

    Attributes:
        affinity: companies × segments, thousandths.
        main: Best mode-weighted hit among the main items, companies × segments, thousandths.
        mode: Mode of the strongest hit, companies × segments.
        named: The name holds a term of the segment, companies × segments.
        marks: Bit mask over ``corpora.marks``.
        has_scope: The company says what it does beyond its name.
        breadth: Companies × segments: items that are neither fillers nor of the segment's chain.
        legal_form, outlet: Codes into ``legal_forms`` and ``outlets``.
        is_group: A group or holding by name.
        is_arm: A part of somebody else's business by name.
        permit_until: Last day of the permits that the scope names, in days since 1970, or ``UNKNOWN_DAY``.
        place_named: The name has no 字号, only a place and a trade: 某县旅游投资, 浙江国际旅游集团; firms of known groups aside.
        known_group: 1 + index of the known group whose part the company is by name, 0 if it is none or the group itself.
        renowned: A group or company of which everybody knows something, whatever its scope says.
        group_state: Index into ``GROUP_STATES``: how the group that it is or belongs to stands now.
    """

    affinity: NDArray[np.int16]
    main: NDArray[np.int16]
    mode: NDArray[np.int8]
    named: NDArray[np.bool_]
    marks: NDArray[np.int64]
    has_scope: NDArray[np.bool_]
    breadth: NDArray[np.int16]
    legal_form: NDArray[np.int8]
    outlet: NDArray[np.int8]
    is_group: NDArray[np.bool_]
    is_arm: NDArray[np.bool_]
    permit_until: NDArray[np.int64]
    place_named: NDArray[np.bool_]
    known_group: NDArray[np.int16]
    renowned: NDArray[np.bool_]
    group_state: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.marks)

    @classmethod
    def joined(cls, parts: Sequence[Profiles]) -> Profiles:
        """Of all chunks, in order (合并)."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, field) for part in parts]) for field in cls.__dataclass_fields__))

    def room(self, rows: int) -> Profiles:
        """Room for the profiles of so many companies (预留空间), which processes that are forked later write to together."""
        return Profiles(*(_shared(getattr(self, field.name), rows) for field in fields(Profiles)))

    def take(self, places: NDArray[np.int64]) -> Profiles:
        """The profiles at ``places``, in that order (选取)."""
        return Profiles(*(getattr(self, field.name)[places] for field in fields(Profiles)))


def _shared(like: NDArray[Any], rows: int) -> NDArray[Any]:
    """An array of so many rows as those of another one, in memory that forked processes share."""
    shape = (rows, *like.shape[1:])
    size = math.prod(shape)
    return np.frombuffer(mmap.mmap(-1, max(size * like.itemsize, 1)), like.dtype, size).reshape(shape)


@dataclass(frozen=True)
class Details:
    """Profiles with the name parts, texts and hits that they were read from (画像与命中明细)."""

    profiles: Profiles
    names: list[NameParts]
    texts: Texts
    affinities: Affinities


def _each(parts: Sequence[NameParts], field: str, code: Callable[[Any], int], kind: type) -> NDArray[Any]:
    """A field of all names as numbers."""
    return np.fromiter(map(code, map(attrgetter(field), parts)), kind, len(parts))


def _cores(parts: Sequence[NameParts]) -> list[str]:
    """What matching reads of names."""
    return [trade_name + industry for _, trade_name, industry, *_ in parts]


def legal_forms(corpora: Corpora) -> tuple[str, ...]:
    """Kinds of legal form by code (组织形式)."""
    return ("unknown", *sorted({form.kind for form in corpora.legal_forms}))


def outlets(corpora: Corpora) -> tuple[str, ...]:
    """Kinds of outlet by code (分支网点)."""
    return ("none", *sorted(set(corpora.outlet_tails.values())))


class ProfileReader:
    """Reads companies for one zone (企业画像读取).

    Args:
        segments: The zone's segments; columns of the matrices.
        corpora: Everything about the language.
    """

    def __init__(self, segments: Sequence[SegmentSpec], corpora: Corpora) -> None:
        self.segments, self.corpora = segments, corpora
        self.matcher = Matcher(segments, corpora)
        self._parse = name_reader(corpora).parse  # tables are made once, here, and not again in every worker
        self._scopes = scope_reader(corpora)
        verbs = (verb for mode in corpora.reading.modes.values() for verb in mode)
        self._verb_last = re.compile(f"(?<=..)(?:{'|'.join(map(re.escape, sorted(verbs, key=len, reverse=True)))})$")
        self._forms = {kind: code for code, kind in enumerate(legal_forms(corpora))}
        self._outlets = {kind: code for code, kind in enumerate(outlets(corpora))}
        unless = [number for number, mark in enumerate(corpora.marks) if mark.unless_name]
        self._removable = int(sum(1 << number for number in unless))

    def read(self, companies: Companies, processes: int = 1) -> Profiles:
        """Profiles of all companies (读取画像), by up to ``processes`` processes."""
        if len(companies) <= CHUNK:
            return self.details(companies.take(range(len(companies)))).profiles
        found = self.details(companies.take([])).profiles.room(len(companies))

        def read(chunk: range) -> None:
            profiles = self.details(companies.take(chunk)).profiles
            for field in fields(Profiles):
                getattr(found, field.name)[chunk.start : chunk.stop] = getattr(profiles, field.name)

        in_chunks(read, len(companies), CHUNK, processes)
        return found

    def details(self, companies: Companies) -> Details:
        """Profiles of a few companies with all that they were read from, for explanations (带命中明细)."""
        with collector_paused():
            texts, parts = self.texts(companies)
            found = self.matcher.match(texts)
            return Details(self._profiles(companies, texts, parts, found), parts, texts, found)

    def finished(self, companies: Companies, parts: list[NameParts], scopes: Sequence[str]) -> Profiles:
        """Profiles of companies of which ``names`` and ``scopes`` are at hand (读完余下的)."""
        texts = self._texts(parts, self._scopes.items(scopes))
        return self._profiles(companies, texts, parts, self.matcher.match(texts))

    def by_name(self, parts: Sequence[NameParts]) -> Profiles:
        """What the names alone say (只看名称): all that scopes say is nought."""
        of_segments: dict[str, NDArray[Any]] = {
            field: np.zeros((len(parts), len(self.segments)), kind) for field, kind in _KINDS_OF_SEGMENTS.items()
        }
        of_scopes: dict[str, NDArray[Any]] = {field: np.zeros(len(parts), kind) for field, kind in _KINDS_OF_SCOPES.items()}
        return Profiles(**of_segments, **of_scopes, **self._of_names(parts))

    def texts(self, companies: Companies) -> tuple[Texts, list[NameParts]]:
        """The companies' texts as matching reads them (待匹配文本), and their names' parts."""
        parts = self.names(companies)
        return self._texts(parts, self._scopes.read(self._described(companies, parts))), parts

    def names(self, companies: Companies) -> list[NameParts]:
        """The parts of the companies' names (名称要素)."""
        text = companies.text
        names = normalise("\n".join(name.replace("\n", " ") for name in text["name"])).split("\n") if len(companies) else []
        parse = self._parse
        places = (city or province for city, province in zip(text["city"], text["province"], strict=True))
        return [parse(name, place) for name, place in zip(names, places, strict=True)]

    def scopes(self, companies: Companies, parts: Sequence[NameParts]) -> list[str]:
        """What the companies say they do, cleaned and not yet parted (清理过的经营范围).

        Args:
            companies: The companies.
            parts: Of their names.
        """
        return self._scopes.cleaned(self._described(companies, parts))

    def said(self, parts: Sequence[NameParts], scopes: Sequence[str]) -> list[str]:
        """All that ``texts`` has words of (全部文字), one text a company: ``scopes`` of some companies, and the rest of their names."""
        return [f"{scope}\n{name}" for scope, name in zip(self._scopes.unmarked(scopes), _cores(parts), strict=True)]

    def _described(self, companies: Companies, parts: Sequence[NameParts]) -> list[str]:
        text = companies.text
        described = [
            f"{products};{scope};{industry}" if products or industry else scope
            for products, scope, industry in zip(text["main_products"], text["business_scope"], text["industry"], strict=True)
        ]
        for place in [place for place, part in enumerate(parts) if part.known_group]:
            if known_for := self._known_for(parts[place], described[place]):  # read first, as if the scope began with it
                described[place] = f"{';'.join(known_for)};{described[place]}"
        return described

    def _texts(self, parts: list[NameParts], items: ScopeItems) -> Texts:
        default = self._default_modes(parts, items)
        # a group advises and manages its own daughters: what it writes as 咨询 says nothing of how the daughters do it
        advice = (items.mode == _CONSULT) & _each(parts, "is_group", bool, np.bool_)[items.row]
        items = replace(items, mode=np.where(advice, NO_MODE, items.mode).astype(np.int8))
        return Texts(items, _cores(parts), default)

    def _default_modes(self, parts: list[NameParts], items: ScopeItems) -> NDArray[np.int8]:
        """Modes of items without a verb, by how the names end; a maker's ending counts only where no verb says anything else."""
        default = _each(parts, "mode", _MODE_CODES.__getitem__, np.int8)
        silent = default == NO_MODE
        silent[items.row[(items.mode != NO_MODE) & ~items.filler[items.item]]] = False
        makers = self.corpora.makers
        for place in np.flatnonzero(silent).tolist():
            if parts[place].core.removesuffix("集团").endswith(makers):
                default[place] = _PRODUCE
        return default

    def _known_for(self, part: NameParts, scope: str) -> tuple[str, ...]:
        """What a group is known for: a holding's scope lists investments and metals; the group's name says what it is.

        Of a firm of the group only what its own scope names somewhere: 方特's parks open with 快餐店, and its hotels are no parks.
        """
        known_for = self.corpora.known_groups[part.known_group - 1].known_for
        if part.is_group or part.is_head:
            return known_for
        written = normalise(scope) if known_for else ""
        return tuple(trade for trade in known_for if self._verb_last.sub("", trade) in written)

    def _renowned(self, part: NameParts) -> bool:
        """A group, or the company that a group's name means, of which everybody knows something."""
        if not part.known_group or not (part.is_group or part.is_head):
            return False
        group = self.corpora.known_groups[part.known_group - 1]
        return bool(group.known_for or group.told)

    def _group_state(self, part: NameParts) -> int:
        """How the group stands that everybody knows and that the company is or belongs to."""
        return GROUP_STATES.index(self.corpora.known_groups[part.known_group - 1].now) if part.known_group else 0

    def of_segments(self, texts: Texts) -> dict[str, NDArray[Any]]:
        """The fields ``OF_SEGMENTS`` of companies, from texts that were read before, by whatever segments (重新匹配)."""
        return self._of_segments(texts, self.matcher.match(texts))

    def _of_segments(self, texts: Texts, found: Affinities) -> dict[str, NDArray[Any]]:
        items = texts.items
        countable = np.bincount(items.row[~items.filler[items.item]], minlength=items.rows)
        breadth = self.matcher.beside_the_chain(countable, found.chain_items)
        return {"affinity": found.affinity, "main": found.main, "mode": found.mode, "named": found.named, "breadth": breadth}

    def _profiles(self, companies: Companies, texts: Texts, parts: list[NameParts], found: Affinities) -> Profiles:
        items = texts.items
        return Profiles(
            **self._of_segments(texts, found),
            **self._of_names(parts),
            marks=self._marks(items, found.hits, found.name_text),
            has_scope=np.bincount(items.row, minlength=items.rows) > 0,
            permit_until=permits_until(companies.text["business_scope"], UNKNOWN_DAY),
        )

    def _of_names(self, parts: Sequence[NameParts]) -> dict[str, NDArray[Any]]:
        """The fields of profiles that names alone decide."""
        known_group = _each(parts, "known_group", int, np.int16)
        renowned, group_state = np.zeros(len(parts), dtype=np.bool_), np.zeros(len(parts), dtype=np.int8)
        for place in np.flatnonzero(known_group).tolist():  # few are of a group that everybody knows
            renowned[place], group_state[place] = self._renowned(parts[place]), self._group_state(parts[place])
        return {
            "legal_form": _each(parts, "legal_form", self._forms.__getitem__, np.int8),
            "outlet": _each(parts, "outlet", self._outlets.__getitem__, np.int8),
            "is_group": _each(parts, "is_group", bool, np.bool_),
            "is_arm": _each(parts, "is_arm", bool, np.bool_),
            "place_named": np.array([not part.trade_name and part.level > 0 for part in parts], dtype=np.bool_)
            & (known_group == 0),
            "known_group": np.where(_each(parts, "is_head", bool, np.bool_), 0, known_group),
            "renowned": renowned,
            "group_state": group_state,
        }

    def _marks(self, items: ScopeItems, hits: TextHits, name_text: NDArray[np.int64]) -> NDArray[np.int64]:
        marks = hits.name_marks[name_text]
        first = items.position < self.corpora.reading.main_items
        np.bitwise_or.at(marks, items.row, hits.scope_marks[items.item])
        np.bitwise_or.at(marks, items.row[first], hits.first_marks[items.item[first]])
        only = np.full(items.rows, -1, dtype=np.int64)  # marks that every item but fillers' licence talk carries
        np.bitwise_and.at(only, items.row, hits.only_marks[items.item])
        marks = np.where(np.bincount(items.row, minlength=items.rows) > 0, marks | only, marks)
        unless = hits.unless_marks[name_text]
        result: NDArray[np.int64] = marks & ~(unless & self._removable)
        return result


@lru_cache(maxsize=2)
def profile_reader(segments: tuple[SegmentSpec, ...], corpora: Corpora) -> ProfileReader:
    """The shared reader for these segments (共享的画像读取器): rules change more often than the words of chains."""
    return ProfileReader(segments, corpora)
