"""A run made again (回放): from its manifest to the same companies, rules, lists and register, and to the same bytes or to what differs.

Nothing of a run is kept but digests, so every input that is found is proved to be the one of then before anything is ranked. Lists are
taken as they stood: what was imported, removed, judged or withdrawn since then is known with its time. If an input differs or is
missing, all such are named and nothing is ranked. Other versions of libraries are told and hinder nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from matcher.corpora import Corpora, open_corpora
from matcher.engine import Engine
from matcher.errors import InputError, OptionError, RulesError, RulesetError, SnapshotError
from matcher.intake import Companies, Intake, read_files
from matcher.intake.fields import EPOCH
from matcher.places import CityFilter
from matcher.runs import Request, library_versions, run_id
from matcher.scoring.published import ListReader
from matcher.snapshot import ProfileCache, Snapshot, layout, open_profiles
from matcher.store.database import Store
from matcher.store.lists import evidence, moments
from matcher.store.registers import register_at
from matcher.store.runs import KeptRun, ledger_of, results_digest
from matcher.tuning.rulesets import draft_digest, kept_or_draft
from matcher.types import LedgerEntry, ListEntry, Ranking, Run

Name = Literal["companies", "rules", "corpora", "local", "lists", "ledger", "record"]
NAMES: dict[Name, str] = {
    "companies": "企业资料", "rules": "规则", "corpora": "语料", "local": "本地名录", "lists": "名单依据",
    "ledger": "台账依据", "record": "批次清单",
}  # fmt: skip
"""Input of a run → Chinese term."""
_SHORT = 12
_A_RANKING = timedelta(hours=1)  # lists are read at its beginning, and the run says when it ended
_A_SECOND = timedelta(seconds=1)  # to which a run tells its time


@dataclass(frozen=True)
class Materials:
    """Where to look for the inputs of a run (回放的材料).

    Attributes:
        home: ``LIANZHAO_HOME``.
        files, data_date: Companies that were given as files, as ``rank`` had them.
        local: The local register, if it was given as files.
        rules, corpora: As ``Engine``.
    """

    home: Path
    files: tuple[str, ...] = ()
    data_date: date | None = None
    local: tuple[str, ...] = ()
    rules: str | Path | None = None
    corpora: str | Path | None = None


@dataclass(frozen=True)
class Input:
    """One input of a run, then and now (一项输入).

    Attributes:
        then, now: Digests; ``now`` is empty if nothing was found.
        found: What it is and where it was found, in Chinese.
        problem: What differs or is missing and what can be done, in Chinese; empty if it is the same.
    """

    name: Name
    then: str
    now: str
    found: str
    problem: str = ""


@dataclass(frozen=True)
class Replay:
    """What became of a replay (回放结果).

    Attributes:
        versions: Library → version then and now, where they differ.
        then, now: Digests of the results; ``now`` is None if nothing was ranked.
    """

    run: Run
    inputs: tuple[Input, ...]
    versions: dict[str, tuple[str, str]]
    then: str
    now: str | None

    @property
    def equal(self) -> bool:
        """Whether the results are equal in bytes (是否相同)."""
        return self.now == self.then


@dataclass(frozen=True)
class Restored:
    """What a run was made of, all of it proved to be what it was (还原的批次): ranking it again gives the same list."""

    engine: Engine
    intake: Intake
    request: Request
    known: ProfileCache | None


def restore(store: Store, kept: KeptRun, materials: Materials) -> Restored | tuple[str, ...]:
    """What a run was made of, or what differs or is missing, in Chinese (还原批次); nothing is ranked.

    Raises:
        OptionError: Files were given that the run has no use for.
        CorporaError: The corpora cannot be read.
        StoreError: The database cannot be read.
    """
    replayer = _Replayer(store, kept, materials)
    return replayer.restore() or tuple(f"{NAMES[one.name]}：{one.problem}" for one in replayer.inputs if one.problem)


@dataclass(frozen=True)
class Remade:
    """A run made again, whatever came of it (再算一次).

    Attributes:
        replay: The verdict.
        ranking: None if nothing was ranked.
        engine: With the rules, the register and the lists of then, if they were found.
        companies: Those of then, if they were found; ``snapshot`` if they are one's.
    """

    replay: Replay
    ranking: Ranking | None
    engine: Engine | None
    companies: Intake | None
    snapshot: Snapshot | None


def replay(store: Store, kept: KeptRun, materials: Materials) -> Replay:
    """Makes a run again and compares (回放); nothing is written.

    Args:
        store: The database that keeps the run.
        kept: The run.
        materials: Where its inputs may be.

    Raises:
        OptionError: Files were given that the run has no use for.
        CorporaError: The corpora cannot be read.
        StoreError: The database cannot be read.
    """
    return remake(store, kept, materials).replay


def remake(store: Store, kept: KeptRun, materials: Materials) -> Remade:
    """The same with the list itself (再算并给出名单); arguments and errors as ``replay``."""
    return _Replayer(store, kept, materials).remake()


def request_of(run: Run) -> Request:
    """What a run was asked for (批次的请求)."""
    asked = run.request
    cities, chains, top = asked.get("cities"), asked.get("chains"), asked.get("top")
    return Request(
        as_of=date.fromisoformat(str(asked["as_of"])),
        cities=tuple(cities) if isinstance(cities, list) else (),
        chains=tuple(chains) if isinstance(chains, list) else (),
        group=_text(asked.get("group")),
        need=_text(asked.get("need")),
        top=top if isinstance(top, int) else 0,
    )


class _Replayer:
    def __init__(self, store: Store, kept: KeptRun, materials: Materials) -> None:
        self.store, self.run, self.results = store, kept.run, kept.results
        self.given, self.materials = kept.given or {}, materials
        self.at = datetime.fromisoformat(kept.run.created_at)
        self.corpora: Corpora = open_corpora(materials.corpora)
        self.snapshot: Snapshot | None = None
        self.engine: Engine | None = None
        self.companies: Intake | None = None
        self.inputs: list[Input] = []

    def remake(self) -> Remade:
        restored, now, ranking = self.restore(), None, None
        if restored is not None:
            ranking = restored.engine.rank(restored.intake, restored.request, restored.known)
            self._same_request(ranking)
            now = results_digest(ranking)
        versions = library_versions()
        differing = {
            name: (self.run.versions.get(name, "没有"), versions.get(name, "没有"))
            for name in {**self.run.versions, **versions}
            if self.run.versions.get(name) != versions.get(name)
        }
        verdict = Replay(self.run, tuple(self.inputs), differing, self.results, now)
        return Remade(verdict, ranking, self.engine, self.companies, self.snapshot)

    def restore(self) -> Restored | None:
        """All inputs of the run, None if any differs or is missing; ``inputs`` says which."""
        self._same_record()
        engine = self._engine()
        self._same_corpora()
        companies = self._companies()
        local = self._local()
        entries = None if companies is None else self._entries(companies.companies)
        tracked = self._tracked()
        self.engine, self.companies = engine, companies
        if engine is None or companies is None or any(one.problem for one in self.inputs):
            return None
        if local is not None:
            engine = engine.with_local(local, complete=self.run.request["local_complete"] == "true")
        engine = engine.with_lists(entries) if entries else engine
        engine = engine if tracked is None else engine.with_ledger(tracked)
        self.engine = engine
        return Restored(engine, companies, request_of(self.run), self._known(engine))

    def _note(self, name: Name, then: str, now: str, found: str, problem: str = "") -> None:
        self.inputs.append(Input(name, then, now, found, problem))

    def _engine(self) -> Engine | None:
        """The engine over the rules of then, from their copy, or from the draft if it is still the same."""
        run, rules = self.run, self.materials.rules
        try:
            folder = kept_or_draft(run.ruleset, run.zone, rules, root=self.materials.home)
            engine = Engine(run.zone, ruleset=folder, corpora=self.materials.corpora)
        except RulesetError as error:
            draft = draft_digest(run.zone, rules)
            now = f"现在的规则目录是另一套（{draft[:_SHORT]}）" if draft else "现在的规则目录里没有这个园区"
            self._note("rules", run.ruleset, draft, "", f"当时的规则 {run.ruleset[:_SHORT]} 找不回来，{now}；{error}")
            return None
        except RulesError as error:
            self._note("rules", run.ruleset, run.ruleset, str(folder), f"当时的规则这一版程序读不了：{error}")
            return None
        place = "留存的副本" if folder.name == run.ruleset else "现在的规则目录"
        problem = "" if engine.zone.digest == run.ruleset else f"{folder} 正在被改，请再试一次"
        self._note("rules", run.ruleset, engine.zone.digest, f"{place} {folder}", problem)
        return engine

    def _same_corpora(self) -> None:
        then, now = self.run.corpora, self.corpora.digest
        problem = (
            "" if then == now else f"改过：当时 {then[:_SHORT]}，现在 {now[:_SHORT]}；换回当时的语料目录（--corpora）或当时的程序"
        )
        self._note("corpora", then, now, str(self.corpora.path), problem)

    def _companies(self) -> Intake | None:
        if layout.is_version(self.run.snapshot):
            return self._of_snapshot()
        return self._of_files()

    def _of_snapshot(self) -> Intake | None:
        then = self.run.snapshot
        if self.materials.files:
            raise OptionError(f"批次 {self.run.id[:_SHORT]} 用的是快照 {then[:_SHORT]}，不用给企业文件")
        folder = layout.folder_of(self.materials.home, then)
        try:
            snapshot = Snapshot(folder, verify=True)
        except SnapshotError as error:
            gone = f"快照 {then[:_SHORT]} 已不在（清理过，或在别的机器上）"
            said = f"快照 {then[:_SHORT]} 损坏（{error}）" if folder.is_dir() else gone
            again = f"用当时的企业文件{self._called('files')}重新 lianzhao build，就会补回同一个快照"
            self._note("companies", then, "", "", f"{said}；{again}")
            return None
        self._note("companies", then, then, f"快照 {folder}")
        self.snapshot = snapshot
        return snapshot.intake()

    def _of_files(self) -> Intake | None:
        then, given, noted = self.run.snapshot, self.materials.files, self.given.get("data_date")
        files, dated = list(given) or [str(self.corpora.sample)], self.materials.data_date
        if dated is None and noted:
            dated = date.fromisoformat(str(noted))
        try:
            intake = read_files(files, self.corpora, dated=dated)
        except InputError as error:
            self._note("companies", then, "", "、".join(files), str(error))
            return None
        if intake.digest == then:
            self._note("companies", then, then, "、".join(given) or f"随附样例 {self.corpora.sample}")
            return intake
        asked = f"当时的文件{self._called('files')}" + ("" if self.given else "；用过 --data-date 的，也同样写上")
        if given:
            problem = f"给的文件不是当时的：当时 {then[:_SHORT]}，给的 {intake.digest[:_SHORT]}；应给{asked}"
        else:
            problem = f"当时直接给的文件，没有建快照；请在批次号后面写{asked}"
        self._note("companies", then, intake.digest if given else "", "、".join(given), problem)
        return None

    def _local(self) -> Intake | None:
        then = self.run.request.get("local")
        if not isinstance(then, str):
            if self.materials.local:
                raise OptionError(f"批次 {self.run.id[:_SHORT]} 没有用本地名录，不用给 --local")
            return None
        if self.materials.local:
            given = "、".join(self.materials.local)
            try:
                intake = read_files(self.materials.local, self.corpora)
            except InputError as error:
                self._note("local", then, "", given, str(error))
                return None
            problem = "" if intake.digest == then else f"给的文件不是当时的：当时 {then[:_SHORT]}，给的 {intake.digest[:_SHORT]}"
            self._note("local", then, intake.digest, given, problem)
            return intake
        complete = self.run.request["local_complete"] == "true"
        found = register_at(self.store, self.run.zone, then, complete=complete, at=self.at)
        if found is None:
            asked = f"请用 --local 给出当时的文件{self._called('local')}"
            self._note("local", then, "", "", f"数据库里没有留存过这份名录（{then[:_SHORT]}）；{asked}")
            return None
        self._note("local", then, then, f"数据库里留存的「{found[0].name}」")
        return found[1]

    def _entries(self, companies: Companies) -> Sequence[ListEntry] | None:
        """What lists said of the companies then, wherever that stands to be found; None if they said nothing."""
        then = self.run.request.get("lists")
        if not isinstance(then, str) or self.corpora.digest != self.run.corpora:  # other corpora read other lists
            return None
        request = request_of(self.run)
        if request.cities:
            companies = companies.take(CityFilter(self.corpora).places(companies, request.cities))
        day, now = (request.as_of - EPOCH).days, ""
        for at in self._moments():
            entries = evidence(self.store, at)
            digest = ListReader(entries, self.corpora).read(companies, day).digest
            if digest == then:
                self._note("lists", then, digest, "数据库里的名单" + ("" if at is None else "，按当时的"))
                return entries
            now = now or digest
        said = f"现在读到的是 {now[:_SHORT]}" if now else "现在这些企业不在任何名单上"
        self._note(
            "lists", then, now, "", f"当时 {then[:_SHORT]}，{said}，按当时的时刻也还原不出；数据库恢复过旧备份、换过库的会这样"
        )
        return None

    def _tracked(self) -> Sequence[LedgerEntry] | None:
        """What the ledgers said then: kept with the run, however they have moved on since."""
        then = self.run.request.get("ledger")
        if not isinstance(then, str):
            return None
        kept = ledger_of(self.store, then)
        problem = "数据库里没有留存当时读到的台账；数据库恢复过旧备份、换过库的会这样" if kept is None else ""
        self._note("ledger", then, "" if kept is None else then, "与批次一起留存的", problem)
        return kept

    def _moments(self) -> Iterator[datetime | None]:
        """Now, then, and before and after each change of lists while the run was made."""
        yield from (None, self.at, self.at + _A_SECOND)
        for moment in moments(self.store, self.at - _A_RANKING, self.at + _A_SECOND):
            yield from (moment, moment - timedelta.resolution)

    def _known(self, engine: Engine) -> ProfileCache | None:
        if self.snapshot is None:
            return None
        return open_profiles(self.materials.home, self.snapshot, engine.reader)

    def _same_record(self) -> None:
        """The record is the one that its id was made of."""
        then, now = self.run.id, run_id(self.run)
        problem = "" if then == now else f"批次清单改过：按清单算出来的批次号是 {now[:_SHORT]}；请恢复数据库的备份"
        self._note("record", then, now, "与批次号相符", problem)

    def _same_request(self, ranking: Ranking) -> None:
        """What was ranked is what the record says, but for the versions."""
        then, now = (replace(run, id="", created_at="", versions={}) for run in (self.run, ranking.run))
        if then != now:
            self._note(
                "record", self.run.id, ranking.run.id, "", f"这一版程序还原不出当时的请求：当时 {then.request}，现在 {now.request}"
            )

    def _called(self, key: Literal["files", "local"]) -> str:
        """What files were called, if the run says so."""
        names = self.given.get(key) or ()
        return f"（{'、'.join(map(str, names))}）" if names else ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
