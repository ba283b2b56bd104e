"""Business scopes (经营范围) as lists of items in order, each with its operating mode (经营方式).

A scope is normalised, its labels, licence talk and negations are taken out, then it is cut at ``；。，、：`` and line ends into
items. Many scopes are read at once as one text, because the same items come back again and again: whatever can be
known of an item alone is found once for each distinct item.

An item's mode is that of its own verb; else of a head that ends in a colon (销售：甲、乙); else of the next item in its list that
ends in a verb (甲、乙的生产); else of the last item before it in the sentence that starts with one (加工甲、乙), or of the bare verbs
that open the sentence; else of the next that ends in one; else of a head of makers that stands before it with no other verb between
(生产：甲；乙), for makers list their goods in sentences; else that of a maker, if only a
maker's permit lists it (片剂); else none. A run of bare verbs speaks with its strongest (生产、销售：甲), and one that closes a list lends
it to the item before it (甲的研发、生产、销售). A verb alone is no item, unless it is a business of its own (住宿、餐饮服务) and no head.

Permits of a canteen or a car park, and items that nearly everybody has, often lead a scope because the form has them first. They move
behind the items that tell the trade, unless the company makes them, or they tell a holding (实业投资).
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import count

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import MODES, Corpora
from matcher.storage import TextColumn
from matcher.text.brackets import Brackets, exceptions_apart, without_exceptions
from matcher.text.normalise import in_lines, in_lines_with, normalise
from matcher.text.verbs import NO_MODE, VerbReader

_SPACES = re.compile(r" +(?=[^\x00-\x7f])")
_FULL_STOP = re.compile("[.…]")
_SEPARATORS = ";,、:"
_PRODUCE = MODES.index("produce")
_EDGES = " -_/*#.'()+&%~<>=?!和及与或等的并兼"
_EDGE, _SEPARATOR = 1, 2
_KIND = np.zeros(max(map(ord, _EDGES)) + 2, dtype=np.int8)  # by code point; the last entry stands for all beyond
_KIND[[*map(ord, _EDGES)]] = _EDGE
_KIND[[*map(ord, _SEPARATORS), ord("\n")]] = _SEPARATOR


@dataclass(frozen=True)
class ScopeItems:
    """The items of many scopes (经营范围分项); the occurrence arrays run by row, then by place in the scope.

    Attributes:
        texts: Items, normalised; distinct, but for those of which brackets except something.
        filler: For each distinct item: nearly everybody has it and it says nothing of the trade.
        row: For each occurrence: index of the scope, ascending.
        item: Index into ``texts``.
        position: Place among the kept items of its scope, from 0; leading permits and fillers come last.
        mode: Index into ``MODES``, or ``NO_MODE``.
        rows: Number of scopes read.
        excepted: What brackets except (除外), by index into ``texts``: 组织体育活动(承办体育赛事除外).
    """

    texts: list[str]
    filler: NDArray[np.bool_]
    row: NDArray[np.int32]
    item: NDArray[np.int32]
    position: NDArray[np.int32]
    mode: NDArray[np.int8]
    rows: int
    excepted: dict[int, str]

    def take(self, rows: NDArray[np.int64]) -> ScopeItems:
        """Of some of the scopes, by ascending place (选取); texts that none of them has are left out."""
        place = np.full(self.rows, -1, dtype=np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        of = np.flatnonzero(place[self.row] >= 0)
        texts, item = np.unique(self.item[of], return_inverse=True)
        excepted = {place: self.excepted[text] for place, text in enumerate(texts.tolist()) if text in self.excepted}
        return ScopeItems(
            [self.texts[text] for text in texts.tolist()], self.filler[texts], place[self.row[of]], item.astype(np.int32),
            self.position[of], self.mode[of], len(rows), excepted,
        )  # fmt: skip


class ScopeReader:
    """Reads scopes with the words of ``corpora/reading.yaml`` (经营范围解析)."""

    def __init__(self, corpora: Corpora) -> None:
        reading = corpora.reading
        self._labels = re.compile(_any_of(reading.labels) + " *:?")
        self._label_patterns = re.compile(f"(?:{'|'.join(reading.label_patterns)}) *:?")
        self._label_signs = re.compile(_any_of(reading.label_signs))
        self._brackets = Brackets(reading)
        self._negation = re.compile(_any_of(reading.negations_to_end) + r"[^;,\n]*")
        self._exception = re.compile("|".join(f"(?:{pattern})" for pattern in reading.exceptions))
        self._negated = re.compile("非(?:" + "|".join(reading.negated_words) + ")")
        self._boilerplate = re.compile("|".join(f"(?:{pattern})" for pattern in reading.boilerplate))
        self._is_sign = np.zeros(sys.maxunicode + 1, dtype=np.bool_)
        self._is_sign[_code_points(reading.boilerplate_signs)] = True
        self._rejoin = reading.rejoin
        self._fillers = frozenset(reading.fillers)
        self._movable = self._fillers.difference(reading.holding_items)
        self._permit_lead = re.compile("|".join(f"(?:{pattern})" for pattern in reading.permit_leads))
        self._standing = frozenset(reading.standing_verbs)
        self._made = frozenset(reading.made_goods)
        self._verbs = VerbReader(reading)

    def clean(self, text: str) -> str:
        """``text`` normalised and without labels, licence talk in brackets and negations (规范化并去除样板与否定).

        Works alike on one scope and on many joined by newlines.
        """
        return without_exceptions(self._cleaned(text))

    def _cleaned(self, text: str) -> str:
        """``clean``, with what brackets except marked behind the item that they follow."""
        text = normalise(text.replace("。", ";"))
        text = _SPACES.sub(_between_words, text)
        for torn, whole in self._rejoin.items():
            text = text.replace(torn, whole)
        text = _FULL_STOP.sub(_end_or_point, text)
        text = self._brackets.read(text)
        text = in_lines_with(self._label_signs, text, partial(self._label_patterns.sub, ";"))
        text = self._labels.sub(";", text)
        text = self._exception.sub("", text)
        text = self._negation.sub("", text)
        return self._negated.sub("", text)

    def cleaned(self, scopes: Sequence[str]) -> list[str]:
        """Each of ``scopes`` as ``items`` takes it (逐条规范化): as ``clean`` has it, and what brackets except is marked."""
        return self._cleaned(in_lines(scopes, ";")).split("\n") if scopes else []

    def unmarked(self, cleaned: Sequence[str]) -> list[str]:
        """What ``cleaned`` gave, without what brackets except (去掉除外的)."""
        return without_exceptions("\n".join(cleaned)).split("\n") if cleaned else []

    def read(self, scopes: Sequence[str]) -> ScopeItems:
        """The items of ``scopes`` (分项); an empty scope has none."""
        return self._items(self._cleaned(in_lines(scopes, ";")), len(scopes))

    def items(self, cleaned: Sequence[str]) -> ScopeItems:
        """The items of scopes that ``cleaned`` gave (分项)."""
        return self._items("\n".join(cleaned), len(cleaned))

    def _items(self, text: str, rows: int) -> ScopeItems:
        parts, marks = _parted(text)
        known, numbers = _numbers(parts)
        item = numbers.astype(np.int32)
        texts, excepted = exceptions_apart(list(known), _EDGES)
        among = partial(_among, texts, known, excepted)
        ends_row = marks == ord("\n")
        ends_clause = ends_row | (marks == ord(";"))
        row = _counts_before(ends_row)
        clause = _counts_before(ends_clause)
        listed = _counts_before(ends_clause | (marks == ord(",")))
        verbs = self._verbs.read(texts)
        keep = self._kept(texts)
        bare = verbs.bare[item]
        modes = _spread_modes(
            verbs.mode[item], verbs.prefix[item], verbs.suffix[item], bare, marks == ord(":"), clause=clause, listed=listed, row=row
        )
        stands = among(self._standing)
        content = keep[item] & (~bare | (stands[item] & (marks != ord(":"))))
        row, item, modes = row[content], item[content], modes[content]
        modes[(modes == NO_MODE) & among(self._made)[item]] = _PRODUCE  # only a maker's permit lists them
        filler = among(self._fillers)
        leads = self._leads(texts, among(self._movable), row, item)
        order = _leads_last(row, leads[item] & (modes != _PRODUCE), rows)
        return ScopeItems(texts, filler, row, item[order], _places(row), modes[order], rows, excepted)

    def _leads(
        self, texts: list[str], filler: NDArray[np.bool_], row: NDArray[np.int32], item: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Which items are movable fillers or permits; of permits only those that can lead a row are looked for."""
        leads = filler.copy()
        at = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]])) if len(row) else np.zeros(0, dtype=np.int64)
        while len(at):  # the first item of each row, then the next of those rows whose items lead so far
            for number in np.unique(item[at]).tolist():
                leads[number] = leads[number] or self._permit_lead.fullmatch(texts[number]) is not None
            at = at[leads[item[at]]] + 1
            at = at[at < len(row)]
            at = at[row[at] == row[at - 1]]
        return leads

    def _kept(self, texts: list[str]) -> NDArray[np.bool_]:
        """Which items say anything of the business: licence talk is looked for where a sign of it stands."""
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        chars = _code_points("\n".join(texts) + "\n")
        ends = np.cumsum(lengths + 1) - 1
        signs = np.flatnonzero(self._is_sign[chars])
        odd = lengths > 1
        odd[odd] = chars[ends[odd] - 1] < ord("一")
        odd[np.searchsorted(ends, signs)] = True
        kept = lengths > 1
        for number in np.flatnonzero(odd & kept).tolist():
            kept[number] = self._boilerplate.search(texts[number]) is None
        return kept


def _any_of(words: list[str]) -> str:
    """A pattern for any of the words, longest first."""
    return f"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})"


def _between_words(found: re.Match[str]) -> str:
    """Spaces before a Chinese character part items, unless a Latin word stands before them."""
    return "、" if found.start() and not found.string[found.start() - 1].isascii() else found[0]


def _end_or_point(found: re.Match[str]) -> str:
    """A full stop ends a sentence, unless it stands within a number or a Latin word (1.6, a.b)."""
    around = found.string[max(found.start() - 1, 0)] + found.string[found.end() : found.end() + 1]
    within = found[0] == "." and found.start() > 0 and len(around) == 2 and around.isascii() and around.isalnum()
    return "." if within else ";"


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def _parted(text: str) -> tuple[list[str], NDArray[np.uint32]]:
    """The parts between separators without what clings to their edges, and the separator behind each; the last one ends its row."""
    chars = _code_points(text + "\n").copy()
    kind = _KIND[np.minimum(chars, len(_KIND) - 1)]
    parts = kind == _SEPARATOR
    marks = chars[parts]
    chars[parts] = ord("\n")
    edges = np.flatnonzero(kind == _EDGE)
    if len(edges):
        first = edges[np.diff(edges, prepend=-2) > 1]  # of each run of such characters
        last = edges[np.diff(edges, append=len(chars) + 1) > 1]
        clings = parts[first - 1] | parts[last + 1]  # before the first character stands the last, which separates too
        kept = np.ones(len(chars), dtype=np.bool_)
        kept[edges] = ~np.repeat(clings, last - first + 1)
        chars = chars[kept]
    return chars[:-1].tobytes().decode("utf-32-le").split("\n"), marks


def numbered(texts: Iterable[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct texts in the order of their first appearance, and the number of each text among them (去重编号)."""
    if isinstance(texts, TextColumn) and texts.numbering is not None:
        return texts.numbering
    known, numbers = _numbers(texts)
    return list(known), numbers


def _numbers(texts: Iterable[str]) -> tuple[dict[str, int], NDArray[np.int64]]:
    """The same with the number of each distinct text."""
    known: defaultdict[str, int] = defaultdict(count().__next__)
    numbers = np.fromiter(map(known.__getitem__, texts), np.int64)
    return known, numbers


def _among(texts: list[str], known: Mapping[str, int], excepted: Iterable[int], words: Collection[str]) -> NDArray[np.bool_]:
    """Which of the texts are one of the words, which are few; ``known`` is of the texts with what brackets except from some of them."""
    found = np.zeros(len(texts), dtype=np.bool_)
    found[[known[word] for word in words if word in known]] = True
    found[[number for number in excepted if texts[number] in words]] = True
    return found


def _counts_before(ends: NDArray[np.bool_]) -> NDArray[np.int32]:
    """For each item the number of ends before it: its row, clause or list."""
    return np.concatenate([[0], np.cumsum(ends)[:-1]]).astype(np.int32)


def _places(row: NDArray[np.int32]) -> NDArray[np.int32]:
    """Place of each occurrence within its row, from 0; ``row`` ascends."""
    if not len(row):
        return np.zeros(0, dtype=np.int32)
    index = np.arange(len(row), dtype=np.int32)
    first = np.concatenate([[True], row[1:] != row[:-1]])
    return index - np.maximum.accumulate(np.where(first, index, 0)).astype(np.int32)


def _leads_last(row: NDArray[np.int32], lead: NDArray[np.bool_], rows: int) -> NDArray[np.int64]:
    """An order of the occurrences, rows as they are, in which the leads before the first telling item of a row come last."""
    index = np.arange(len(row))
    length = np.bincount(row, minlength=rows)
    start = np.cumsum(length) - length
    telling = np.flatnonzero(~lead)
    first = np.full(rows, -1, dtype=np.int64)  # a row of nothing but leads stays as it is
    first[row[telling][::-1]] = telling[::-1]  # the last one written is the first telling item
    moved = np.where(first < 0, 0, first - start)[row]
    place = np.where(index < start[row] + moved, index + length[row] - moved, index - moved)
    order = np.empty(len(row), dtype=np.int64)
    order[place] = index
    return order


def _last_before(source: NDArray[np.bool_], within: NDArray[np.int32]) -> NDArray[np.int64]:
    """For each item the nearest source before it in the same stretch ``within``, or -1."""
    index = np.where(source, np.arange(len(source)), -1)
    before = np.concatenate([[-1], np.maximum.accumulate(index)[:-1]])
    same = (before >= 0) & (within[np.maximum(before, 0)] == within)
    return np.where(same, before, -1)


def _next_after(source: NDArray[np.bool_], within: NDArray[np.int32]) -> NDArray[np.int64]:
    """For each item the nearest source after it in the same stretch, or -1."""
    mirrored = _last_before(source[::-1], within[::-1])[::-1]
    return np.where(mirrored >= 0, len(source) - 1 - mirrored, -1)


def _with_closing_verbs(
    mode: NDArray[np.int8], prefix: NDArray[np.bool_], suffix: NDArray[np.bool_], bare: NDArray[np.bool_], listed: NDArray[np.int32]
) -> NDArray[np.int8]:
    """Modes where the bare verbs behind an item that ends in one raise it; verbs that lead the next item are not its own."""
    joined = listed[1:] == listed[:-1]
    first = np.flatnonzero(bare & ~np.concatenate([[False], bare[:-1] & joined]))
    last = np.flatnonzero(bare & ~np.concatenate([bare[1:] & joined, [False]]))
    leads = np.concatenate([prefix[1:] & joined, [False]])[last]
    follows = np.concatenate([[False], (suffix & ~bare)[:-1] & joined])[first]
    strongest = np.minimum.reduceat(np.where(bare, mode, NO_MODE), first) if len(first) else mode[:0]
    raised = mode.copy()
    at = follows & ~leads
    raised[first[at] - 1] = np.minimum(mode[first[at] - 1], strongest[at])
    return raised


def _spread_modes(
    mode: NDArray[np.int8],
    prefix: NDArray[np.bool_],
    suffix: NDArray[np.bool_],
    bare: NDArray[np.bool_],
    head: NDArray[np.bool_],
    *,
    clause: NDArray[np.int32],
    listed: NDArray[np.int32],
    row: NDArray[np.int32],
) -> NDArray[np.int8]:
    """The mode of every occurrence, after the order in the module docstring."""
    if not len(mode):
        return mode
    strongest, opening = mode, bare
    if bare.any():
        mode = _with_closing_verbs(mode, prefix, suffix, bare & ~head, listed)
        strongest, opening = _runs_of_verbs(mode, prefix, bare, clause)
    leads = prefix & (head | ~bare | opening)
    result = np.where(prefix & ~bare, strongest, mode)
    for nearest, source, within in (
        (_last_before, head & (strongest < NO_MODE), clause),
        (_next_after, suffix, listed),
        (_last_before, leads, clause),
        (_next_after, suffix, clause),
    ):
        if source.any():
            at = nearest(source, within)
            result = np.where((result == NO_MODE) & (at >= 0), strongest[np.maximum(at, 0)], result)
    made = bare & head & (strongest == _PRODUCE)
    if made.any():
        speaker = _last_before(head | (mode < NO_MODE), row)
        listed_on = (result == NO_MODE) & (speaker >= 0) & made[np.maximum(speaker, 0)]
        result = np.where(listed_on, _PRODUCE, result)
    return result.astype(np.int8)


def _runs_of_verbs(
    mode: NDArray[np.int8], prefix: NDArray[np.bool_], bare: NDArray[np.bool_], clause: NDArray[np.int32]
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Modes where a run of bare verbs speaks with its strongest (生产、加工、销售：…), and which bare verbs open a clause."""
    strongest = mode.copy()
    follows = np.concatenate([[False], bare[:-1] & (clause[1:] == clause[:-1])])  # comes right after a bare verb
    opening = bare & np.concatenate([[True], clause[1:] != clause[:-1]])
    while True:
        earlier = np.concatenate([[NO_MODE], strongest[:-1]]).astype(np.int8)
        stronger = np.where(follows & prefix, np.minimum(strongest, earlier), strongest)
        longer = opening | (bare & follows & np.concatenate([[False], opening[:-1]]))
        if (stronger == strongest).all() and (longer == opening).all():
            return strongest, opening
        strongest, opening = stronger, longer


@lru_cache(maxsize=4)
def scope_reader(corpora: Corpora) -> ScopeReader:
    """The shared reader of scopes for these corpora (共享的经营范围解析器)."""
    return ScopeReader(corpora)
