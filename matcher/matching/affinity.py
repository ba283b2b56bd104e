"""Affinity (契合度): how well a company's text fits a segment, in thousandths; a pure function of text, chains and corpora.

For company c and segment s, with the items i of its scope in order (position p_i from 0, mode m_i):

    place_i    = 1000 · half / (half + p_i)                          the main business is registered first
    own        = Σ_i place_i · mode_weight[kind_s][m_i] · w_is         w_is = best term of s in item i, 0 … 1; of what a maker makes
                                                                      made_lift times that, at most 1
    context    = the chain's own (each item once, with its best segment of the chain) − own
    amount     = own + name · w_name,s + context_weight · context
    strength   = amount / (amount + amount_half)
    share      = (own + context_weight · context) / Σ_i place_i        fillers (货物进出口 …) count little in the sum
    literal    = strength_share · strength + (1 − strength_share) · share
    affinity   = literal + (1 − literal) · cosine_share · cosine       cosine of TF-IDF vectors over ``corpora/idf.csv``

The name counts fully (``name_weight``) where the scope agrees or is empty, little (``name_weight_unsupported``) where a scope
of ``says_enough`` says nothing of the chain, half-way between where it names other segments of the chain; the less the scope says, the
less it contradicts. A company named or mainly engaged in
something else (``conflicts``: 足浴 …) keeps ``conflict_share``. Without any term the cosine alone gives ``cosine_only_cap`` at most.

All sums are of integers, so no order, batch or thread changes a bit; roots and quotients of float64 are correctly rounded.
The numbers stand in ``corpora/reading.yaml``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matcher.corpora import KINDS, MODES, Corpora
from matcher.matching.sparse_rows import Rows, cells_of
from matcher.matching.vocabulary import WEIGHT_AT, TextHits, Vocabulary, token_ends, token_owners
from matcher.rules.zone import SegmentSpec
from matcher.text.scope import ScopeItems, numbered
from matcher.text.tokenizer import cut
from matcher.text.verbs import NO_MODE

_NAME_TOKENS = 18  # weight of a name's tokens in the TF-IDF vector; the first item has 20
_PLACE_STEP = 50
_TELLING = 40  # a weaker term is of many trades, whoever makes it
_MAKER = KINDS.index("maker")
_PRODUCE = MODES.index("produce")

_MOST_ITEMS = 9999  # of one scope; more tell nothing more


@dataclass(frozen=True)
class Texts:
    """The texts of a batch of companies (一批企业的文本).

    Attributes:
        items: Their scopes' items.
        names: Normalised names without region and legal form, one a company.
        default_mode: Mode that a name's ending implies (饲料厂 makes), or ``NO_MODE``.
    """

    items: ScopeItems
    names: list[str]
    default_mode: NDArray[np.int8]

    def take(self, rows: NDArray[np.int64]) -> Texts:
        """Of some of the companies, by ascending place (选取)."""
        return Texts(self.items.take(rows), [self.names[row] for row in rows.tolist()], self.default_mode[rows])


@dataclass(frozen=True)
class Weighed:
    """Companies' words as TF-IDF weighs them (词的权重), whatever the segments.

    Attributes:
        words: Companies × words of the IDF table.
        norms: Length of each row.
    """

    words: Rows
    norms: NDArray[np.float64]


@dataclass(frozen=True)
class Affinities:
    """Companies × segments (契合度矩阵); all integers in thousandths.

    Attributes:
        affinity: 0 … 1000.
        main: Best mode-weighted hit among the main items, 0 … 1000.
        mode: Index into ``MODES`` of the strongest hit's mode, or ``NO_MODE``.
        named: The name holds a term of the segment.
        chain_items: companies × chains in the segments' order of first appearance: items that hit a segment of the chain.
        hits: The raw hits, for explanations.
        name_text: Number of each company's name among the texts of ``hits``.
    """

    affinity: NDArray[np.int16]
    main: NDArray[np.int16]
    mode: NDArray[np.int8]
    named: NDArray[np.bool_]
    chain_items: NDArray[np.int32]
    hits: TextHits
    name_text: NDArray[np.int64]


class Matcher:
    """Scores batches of texts against a zone's segments (文本匹配)."""

    def __init__(self, segments: Sequence[SegmentSpec], corpora: Corpora) -> None:
        self.segments, self.corpora = segments, corpora
        self.vocabulary = Vocabulary(segments, corpora)
        reading = corpora.reading
        modes = (*MODES, "none")
        self._mode_weight = np.array([[reading.mode_weights[kind][mode] for mode in modes] for kind in KINDS], dtype=np.int64)
        self._kind = np.array([KINDS.index(segment.kind) for segment in segments], dtype=np.int64)
        chains = list(dict.fromkeys(segment.chain for segment in segments))
        self._chain = np.array([chains.index(segment.chain) for segment in segments], dtype=np.int64)
        self._words = {word: number for number, word in enumerate(corpora.idf)}
        self._idf = np.fromiter(corpora.idf.values(), np.int64, len(corpora.idf))
        self._documents, self._document_norms = self._segment_vectors()
        self._document_rows = Rows.of(self._documents)

    def match(self, texts: Texts) -> Affinities:
        """Affinities of a batch (批量计算契合度)."""
        items = texts.items
        names, name_text = numbered(texts.names)
        name_text += len(items.texts)
        hits = self._but_for(self.vocabulary.find([*items.texts, *names]), items.excepted)
        places = self._places(items)
        own, of_chain, chain_items, main, mode = self._amounts(texts, hits, places)
        counted = np.where(items.filler[items.item], places * self.corpora.reading.filler_weight // 1000, places)
        total = np.bincount(items.row, counted, items.rows).astype(np.int64)
        name_weight = self._of_names(hits, name_text)
        literal = self._literal(own, of_chain, total, name_weight)
        affinity = self._with_cosine(literal, self._cosine(texts, hits, name_text))
        conflict = hits.conflict[name_text]
        told: NDArray[np.bool_] = np.asarray(hits.conflict.any(axis=1))  # few texts hold such a word
        first = np.flatnonzero((items.position < self.corpora.reading.main_items) & told[items.item])
        which, segment = cells_of(hits.conflict[items.item[first]])
        conflict[items.row[first[which]], segment] = True
        row, segment = cells_of(conflict)
        affinity[row, segment] = affinity[row, segment].astype(np.int64) * self.corpora.reading.conflict_share // 1000
        return Affinities(affinity, main, mode, name_weight > 0, chain_items, hits, name_text)

    def _but_for(self, hits: TextHits, excepted: dict[int, str]) -> TextHits:
        """The hits without those of an item of which brackets except the weightier word of the same segment (除外)."""
        if not excepted:
            return hits
        which, hit = hits.of(np.array(list(excepted)))
        if not len(hit):
            return hits
        bearing, which = np.unique(which, return_inverse=True)  # most of these items hold no word of any segment
        words = list(excepted.values())
        said = self.vocabulary.find([words[place] for place in bearing.tolist()]).weight.toarray()
        own = hits.best.data[hit] >> WEIGHT_AT
        lost = hit[(own > 0) & (said[which, hits.best.indices[hit]] > own)]
        if not len(lost):
            return hits
        kept = np.ones(len(hits.best.data), dtype=np.bool_)
        kept[lost] = False
        ends = np.concatenate([[0], np.cumsum(kept)])[hits.best.indptr]
        return replace(hits, best=sparse.csr_array((hits.best.data[kept], hits.best.indices[kept], ends), shape=hits.best.shape))

    def beside_the_chain(self, items: NDArray[np.int64], chain_items: NDArray[np.int32]) -> NDArray[np.int16]:
        """Companies × segments: how many of each company's items are not of the segment's chain (链外项数)."""
        beside = np.clip(items[:, None] - chain_items, 0, _MOST_ITEMS).astype(np.int16)
        found: NDArray[np.int16] = beside[:, self._chain]
        return found

    def _places(self, items: ScopeItems) -> NDArray[np.int64]:
        half = self.corpora.reading.position_half
        places: NDArray[np.int64] = 1000 * half // (half + items.position.astype(np.int64))
        return places

    def _of_names(self, hits: TextHits, name_text: NDArray[np.int64]) -> NDArray[np.int8]:
        """Weights of the names' best hits, companies × segments."""
        which, hit = hits.of(name_text)
        found = np.zeros((len(name_text), len(self.segments)), dtype=np.int8)
        found[which, hits.best.indices[hit]] = hits.best.data[hit] >> WEIGHT_AT
        return found

    def _amounts(
        self, texts: Texts, hits: TextHits, places: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], NDArray[np.int16], NDArray[np.int8]]:
        """``own`` and its sum by chain in thousandths of a first item, items by chain, the best main hit, the strongest hit's mode."""
        items, width = texts.items, len(self.segments)
        modes = np.where(items.mode == NO_MODE, texts.default_mode[items.row], items.mode)
        which, hit = hits.of(items.item)  # occurrence of each (occurrence, segment) hit
        segment, term = hits.best.indices[hit].astype(np.int64), hits.best.data[hit] >> WEIGHT_AT
        row, mode = items.row[which].astype(np.int64), modes[which].astype(np.int64)
        made = (self._kind[segment] == _MAKER) & (mode == _PRODUCE) & (term >= _TELLING)  # 生产白酒 says more than 白酒
        term = np.where(made, np.minimum(100, term * self.corpora.reading.made_lift // 1000), term)
        claim = self._mode_weight[self._kind[segment], mode] * term // 100
        value = claim * places[which] // 1000
        size, cell = items.rows * width, row * width + segment
        own = np.zeros(size, dtype=np.int32)  # few cells are hit: the narrower these matrices, the less memory is gone through
        np.add.at(own, cell, value.astype(np.int32))
        of_chain, chain_items = self._chain_amounts(which, segment, row, value, items.rows)
        strongest = np.full(size, -1, dtype=np.int32)
        np.maximum.at(strongest, cell, (value * 16 + (15 - mode)).astype(np.int32))
        mode_of = np.full(size, NO_MODE, dtype=np.int8)
        mode_of[cell] = 15 - strongest[cell] % 16
        main = np.zeros(size, dtype=np.int16)
        early = items.position[which] < self.corpora.reading.main_items
        np.maximum.at(main, cell[early], claim[early].astype(np.int16))
        shape = items.rows, width
        return own.reshape(shape), of_chain, chain_items, main.reshape(shape), mode_of.reshape(shape)

    def _chain_amounts(
        self, which: NDArray[np.int64], segment: NDArray[np.int64], row: NDArray[np.int64], value: NDArray[np.int64], rows: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Rows × chains, amounts and items: each occurrence counts once for a chain, with its best segment."""
        chains = int(self._chain.max()) + 1
        if not len(which):
            return np.zeros((rows, chains), dtype=np.int64), np.zeros((rows, chains), dtype=np.int32)
        key = which * chains + self._chain[segment]
        order = np.lexsort((-value, key))
        key, row, value = key[order], row[order], value[order]
        best = np.concatenate([[True], key[1:] != key[:-1]])
        cell = row[best] * chains + key[best] % chains
        amounts = np.bincount(cell, value[best], rows * chains).astype(np.int64).reshape(rows, chains)
        return amounts, np.bincount(cell, minlength=rows * chains).astype(np.int32).reshape(rows, chains)

    def _literal(
        self, own: NDArray[np.int32], of_chain: NDArray[np.int64], total: NDArray[np.int64], name_weight: NDArray[np.int8]
    ) -> NDArray[np.int16]:
        """The literal part of the formula, computed where anything was hit."""
        reading = self.corpora.reading
        literal = np.zeros(own.shape, dtype=np.int16)
        row, segment = cells_of((own > 0) | (name_weight > 0))
        amounts = own[row, segment].astype(np.int64)
        context = of_chain[row, self._chain[segment]] - amounts
        has_scope = total[row] > 0
        half = (reading.name_weight + reading.name_weight_unsupported) // 2
        says = np.minimum(total[row], reading.says_enough)  # a scope of one item contradicts less than one of ten
        alone = reading.name_weight - (reading.name_weight - reading.name_weight_unsupported) * says // reading.says_enough
        trust = np.where(context > 0, np.maximum(half, alone), alone)
        trust = np.where((amounts > 0) | ~has_scope, reading.name_weight, trust)
        side = context * reading.context_weight // 1000
        amount = amounts + trust * name_weight[row, segment].astype(np.int64) // 100 + side
        strength = 1000 * amount // (amount + reading.amount_half)
        share = np.minimum(1000, 1000 * (amounts + side) // np.maximum(total[row], 1))
        share = np.where(has_scope, share, strength)  # a name alone: nothing to compare with
        literal[row, segment] = (reading.strength_share * strength + (1000 - reading.strength_share) * share) // 1000
        return literal

    def _with_cosine(self, literal: NDArray[np.int16], cosine: Rows) -> NDArray[np.int16]:
        """The last line of the formula, where there is any cosine; ``literal`` is written over."""
        reading = self.corpora.reading
        row = cosine.owner
        before = literal[row, cosine.indices].astype(np.int64)
        lifted = before + (1000 - before) * cosine.data * reading.cosine_share // 1_000_000
        alone = np.minimum(cosine.data * reading.cosine_share // 1000, reading.cosine_only_cap)
        literal[row, cosine.indices] = np.where(before > 0, lifted, alone)
        return literal

    def cosine(self, texts: Texts, hits: TextHits, name_text: NDArray[np.int64]) -> sparse.csr_array:
        """TF-IDF cosine of companies × segments in thousandths, rounded down (余弦相似度).

        A company's term frequencies are its items' token counts weighted by place, in steps; equal to scikit-learn's
        ``TfidfTransformer`` with the committed IDF on the same counts.
        """
        return self._cosine(texts, hits, name_text).matrix

    def _cosine(self, texts: Texts, hits: TextHits, name_text: NDArray[np.int64]) -> Rows:
        return self._likeness(self._weighed(texts, hits.tokens, hits.owner, name_text))

    def likeness(self, weighed: Weighed, segments: NDArray[np.int64] | None = None) -> sparse.csr_array:
        """The cosine of companies whose words were weighed (余弦相似度), with some of the segments, or with all."""
        return self._likeness(weighed, segments).matrix

    def _likeness(self, weighed: Weighed, segments: NDArray[np.int64] | None = None) -> Rows:
        documents, lengths = self._document_rows, self._document_norms
        if segments is not None:
            documents, lengths = Rows.of(self._documents[:, segments]), lengths[segments]
        dots = weighed.words.times(documents)
        bottom = np.repeat(weighed.norms, np.diff(dots.indptr)) * lengths[dots.indices]
        share = np.divide(dots.data, bottom, out=np.zeros_like(bottom), where=bottom > 0)
        return dots._replace(data=(1000 * share).astype(np.int64))

    def weighed(
        self, texts: Texts, hits: TextHits | None = None
    ) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64], Weighed]:
        """What finds words in texts, whatever the segments (与环节无关的部分).

        Args:
            texts: Of some companies.
            hits: What ``match`` found in them, if it has looked.

        Returns:
            Distinct names; the number of each company's; where the tokens of items and names end, as ``Vocabulary.occurs`` takes them;
            and the companies' words.
        """
        names, name_of = numbered(texts.names)
        lines = [*texts.items.texts, *names]
        tokens = cut("\n".join(lines), self.corpora) if hits is None else hits.tokens
        ends = token_ends(tokens)
        return names, name_of, ends, self._weighed(texts, tokens, token_owners(lines, ends), name_of + len(texts.items.texts))

    def _weighed(self, texts: Texts, tokens: list[str], owner: NDArray[np.int64], name_text: NDArray[np.int64]) -> Weighed:
        counts = self._company_counts(texts, tokens, owner, name_text)
        scaled = (counts.data * self._idf[counts.indices]).astype(np.float64)
        norms = np.sqrt(np.bincount(counts.owner, scaled * scaled, texts.items.rows))
        return Weighed(counts._replace(data=scaled), norms)

    def _company_counts(self, texts: Texts, tokens: list[str], owner: NDArray[np.int64], name_text: NDArray[np.int64]) -> Rows:
        """Companies × words: weighted token counts, whole numbers."""
        items = texts.items
        words = self._words
        size = int(max(name_text.max(initial=-1) + 1, len(items.texts)))
        column = np.fromiter(map(words.get, tokens, itertools.repeat(-1)), np.int64, len(tokens))
        good = column >= 0
        column, owner = column[good], owner[good]  # owners ascend
        ones, ends = np.ones(len(column), dtype=np.int64), np.searchsorted(owner, np.arange(size + 1))
        of_text = Rows(ones, column, ends, len(words))
        ends = np.searchsorted(items.row, np.arange(items.rows + 1)) + np.arange(items.rows + 1)  # before its items stands its name
        weights, texts_of = np.empty(int(ends[-1]), dtype=np.int64), np.empty(int(ends[-1]), dtype=np.int64)
        of_items = np.ones(int(ends[-1]), dtype=np.bool_)
        of_items[ends[:-1]] = False
        weights[ends[:-1]], texts_of[ends[:-1]] = _NAME_TOKENS, name_text
        weights[of_items], texts_of[of_items] = np.maximum(self._places(items) // _PLACE_STEP, 1), items.item
        return Rows(weights, texts_of, ends, size).times(of_text)

    def _segment_vectors(self) -> tuple[sparse.csr_array, NDArray[np.float64]]:
        """Words × segments: TF-IDF of each segment's terms, name, description and industry classes; and the norms."""
        texts: list[str] = []
        of: list[tuple[int, int]] = []  # the segment of each text, and how often it counts
        for number, segment in enumerate(self.segments):
            classes = [self.corpora.gbt4754[code] for code in segment.gbt4754]
            texts += [term for term, _ in segment.terms]
            of += [(number, weight) for _, weight in segment.terms]
            texts += [text.lower() for text in (segment.name, segment.description, *classes)]
            of += [(number, 5)] * (2 + len(classes))
        tokens = cut("\n".join(texts), self.corpora)
        owner = token_owners(texts, token_ends(tokens)).tolist()
        known = [(self._words[token], *of[text]) for token, text in zip(tokens, owner, strict=True) if token in self._words]
        rows, columns, counts = np.array(known, dtype=np.int64).reshape(-1, 3).T
        shape = (len(self._words), len(self.segments))
        matrix = sparse.csr_array((counts, (rows, columns)), shape=shape)
        scaled = matrix.multiply(self._idf[:, None]).tocsr().astype(np.float64)
        return scaled, np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=0)).ravel())
