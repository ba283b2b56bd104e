"""What is done with rules on the pages (规则的事): which are looked at, the draft changed, checked, compared, published, retired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.api.problems import RefusedError
from matcher.engine import Engine
from matcher.errors import RulesError
from matcher.locate import folder as data_folder
from matcher.rules import Zone
from matcher.rules.compliance import load_compliance
from matcher.runs import Request, today
from matcher.store import rulesets
from matcher.store.rulesets import Published, RulesetVersion, newest, versions
from matcher.tuning.compliance import Breach, breaches
from matcher.tuning.concerns import Files
from matcher.tuning.diff import Diff, diff
from matcher.tuning.drafts import Change, Draft, change_draft, discard_draft, open_draft
from matcher.tuning.lint import Lint, lint
from matcher.tuning.outcome import read_companies
from matcher.tuning.publishing import let_pass, publish
from matcher.tuning.rulesets import DRAFT, named_rules
from matcher.web.rulesets import usual_ruleset
from matcher.web.workshop import Visit

_TOP = 50


@dataclass(frozen=True)
class Shown:
    """The rules that the page shows (所示规则): the draft where there is one, else those that count.

    Attributes:
        engine: Over them; its describer tells conditions in words.
        draft: The draft, if there is one.
        folder: Where they stand.
        seen: Their digest.
        there: All published versions, the oldest first.
        usual: Those that count now.
    """

    engine: Engine
    draft: Draft | None
    folder: Path
    seen: str
    there: tuple[RulesetVersion, ...]
    usual: Zone

    @property
    def counts(self) -> RulesetVersion | None:
        """The version that counts (现行版本)."""
        return newest(self.there)


@dataclass(frozen=True)
class Checked:
    """What a check of the draft found (体检结果), and what of it is forbidden, by rule."""

    found: Lint
    breaches: tuple[Breach, ...]


def shown(visit: Visit) -> Shown:
    """What to show (读规则).

    Raises:
        RulesError: The draft holds mistakes: somebody has changed its files by hand.
    """
    service = visit.service
    usual, folder = _usual(visit)
    draft = open_draft(visit.workshop.settings.home, visit.zone) if visit.may("draft_rules") else None
    there = tuple(versions(service.store, visit.zone))
    if draft is None:
        return Shown(usual, None, folder, usual.zone.digest, there, usual.zone)
    return Shown(usual.with_rules(draft.folder), draft, draft.folder, draft.digest, there, usual.zone)


def edit(visit: Visit, now: Shown, changes: Sequence[Change]) -> Draft:
    """Changes the draft (改草稿副本)."""
    usual, folder = _usual(visit)
    return change_draft(
        visit.workshop.settings.home,
        visit.zone,
        changes,
        source=folder,
        seen=now.seen,
        by=visit.caller.name,
        check=usual.with_rules,
    )


def discard(visit: Visit) -> None:
    """Lets go of the draft (丢弃草稿副本)."""
    discard_draft(visit.workshop.settings.home, visit.zone)


def check(visit: Visit, now: Shown) -> Checked:
    """Everything that can be said against the rules that are shown (规则体检)."""
    state, compliance = visit.service.state, load_compliance(visit.workshop.settings.rules)
    base, files = state.companies(), Files(now.folder, visit.zone)
    engine = _loaded(visit, now.folder)
    found = lint(engine, files, compliance, base.intake, today())
    return Checked(found, tuple(sorted(breaches(compliance, engine, files))))


def compare(visit: Visit, now: Shown) -> Diff:
    """The lists under the rules that count and under the draft (新旧名单对比)."""
    state = visit.service.state
    base = state.companies()
    old, _ = _usual(visit)
    reading = read_companies(old, base.intake, (), state.known(old))
    return diff(old, old.with_rules(now.folder), reading, Request(as_of=today(), top=_TOP))


def publish_draft(visit: Visit, now: Shown, *, by: str, note: str, reasons: Mapping[str, str]) -> Published:
    """Lets the draft count (发布草稿副本), and lets go of it; it must be what was looked at.

    Raises:
        RefusedError: There is no draft, or it is another by now.
        RulesError: It breaches what no rule may do, and nobody has said why that is let pass.
    """
    settings = visit.workshop.settings
    draft = open_draft(settings.home, visit.zone)
    if draft is None or draft.digest != now.seen:
        raise RefusedError("conflict", "草稿副本刚被改过，或已经发布，请刷新后对照着再发布")
    rulesets.signed(by, note)
    compliance = load_compliance(settings.rules)
    engine = _loaded(visit, draft.folder)
    overrides, left = let_pass(engine, compliance, Files(draft.folder, visit.zone), reasons)
    if left:
        raise RulesError(left)
    done = publish(visit.service.store, settings.home, engine.zone, compliance, by=by, note=note, overrides=overrides)
    discard_draft(settings.home, visit.zone)
    return done


def retire(visit: Visit, number: int, *, by: str, note: str) -> RulesetVersion:
    """Lets a version count no more (停用版本)."""
    return rulesets.retire(visit.service.store, visit.zone, number, by=by, note=note)[0]


def _usual(visit: Visit) -> tuple[Engine, Path]:
    """The engine under the rules that count, as lists are made with it, and where these rules stand."""
    service, settings = visit.service, visit.workshop.settings
    word = usual_ruleset(visit)
    engine = service.prepared(service.state, visit.zone, word, None, today()).engine
    if word == DRAFT:
        return engine, data_folder("rules", settings.rules) / visit.zone
    return engine, named_rules(word, visit.zone, settings.rules, root=settings.home, store=service.store).folder


def _loaded(visit: Visit, folder: Path) -> Engine:
    """An engine of its own over a folder: with the files' bytes, as publishing keeps them."""
    return Engine(visit.zone, ruleset=folder, corpora=visit.workshop.settings.corpora, processes=1)
