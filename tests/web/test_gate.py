"""What the inner door and the workshop decide, without a browser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.api.access import LOCAL, Caller
from matcher.api.problems import RefusedError
from matcher.api.rates import Buckets
from matcher.api.records import Records
from matcher.api.service import Service
from matcher.api.settings import Limits, Settings
from matcher.errors import RequestError
from matcher.store.audit import lines
from matcher.store.database import open_store
from matcher.store.keys import Standing, Wanted, create_key, revoke_key
from matcher.web.builds import Builds
from matcher.web.gate import own_path
from matcher.web.pages import PAGES
from matcher.web.sessions import Sessions
from matcher.web.workshop import Visit, Workshop

T = TypeVar("T")
_pieces = st.sampled_from(
    [
        "/",
        "//",
        "\\",
        "http:",
        "https://",
        "evil.invalid",
        "@",
        "?",
        "#",
        "..",
        "%2f",
        "\t",
        "\n",
        "ranking",
        "zone=a",
        "&",
        ":",
        "[",
        "]",
    ]
)
_addresses = st.one_of(
    st.text(), st.lists(_pieces).map("".join), st.builds(lambda tail: PAGES[0].path + tail, st.lists(_pieces).map("".join))
)


@given(_addresses)
def test_wherever_one_wants_to_go_one_stays_here(wanted: str) -> None:
    found = own_path(wanted)
    there = urlsplit(urljoin("http://here.invalid/ui/sign-in", "/ui" + found))
    assert (there.scheme, there.netloc) == ("http", "here.invalid")
    assert there.path.removeprefix("/ui") in {"/", *(page.path for page in PAGES)}
    assert found.isascii()
    assert found.isprintable()
    assert own_path(found) == found


def test_paths_and_titles_are_no_twice() -> None:
    assert len({page.path for page in PAGES}) == len({page.title for page in PAGES}) == len(PAGES)


def alone(work: Coroutine[Any, Any, T]) -> T:
    """Runs something in a thread of its own: the loop of the browser's driver may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def workshop_in(home: Path, **limits: Any) -> Workshop:
    settings = Settings(home=home, needs_keys=True, log="off", limits=Limits(**limits))
    return Workshop(settings, Service(settings), Records(settings.address), Buckets(home / "rates"), Builds(settings))


def visit_in(workshop: Workshop, caller: Caller) -> Visit:
    return Visit(workshop, caller, "a", ("a",), {}, "/ui", "r1")


def asked_lines(workshop: Workshop) -> list[tuple[str, int | None, str | None]]:
    with open_store(workshop.settings.address) as store:
        return [(line.entry.operation, line.entry.status, line.entry.run) for line in lines(store)]


def test_what_a_page_asks_is_asked_as_over_http(tmp_path: Path) -> None:
    workshop = workshop_in(tmp_path)
    planner = Caller("k1", "甲", "planner", zones=("a",))

    def missing() -> str:
        raise RequestError("城市", "某某", ())

    async def ask() -> None:
        assert await visit_in(workshop, planner).ask("rank_companies", lambda: "f" * 32, run=str) == "f" * 32
        with pytest.raises(RequestError):
            await visit_in(workshop, planner).ask("rank_companies", missing)
        for caller in (replace(planner, role="tracker"), replace(planner, scopes=("read",)), replace(planner, zones=("b",))):
            with pytest.raises(RefusedError, match="不能做"):
                await visit_in(workshop, caller).ask("rank_companies", missing)
        await workshop.records.close()

    alone(ask())
    assert asked_lines(workshop) == [("rank_companies", 404, None), ("rank_companies", 200, "f" * 32)]


def test_a_key_has_one_rate_for_pages_and_interface(tmp_path: Path) -> None:
    workshop = workshop_in(tmp_path, per_minute=3)
    visit = visit_in(workshop, Caller("k1", "甲", "planner"))

    async def ask() -> list[int]:
        done = [await visit.ask("list_zones", lambda: 1) for _ in range(3)]
        with pytest.raises(RefusedError, match="频繁"):
            await visit.ask("list_zones", lambda: 0)
        return done

    assert len(alone(ask())) == 3


def test_a_key_with_a_rate_of_its_own_has_it_on_the_pages_too(tmp_path: Path) -> None:
    workshop = workshop_in(tmp_path, per_minute=3)
    visit = visit_in(workshop, Caller("k1", "甲", "planner", per_minute=1))

    async def ask() -> None:
        await visit.ask("list_zones", lambda: 1)
        with pytest.raises(RefusedError, match="频繁"):
            await visit.ask("list_zones", lambda: 0)

    alone(ask())


def test_heavy_work_takes_turns(tmp_path: Path) -> None:
    workshop = workshop_in(tmp_path, heavy=2)
    lock, now, most = threading.Lock(), 0, 0
    pair = threading.Barrier(2)

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        pair.wait(60)  # two are at work together, or this would never end
        with lock:
            now -= 1

    async def ask() -> None:
        visit = visit_in(workshop, replace(LOCAL, zones=None))
        await asyncio.gather(*(visit.ask("get_gaps", work) for _ in range(6)))

    alone(ask())
    assert most == 2


def test_a_session_is_as_good_as_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.web.sessions.FRESH", -1.0)
    workshop = workshop_in(tmp_path)
    with open_store(workshop.settings.address) as store:
        token, _ = create_key(store, Wanted("甲", "planner"), by="")

        async def live() -> None:
            sessions = Sessions(workshop.records)
            assert await sessions.begin(token[:-1]) is Standing.UNKNOWN
            begun = await sessions.begin(token)
            assert not isinstance(begun, Standing)
            cookie, session = begun
            assert token not in cookie
            assert cookie not in repr(vars(session))
            assert await sessions.find(cookie) is session
            assert await sessions.find(cookie + "x") is None
            assert await sessions.find(None) is None
            revoke_key(store, token, by="")
            assert await sessions.find(cookie) is None
            assert session.ended
            assert await sessions.begin(token) is Standing.REVOKED
            await workshop.records.close()

        alone(live())


def test_one_who_rests_too_long_signs_in_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop = workshop_in(tmp_path)
    with open_store(workshop.settings.address) as store:
        token, _ = create_key(store, Wanted("甲", "planner"), by="")

    async def live() -> None:
        sessions = Sessions(workshop.records)
        begun = await sessions.begin(token)
        assert not isinstance(begun, Standing)
        monkeypatch.setattr("matcher.web.sessions.IDLE", -1.0)
        assert await sessions.find(begun[0]) is None
        await workshop.records.close()

    alone(live())
