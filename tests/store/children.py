"""What other processes do in the tests of the store; imported by them, so nothing here starts by itself."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import date
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from matcher.corpora import open_corpora
from matcher.intake import from_profiles
from matcher.matching.resolution import Known, Resolver
from matcher.rules import kept
from matcher.rules.resolution import load_resolution
from matcher.store import lists
from matcher.store.audit import Entry, note
from matcher.store.database import open_store
from matcher.store.judgements import judge
from matcher.store.lists import ListKind, import_list
from matcher.store.rulesets import publish
from matcher.store.runs import save_run
from matcher.types import Run

NAMES = [f"青岛甲乙{number}号玩具有限公司" for number in range(60)]
KIND = ListKind("专精特新", date(2023, 7, 14))
CONTENT = {"zone.yaml": b"id: z\n", "scoring.yaml": b"rules: []\n"}


def context() -> ForkServerContext:
    """Processes that begin with these modules read, and with nothing else of the test."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["tests.store.children"])
    return made


def start(work: Any, *arguments: Any) -> ForkServerProcess:
    process = context().Process(target=work, args=arguments)
    process.start()
    return process


def a_run(number: int) -> Run:
    return Run(
        f"{number:032x}", "z", "2024-08-27T10:00:00+08:00", f"snapshot {number % 7}", "r", "c", {"lianzhao": "1"}, {"top": 20}
    )


def open_at_once(address: str, barrier: Any, number: int) -> None:
    barrier.wait(120)
    with open_store(address) as store:
        judge(store, f"甲{number}", None)


def write_often(address: str, barrier: Any, number: int, times: int) -> None:
    barrier.wait(120)
    with open_store(address) as store:
        for turn in range(times):
            judge(store, f"甲{number}乙{turn}", "某某有限公司")
            save_run(store, a_run(turn), "0" * 64)  # the same runs from everybody


def dying_before(statement: int) -> Callable[[], int]:
    """From here on this process is killed before the statement or commit of this number; gives how many there were."""
    executed = 0

    def count(*_: object) -> None:
        nonlocal executed
        executed += 1
        if executed == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    return lambda: executed


def import_and_die(address: str, statement: int, ready: Any) -> None:
    """Imports a list, and is killed before the statement of this number among those that follow the reading of names."""
    corpora = open_corpora()
    profiles = from_profiles([{"name": name} for name in NAMES], corpora)
    resolver = Resolver(profiles.companies, corpora, load_resolution(), Known({}, {}))
    lists._AT_ONCE = 4
    ready.set()
    with open_store(address) as store:
        executed = dying_before(statement)
        import_list(store, KIND, profiles, resolver, against="base")
    os._exit(executed())  # how many there were


def note_often(address: str, barrier: Any, number: int, times: int) -> None:
    barrier.wait(120)
    with open_store(address) as store:
        for turn in range(times):
            note(store, Entry(None, "甲", "rank_companies", f"{number}-{turn}"))


def publish_at_once(address: str, barrier: Any, number: int, times: int, told: Any) -> None:
    """Publishes, each digest twice over all processes; what is told goes to ``told``."""
    barrier.wait(120)
    with open_store(address) as store:
        for turn in range(times):
            digest = f"{number // 2 * 1000 + turn:064x}"
            done = publish(store, "z", digest, by=f"甲{number}", note=f"{turn}", compliance="c")
            told.put((number, turn, done.version.number, done.version.digest, done.is_new, done.before and done.before.number))


def publish_and_die(address: str, home: str, statement: int, ready: Any) -> None:
    """Keeps a copy and publishes it, and is killed before the statement of this number."""
    executed = 0

    def count(*_: object) -> None:
        nonlocal executed
        executed += 1
        if executed == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    ready.set()
    with open_store(address) as store, kept.keeping(Path(home)):
        digest = kept.keep(Path(home), CONTENT)
        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        publish(store, "z", digest, by="甲", note="首次", compliance="c")
    os._exit(executed)
