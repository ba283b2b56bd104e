"""Proves the formula of affinity, to the thousandth, against a plain reference written from its docstring and by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isqrt, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from matcher.corpora import MODES, Corpora
from matcher.matching.affinity import Affinities, Matcher, Texts
from matcher.rules.zone import SegmentSpec
from matcher.text.scope import scope_reader
from matcher.text.tokenizer import reference_cut
from matcher.text.verbs import NO_MODE
from tests.matching.naive import NaiveVocabulary, segment

_MODES = (*MODES, "none")
_NAME_STEPS, _STEP, _DESCRIPTION = 18, 50, 5  # of the TF-IDF vectors


class PlainAffinity:
    """The formula in plain whole numbers: every product of thousandths is divided at once, rounding down."""

    def __init__(self, segments: Sequence[SegmentSpec], corpora: Corpora) -> None:
        self.segments, self.corpora, self.reading = segments, corpora, corpora.reading
        self.words = NaiveVocabulary(segments, corpora)
        self.documents = [self._document(of) for of in segments]
        self.vectors = [self._scaled(document) for document in self.documents]

    def _document(self, of: SegmentSpec) -> Counter[str]:
        counts: Counter[str] = Counter()
        classes = [self.corpora.gbt4754[code] for code in of.gbt4754]
        for text, weight in [*of.terms, *((t.lower(), _DESCRIPTION) for t in (of.name, of.description, *classes))]:
            for token in reference_cut(text, self.corpora):
                if token in self.corpora.idf:
                    counts[token] += weight
        return counts

    def _scaled(self, counts: Counter[str]) -> tuple[dict[str, int], int]:
        """TF-IDF, and the square of its length."""
        vector = {word: count * self.corpora.idf[word] for word, count in counts.items()}
        return vector, sum(value * value for value in vector.values())

    def counts(self, items: Sequence[str], name: str) -> Counter[str]:
        """A company's word counts, weighted by place."""
        counts: Counter[str] = Counter()
        half = self.reading.position_half
        steps = [max(1, 1000 * half // (half + place) // _STEP) for place in range(len(items))]
        for text, weight in [*zip(items, steps, strict=True), (name, _NAME_STEPS)]:
            for token in reference_cut(text, self.corpora):
                if token in self.corpora.idf:
                    counts[token] += weight
        return counts

    def cosines(self, items: Sequence[str], name: str) -> list[int]:
        mine, my_square = self._scaled(self.counts(items, name))
        found = []
        for theirs, their_square in self.vectors:
            dot = sum(value * theirs.get(word, 0) for word, value in mine.items())
            cosine = int(1000 * (dot / (sqrt(my_square) * sqrt(their_square)))) if dot else 0
            exact = isqrt(1_000_000 * dot * dot // (my_square * their_square)) if dot else 0
            assert abs(cosine - exact) <= 1
            found.append(cosine)
        return found

    def weights(self, item: str, excepted: str) -> list[int]:
        """In hundredths; what brackets except silences the lighter word of the same segment."""
        own, said = ([weight for weight, _ in self.words.hits(text)] for text in (item, excepted))
        return [0 if other > weight else weight for weight, other in zip(own, said, strict=True)]

    def affinity(
        self, items: Sequence[str], modes: Sequence[str], fillers: Sequence[bool], name: str, ending: str, excepted: Sequence[str]
    ) -> list[int]:
        """Of one company for every segment; ``ending`` is the mode its name implies."""
        read = self.reading
        modes = [ending if mode == "none" else mode for mode in modes]
        place = [1000 * read.position_half // (read.position_half + p) for p in range(len(items))]
        weight = [self.weights(text, other) for text, other in zip(items, excepted, strict=True)]
        in_name = [w for w, _ in self.words.hits(name)]
        conflicts = [self.words.conflicts(text) for text in (name, *items[: read.main_items])]
        total = sum(p * read.filler_weight // 1000 if filler else p for p, filler in zip(place, fillers, strict=True))

        def value(item: int, of: int) -> int:
            kind, term = self.segments[of].kind, weight[item][of]
            if kind == "maker" and modes[item] == "produce" and term >= 40:
                term = min(100, term * read.made_lift // 1000)
            claim = read.mode_weights[kind][modes[item]] * term // 100
            return claim * place[item] // 1000

        cosines = self.cosines(items, name)
        result = []
        for s, spec in enumerate(self.segments):
            chain = [n for n, other in enumerate(self.segments) if other.chain == spec.chain]
            own = sum(value(i, s) for i in range(len(items)))
            context = sum(max(value(i, n) for n in chain) for i in range(len(items))) - own  # an item speaks once for a chain
            lost = read.name_weight - read.name_weight_unsupported
            says = 0 if own else min(total, read.says_enough)
            trust = read.name_weight - lost * says // read.says_enough
            if context and not own:
                trust = max(trust, (read.name_weight + read.name_weight_unsupported) // 2)
            named = trust * in_name[s] // 100
            literal = 0
            if own or named:
                side = context * read.context_weight // 1000
                strength = 1000 * (own + named + side) // (own + named + side + read.amount_half)
                share = min(1000, 1000 * (own + side) // max(total, 1)) if items else strength
                literal = (read.strength_share * strength + (1000 - read.strength_share) * share) // 1000
            if literal:
                found = literal + (1000 - literal) * cosines[s] * read.cosine_share // 1_000_000
            else:
                found = min(cosines[s] * read.cosine_share // 1000, read.cosine_only_cap)
            if any(conflict[s] for conflict in conflicts):
                found = found * read.conflict_share // 1000
            result.append(found)
        return result


def texts_of(scopes: Sequence[str], names: Sequence[str], endings: Sequence[str], corpora: Corpora) -> Texts:
    default = np.array([_MODES.index(ending) for ending in endings], dtype=np.int8)
    return Texts(scope_reader(corpora).read(scopes), list(names), default)


def one(matcher: Matcher, scope: str, name: str = "", ending: str = "none") -> Affinities:
    return matcher.match(texts_of([scope], [name], [ending], matcher.corpora))


def plain(reference: PlainAffinity, texts: Texts, company: int) -> list[int]:
    items = texts.items
    at = np.flatnonzero(items.row == company)
    return reference.affinity(
        [items.texts[items.item[n]] for n in at],
        [_MODES[items.mode[n]] for n in at],
        [bool(items.filler[items.item[n]]) for n in at],
        texts.names[company],
        _MODES[texts.default_mode[company]],
        [items.excepted.get(int(items.item[n]), "") for n in at],
    )


@pytest.fixture(scope="module")
def matcher(engine) -> Matcher:
    return Matcher(engine.zone.segments, engine.corpora)


@pytest.fixture(scope="module")
def reference(engine) -> PlainAffinity:
    return PlainAffinity(engine.zone.segments, engine.corpora)


@st.composite
def companies(draw: st.DrawFn, terms: list[str], conflicts: list[str]) -> tuple[str, str, str]:
    """(scope, name, ending): terms of the zone with verbs around them, fillers, strangers, conflicts."""
    term = st.sampled_from(terms)
    item = st.one_of(
        term,
        st.builds(lambda t, v: t + v, term, st.sampled_from(["生产", "销售", "加工", "的批发", "研发", "租赁", "咨询服务"])),
        st.builds(lambda v, t: v + t, st.sampled_from(["生产", "销售", "零售", "销售：", "批发、零售："]), term),
        st.builds(lambda t, n: t[:n] + t[n + 1 :], term, st.integers(0, 6)),
        st.builds(lambda t, other: f"{t}（{other}除外）", term, term),
        st.sampled_from(["货物进出口", "技术咨询", "桌椅", "火箭发射", "纸箱", "国内贸易", *conflicts]),
    )
    scope = "；".join(draw(st.lists(item, max_size=9)))
    name = draw(st.one_of(st.just(""), term.map(lambda t: "甲乙" + t), term.map(lambda t: t[:3] + "科技"), st.just("甲乙商行")))
    return scope, name, draw(st.sampled_from(["none", "none", "produce", "retail"]))


@pytest.mark.slow
def test_match_equals_the_plain_reference(matcher: Matcher, reference: PlainAffinity) -> None:
    terms = sorted({term for of in matcher.segments for term, _ in of.terms})
    conflicts = sorted({word for of in matcher.segments for word in of.conflicts})

    @given(batch=st.lists(companies(terms, conflicts), min_size=1, max_size=3))
    @settings(max_examples=25, deadline=None)
    def check(batch: list[tuple[str, str, str]]) -> None:
        texts = texts_of(*zip(*batch, strict=True), corpora=matcher.corpora)
        found = matcher.match(texts).affinity
        assert found.min() >= 0
        assert found.max() <= 1000
        for company in range(len(batch)):
            assert found[company].tolist() == plain(reference, texts, company), batch[company]

    check()


@pytest.mark.slow
def test_the_cosine_is_that_of_scikit_learn(matcher: Matcher, reference: PlainAffinity) -> None:
    corpora = matcher.corpora
    words = {word: number for number, word in enumerate(corpora.idf)}

    def rows(counters: Sequence[Counter[str]]) -> sparse.csr_matrix:
        pairs = [(row, words[word], count) for row, counter in enumerate(counters) for word, count in counter.items()]
        row, column, count = zip(*pairs, strict=True) if pairs else ((), (), ())
        return sparse.csr_matrix((np.array(count, dtype=float), (row, column)), shape=(len(counters), len(words)))

    transformer = TfidfTransformer(norm="l2").fit(sparse.eye(len(words), format="csr"))
    transformer.idf_ = np.array(list(corpora.idf.values())) / 1000
    documents = transformer.transform(rows(reference.documents))
    assert np.allclose(normalize(documents).data, documents.data), "scikit-learn's rows have length 1"
    terms = sorted({term for of in matcher.segments for term, _ in of.terms})

    @given(batch=st.lists(companies(terms, []), min_size=1, max_size=4))
    @settings(max_examples=25, deadline=None)
    def check(batch: list[tuple[str, str, str]]) -> None:
        texts = texts_of(*zip(*batch, strict=True), corpora=corpora)
        items = texts.items
        counters = [
            reference.counts([items.texts[items.item[n]] for n in np.flatnonzero(items.row == company)], texts.names[company])
            for company in range(len(batch))
        ]
        wanted = (transformer.transform(rows(counters)) @ documents.T).toarray()
        found = matcher.match(texts)
        mine = matcher.cosine(texts, found.hits, found.name_text)
        assert np.abs(mine / 1000 - wanted).max() <= 0.001

    check()


# ------------------------------------------------------------------------------------------------ by hand

_MAKER = segment({"甪鑫犇淼": 10}, id="maker", chain="a")
_SERVICE = segment({"甪鑫犇": 7}, id="service", chain="a", kind="service")
_TRADE = segment({"甪鑫犇淼": 4}, id="trade", chain="b", kind="trade", excluded=("代销",), conflicts=("足浴",))
_BY_HAND = (
    # scope, name, ending; affinities of maker, service (same chain) and trade (another chain)
    # maker: own 1000·1000; strength 1000·1000/1700 = 588, share 1000 → .72·588 + .28·1000 = 703
    # service: own 850·0.7 = 595, context 1000 − 595 = 405, of it 25 % = 101; 696/1396 = 498, share 696 → 553
    # trade: own 700·0.4 = 280; 280/980 = 285, share 280 → 283
    ("甪鑫犇淼生产", "", "none", [703, 553, 283]),
    # no verb: maker 600; 600/1300 = 461, share 600 → 499; service 800·.7 = 560, context 40 → 10: 570/1270 = 448, share 570 → 482
    ("甪鑫犇淼", "", "none", [499, 482, 283]),
    # the name's ending lends its mode to items without a verb
    ("甪鑫犇淼", "", "produce", [703, 553, 283]),
    ("甪鑫犇淼零售", "", "produce", None),
    # the name alone: 900/1600 = 562 for the maker; 630/1330 = 473; 360/1060 = 339
    ("", "甪鑫犇淼", "none", [562, 473, 339]),
    # the name says it and a scope of one item something else: trust 900 − 650·1000/4000 = 738; 738/1438 = 513 · .72 = 369;
    # 516/1216 = 424 → 305; 295/995 = 296 → 213
    ("鬻鼗", "甪鑫犇淼", "none", [369, 305, 213]),
    # a scope that says more contradicts more: 1000 + 857 + 750 + 666 + 600 > 4000 leaves 250: 263 · .72 = 189; 200 → 144; 125 → 90
    ("鬻鼗；鼗鬻；鬻鬻；鼗鼗；鬻鼗鬻；鼗鬻鼗", "甪鑫犇淼", "none", [189, 144, 90]),
    # second place: 857; own 857, share 857/1857 = 461; 857/1557 = 550 → 525
    ("鬻鼗；甪鑫犇淼生产", "", "none", None),
    ("鬻鼗", "", "none", [0, 0, 0]),
    ("", "", "none", [0, 0, 0]),
)


@pytest.fixture(scope="module")
def small(corpora: Corpora) -> Matcher:
    return Matcher([_MAKER, _SERVICE, _TRADE], corpora)


@pytest.fixture(scope="module")
def small_reference(corpora: Corpora) -> PlainAffinity:
    return PlainAffinity([_MAKER, _SERVICE, _TRADE], corpora)


def test_the_words_of_the_hand_computed_cases_have_no_cosine(small: Matcher, corpora: Corpora) -> None:
    assert not set("甪鑫犇淼鬻鼗") & set(corpora.idf)
    assert "甪鑫犇" not in corpora.trade_words


@pytest.mark.parametrize(("scope", "name", "ending", "wanted"), _BY_HAND)
def test_by_hand(
    scope: str, name: str, ending: str, wanted: list[int] | None, small: Matcher, small_reference: PlainAffinity
) -> None:
    read = small.corpora.reading
    assert (read.position_half, read.amount_half, read.strength_share) == (6, 700, 720), "the numbers the cases were made with"
    assert (read.name_weight, read.name_weight_unsupported, read.context_weight) == (900, 250, 250)
    found = one(small, scope, name, ending).affinity[0].tolist()
    if wanted is not None:
        assert found == wanted
    texts = texts_of([scope], [name], [ending], small.corpora)
    assert found == plain(small_reference, texts, 0)


def test_place_and_share_by_hand(small: Matcher) -> None:
    assert one(small, "鬻鼗；甪鑫犇淼生产").affinity[0, 0] == 525
    # a filler moves behind: place 1000, filler 128; strength 1000/1700 = 588; share 1000/1128 = 886; .72 · 588 + .28 · 886 = 671
    assert one(small, "货物进出口；甪鑫犇淼生产").affinity[0, 0] == 671
    assert one(small, "货物进出口；甪鑫犇淼生产").affinity[0, 0] == one(small, "甪鑫犇淼生产；货物进出口").affinity[0, 0]


def test_a_conflict_keeps_three_tenths(small: Matcher) -> None:
    def of(scope: str, name: str = "") -> list[int]:
        return one(small, scope, name).affinity[0].tolist()

    assert small.corpora.reading.conflict_share == 300
    assert small.corpora.reading.main_items == 4
    free, barred = of("甪鑫犇淼生产；鬻鼗"), of("甪鑫犇淼生产；鬻鼗", "足浴")
    assert barred[:2] == free[:2], "the conflict is of one segment only"
    assert barred[2] == free[2] * 300 // 1000 > 0
    assert of("甪鑫犇淼生产；鬻鼗；鬻鼗；足浴")[2] == of("甪鑫犇淼生产；鬻鼗；鬻鼗；鬻鼗")[2] * 300 // 1000
    assert of("甪鑫犇淼生产；鬻鼗；鬻鼗；鬻鼗；足浴") == of("甪鑫犇淼生产；鬻鼗；鬻鼗；鬻鼗；鬻鼗"), "only main items conflict"


def test_an_excluded_word_silences_its_item_alone(small: Matcher) -> None:
    assert one(small, "代销甪鑫犇淼").affinity[0, 2] == 0
    assert one(small, "代销甪鑫犇淼").affinity[0, 0] > 0
    assert one(small, "代销甪鑫犇淼；甪鑫犇淼").affinity[0, 2] == one(small, "代销鬻鼗；甪鑫犇淼").affinity[0, 2] > 0


def test_what_brackets_except_silences_the_lighter_word_of_its_item(corpora: Corpora) -> None:
    matcher = Matcher([segment({"甪鑫": 4, "犇淼": 9}), segment({"甪鑫": 4}, id="other", chain="b")], corpora)

    def of(scope: str) -> list[int]:
        return one(matcher, scope).affinity[0].tolist()

    assert of("甪鑫（犇淼除外）") == [0, of("甪鑫")[1]], "the other segment does not know what is excepted"
    assert of("犇淼（甪鑫除外）") == of("犇淼"), "a part of the trade is excepted, not the trade"
    assert of("甪鑫（犇淼除外）；甪鑫") == of("鬻鼗；甪鑫")[:1] + of("甪鑫；甪鑫")[1:], "the other items stand"


def test_main_mode_and_name_are_told(small: Matcher) -> None:
    found = one(small, "鬻鼗；甪鑫犇淼销售；甪鑫犇淼生产；鬻鼗；甪鑫犇淼研发", "甪鑫犇")
    assert found.named[0].tolist() == [False, True, False]
    assert found.main[0].tolist() == [1000, 595, 300]
    assert _MODES[found.mode[0, 0]] == "produce"
    assert _MODES[found.mode[0, 2]] == "sell", "750 at place 1 beats 700 at place 2"
    late = one(small, "鬻鼗；鬻鼗；鬻鼗；鬻鼗；甪鑫犇淼生产")
    assert late.main[0].tolist() == [0, 0, 0]
    assert late.affinity[0, 0] > 0
    none = one(small, "鬻鼗")
    assert (none.mode[0] == NO_MODE).all()


def test_the_cosine_alone_never_passes_its_cap(matcher: Matcher) -> None:
    """Words of a segment's description, without any of its terms."""
    vague = segment({"甪鑫犇淼": 10}, description="机械设备农业生产", name="")
    alone = Matcher([vague], matcher.corpora)
    found = one(alone, "机械设备；农业；机械设备；农业")
    assert found.hits.best.nnz == 0
    cosine = int(alone.cosine(texts_of(["机械设备；农业"], [""], ["none"], matcher.corpora), *_hits(alone, "机械设备；农业"))[0, 0])
    assert cosine > 500
    assert 0 < found.affinity[0, 0] <= matcher.corpora.reading.cosine_only_cap


def _hits(matcher: Matcher, scope: str) -> tuple:
    found = one(matcher, scope)
    return found.hits, found.name_text


def test_editing_one_chain_moves_no_other(engine, matcher: Matcher) -> None:
    """Terms are matched literally; the words of a text do not depend on any chain."""
    changed = [of for of in engine.zone.segments if of.chain != engine.zone.segments[0].chain]
    changed += [segment({"农机": 10, "饲料": 10, "养老": 10}, chain="new")]
    other = Matcher(changed, engine.corpora)
    scopes = ["饲料加工、销售；农机修理；养老服务；旅游景区管理", "医疗器械生产；文化创作；健身器材制造"]
    texts = texts_of(scopes, ["甲乙饲料", "丙丁"], ["none", "produce"], engine.corpora)
    before, after = matcher.match(texts).affinity, other.match(texts).affinity
    kept = [n for n, of in enumerate(engine.zone.segments) if of.chain != engine.zone.segments[0].chain]
    assert np.array_equal(before[:, kept], after[:, :-1])
    assert before[:, kept].any()
