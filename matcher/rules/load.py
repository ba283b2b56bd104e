"""A zone from its folder (读入园区): every file, every cross reference, all mistakes at once."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from matcher.corpora import Corpora
from matcher.errors import RequestError, RulesError
from matcher.locate import folder
from matcher.rules.kept import content_digest
from matcher.rules.schema import (
    Anchor,
    ChainFile,
    GroupCap,
    LedgerScoring,
    NotThis,
    OpportunityFile,
    Presence,
    ScoringFile,
    Segment,
    Theme,
    ZoneFile,
)
from matcher.rules.source import Location, Source, TextChecks
from matcher.rules.zone import AskOf, SegmentSpec, Zone
from matcher.text.scope import scope_reader
from matcher.types import NEED_LABELS

_ZONE_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def zone_ids(rules: str | Path | None = None) -> list[str]:
    """Ids of the zones in the rules folder (园区列表)."""
    root = folder("rules", rules)
    return sorted(entry.name for entry in root.iterdir() if (entry / "zone.yaml").is_file()) if root.is_dir() else []


def load_zone(
    zone: str,
    corpora: Corpora,
    rules: str | Path | None = None,
    checks: Callable[[Sequence[str]], TextChecks] | None = None,
    ruleset: str | Path | None = None,
) -> Zone:
    """The zone's rules, checked (读入并检查园区规则).

    Args:
        zone: Folder name under ``rules/``; never a path.
        corpora: Industry codes and synonyms are checked against and taken from it.
        rules: The rules folder; found by ``locate.folder`` if None.
        checks: Given the ids of the chains, the checks of expressions and evidence texts; scoring knows them, this room does not.
        ruleset: The zone's folder, where it is another than that under ``rules``; then ``rules`` is not looked at.

    Raises:
        RequestError: There is no such zone.
        RulesError: The files hold mistakes; all are listed.
    """
    if ruleset is not None:
        return open_zone(ruleset, zone, corpora, checks)
    known = zone_ids(rules)
    if zone not in known or not _ZONE_ID.fullmatch(zone):
        raise RequestError("园区", zone, known)
    return _Loader(folder("rules", rules) / zone, zone, corpora, checks).load()


def open_zone(root: str | Path, zone: str, corpora: Corpora, checks: Callable[[Sequence[str]], TextChecks] | None = None) -> Zone:
    """The rules of a zone from any folder, such as a copy of its own that is being tried (从任一目录读入园区规则).

    Args:
        root: The folder of the zone itself; mistakes are shown by its path.
        zone: Id of the zone that it must be of.
        corpora: As in ``load_zone``.
        checks: As in ``load_zone``.

    Raises:
        RulesError: The files hold mistakes; all are listed.
    """
    return _Loader(Path(root), zone, corpora, checks, str(root)).load()


class _Loader:
    def __init__(
        self,
        root: Path,
        zone: str,
        corpora: Corpora,
        checks: Callable[[Sequence[str]], TextChecks] | None,
        shown: str | None = None,
    ) -> None:
        self.root, self.zone, self.corpora, self.checks = root, zone, corpora, checks
        self.shown = shown or zone
        self.sources: dict[str, Source] = {}

    def source(self, name: str) -> Source:
        return self.sources.setdefault(name, Source(self.root / name, f"{self.shown}/{name}"))

    def load(self) -> Zone:
        zone = self.source("zone.yaml").load(ZoneFile)
        opportunities = OpportunityFile(themes=[])
        if (self.root / "opportunities.yaml").is_file():
            opportunities = self.source("opportunities.yaml").load(OpportunityFile) or opportunities
        names = sorted(f"chains/{file.name}" for file in (self.root / "chains").glob("*.yaml"))
        chains: dict[str, ChainFile | None] = {name: self.source(name).load(ChainFile) for name in names}
        good = {name: chain for name, chain in chains.items() if chain is not None}
        chain_ids = [Path(name).stem for name in names]
        scoring = self.source("scoring.yaml").load(ScoringFile, self.checks(chain_ids) if self.checks else None)
        if not names:
            self.source("zone.yaml").problem((), "chains/ 里没有产业链文件")
        for name, chain in good.items():
            self._check_chain(self.source(name), name, chain)
        for number, theme in enumerate(opportunities.themes):
            self._check_terms(self.source("opportunities.yaml"), ("themes", number), theme)
        if zone:
            self._check_zone(
                self.source("zone.yaml"),
                zone,
                {Path(name).stem: {s.id for s in c.segments} if c else None for name, c in chains.items()},
            )
        if scoring:
            self._check_scoring(self.source("scoring.yaml"), scoring)
            if scoring.presence:
                self._check_presence(self.source("scoring.yaml"), scoring.presence)
        problems = [problem for source in self.sources.values() for problem in source.problems]
        if problems or zone is None or scoring is None:
            raise RulesError(problems)
        ordered = tuple(sorted(good.values(), key=lambda chain: _group_order(zone, chain.id)))
        offering = [*zone.platforms, *zone.anchors]
        segments = [self._segment(s, c, offering) for c in ordered for s in c.segments]
        segments += [self._segment(theme, None, ()) for theme in opportunities.themes]
        content = {name: source.raw for name, source in sorted(self.sources.items())}
        return Zone(self.zone, zone, ordered, tuple(segments), scoring, content_digest(content), content)

    def _segment(self, segment: Segment | Theme, chain: ChainFile | None, offering: Sequence[Anchor]) -> SegmentSpec:
        full = segment if isinstance(segment, Segment) else None
        weights: dict[str, int] = {}
        for weight, terms in segment.terms.items():
            for term in terms:
                for spelling in (term, *segment.synonyms.get(term, ()), *self.corpora.synonyms.get(term, ())):
                    weights[spelling.lower()] = max(weight, weights.get(spelling.lower(), 0))
        return SegmentSpec(
            id=segment.id,
            name=segment.name,
            chain=None if chain is None else chain.id,
            chain_name=NEED_LABELS["none"] if chain is None else chain.name,
            kind=segment.kind,
            need=full.need if full else "none",
            priority=full.priority if full else 0,
            position=full.position if full else "",
            description=segment.description,
            reason=segment.ground.reason,
            assumed=segment.ground.source == "assumed",
            wants_group=full is not None and full.wants_group,
            asks=segment.asks or "",
            asks_of=tuple(AskOf(tuple(of.words), tuple(of.also), of.asks) for of in segment.asks_of),
            offers=tuple(one.name for one in offering if chain and one.chain == chain.id and segment.id in one.attracts),
            verb=(full and full.verb) or "",
            needs_chemical_park=full is not None and full.needs_chemical_park,
            gbt4754=tuple(segment.gbt4754),
            terms=tuple(sorted(weights.items())),
            excluded=_words(segment.excluded),
            conflicts=_words(segment.conflicts),
        )

    def _check_chain(self, source: Source, name: str, chain: ChainFile) -> None:
        if name != f"chains/{chain.id}.yaml":
            source.problem(("id",), f"应与文件名一致（{Path(name).stem}），写的是 '{chain.id}'")
        seen: set[str] = set()
        for number, segment in enumerate(chain.segments):
            if segment.id in seen:
                source.problem(("segments", number, "id"), f"环节 '{segment.id}' 重复")
            seen.add(segment.id)
            self._check_terms(source, ("segments", number), segment)
        for number, edge in enumerate(chain.edges):
            for end in edge:
                if end not in seen:
                    source.problem(("edges", number), f"没有环节 '{end}'")

    def _check_terms(self, source: Source, at: Location, segment: Segment | Theme) -> None:
        here = tuple(at)
        first: dict[str, int] = {}
        for weight, terms in segment.terms.items():
            for place, term in enumerate(terms):
                if term in first:
                    source.problem((*here, "terms", weight, place), f"词 '{term}' 已在权重 {first[term]} 中")
                first[term] = weight
        for term in segment.synonyms:
            if term not in first:
                source.problem((*here, "synonyms", term), f"'{term}' 不在本环节的 terms 里")
        self._check_dead_words(source, here, segment)
        for place, code in enumerate(segment.gbt4754):
            if code not in self.corpora.gbt4754:
                source.problem((*here, "gbt4754", place), f"GB/T 4754-2017 没有代码 '{code}'")

    def _check_dead_words(self, source: Source, here: tuple[str | int, ...], segment: Segment | Theme) -> None:
        """Words that can never be found, and terms that are their own segment's excluded words or conflicts."""
        places: list[tuple[Location, str]] = []
        for weight, terms in segment.terms.items():
            places += [((*here, "terms", weight, place), term) for place, term in enumerate(terms)]
        for term, spellings in segment.synonyms.items():
            places += [((*here, "synonyms", term, place), spelling) for place, spelling in enumerate(spellings)]
        own = {term.lower() for _, term in places}
        for kind, entries in (("excluded", segment.excluded), ("conflicts", segment.conflicts)):
            for place, entry in enumerate(entries):
                places.append(((*here, kind, place, "term"), entry.term))
                if entry.term.lower() in own:
                    source.problem((*here, kind, place, "term"), f"'{entry.term}' 也在本环节的 terms 里，命中了等于没有")
        read = scope_reader(self.corpora).clean("\n".join(word for _, word in places)).split("\n")
        for (location, word), left in zip(places, read, strict=True):
            if word.lower() != left:
                source.problem(location, f"永远找不到：'{word}' 在文本里读成 '{left.strip(';、')}'")

    def _check_zone(self, source: Source, zone: ZoneFile, chains: dict[str, set[str] | None]) -> None:
        """``chains``: id → segments, None where the chain's own file holds mistakes."""
        if zone.id != self.zone:
            source.problem(("id",), f"应与目录名一致（{self.zone}），写的是 '{zone.id}'")
        for number, group in enumerate(zone.groups):
            if group.id in {other.id for other in zone.groups[:number]}:
                source.problem(("groups", number, "id"), f"小组 '{group.id}' 重复")
            for place, chain in enumerate(group.chains):
                if chain not in chains:
                    source.problem(("groups", number, "chains", place), f"没有产业链 '{chain}'")
        for key, anchors in (("anchors", zone.anchors), ("platforms", zone.platforms), ("approached", zone.approached)):
            for number, anchor in enumerate(anchors):
                if anchor.chain not in chains:
                    source.problem((key, number, "chain"), f"没有产业链 '{anchor.chain}'")
                segments = chains.get(anchor.chain)
                for where, named in (("segments", anchor.segments), ("attracts", anchor.attracts)):
                    for place, segment in enumerate(named):
                        if segments is not None and segment not in segments:
                            source.problem((key, number, where, place), f"产业链 '{anchor.chain}' 没有环节 '{segment}'")

    def _check_scoring(self, source: Source, scoring: ScoringFile) -> None:
        groups = {group.id for group in scoring.groups}
        _check_caps(source, (), scoring.groups)
        if scoring.ledger is not None:
            _check_ledger(source, groups, scoring.ledger)
        seen: set[str] = set()
        for key, location in _rule_ids(scoring):
            if key in seen:
                source.problem(location, f"规则 '{key}' 重复")
            seen.add(key)
        for number, rule in enumerate(scoring.rules):
            if rule.group not in groups:
                source.problem(("rules", number, "group"), f"没有分组 '{rule.group}'")
        for need, fill in scoring.order.fill.items():
            if any(later > earlier for earlier, later in itertools.pairwise(fill)):
                source.problem(("order", "fill", need), "应逐项不增")
        for wanted in NEED_LABELS:
            if wanted not in scoring.order.fill:
                source.problem(("order", "fill"), f"缺少 '{wanted}'")
            if wanted != "none" and wanted not in scoring.need_strength:
                source.problem(("need_strength",), f"缺少 '{wanted}'")
        if not scoring.bands.A > scoring.bands.B > scoring.bands.C:
            source.problem(("bands",), "应为 A > B > C")

    def _check_presence(self, source: Source, presence: Presence) -> None:
        if presence.capital[0] >= presence.capital[1]:
            source.problem(("presence", "capital"), "应为 [少, 多]，少的在前")
        if presence.present > presence.strong:
            source.problem(("presence", "strong"), "应不小于 present")
        for place, mark in enumerate(presence.without):
            if mark not in {known.id for known in self.corpora.marks}:
                source.problem(("presence", "without", place), f"没有标记 '{mark}'")
        for form in presence.forms:
            if form not in {known.kind for known in self.corpora.legal_forms}:
                source.problem(("presence", "forms", form), f"没有组织形式 '{form}'")


def _check_ledger(source: Source, groups: set[str], ledger: LedgerScoring) -> None:
    _check_caps(source, ("ledger",), ledger.groups)
    known = groups | {group.id for group in ledger.groups}
    for number, rule in enumerate(ledger.rules):
        if rule.group not in known:
            source.problem(("ledger", "rules", number, "group"), f"没有分组 '{rule.group}'")


def _check_caps(source: Source, at: tuple[str, ...], groups: Sequence[GroupCap]) -> None:
    for number, group in enumerate(groups):
        if group.cap[0] > group.cap[1]:
            source.problem((*at, "groups", number, "cap"), "应为 [最低, 最高]，最低不大于最高")


def _rule_ids(scoring: ScoringFile) -> Iterator[tuple[str, Location]]:
    for number, veto in enumerate(scoring.vetoes):
        yield veto.id, ("vetoes", number, "id")
    for number, rule in enumerate(scoring.rules):
        yield rule.id, ("rules", number, "id")
    if scoring.ledger is not None:
        for number, veto in enumerate(scoring.ledger.vetoes):
            yield veto.id, ("ledger", "vetoes", number, "id")
        for number, rule in enumerate(scoring.ledger.rules):
            yield rule.id, ("ledger", "rules", number, "id")


def _words(entries: list[NotThis]) -> tuple[str, ...]:
    return tuple(sorted({entry.term.lower() for entry in entries}))


def _group_order(zone: ZoneFile, chain: str) -> tuple[int, str]:
    """Chains stand in the order of the groups that work on them."""
    for number, group in enumerate(zone.groups):
        if chain in group.chains:
            return number, chain
    return len(zone.groups), chain
