"""Swapping what the service works on while it works (热切换).

Every worker looks for itself: at the pointer ``current`` and at the rules folder. The new is opened beside the old, checked, and then put
in its place by one assignment; requests under way keep the state that they came with. What is broken is refused: the old one stays,
readiness says why, and another look is taken when the thing changes, or after a while. The last two states stay open.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from matcher.api.settings import Settings
from matcher.api.state import Base, State
from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.errors import LianzhaoError, system_reason
from matcher.rules import zone_ids
from matcher.runs import CHINA_TIME
from matcher.snapshot import Snapshot, layout
from matcher.tuning.rulesets import draft_digest

SNAPSHOT = "snapshot"
"""What is refused if it is the companies (快照)."""
_log = logging.getLogger("lianzhao.swap")
_AGAIN = 30.0  # seconds until what was refused is tried again, though it looks the same: a file may have been mended in its place


@dataclass(frozen=True)
class Refusal:
    """What was not taken up (拒绝换上).

    Attributes:
        what: ``snapshot``, or ``rules/`` or ``ledger/`` and the zone.
        version: Which one; empty for rules of the ledgers.
        why: In Chinese.
    """

    what: str
    version: str
    why: str
    since: datetime

    def succeeding(self, before: Refusal | None) -> Refusal:
        """The same since when it was so before (沿用起始时间); what is new goes to the log, where the operator finds the reason."""
        if before is not None and (before.version, before.why) == (self.version, self.why):
            return before
        _log.warning("没有换上 %s，仍用原来的：%s", self.what, "；".join(self.why.splitlines()))
        return self


class Keeper:
    """Keeps the state of one process up to date (状态管理).

    Args:
        settings: Where to look, and how often.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.refused: dict[str, Refusal] = {}
        self.swaps = 0
        self._tried: dict[str, float] = {}
        self._states: deque[State] = deque(maxlen=2)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> State:
        """The state as it is now (当前状态): a request asks once."""
        if not self._states:
            self.look()
        return self._states[-1]

    @property
    def states(self) -> tuple[State, ...]:
        """Those that are open, the newest first (仍打开的状态)."""
        return tuple(reversed(self._states))

    @property
    def watching(self) -> bool:
        """Whether anything new will be seen (是否在留意)."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Opens the first state and begins to look (开始)."""
        self.look()
        if self.settings.look_every > 0 and self._thread is None:
            _settle()
            self._thread = threading.Thread(target=self._watch, name="lianzhao-swap", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Looks no more (停止)."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self.settings.look_every):
            if self.look():
                _settle()

    def look(self) -> bool:
        """Takes up what is new and whole (查看并换上).

        Returns:
            Whether anything was swapped.
        """
        with self._lock:
            was = self._states[-1] if self._states else None
            base = self._base(was.base if was else None)
            engines, broken = self._engines(dict(was.engines) if was else {})
            if was is not None and base is was.base and engines == was.engines and broken == was.broken:
                return False
            number = was.number + 1 if was else 1
            state = State(number, datetime.now(CHINA_TIME), self.settings.home, base, engines, broken)
            if base is not None:
                for engine in engines.values():
                    state.known(engine)  # before anybody asks
            self._states.append(state)
            self.swaps += was is not None
            return True

    def _base(self, was: Base | None) -> Base | None:
        home, version = self.settings.home, "?"
        try:
            version = layout.current(home) or ""
            if was is not None and (version == was.version or (not version and was.snapshot is None)):
                self.refused.pop(SNAPSHOT, None)
                return was
            if not version and was is not None:
                self._refuse(SNAPSHOT, "", f"{home / 'current'} 不见了；仍用快照 {was.version[:12]}")
                return was
            if self._waits(SNAPSHOT, version):
                return was
            found = self._opened(version)
        except LianzhaoError as error:
            self._refuse(SNAPSHOT, version, str(error))
            return was
        except OSError as error:
            self._refuse(SNAPSHOT, version, f"{home}：{system_reason(error)}")
            return was
        self.refused.pop(SNAPSHOT, None)
        return found.ready()

    def _opened(self, version: str) -> Base:
        if not version:
            return Base.of_sample(open_corpora(self.settings.corpora))
        return Base.of_snapshot(Snapshot(layout.folder_of(self.settings.home, version), verify=True))

    def _engines(self, was: dict[str, Engine]) -> tuple[dict[str, Engine], dict[str, str]]:
        rules, corpora = self.settings.rules, self.settings.corpora
        engines: dict[str, Engine] = {}
        broken: dict[str, str] = {}
        zones = zone_ids(rules)
        for zone in zones:
            what, digest = f"rules/{zone}", draft_digest(zone, rules)
            if zone in was and was[zone].zone.digest == digest:
                engines[zone] = was[zone]
                self.refused.pop(what, None)
                continue
            try:
                if not self._waits(what, digest):
                    engines[zone] = Engine(zone, rules=rules, corpora=corpora, processes=1)
                    self.refused.pop(what, None)
                    continue
            except LianzhaoError as error:
                self._refuse(what, digest, str(error))
            except OSError as error:
                self._refuse(what, digest, f"{zone}：{system_reason(error)}")
            if zone in was:
                engines[zone] = was[zone]
            else:
                broken[zone] = self.refused[what].why.splitlines()[0]
        for gone in [what for what in self.refused if what != SNAPSHOT and what.removeprefix("rules/") not in zones]:
            del self.refused[gone]
        return engines, broken

    def _waits(self, what: str, version: str) -> bool:
        """Whether this very one was refused a moment ago."""
        refusal = self.refused.get(what)
        return refusal is not None and refusal.version == version and time.monotonic() < self._tried[what] + _AGAIN

    def _refuse(self, what: str, version: str, why: str) -> None:
        self.refused[what] = Refusal(what, version, why, datetime.now(CHINA_TIME)).succeeding(self.refused.get(what))
        self._tried[what] = time.monotonic()


def _settle() -> None:
    """Takes what is there to stay out of the garbage collector's rounds: looking through rules and words again holds up requests.

    What earlier states held goes first: frozen, it would never be collected.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
