"""What becomes of every company under a ruleset (每家企业的结果): its segment, points and place, or why it has none.

``Engine.rank`` keeps of a company only what the order asks for, and reads again the few that are shown. Here all is kept, of every
company, by the same evidence, formula, folding and order; so it asks for more memory, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.intake import Companies, Frame, Intake, companies_of
from matcher.intake.fields import EPOCH
from matcher.matching.families import FamilyFinder
from matcher.matching.profiles import CHUNK, ProfileReader, Profiles
from matcher.processes import in_chunks
from matcher.rules import Zone
from matcher.runs import Request, wanted_segments
from matcher.scoring.folding import families_among, fold_families
from matcher.scoring.formula import Scores
from matcher.scoring.ranking import Placed, arrange, choose
from matcher.snapshot import ProfileCache, groups_of
from matcher.tuning.profile_windows import ProfileWindows
from matcher.tuning.rewording import TextsRead
from matcher.types import Family

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Reading:
    """What was read of companies, whatever any rule says of it (读数).

    Attributes:
        companies: Those of the cities asked for.
        places: Where they stand among the intake's.
        windows: What their texts say.
        reader: Who read them.
        finder: Over all of the intake: a head may sit in a city that was not asked for.
        texts: Their texts, once words are tried.
    """

    intake: Intake
    companies: Companies
    places: NDArray[np.int64]
    windows: ProfileWindows
    reader: ProfileReader
    finder: FamilyFinder
    texts: TextsRead = field(default_factory=TextsRead, repr=False, compare=False)

    @property
    def profiles(self) -> Profiles:
        """What their texts say, of everybody at once (全部画像)."""
        return self.windows.whole


@dataclass(frozen=True)
class Scored:
    """Companies, each fixed to its segment, with all its points there (评过分的企业).

    Attributes:
        placed: One entry each.
        scores: Columns are the entries of ``placed``.
        hope: Each one's best possible score in any segment where no veto certainly bars it, or -1.
        barring: For each veto, whether it is true of anybody in any segment.
    """

    placed: Placed
    scores: Scores
    hope: NDArray[np.int64]
    barring: NDArray[np.bool_]

    @property
    def open(self) -> NDArray[np.bool_]:
        """For each entry, whether no veto bars it (未被否决)."""
        return self.placed.veto < 0

    @classmethod
    def joined(cls, parts: Sequence[Scored]) -> Scored:
        """Of all chunks, in order (合并)."""
        scores = Scores(*(np.concatenate([getattr(part.scores, f.name) for part in parts], axis=-1) for f in fields(Scores)))
        barring = np.logical_or.reduce([part.barring for part in parts])
        return cls(Placed.joined([part.placed for part in parts]), scores, np.concatenate([part.hope for part in parts]), barring)


@dataclass(frozen=True)
class Places:
    """One list in order (一张榜).

    Attributes:
        company: Who is on it, by place.
        order_value: Of each, in ``ORDER_UNIT`` parts of a point.
        families: Company on the list → its family, of those that have one.
        folded: Company that folds → the one of its family that stays.
    """

    company: NDArray[np.int64]
    order_value: NDArray[np.int64]
    families: dict[int, Family]
    folded: dict[int, int]

    def place(self, company: int) -> int | None:
        """A company's place, from 1, or None (位次)."""
        at = np.flatnonzero(self.company == company)
        return int(at[0]) + 1 if len(at) else None


@dataclass(frozen=True)
class Outcome:
    """What became of every company (每家企业的结果): on one list, folded into one, or off both by a veto.

    Attributes:
        scored: All companies on the chains; the entry of a company has its own number.
        chains: The list of the chains.
        opportunities: The list beside it, or None where the request leaves no room for one.
        vetoed: For each company, whether a veto takes it off.
        beside: For each company, whether it belongs to the list beside the chains.
        themes: Those that have a theme, scored there; None where the request leaves no room for them.
    """

    scored: Scored
    chains: Places
    opportunities: Places | None
    vetoed: NDArray[np.bool_]
    beside: NDArray[np.bool_]
    themes: Scored | None = None


def read_companies(
    engine: Engine,
    given: Intake | Frame,
    cities: Sequence[str] = (),
    known: ProfileCache | Profiles | None = None,
    *,
    words: bool = False,
) -> Reading:
    """Reads the companies of some cities once, for rankings under any rules (读取企业).

    Args:
        engine: Over the corpora.
        given: The companies, or a pandas frame of them, as for ``Engine.rank``.
        cities: As the user names them; empty for everywhere.
        known: What the texts of all of the intake say by the engine's reader, if they were read before.
        words: Keep the texts ready for other words (备着换词): the first change of words is then as quick as the next; without it the
            texts are cut at the first change.

    Raises:
        RequestError: There is no such city.
    """
    intake = companies_of(given, engine.corpora)
    companies, places = intake.companies, np.arange(len(intake.companies))
    if cities:
        places = engine.cities.places(companies, cities)
        companies = companies.take(places)
    finder, texts = FamilyFinder(intake.companies, engine.corpora, groups=groups_of(known)), TextsRead()
    if words:
        profiles, texts = TextsRead.with_profiles(companies, engine.reader, engine.processes)
        windows = ProfileWindows(profiles)
    elif known is None:
        windows = ProfileWindows(engine.reader.read(companies, engine.processes))
    else:
        windows = ProfileWindows(known, places)
    return Reading(intake, companies, places, windows, engine.reader, finder, texts)


def reworded(engine: Engine, reading: Reading) -> Reading:
    """The reading as an engine's words give it (换词重读); itself if they are the same."""
    if reading.reader is engine.reader:
        return reading
    profiles = reading.texts.matched(reading.companies, reading.profiles, reading.reader, engine.reader, engine.processes)
    return replace(reading, windows=ProfileWindows(profiles), reader=engine.reader)


def outcome_of(engine: Engine, reading: Reading, request: Request) -> Outcome:
    """What becomes of every company that was read, by an engine's rules (求结果); texts are read again only if words differ.

    Args:
        engine: Over the same corpora as the reading's.
        reading: The companies.
        request: Filters and date; its cities are those of the reading.

    Raises:
        RequestError: As ``Engine.rank``.
    """
    scored, themes = score_all(engine, reading, request)
    list_ = partial(
        make_list, reading.finder, at=reading.places, companies=reading.companies, zone=engine.zone, corpora=engine.corpora
    )
    beside = np.zeros(len(reading.companies), dtype=np.bool_)
    opportunities: Places | None = None
    if themes is not None:
        there = themes.placed.take(themes.open)
        beside[there.company] = True
        opportunities = list_(there)
    chains = list_(scored.placed.take(scored.open & ~beside))
    return Outcome(scored, chains, opportunities, ~scored.open & ~beside, beside, themes)


def score_all(engine: Engine, reading: Reading, request: Request) -> tuple[Scored, Scored | None]:
    """Every company on the chains, and those that themes say more of, in no order yet (评分，未排序); chunk by chunk."""
    wanted, day = wanted_segments(engine.zone, request), (request.as_of - EPOCH).days
    windows = reworded(engine, reading).windows

    def of_chunk(chunk: range) -> tuple[Scored, Scored | None]:
        index = np.arange(chunk.start, chunk.stop)
        companies, of_texts = reading.companies.take(chunk), windows.take(index)
        standing = engine.evidence.standing(companies, of_texts, day)

        def scored(pairs: Pairs) -> Scored:
            evidence = engine.evidence.read(of_texts, standing, *pairs)
            scores = engine.ruleset.score(evidence, day)
            hope = np.full(len(companies), -1, dtype=np.int64)
            open_ = ~scores.vetoed.any(axis=0)
            np.maximum.at(hope, evidence.company[open_], scores.high[open_])
            pair = choose(evidence, scores).pair
            chosen = Scores(*(getattr(scores, field.name)[..., pair] for field in fields(Scores)))
            placed = Placed.of(evidence, scores, of_texts.known_group).renumbered(index)
            return Scored(placed, chosen, hope[evidence.company[pair]], np.asarray(scores.vetoed.any(axis=1)))

        on_themes = scored(engine.placer.theme_pairs(of_texts)) if request.everything else None
        return scored(engine.placer.chain_pairs(of_texts, wanted)), on_themes

    parts = in_chunks(of_chunk, len(reading.companies), CHUNK, engine.processes)
    themes = [theme for _, theme in parts if theme is not None]
    return Scored.joined([chains for chains, _ in parts]), Scored.joined(themes) if themes else None


def make_list(
    finder: FamilyFinder, placed: Placed, at: NDArray[np.int64], companies: Companies, zone: Zone, corpora: Corpora
) -> Places:
    """Folds the families of companies and puts them in order (排榜).

    Args:
        finder: Over all companies of the file.
        placed: Those for the list.
        at: Where each company of ``companies`` stands among the finder's.
        companies: Those that ``placed`` counts.
        zone: For the order.
        corpora: The known groups.
    """
    there = at[placed.company].tolist()
    mine = dict(zip(there, placed.company.tolist(), strict=True))
    families, folded = fold_families(families_among(finder, placed, there), finder.companies, placed, there, corpora)
    left = placed.take(~np.isin(there, list(folded))) if folded else placed
    order = arrange(left.score, left.segment, [companies.key(company) for company in left.company.tolist()], zone)
    return Places(
        left.company[order.pair],
        order.order_value,
        {mine[place]: family for place, family in families.items() if place not in folded},
        {mine[place]: mine[stays] for place, stays in folded.items()},
    )


def changed_entry(placed: Placed, company: int, other: Placed, row: int) -> Placed:
    """All companies, one of them as an entry of others has it (换上一家)."""
    found = {field.name: getattr(placed, field.name).copy() for field in fields(Placed) if field.name != "company"}
    for name, values in found.items():
        values[company] = getattr(other, name)[row]
    return replace(placed, **found)
