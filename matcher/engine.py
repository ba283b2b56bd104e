"""The use-cases (用例): rank, score, match — over one zone's rules and one set of companies."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora, open_corpora
from matcher.intake import Companies, Frame, Intake, companies_of, from_profiles
from matcher.intake.fields import EPOCH
from matcher.listing import Lister, Part, key_ranks_of
from matcher.matching.families import FamilyFinder
from matcher.matching.gaps import Gaps, find_gaps, with_needs
from matcher.matching.group_names import GroupNames
from matcher.matching.profiles import CHUNK, Profiles, profile_reader
from matcher.places import CityFilter
from matcher.placing import Placer
from matcher.processes import in_chunks
from matcher.resolving import resolve_names
from matcher.rules import Zone, load_zone, open_zone
from matcher.runs import Asked, Match, Problem, Request, asked_of, problem, record, wanted_segments
from matcher.scoring.describe import Describer, evidence_check
from matcher.scoring.evidence import EvidenceReader, fields
from matcher.scoring.explain import Answering, Explainer, Explanation
from matcher.scoring.folding import families_among, fold_families
from matcher.scoring.formula import UNIT, Ruleset, rule_checks
from matcher.scoring.ranking import ORDER_UNIT, Listed, Placed, arrange_first, choose
from matcher.scoring.results import Assembler, TermFinder
from matcher.snapshot import ProfileCache, groups_of, read_of
from matcher.storage import collector_paused
from matcher.types import LedgerEntry, ListEntry, NameParts, RankedCompany, Ranking, Run, Unserved

_Answer = TypeVar("_Answer")
_Folder = str | Path | None
_Groups = GroupNames | None


class Engine:
    """Ranks, scores and matches for one zone (引擎).

    Args:
        zone: Zone id, a folder under ``rules/``.
        rules, corpora: Other folders than the installed ones.
        ruleset: The zone's folder itself, where it is not that under ``rules``: a kept version, say.
        processes: Most processes used to read texts; results never depend on it.

    Attributes:
        reader: Reads the texts for the zone's segments.
        evidence: Reads what rules may ask of a company.
        ruleset: The compiled rules.
        cities: Finds the companies of a city.
        lister: Makes the lines of a list that is in order.
        describer: Tells values in Chinese.
        placer: Fixes companies to segments.
        tracked: What the ledgers say; None where none is read.

    Raises:
        RequestError: There is no such zone.
        RulesError: Its files hold mistakes.
    """

    @collector_paused()
    def __init__(
        self, zone: str, *, rules: _Folder = None, corpora: _Folder = None, ruleset: _Folder = None, processes: int | None = None
    ) -> None:
        self.corpora: Corpora = open_corpora(corpora)
        loaded = load_zone(zone, self.corpora, rules, self._rule_checks, ruleset)
        self.processes = processes or os.cpu_count() or 1
        self.reader = profile_reader(loaded.segments, self.corpora)
        self.cities = CityFilter(self.corpora)
        self._local: tuple[Intake, bool] | None = None
        self._local_codes: frozenset[str] = frozenset()
        self._lists: tuple[ListEntry, ...] = ()
        self.tracked: tuple[LedgerEntry, ...] | None = None
        self._use(loaded)

    def _use(self, zone: Zone) -> None:
        self.zone = zone = zone if self.tracked is None else zone.with_ledger_rules()
        self._wanted_all = wanted_segments(zone, Request(as_of=EPOCH))
        self.evidence = EvidenceReader(zone, self.corpora, self._local_codes, self._lists, self.tracked)
        self.ruleset = Ruleset(zone, self.evidence.fields)
        self.describer = Describer(zone, self.corpora, self.evidence.fields)
        self.explainer = Explainer(self.ruleset, self.describer)
        self.placer = Placer(zone, self.reader, self.evidence, self.ruleset)
        self._assembler = Assembler(zone, self.ruleset, self.describer, self.reader)
        self.lister = Lister(zone, self.reader, self.evidence, self.ruleset, self._assembler)

    def _rule_checks(self, chains: Sequence[str]) -> dict[str, Callable[[str], str | None]]:
        readable = fields(chains, self.corpora)
        return {**rule_checks(readable), "evidence": evidence_check(readable, self.corpora)}

    @collector_paused()
    def rank(self, given: Intake | Frame, request: Request, known: ProfileCache | Profiles | None = None) -> Ranking:
        """The ranked list of companies worth a visit, and the opportunities beside it (排名).

        Args:
            given: The companies, of files or of a snapshot; or a pandas frame, as ``intake.read_frame`` reads it.
            request: Filters, date and length.
            known: What their texts say, if it was read before; else it is read now.

        Raises:
            RequestError: The request names an unknown city, chain, group or need.
        """
        intake = companies_of(given, self.corpora)
        allowed, as_of = wanted_segments(self.zone, request), (request.as_of - EPOCH).days
        companies, places = self.cities.chosen(intake.companies, request.cities)
        self.placer.prepare(reads=known is None)

        def part(chunk: range) -> Part:
            some = companies.take(chunk)
            if known is None:
                return self.placer.read(some, allowed, as_of, themes=request.everything)
            profiles = known.take(places[chunk.start : chunk.stop])
            return self.placer.known(some, profiles, allowed, as_of, themes=request.everything)

        def of_chunk(chunk: range) -> Part:
            return part(chunk).renumbered(np.arange(chunk.start, chunk.stop))

        whole = Part.joined(in_chunks(of_chunk, len(companies), CHUNK, self.processes))
        return self.ranked(intake, request, companies, places, whole, groups_of(known))

    @collector_paused()
    def part(self, companies: Companies, request: Request, names: list[NameParts] | None = None) -> Part:
        """What some of the companies bring to the lists (部分企业的定位), their texts being read now.

        Args:
            companies: Those of the cities that are asked for.
            request: As in ``rank``.
            names: Parts of their names, if they are at hand.
        """
        allowed, as_of = wanted_segments(self.zone, request), (request.as_of - EPOCH).days
        return Part.joined([self.placer.read(companies, allowed, as_of, themes=request.everything, names=names)])

    def ranked(
        self, intake: Intake, request: Request, companies: Companies, places: NDArray[np.int64], part: Part, groups: _Groups
    ) -> Ranking:
        """The ranking of what companies bring to the lists (由定位成名单).

        Args:
            intake: All companies.
            request: As in ``rank``.
            companies: Those of its cities.
            places: Of these among all.
            part: What these bring.
            groups: What the names of all groups say, if it was read before.
        """
        allowed, as_of = wanted_segments(self.zone, request), (request.as_of - EPOCH).days
        told = {int(places[place]): name for place, name in part.names.items()}
        finder = FamilyFinder(intake.companies, self.corpora, told, groups)
        if request.cities:  # of the groups everywhere only those that can touch a company of these cities
            finder = finder.near(places[np.union1d(part.listed.company, part.opportunities.company)].tolist())
        list_ = partial(self._listed, finder, companies, places, allowed, as_of, top=request.top)
        opportunities, folded_beside, _ = list_(part.opportunities)
        results, folded, open_ = list_(part.listed)
        run = self.manifest(intake.digest, request, self.evidence.lists.read(companies, as_of).digest)
        return Ranking(run, results, len(companies), self.vetoed(part.barred), folded + folded_beside, opportunities, open_)

    def vetoed(self, counts: NDArray[np.int64]) -> dict[str, int]:
        """Veto → companies (各条否决的家数), of those that take any off; ``counts`` are by the number of the veto."""
        each = zip(self.ruleset.vetoes, np.pad(counts, (0, len(self.ruleset.vetoes) - len(counts))), strict=True)
        return {veto.id: int(count) for veto, count in each if count}

    @property
    def questions(self) -> dict[str, str]:
        """Field → how to ask for it in Chinese (字段的问法)."""
        return {name: self.describer.question(name) for name in self.evidence.fields}

    def check(self, request: Request) -> None:
        """Raises what ``rank`` would raise for this request, before any file is read (检查请求)."""
        wanted_segments(self.zone, request)
        for city in request.cities:
            self.cities.full_name(city)

    def score(self, profiles: Sequence[Any], as_of: date) -> list[RankedCompany | Problem]:
        """Scores single profiles, in order (评分): a result without rank, or what is wrong with the profile.

        Args:
            profiles: Objects with the field names of a company file, English or Chinese.
            as_of: The run's clock.
        """
        return self._answers(profiles, as_of, self.explainer.results_alone)

    def explain(self, profiles: Sequence[Any], as_of: date) -> list[tuple[RankedCompany, Explanation] | Problem]:
        """The same as ``score``, with all that fired, did not fire and could not be read (评分并完整解释)."""
        return self._answers(profiles, as_of, self.explainer.with_results)

    def _answers(self, profiles: Sequence[Any], as_of: date, answering: Answering[_Answer]) -> list[_Answer | Problem]:
        intake = from_profiles(profiles, self.corpora)
        answers: list[_Answer | Problem] = [problem("", "")] * len(profiles)
        for reject in intake.rejects:
            answers[reject.row - 1] = problem(reject.field, reject.reason)
        found = self._each(intake.companies, Request(as_of=as_of), answering, intake.row_notes)
        for row, one in zip(intake.companies.row.tolist(), found, strict=True):
            answers[row - 1] = one
        return answers

    def explain_companies(self, companies: Companies, request: Request) -> list[tuple[RankedCompany, Explanation]]:
        """Companies of a list explained, each in the segment where it stands there (名单企业的完整解释), in their order.

        Args:
            companies: Few of them: their texts are read now.
            request: As the list was asked for; cities and length are not read.
        """
        return self._each(companies, request, self.explainer.with_results, {})

    def score_companies(self, companies: Companies, request: Request) -> list[RankedCompany]:
        """The same without the explanation (名单企业的评分)."""
        return self._each(companies, request, self.explainer.results_alone, {})

    def _each(
        self,
        companies: Companies,
        request: Request,
        answering: Answering[_Answer],
        notes: Mapping[int, tuple[str, ...]],
    ) -> list[_Answer]:
        """An answer for every company, in order."""
        allowed = self._wanted_all if request.everything else wanted_segments(self.zone, request)
        day, found = (request.as_of - EPOCH).days, dict[int, _Answer]()
        if not len(companies):
            return []
        details = self.reader.details(companies)
        standing = self.evidence.standing(companies, details.profiles, day)
        lists = [(self.placer.chain_pairs(details.profiles, allowed), False)]
        if request.everything:  # whoever stands on the list beside the chains is answered so
            lists.append((self.placer.theme_pairs(details.profiles), True))
        for wanted, beside in lists:
            if not len(wanted[0]):
                continue
            evidence = self.evidence.read(details.profiles, standing, *wanted)
            scores, answer = answering(evidence, day)
            choice = choose(evidence, scores)
            chosen = choice.pair[choice.veto < 0] if beside else choice.pair
            alone = np.zeros(len(chosen), dtype=np.int64)
            listed = Listed(chosen, scores.score[chosen] * (ORDER_UNIT // UNIT), alone, alone)
            results = self._assembler.results(companies, details, evidence, scores, listed, ranked=False)
            for result, pair in zip(results, chosen.tolist(), strict=True):
                noted = replace(result, notes=notes[result.row]) if result.row in notes else result
                found[int(evidence.company[pair])] = answer(noted, pair)
        return [found[place] for place in range(len(companies))]

    resolve = staticmethod(resolve_names)  # no zone decides which company a name means

    def gaps(self, given: Intake | Frame, *, complete: bool = False) -> Gaps:
        """What the chains lack, by a local register (推导缺口).

        Args:
            given: The zone's own companies, as for ``rank``.
            complete: The register is whole: what it does not hold is absent, not unknown.

        Raises:
            RequestError: The zone has no scale of presence.
        """
        local = companies_of(given, self.corpora)
        profiles, closed = self.reader.read(local.companies, self.processes), self.evidence.closed(local.companies)
        return find_gaps(self.zone, self.corpora, local.companies, profiles, closed, complete=complete)

    def with_local(self, given: Intake | Frame, *, complete: bool = False) -> Engine:
        """This engine with the needs that follow from a local register (按本地名录评分); its companies are no targets.

        Args:
            given: As in ``gaps``.
            complete: As in ``gaps``.
        """
        local = companies_of(given, self.corpora)
        codes = zip(local.companies.text["uscc"], local.companies.code_ok.tolist(), strict=True)
        other = copy.copy(self)
        other._local = (local, complete)
        other._local_codes = frozenset(code for code, good in codes if good)
        other._use(with_needs(self.zone, self.gaps(local, complete=complete)))
        return other

    def with_lists(self, entries: Sequence[ListEntry]) -> Engine:
        """This engine with published lists that companies may stand on (按名单依据评分).

        Args:
            entries: All that stand as evidence; what was issued after a run's day is not read in it.
        """
        other = copy.copy(self)
        other._lists = tuple(entries)
        other._use(self.zone)
        return other

    def with_ledger(self, entries: Sequence[LedgerEntry]) -> Engine:
        """This engine with what the ledgers say as of the run's day, and the rules that hold where they are read (按台账评分).

        Args:
            entries: Of ``matcher.ledger.evidence``; none of them for a ledger that is empty.
        """
        other = copy.copy(self)
        other.tracked = tuple(entries)
        other._use(self.zone)
        return other

    def with_rules(self, rules: Zone | str | Path) -> Engine:
        """This engine under other rules, over the same corpora, lists, ledger and local register (换一套规则试算); no file is touched.

        Args:
            rules: A zone as loaded, changed or not, or the folder of one.

        Raises:
            RulesError: The folder's files hold mistakes.
            RequestError: There is a local register, and the zone has no scale of presence.
        """
        zone = rules if isinstance(rules, Zone) else open_zone(rules, self.zone.id, self.corpora, self._rule_checks)
        other = copy.copy(self)
        if read_of(zone.segments) != read_of(self.reader.segments):
            other.reader = profile_reader(zone.segments, self.corpora)
        other._use(zone)
        return other if self._local is None else other.with_local(self._local[0], complete=self._local[1])

    def match(self, given: Intake | Frame) -> Iterator[Match]:
        """The best segment of every chain for every company, in input order (匹配); ``given`` as for ``rank``, a frame's rows unmerged."""
        intake = companies_of(given, self.corpora, merge=False)
        chains = list(self.zone.chain_names)
        columns = [np.flatnonzero([s.chain == chain for s in self.zone.segments]) for chain in chains]
        for start in range(0, len(intake.companies), CHUNK):
            companies = intake.companies.take(range(start, min(start + CHUNK, len(intake.companies))))
            details = self.reader.details(companies)
            affinity, finder = details.profiles.affinity, TermFinder(self.reader, details)
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

    def _listed(
        self,
        finder: FamilyFinder,
        companies: Companies,
        places: NDArray[np.int64],
        allowed: NDArray[np.bool_],
        as_of: int,
        placed: Placed,
        *,
        top: int,
    ) -> tuple[tuple[RankedCompany, ...], int, tuple[Unserved, ...]]:
        """The list, how many folded away, what it leaves open; ``places``: ``companies`` among the finder's, where heads may sit."""
        at = places[placed.company].tolist()
        families, folded = fold_families(families_among(finder, placed, at), finder.companies, placed, at, self.corpora)
        left = placed.take(~np.isin(at, list(folded)))
        order, gaps = arrange_first(left.score, left.segment, key_ranks_of(companies, left.company), self.zone, top, allowed)
        of_shown = [families.get(place) for place in places[left.company[order.pair]].tolist()]
        results, open_ = self.lister.lines(companies, left, order, gaps, of_shown, as_of)
        return results, len(folded), open_

    def manifest(self, snapshot: str, request: Request, lists: str = "") -> Run:
        """The record of a run (批次清单).

        Args:
            snapshot: Digest of the companies.
            request: What was asked.
            lists: Digest of the list evidence that was read; told only if there was any.
        """
        beside: Asked = {
            **({} if self._local is None else {"local": self._local[0].digest, "local_complete": str(self._local[1]).lower()}),
            **({"lists": lists} if lists else {}),
            **({"ledger": self.evidence.ledger.digest} if self.tracked is not None else {}),
        }
        return record(self.zone, self.corpora, snapshot, asked_of(request, map(self.cities.full_name, request.cities)) | beside)
