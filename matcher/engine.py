"""The use-cases (用例): rank, score, match — over one zone's rules and one set of companies."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
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
from matcher.rules import Zone, load_zone
from matcher.runs import Asked, Match, Problem, Request, problem, record
from matcher.scoring.describe import Describer, evidence_check
from matcher.scoring.evidence import Evidence, EvidenceReader, Standing, fields
from matcher.scoring.explain import Explainer, Explanation
from matcher.scoring.formula import UNIT, Ruleset, Scores, rule_checks
from matcher.scoring.ranking import ORDER_UNIT, Choice, Listed, arrange, choose, fold
from matcher.scoring.results import Assembler, TermFinder
from matcher.snapshot import ProfileCache
from matcher.types import NEED_LABELS, Family, RankedCompany, Ranking, Run

_Answer = TypeVar("_Answer")


class Engine:
    """Ranks, scores and matches for one zone (引擎).

    Args:
        zone: Zone id, a folder under ``rules/``.
        rules, corpora: Other folders than the installed ones.
        processes: Most processes used to read texts; results never depend on it.

    Attributes:
        reader: Reads the texts for the zone's segments.

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
        self.reader = ProfileReader(loaded.segments, self.corpora)
        self._cities = CityFilter(self.corpora)
        self._is_theme = np.array([segment.chain is None for segment in loaded.segments], dtype=np.bool_)
        self._local: dict[str, str] = {}
        self._use(loaded)

    def _use(self, zone: Zone, local_codes: frozenset[str] = frozenset()) -> None:
        self.zone: Zone = zone
        self._evidence = EvidenceReader(zone, self.corpora, local_codes)
        self.ruleset = Ruleset(zone, self._evidence.fields)
        self._describer = Describer(zone, self.corpora, self._evidence.fields)
        self._explainer = Explainer(self.ruleset, self._describer)
        self._assembler = Assembler(zone, self.ruleset, self._describer, self.reader)

    def _rule_checks(self, chains: Sequence[str]) -> dict[str, Callable[[str], str | None]]:
        readable = fields(chains, self.corpora)
        return {**rule_checks(readable), "evidence": evidence_check(readable, self.corpora)}

    def rank(self, intake: Intake, request: Request, known: ProfileCache | None = None) -> Ranking:
        """The ranked list of companies worth a visit, and the opportunities beside it (排名).

        Args:
            intake: The companies, of files or of a snapshot.
            request: Filters, date and length.
            known: What their texts say, if it was read before; else it is read now.

        Raises:
            RequestError: The request names an unknown city, chain, group or need.
        """
        allowed = self._allowed(request)
        companies, places = intake.companies, np.arange(len(intake.companies))
        if request.cities:
            places = self._cities.places(companies, request.cities)
            companies = companies.take(places)
        finder = FamilyFinder(intake.companies, self.corpora)
        list_ = partial(self._listed, finder, companies, places, top=request.top)
        as_of = (request.as_of - EPOCH).days
        profiles = known.take(places) if known is not None else self.reader.read(companies, self.processes)
        standing = self._evidence.standing(companies, profiles, as_of)
        scored = self._scored(standing, profiles, allowed & ~self._is_theme, as_of)
        beside = np.zeros(len(companies), dtype=np.bool_)
        opportunities: tuple[RankedCompany, ...] = ()
        folded_beside = 0
        if not request.chains and request.group is None and request.need is None:
            themes = self._scored(standing, profiles, self._is_theme, as_of, only=self._outside(profiles))
            open_ = themes.choice.veto < 0
            beside[themes.evidence.company[themes.choice.pair[open_]]] = True
            opportunities, folded_beside = list_(themes, open_)
        barred = scored.choice.veto >= 0
        results, folded = list_(scored, ~barred & ~beside)
        counts = np.bincount(scored.choice.veto[barred & ~beside], minlength=len(self.ruleset.vetoes))
        vetoed = {veto.id: int(n) for veto, n in zip(self.ruleset.vetoes, counts, strict=True) if n}
        return Ranking(
            self.manifest(intake.digest, request), results, len(companies), vetoed, folded + folded_beside, opportunities
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
        self, profiles: Sequence[Any], as_of: date, answer: Callable[[RankedCompany, _Scored, int], _Answer]
    ) -> list[_Answer | Problem]:
        intake = from_profiles(profiles, self.corpora)
        companies = intake.companies
        answers: list[_Answer | Problem] = [problem("", "")] * len(profiles)
        for reject in intake.rejects:
            answers[reject.row - 1] = problem(reject.field, reject.reason)
        if len(companies):
            read = self.reader.read(companies, self.processes)
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
        profiles = self.reader.read(local.companies, self.processes)
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

    def match(self, intake: Intake) -> Iterator[Match]:
        """The best segment of every chain for every company, in input order (匹配)."""
        chains = list(self.zone.chain_names)
        columns = [np.flatnonzero([s.chain == chain for s in self.zone.segments]) for chain in chains]
        for start in range(0, len(intake.companies), CHUNK):
            companies = intake.companies.take(range(start, min(start + CHUNK, len(intake.companies))))
            affinity = self.reader.read(companies).affinity
            finder = TermFinder(self.reader, companies)
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
    ) -> _Scored:
        company, segment = self._evidence.pairs(profiles, allowed)
        if only is not None:
            company, segment = company[only[company]], segment[only[company]]
        evidence = self._evidence.read(profiles, standing, company, segment)
        scores = self.ruleset.score(evidence, as_of)
        return _Scored(evidence, scores, choose(evidence, scores), profiles.known_group)

    def _listed(
        self,
        finder: FamilyFinder,
        companies: Companies,
        places: NDArray[np.int64],
        scored: _Scored,
        wanted: NDArray[np.bool_],
        *,
        top: int,
    ) -> tuple[tuple[RankedCompany, ...], int]:
        """The list and how many folded away; ``places`` are those of ``companies`` among the finder's, where heads may sit."""
        pairs = scored.choice.pair[wanted]
        at = places[scored.evidence.company[pairs]].tolist()
        listed = dict(zip(at, pairs.tolist(), strict=True))
        chains = dict(zip(at, scored.evidence.columns["chain"].values[pairs].tolist(), strict=True))
        found, everywhere = finder.find(chains), finder.companies
        keys = {place: everywhere.key(place) for family in found for place in family if place in listed}
        families: dict[int, Family] = {}
        folded: set[int] = set()
        groups = dict(zip(at, scored.known_group[scored.evidence.company[pairs]].tolist(), strict=True))
        families.update({listed[place]: self._known_family(number) for place, number in groups.items() if number})
        for present, head in fold(found, listed, scored.scores, keys):
            if len(present) > 1 or present[0] != head:
                number = groups.get(head, 0)
                family = self._known_family(number) if number else _family(everywhere, head)
                families[listed[present[0]]] = replace(family, others=tuple(everywhere.text["name"][p] for p in present[1:]))
            folded.update(listed[place] for place in present[1:])
        pairs = pairs[~np.isin(pairs, list(folded))] if folded else pairs
        kept = [companies.key(place) for place in scored.evidence.company[pairs].tolist()]
        order = arrange(pairs, scored.evidence, scored.scores, kept, self.zone)
        results = self._assembler.results(
            companies, scored.evidence, scored.scores, order.first(top), ranked=True, families=families
        )
        return results, len(folded)

    def _known_family(self, number: int) -> Family:
        group = self.corpora.known_groups[number - 1]
        return Family(group.name, None, group.city, ())

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


def _family(companies: Companies, head: int) -> Family:
    text = companies.text
    return Family(text["name"][head], text["uscc"][head] or None, text["city"][head] or None, ())


@dataclass(frozen=True)
class _Scored:
    evidence: Evidence
    scores: Scores
    choice: Choice
    known_group: NDArray[np.int16]
