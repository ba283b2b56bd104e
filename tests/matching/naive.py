"""Plain reference of literal matching, one text and one word at a time, after the docstring of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from matcher.corpora import Corpora
from matcher.rules.zone import SegmentSpec
from matcher.text.tokenizer import reference_cut


def segment(terms: dict[str, int], *, excluded: Sequence[str] = (), conflicts: Sequence[str] = (), **given: object) -> SegmentSpec:
    """A made-up segment."""
    plain = {
        "id": "made-up", "name": "", "chain": "chain", "chain_name": "链", "kind": "maker", "need": "complement", "priority": 5,
        "position": "upstream", "description": "", "reason": "", "assumed": True, "needs_chemical_park": False, "gbt4754": (),
    }  # fmt: skip
    words = {"terms": tuple(sorted(terms.items())), "excluded": tuple(excluded), "conflicts": tuple(conflicts)}
    return SegmentSpec(**{**plain, **words, **given})


class NaiveText:
    """One text with the borders of its words."""

    def __init__(self, text: str, corpora: Corpora) -> None:
        self.text = text
        self.tokens = reference_cut(text, corpora)
        self.borders = {0, *accumulate(map(len, self.tokens))}

    def holds(self, word: str) -> bool:
        """Whether ``word`` occurs in a way that counts."""
        return bool(self.places(word))

    def places(self, word: str) -> list[tuple[int, int]]:
        """Where ``word`` occurs in a way that counts: begin and end."""
        if word not in self.text:
            return []
        begins = (begin for begin in range(len(self.text)) if self.text.startswith(word, begin))
        return [(begin, begin + len(word)) for begin in begins if self.counts(word, begin, begin + len(word))]

    def counts(self, word: str, begin: int, end: int) -> bool:
        """Whether the occurrence respects the borders of words."""
        starts, stops = begin in self.borders, end in self.borders
        if starts and stops:
            return True  # whole words
        if word[0].isascii() or word[-1].isascii():
            return False  # Latin letters and digits are whole words or nothing
        if len(word) > 2:
            return True  # specific enough
        within_one_word = not any(begin < border < end for border in self.borders)
        return within_one_word and (starts or stops)


def one_slip(term: str, item: str) -> bool:
    """Whether ``item`` is ``term`` with one character lost, one added, or two neighbours swapped; or is the term."""
    lost = {term[:n] + term[n + 1 :] for n in range(len(term))}
    swapped = {term[:n] + term[n + 1] + term[n] + term[n + 2 :] for n in range(len(term) - 1)}
    added = {item[:n] + item[n + 1 :] for n in range(len(item))}
    return item == term or item in lost or item in swapped or term in added


class NaiveVocabulary:
    """Best hits of segments in texts, by looking for every word of every segment."""

    def __init__(self, segments: Sequence[SegmentSpec], corpora: Corpora) -> None:
        self.segments, self.corpora = segments, corpora
        self.words = sorted({w for of in segments for w in (*(term for term, _ in of.terms), *of.excluded, *of.conflicts)})
        self.weights = [dict(of.terms) for of in segments]

    def held(self, text: str) -> set[str]:
        """All words that ``text`` holds in a way that counts."""
        read = NaiveText(text, self.corpora)
        return {word for word in self.words if word in text and read.holds(word)}

    def hits(self, text: str) -> list[tuple[int, str]]:
        """(weight in hundredths, term) of the best hit for each segment; (0, "") where nothing hits."""
        held = self.held(text)
        silent = [self.speaks(text, of, of.excluded) for of in self.segments]
        # a literal hit of any segment of a chain forbids slips in that chain, and in no other
        found = [
            (0, "") if quiet else best((weights[word] * 10, word) for word in held if word in weights)
            for weights, quiet in zip(self.weights, silent, strict=True)
        ]
        if not 4 <= len(text) <= 12:
            return found
        share = self.corpora.reading.fuzzy_share
        hit_chains = {of.chain for of, (weight, _) in zip(self.segments, found, strict=True) if weight}
        return [
            literal
            if quiet or of.chain in hit_chains
            else best((weight * 10 * share // 1000, term) for term, weight in slips(of, text))
            for of, quiet, literal in zip(self.segments, silent, found, strict=True)
        ]

    def conflicts(self, text: str) -> list[bool]:
        """Whether a word of the segment's conflicts occurs."""
        return [self.speaks(text, of, of.conflicts) for of in self.segments]

    def speaks(self, text: str, of: SegmentSpec, words: Sequence[str]) -> bool:
        """Whether one of ``words`` stands in ``text`` anywhere but within a term of the segment."""
        read = NaiveText(text, self.corpora)
        terms = [place for term, _ in of.terms for place in read.places(term)]
        return any(
            not any(begin <= at and at + len(word) <= end and (begin, end) != (at, at + len(word)) for begin, end in terms)
            for word in words
            for at, _ in read.places(word)
        )


def slips(of: SegmentSpec, text: str) -> Iterable[tuple[str, int]]:
    """Weighty terms of five characters or more that ``text`` is one slip away from."""
    return ((t, w) for t, w in of.terms if len(t) >= 5 and w >= 7 and abs(len(t) - len(text)) <= 1 and one_slip(t, text))


def best(found: Iterable[tuple[int, str]]) -> tuple[int, str]:
    """The weightiest, then the longest, then the first in code-point order."""
    return min(found, key=lambda hit: (-hit[0], -len(hit[1]), hit[1]), default=(0, ""))
