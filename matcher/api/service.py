"""What one application holds (服务): settings, database, the state, and engines with the evidence that requests ask for."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from fastapi import Request
from numpy.typing import NDArray

from matcher.api.gathering import Gatherer
from matcher.api.problems import RefusedError
from matcher.api.settings import Settings
from matcher.api.state import Base, State
from matcher.api.swap import Keeper, Refusal
from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.errors import OptionError, RequestError, RulesError, RulesetError
from matcher.intake import Companies
from matcher.ledger.books import Book
from matcher.ledger.evidence import evidence
from matcher.ledger.meant import Meant, meant, wanted
from matcher.ledger.setting import Setting, open_setting
from matcher.locate import folder
from matcher.matching.gaps import Gaps
from matcher.matching.name_index import NameIndex
from matcher.matching.profiles import Profiles
from matcher.matching.resolution import Known, Resolver
from matcher.rules import zone_ids
from matcher.rules.resolution import load_resolution
from matcher.runs import CHINA_TIME
from matcher.runs import Request as RankRequest
from matcher.snapshot import ProfileCache
from matcher.store import judgements, lists
from matcher.store.database import Store, open_store
from matcher.store.registers import Register, find_register, load_register, register_at
from matcher.store.rulesets import RulesetVersion
from matcher.store.runs import ledger_of
from matcher.tuning.outcome import Outcome, Reading
from matcher.tuning.rulesets import DRAFT, kept_or_draft, named_rules
from matcher.types import LedgerEntry, ListEntry, Ranking, Run

T = TypeVar("T")
_PATIENCE = 10.0  # seconds to wait for the database
_ENGINES, _RESOLVERS, _ENTRIES, _GAPS, _RUNS, _SETTINGS = 16, 6, 1, 8, 16, 8


class Shelf(Generic[T]):
    """A few things that cost something to make, the last used stay (备用架); what is made at once by two is made once.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._gates: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under a key, made if it is not there (取用); others wait only if they want the same."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            gate = self._gates.setdefault(key, threading.Lock())
        with gate:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            made = make()
            self.put(key, made)
        return made

    def find(self, key: Hashable) -> T | None:
        """What is kept under a key, if anything is (查找)."""
        with self._lock:
            return self._kept.get(key)

    def retain(self, wanted: Callable[[Hashable, T], bool]) -> None:
        """Lets go of what is not wanted any more (放手)."""
        with self._lock:
            for key in [key for key, made in self._kept.items() if not wanted(key, made)]:
                del self._kept[key]

    def put(self, key: Hashable, made: T) -> None:
        """Keeps something (放上)."""
        with self._lock:
            self._kept[key] = made
            self._gates.pop(key, None)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


@dataclass(frozen=True)
class Prepared:
    """An engine as a request wants it (备好的引擎).

    Attributes:
        engine: With the rules, the register and the list evidence asked for.
        version: The published version that the rules were named by, if they were.
    """

    engine: Engine
    version: RulesetVersion | None


@dataclass(frozen=True)
class Made:
    """A list and all that it was made of (一张名单及其由来).

    Attributes:
        ranking: The list.
        engine: With the rules, the register and the lists.
        base: The companies.
        known: What their texts say, if it is known.
        request: What was asked.
        called: What the ruleset is called; empty where nothing was ever published.
        stored: The run is kept.
    """

    ranking: Ranking
    engine: Engine
    base: Base
    known: ProfileCache | Profiles | None
    request: RankRequest
    called: str
    stored: bool
    outcome: Shelf[tuple[Reading, Outcome]] = field(default_factory=lambda: Shelf(1))


class Service:
    """Settings, database and state of one application (服务).

    Args:
        settings: Of the application.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.keeper = Keeper(settings)
        self._engines: Shelf[Engine] = Shelf(_ENGINES)
        self._resolvers: Shelf[Resolver] = Shelf(_RESOLVERS)
        self._entries: Shelf[tuple[ListEntry, ...]] = Shelf(_ENTRIES)
        self._gaps: Shelf[Gaps] = Shelf(_GAPS)
        self._settings: Shelf[Setting] = Shelf(_SETTINGS)
        self._sound: dict[str, Setting] = {}
        self._unsound: dict[str, Refusal] = {}
        self.runs: Shelf[Made] = Shelf(_RUNS)
        self.asked: Shelf[str] = Shelf(_RUNS)  # state, engine and request → the run that it made
        self.scores: Gatherer[tuple[Engine, Any]] = Gatherer()
        self._store: Store | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Opens what requests need (启动)."""
        self.keeper.start()
        self.look_at_ledgers()

    def look_at_ledgers(self) -> bool:
        """Reads rules of the ledgers that have changed (查看台账规则), so that ``refused`` tells them as they are now.

        Returns:
            Whether every zone has some to work by.
        """
        zones = zone_ids(self.settings.rules)
        for gone in [zone for zone in list(self._unsound) if zone not in zones]:
            self._unsound.pop(gone, None)
        for zone in zones:
            with contextlib.suppress(RefusedError):  # whoever needs them is told
                self.setting(zone)
        return all(zone in self._sound for zone in zones)

    @property
    def refused(self) -> list[Refusal]:
        """What is new and broken and was not taken up (拒绝换上的): snapshot, rules, rules of the ledgers."""
        return [*list(self.keeper.refused.values()), *list(self._unsound.values())]

    def close(self) -> None:
        """Gives it back (停止)."""
        self.keeper.close()
        self.scores.close()
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store = None

    @property
    def state(self) -> State:
        """The state as it is now (当前状态): a request asks once."""
        return self.keeper.state

    @property
    def store(self) -> Store:
        """The database (数据库), opened when it is first asked for.

        Raises:
            StoreError: It cannot be opened.
        """
        with self._lock:
            if self._store is None:
                self._store = open_store(self.settings.address, patience=_PATIENCE)
            return self._store

    def prepared(self, state: State, zone: str, ruleset: str, register: str | None, tracked: date | None = None) -> Prepared:
        """The engine that a request wants (备好引擎), as ``lianzhao rank`` has it: rules, the local register, lists, ledgers.

        Args:
            state: Of the request.
            zone: Whose rules.
            ruleset: ``draft``, ``published``, or the number of a version.
            register: Name of a saved register, empty for the latest, None for none.
            tracked: The day as of which the ledgers are read; None leaves them out, as ``lianzhao score`` does.

        Raises:
            RequestError: There is no such zone, version or register.
            StoreError: The database cannot be read.
            KeptError: The copy of the version is missing or damaged.
        """
        engine, version = self.ruled(state, zone, ruleset)
        key: tuple[Hashable, ...] = (zone, engine.zone.digest)
        if register is not None:
            found = find_register(self.store, zone, register)
            key, alone = (*key, found.digest, found.complete), engine
            engine = self._engines.get(key, lambda: self._with_register(alone, found.name))
        engine, key = self._with_lists(engine, key)
        if tracked is not None:
            engine = self._with_ledger(engine, key, evidence(self.store, self.setting(zone), tracked))
        return Prepared(engine, version)

    def ruled(self, state: State, zone: str, ruleset: str) -> tuple[Engine, RulesetVersion | None]:
        """The engine over a zone's rules and nothing else (只按规则), and the version they were named by; errors as ``prepared``."""
        engine = state.engine(zone)
        if ruleset == DRAFT:
            return engine, None
        try:
            named = named_rules(ruleset, zone, self.settings.rules, root=self.settings.home, store=self.store)
        except OptionError as error:  # there is no such version, as nothing was ever published
            raise RefusedError("not-found", str(error), field="ruleset") from error
        digest = named.version.digest if named.version else named.folder.name
        return self._of_digest(engine, digest, named.folder), named.version

    def _of_digest(self, engine: Engine, digest: str, folder: Path) -> Engine:
        if digest == engine.zone.digest:
            return engine
        zone, corpora = engine.zone.id, self.settings.corpora
        return self._engines.get((zone, digest), lambda: Engine(zone, ruleset=folder, corpora=corpora, processes=1))

    def engine_of(self, state: State, run: Run) -> Engine | None:
        """The engine that a run was made with (批次的引擎), as far as its inputs are at hand; whether it is, its answer proves."""
        digest, local = run.ruleset, run.request.get("local")
        try:
            folder = kept_or_draft(digest, run.zone, self.settings.rules, root=self.settings.home)
        except RulesetError:
            return None
        engine = self._of_digest(state.engine(run.zone), digest, folder)
        key: tuple[Hashable, ...] = (run.zone, digest)
        if isinstance(local, str):
            complete, at = run.request.get("local_complete") == "true", datetime.fromisoformat(run.created_at)
            found = register_at(self.store, run.zone, local, complete=complete, at=at)
            if found is None:
                return None
            key, alone, register = (*key, local, complete), engine, found[1]
            engine = self._engines.get(key, lambda: alone.with_local(register, complete=complete))
        engine, key = self._with_lists(engine, key)
        ledger = run.request.get("ledger")
        if isinstance(ledger, str):
            entries = ledger_of(self.store, ledger)
            return None if entries is None else self._with_ledger(engine, key, entries)
        return engine

    def gaps(self, engine: Engine, found: Register) -> Gaps:
        """What the chains lack, by a saved register (缺口)."""
        key = (engine.zone.id, engine.zone.digest, found.id)
        return self._gaps.get(
            key, lambda: engine.gaps(load_register(self.store, found.zone, found.name)[1], complete=found.complete)
        )

    def setting(self, zone: str) -> Setting:
        """The rules of a zone's ledgers (台账的规矩), read again when a file of them has changed; while they are broken, those before.

        That they are broken stands in ``refused`` until they are mended.

        Raises:
            RequestError: There is no such zone.
            RefusedError: A file holds mistakes, and there are none before.
        """
        rules = self.settings.rules
        zones = zone_ids(rules)
        if zone not in zones:
            raise RequestError("园区", zone, zones)
        root = folder("rules", rules)
        try:
            files = [*root.glob("*.yaml"), *(root / zone).rglob("*.yaml")]
            seen = sorted((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)
            found = self._settings.get((zone, *seen), lambda: open_setting(zone, rules))
        except (RulesError, OSError) as error:
            refusal = Refusal(f"ledger/{zone}", "", str(error), datetime.now(CHINA_TIME))
            self._unsound[zone] = refusal.succeeding(self._unsound.get(zone))
            if zone not in self._sound:
                raise RefusedError("not-ready", f"园区 {zone} 的台账规则有误，等改好：{str(error).splitlines()[0]}") from error
            return self._sound[zone]
        self._sound[zone] = found
        self._unsound.pop(zone, None)
        return found

    def _with_register(self, engine: Engine, name: str) -> Engine:
        register, local = load_register(self.store, engine.zone.id, name)
        return engine.with_local(local, complete=register.complete)

    def _with_lists(self, engine: Engine, key: tuple[Hashable, ...]) -> tuple[Engine, tuple[Hashable, ...]]:
        store = self.store
        stamp = lists.stamp(store)
        if not any(stamp):
            return engine, key
        entries = self._entries.get(stamp, lambda: lists.evidence(store))
        if not entries:
            return engine, key
        return self._engines.get((*key, stamp), lambda: engine.with_lists(entries)), (*key, stamp)

    def _with_ledger(self, engine: Engine, key: tuple[Hashable, ...], entries: tuple[LedgerEntry, ...]) -> Engine:
        """The engine with what the ledgers say, if anything stands in them; the same words have the same engine."""
        return self._engines.get((*key, "ledger", entries), lambda: engine.with_ledger(entries)) if entries else engine

    def let_go(self) -> None:
        """Lets go of what rests on companies that are not open any more (放手旧企业库): what is mapped goes with it."""
        versions = {state.base.version for state in self.keeper.states if state.base is not None}
        self.runs.retain(lambda _, made: made.base.version in versions)
        self._resolvers.retain(lambda key, _: isinstance(key, tuple) and key[0] in versions)

    def resolver(self, base: Base, brands: Mapping[str, tuple[str, str]]) -> Resolver:
        """Who answers which company a name means (归一器): judgements win, then the brands given."""
        resolver = self._resolver((base.version,), base.companies, base.index)
        return resolver.with_known(Known(brands, judgements.known(self.store)))

    def meant(self, setting: Setting, book: Book[Any], values: Mapping[str, Any]) -> Meant:
        """Which company a new row of a ledger is about (登记时认企业), as ``/v1/resolve`` decides it; nothing without companies."""
        name = wanted(setting, book, values)
        return Meant() if name is None else self.meant_by(name)

    def meant_by(self, name: str) -> Meant:
        """Which company a name means (按名称认企业); nothing without companies."""
        base = self.state.base
        if base is None:
            return Meant()
        return meant(self.resolver(base, {}), name, "当前快照" if base.snapshot else "随附样例")

    def resolver_of(self, base: Base, cities: tuple[str, ...], places: NDArray[np.int64]) -> Resolver:
        """The same among the companies of some cities (某几个城市的归一器); it counts places among these."""
        resolver = self._resolver((base.version, *cities), base.companies.take(places), None)
        return resolver.with_known(Known({}, judgements.known(self.store)))

    def _resolver(self, key: tuple[str, ...], companies: Companies, index: NameIndex | None) -> Resolver:
        file = folder("rules", self.settings.rules) / "resolution.yaml"

        def made() -> Resolver:
            return Resolver(companies, open_corpora(self.settings.corpora), load_resolution(self.settings.rules), None, index)

        self.let_go()
        return self._resolvers.get((*key, file.stat().st_mtime_ns), made)


def service_of(request: Request) -> Service:
    """The service that a request came to (所属服务)."""
    found = request.app.state.service
    assert isinstance(found, Service)
    return found
