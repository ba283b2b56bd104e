"""The use-cases (用例): rank, score, match — over one zone's rules and one set of companies."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora, open_corpora
from matcher.errors import OptionError, RequestError
from matcher.intake import Companies, Intake, from_profiles
from matcher.intake.fields import EPOCH
from matcher.matching.families import FamilyFinder
from matcher.matching.gaps import Gaps, find_gaps, with_needs
from matcher.matching.profiles import CHUNK, ProfileReader, Profiles
from matcher.places import CityFilter
from matcher.rules import Zone, load_zone, open_zone
from matcher.runs import Asked, Match, Problem, Request, problem, record
from matcher.scoring.describe import Describer, evidence_check
from matcher.scoring.evidence import EvidenceReader, Standing, fields
from matcher.scoring.explain import Explainer, Explanation
from matcher.scoring.formula import UNIT, Ruleset, rule_checks
from matcher.scoring.lists import ListMaker, Outcome, Places, Scored
from matcher.scoring.ranking import ORDER_UNIT, Listed
from matcher.scoring.results import Assembler, TermFinder
from matcher.types import NEED_LABELS, RankedCompany, Ranking, Run

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Reading:
    """What was read for a ranking, whatever any rule says of it (读数).

    Attributes:
        companies: Those of the cities asked for.
        places: Where they stand among the intake's.
        profiles: What their texts say.
        reader: Who read them.
    """

    intake: Intake
    companies: Companies
    places: NDArray[np.int64]
    profiles: Profiles
    reader: ProfileReader
    finder: FamilyFinder


class Engine:
    """Ranks, scores and matches for one zone (引擎).

    Args:
        zone: Zone id, a folder under ``rules/``.
        rules, corpora: Other folders than the installed ones.
        processes: Most processes used to read texts; results never depend on it.

    Raises:
        RequestError: There is no such zone.
        RulesError: Its files hold mistakes.
    """

    def __init__(
        self, zone: str, *, rules: str | Path | None = None, corpora: str | Path | None = None, processes: int | None = None
    ) -> None:
        self.corpora: Corpora = open_corpora(corpora)
        loaded = load_zone(zone, self.corpora, rules, self._rule_checks)
        self.processes = processes or os.cpu_count() or 1
        self._reader = ProfileReader(loaded.segments, self.corpora)
        self._cities = CityFilter(self.corpora)
        self._local: dict[str, str] = {}
        self._use(loaded)

    def _use(self, zone: Zone, local_codes: frozenset[str] = frozenset()) -> None:
        self.zone: Zone = zone
        self._is_theme = np.array([segment.chain is None for segment in zone.segments], dtype=np.bool_)
        self._evidence = EvidenceReader(zone, self.corpora, local_codes)
        self.ruleset = Ruleset(zone, self._evidence.fields)
        self._describer = Describer(zone, self.corpora, self._evidence.fields)
        self._explainer = Explainer(self.ruleset, self._describer)
        self._assembler = Assembler(zone, self.ruleset, self._describer, self._reader)

    def _rule_checks(self, chains: Sequence[str]) -> dict[str, Callable[[str], str | None]]:
        readable = fields(chains, self.corpora)
        return {**rule_checks(readable), "evidence": evidence_check(readable, self.corpora)}

    def rank(self, intake: Intake, request: Request) -> Ranking:
        """The ranked list of companies worth a visit, and the opportunities beside it (排名).

        Args:
            intake: The companies.
            request: Filters, date and length.

        Raises:
            RequestError: The request names an unknown city, chain, group or need.
        """
        self._allowed(request)
        return self.ranking(self.read(intake, request.cities), request)

    def read(self, intake: Intake, cities: Sequence[str] = ()) -> Reading:
        """Reads the companies of some cities once, for rankings under any rules (读取企业).

        Args:
            intake: The companies.
            cities: As the user names them; empty for everywhere.

        Raises:
            RequestError: There is no such city.
        """
        companies, places = intake.companies, np.arange(len(intake.companies))
        if cities:
            places = self._cities.places(companies, cities)
            companies = companies.take(places)
        profiles = self._reader.read(companies, self.processes)
        return Reading(intake, companies, places, profiles, self._reader, FamilyFinder(intake.companies, self.corpora))

    def outcome(self, reading: Reading, request: Request) -> Outcome:
        """What becomes of every company that was read (每家企业的结果), by these rules; texts are read again only if words differ.

        Args:
            reading: Of this engine, or of one over the same corpora.
            request: Filters and date; its cities are those of the reading.

        Raises:
            RequestError: As ``rank``.
        """
        scored, themes = self.scored(reading, request)
        maker = ListMaker(reading.finder, reading.companies, reading.places, self.zone, self.corpora)
        beside = np.zeros(len(reading.companies), dtype=np.bool_)
        opportunities: Places | None = None
        if themes is not None:
            open_ = themes.choice.veto < 0
            beside[themes.evidence.company[themes.choice.pair[open_]]] = True
            opportunities = maker.list(themes, open_)
        barred = scored.choice.veto >= 0
        return Outcome(maker.list(scored, ~barred & ~beside), opportunities, barred & ~beside, beside)

    def scored(self, reading: Reading, request: Request) -> tuple[Scored, Scored | None]:
        """Every company's pairs with their scores, of the chains and of what lies beside them, in no order yet (评分，未排序)."""
        allowed, companies, as_of = self._allowed(request), reading.companies, (request.as_of - EPOCH).days
        same = reading.reader is self._reader
        profiles = reading.profiles if same else self._reader.read(companies, self.processes)
        standing = self._evidence.standing(companies, profiles, as_of)
        scored = self._scored(standing, profiles, allowed & ~self._is_theme, as_of)
        if request.chains or request.group is not None or request.need is not None:
            return scored, None
        return scored, self._scored(standing, profiles, self._is_theme, as_of, only=self._outside(profiles))

    def ranking(self, reading: Reading, request: Request) -> Ranking:
        """The ranked list of companies that were read (由读数排名); as ``rank``."""
        outcome = self.outcome(reading, request)

        def shown(places: Places) -> tuple[RankedCompany, ...]:
            return self._assembler.results(
                reading.companies,
                places.scored.evidence,
                places.scored.scores,
                places.listed.first(request.top),
                ranked=True,
                families=places.families,
            )

        beside = outcome.opportunities
        vetoes = outcome.chains.scored.choice.veto[outcome.vetoed]
        counts = np.bincount(vetoes, minlength=len(self.ruleset.vetoes))
        return Ranking(
            self.manifest(reading.intake.digest, request),
            shown(outcome.chains),
            len(reading.companies),
            {veto.id: int(n) for veto, n in zip(self.ruleset.vetoes, counts, strict=True) if n},
            len(outcome.chains.folded) + (len(beside.folded) if beside else 0),
            shown(beside) if beside else (),
        )

    @property
    def questions(self) -> dict[str, str]:
        """Field → how to ask for it in Chinese (字段的问法)."""
        return {name: self._describer.question(name) for name in self._evidence.fields}

    def check(self, request: Request) -> None:
        """Raises what ``rank`` would raise for this request, before any file is read (检查请求)."""
        self._allowed(request)
        for city in request.cities:
            self._cities.full_name(city)

    def score(self, profiles: Sequence[Any], as_of: date) -> list[RankedCompany | Problem]:
        """Scores single profiles, in order (评分): a result without rank, or what is wrong with the profile.

        Args:
            profiles: Objects with the field names of a company file, English or Chinese.
            as_of: The run's clock.
        """
        return self._answers(profiles, as_of, lambda result, _scored, _pair: result)

    def explain(self, profiles: Sequence[Any], as_of: date) -> list[tuple[RankedCompany, Explanation] | Problem]:
        """The same as ``score``, with all that fired, did not fire and could not be read (评分并完整解释)."""
        explain = self._explainer.explain
        return self._answers(profiles, as_of, lambda result, scored, pair: (result, explain(scored.evidence, scored.scores, pair)))

    def _answers(
        self, profiles: Sequence[Any], as_of: date, answer: Callable[[RankedCompany, Scored, int], _Answer]
    ) -> list[_Answer | Problem]:
        intake = from_profiles(profiles, self.corpora)
        companies = intake.companies
        answers: list[_Answer | Problem] = [problem("", "")] * len(profiles)
        for reject in intake.rejects:
            answers[reject.row - 1] = problem(reject.field, reject.reason)
        if len(companies):
            read = self._reader.read(companies, self.processes)
            day = (as_of - EPOCH).days
            scored = self._scored(self._evidence.standing(companies, read, day), read, ~self._is_theme, day)
            pairs = scored.choice.pair
            alone = np.zeros(len(pairs), dtype=np.int64)
            listed = Listed(pairs, scored.scores.score[pairs] * (ORDER_UNIT // UNIT), alone, alone)
            results = self._assembler.results(companies, scored.evidence, scored.scores, listed, ranked=False)
            for result, pair in zip(results, pairs.tolist(), strict=True):
                noted = replace(result, notes=intake.row_notes.get(result.row, ()))
                answers[result.row - 1] = answer(noted, scored, pair)
        return answers

    def gaps(self, local: Intake, *, complete: bool = False) -> Gaps:
        """What the chains lack, by a local register (推导缺口).

        Args:
            local: The zone's own companies.
            complete: The register is whole: what it does not hold is absent, not unknown.

        Raises:
            RequestError: The zone has no scale of presence.
        """
        profiles = self._reader.read(local.companies, self.processes)
        return find_gaps(
            self.zone, self.corpora, local.companies, profiles, self._evidence.closed(local.companies), complete=complete
        )

    def with_local(self, local: Intake, *, complete: bool = False) -> Engine:
        """This engine with the needs that follow from a local register (按本地名录评分); its companies are no targets.

        Args:
            local: As in ``gaps``.
            complete: As in ``gaps``.
        """
        codes = zip(local.companies.text["uscc"], local.companies.code_ok.tolist(), strict=True)
        other = copy.copy(self)
        other._local = {"local": local.digest, "local_complete": str(complete).lower()}
        other._use(with_needs(self.zone, self.gaps(local, complete=complete)), frozenset(code for code, good in codes if good))
        return other

    def with_rules(self, rules: Zone | str | Path) -> Engine:
        """This engine under other rules, over the same corpora (换一套规则试算); no file is touched, a local register is left behind.

        Args:
            rules: A zone as loaded, changed or not, or the folder of one.

        Raises:
            RulesError: The folder's files hold mistakes.
        """
        zone = rules if isinstance(rules, Zone) else open_zone(rules, self.zone.id, self.corpora, self._rule_checks)
        other = copy.copy(self)
        other._local = {}
        if [segment.words for segment in zone.segments] != [segment.words for segment in self.zone.segments]:
            other._reader = ProfileReader(zone.segments, self.corpora)
        other._use(zone)
        return other

    def match(self, intake: Intake) -> Iterator[Match]:
        """The best segment of every chain for every company, in input order (匹配)."""
        chains = list(self.zone.chain_names)
        columns = [np.flatnonzero([s.chain == chain for s in self.zone.segments]) for chain in chains]
        for start in range(0, len(intake.companies), CHUNK):
            companies = intake.companies.take(range(start, min(start + CHUNK, len(intake.companies))))
            affinity = self._reader.read(companies).affinity
            finder = TermFinder(self._reader, companies)
            best = [of_chain[affinity[:, of_chain].argmax(axis=1)] for of_chain in columns]
            for place in range(len(companies)):
                for chain, segments in zip(chains, best, strict=True):
                    segment = int(segments[place])
                    fit = int(affinity[place, segment])
                    yield Match(
                        int(companies.file[place]),
                        intake.files[companies.file[place]],
                        int(companies.row[place]),
                        companies.text["uscc"][place],
                        companies.text["name"][place],
                        chain,
                        self.zone.segments[segment].id if fit else "",
                        fit,
                        finder.terms(place, segment) if fit else (),
                    )

    def _allowed(self, request: Request) -> NDArray[np.bool_]:
        """Segments that the request wants."""
        chains = set(self.zone.chain_names)
        for chain in request.chains:
            if chain not in chains:
                raise RequestError("产业链", chain, chains)
        if request.chains:
            chains = set(request.chains)
        if request.group is not None:
            groups = {group.id: group for group in self.zone.file.groups}
            if request.group not in groups:
                raise RequestError("产业招商小组", request.group, groups)
            if not groups[request.group].chains:
                raise OptionError(f"小组 {request.group} 还没有指定产业链（见 {self.zone.id}/zone.yaml）")
            chains &= set(groups[request.group].chains)
        if request.need is not None and (request.need not in NEED_LABELS or request.need == "none"):
            raise RequestError("需求", request.need, [need for need in NEED_LABELS if need != "none"])
        return np.array([s.chain in chains and request.need in (None, s.need) for s in self.zone.segments]) | self._is_theme

    def _outside(self, profiles: Profiles) -> NDArray[np.bool_]:
        """Companies for the list beside the chains: a theme says clearly more of them than any chain."""
        if not self._is_theme.any() or not len(profiles):
            return np.zeros(len(profiles), dtype=np.bool_)
        order = self.zone.scoring.order
        theme = profiles.affinity[:, self._is_theme].max(axis=1).astype(np.int64)
        chain = profiles.affinity[:, ~self._is_theme].max(axis=1).astype(np.int64)
        clearly: NDArray[np.bool_] = (theme >= order.least_affinity) & (
            (chain < order.least_affinity) | (theme >= chain + order.opportunity_margin)
        )
        return clearly

    def _scored(
        self,
        standing: Standing,
        profiles: Profiles,
        allowed: NDArray[np.bool_],
        as_of: int,
        only: NDArray[np.bool_] | None = None,
    ) -> Scored:
        company, segment = self._evidence.pairs(profiles, allowed)
        if only is not None:
            company, segment = company[only[company]], segment[only[company]]
        evidence = self._evidence.read(profiles, standing, company, segment)
        return Scored.of(evidence, self.ruleset.score(evidence, as_of), profiles.known_group)

    def manifest(self, snapshot: str, request: Request) -> Run:
        """The record of a run (批次清单).

        Args:
            snapshot: Digest of the companies.
            request: What was asked.
        """
        asked: Asked = {
            "cities": sorted({self._cities.full_name(city) for city in request.cities}),
            "chains": sorted(set(request.chains)),
            "group": request.group,
            "need": request.need,
            "as_of": request.as_of.isoformat(),
            "top": request.top,
            **self._local,
        }
        return record(self.zone, self.corpora, snapshot, asked)
