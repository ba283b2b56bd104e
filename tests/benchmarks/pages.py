"""What a build costs those who use the pages meanwhile (构建时网页的快慢): ``make bench-pages``.

    python -m tests.benchmarks.pages [--people 30] [--rows 200000]

People with keys and sessions of their own open one page after another, with pauses as readers make them: the page is asked for, its socket
is opened, and it counts as there when nothing on it says any more that it is being read. On the list they press 排名. They do so twice: at
rest, and while somebody builds a snapshot on the page 数据, by the upload and the button that are there. Everything stays on loopback;
readers, service and build share the machine, so ratios are what to read.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import random
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
import socketio

from matcher.locate import shipped
from matcher.store.database import open_store
from matcher.store.keys import Wanted, create_key
from tests.api.servers import served
from tests.benchmarks.api import percentile
from tests.benchmarks.snapshots import code_of

PAGES = ("ranking", "chains", "trips", "ledger", "dispatch", "data")
TITLES = dict(zip(PAGES, ("名单", "产业链", "行程", "台账", "调度", "数据"), strict=True))
RANKED = "按“排名”"
REFUSED = "正在排名的人太多"
"""What whoever presses it is told when his turn has not come within the service's patience."""
refused = [0]
PAUSE = (1.0, 5.0)
"""Seconds for which somebody reads before he opens the next page."""
PATIENCE = 120.0
"""Seconds after which a page that is not there is an error."""
MOST = 150.0
"""Seconds of one round of all people, so that the whole ends by itself."""
Clock = Callable[[], bool]


@dataclass
class Opened:
    """A page as the browser holds it: its elements, and which of them say that something is being read.

    Attributes:
        told: Is set whenever the service has said something new.
        joined: Is set once the socket may be written to.
    """

    client: str
    socket: Any
    elements: dict[str, dict[str, Any]] = field(default_factory=dict)
    loading: set[str] = field(default_factory=set)
    told: asyncio.Event = field(default_factory=asyncio.Event)
    joined: asyncio.Event = field(default_factory=asyncio.Event)

    def update(self, elements: dict[str, Any]) -> None:
        for id_, element in elements.items():
            self.loading.discard(id_)
            if isinstance(element, dict):
                self.elements[id_] = element
                if "state-loading" in element.get("class", ()):
                    self.loading.add(id_)
            else:
                self.elements.pop(id_, None)
        self.told.set()

    async def answer(self, asked: dict[str, Any]) -> None:
        """The one thing that pages ask a browser for: whether the menu stands open beside the page."""
        await self.joined.wait()
        if asked.get("request_id") and self.socket.connected:
            told = {"request_id": asked["request_id"], "client_id": self.client, "result": True}
            await self.socket.emit("javascript_response", told)

    async def until(self, there: Callable[[Opened], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not there(self):
                self.told.clear()
                await self.told.wait()

    def shows(self, words: str) -> bool:
        return any(words in str(element.get("text", "")) for element in self.elements.values())

    async def press(self, label: str) -> None:
        """Clicks a button, as the page's script does."""
        id_, button = next((id_, one) for id_, one in self.elements.items() if one.get("props", {}).get("label") == label)
        click = next(event for event in button["events"] if event["type"] == "click")
        heard = {"id": int(id_), "client_id": self.client, "listener_id": click["listener_id"], "args": []}
        await self.socket.emit("event", heard)


class Person:
    """Somebody with a key, before a browser of his own."""

    def __init__(self, port: int, key: str, seed: int) -> None:
        self._host, self._key, self._chance = f"http://127.0.0.1:{port}", key, random.Random(seed)
        self._browser = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def sign_in(self) -> None:
        async with self._browser.post(
            f"{self._host}/ui/sign-in", data={"key": self._key, "to": "/"}, allow_redirects=False
        ) as answer:
            assert answer.status == 303, await answer.text()

    async def close(self) -> None:
        await self._browser.close()

    async def open(self, page: str) -> Opened:
        """Opens a page; it is there when nothing on it is being read."""
        async with self._browser.get(f"{self._host}/ui/{page}", allow_redirects=False) as answer:
            text = await answer.text()
            assert answer.status == 200, (page, answer.status, text[:300])
        found = re.search(r"query: \{'client_id': '([^']+)', 'next_message_id': (\d+)", text)
        assert found is not None, page
        socket = socketio.AsyncClient(http_session=self._browser, reconnection=False)
        opened = Opened(found[1], socket)
        socket.on("update", opened.update)
        socket.on("run_javascript", opened.answer)
        asked = {"client_id": found[1], "next_message_id": found[2], "implicit_handshake": "true"}
        asked |= {"document_id": str(uuid4()), "tab_id": str(uuid4())}
        await socket.connect(
            f"{self._host}/ui/?{urlencode(asked)}",
            socketio_path="/ui/_nicegui_ws/socket.io",
            transports=["websocket"],
            wait_timeout=PATIENCE,
        )
        opened.joined.set()
        await opened.until(lambda one: bool(one.elements) and not one.loading)
        return opened

    async def upload(self, opened: Opened, file: Path) -> None:
        url = next(one["props"]["url"] for one in opened.elements.values() if "upload" in one.get("props", {}).get("url", ""))
        with file.open("rb") as stream:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("file", stream, filename=file.name, content_type="text/csv")
            async with self._browser.post(f"{self._host}/ui{url}", data=form) as answer:
                assert answer.status == 200, await answer.text()

    async def read(self, rounds: int, while_: Clock, times: dict[str, list[float]]) -> None:
        """Opens the pages, beginning anywhere; what began and ended while it was asked for is timed."""
        until = time.perf_counter() + MOST
        await asyncio.sleep(self._chance.uniform(0, PAUSE[1]))
        for page in self._chance.sample(PAGES, len(PAGES)) * rounds:
            if not while_() or time.perf_counter() > until:
                return
            opened = await self._timed(page, lambda page=page: self.open(page), while_, times)
            try:
                await asyncio.sleep(self._chance.uniform(*PAUSE))
                if page == "ranking" and while_():
                    await self._timed(RANKED, lambda opened=opened: self._ranked(opened), while_, times)
            finally:
                await opened.socket.disconnect()

    @staticmethod
    async def _ranked(opened: Opened) -> None:
        await opened.press("排名")
        await opened.until(lambda one: not one.loading and (one.shows("看过") or one.shows(REFUSED)))
        refused[0] += opened.shows(REFUSED)

    @staticmethod
    async def _timed(name: str, work: Callable[[], Awaitable[Any]], while_: Clock, times: dict[str, list[float]]) -> Any:
        begun = time.perf_counter()
        found = await work()
        if while_():
            times[name].append(time.perf_counter() - begun)
        return found


def recombined(target: Path, rows: int) -> None:
    """Writes companies whose names and products come from rows of the sample, with codes of their own."""
    with (shipped("corpora") / "sample" / "companies.csv").open(encoding="utf-8", newline="") as stream:
        sample = list(csv.DictReader(stream))
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*sample[0]])
        writer.writeheader()
        for number in range(rows):
            first, second = sample[number % len(sample)], sample[(number * 7919 + number // len(sample)) % len(sample)]
            products = f"{first['main_products']}；{second['main_products']}"
            writer.writerow({**first, "uscc": code_of(number), "name": second["name"], "main_products": products})


async def measure(port: int, keys: Sequence[str], builder: str, file: Path, rounds: int) -> None:
    """At rest, then while a snapshot is built."""
    people = [Person(port, key, seed) for seed, key in enumerate(keys)]
    maker = Person(port, builder, len(people))
    try:
        for one in (*people, maker):
            await one.sign_in()
        for page in PAGES:  # what is read once is read
            await (await people[0].open(page)).socket.disconnect()
        idle: dict[str, list[float]] = {name: [] for name in (*PAGES, RANKED)}
        busy: dict[str, list[float]] = {name: [] for name in idle}
        await _all(people, rounds, lambda: True, idle)
        opened = await maker.open("data")
        await maker.upload(opened, file)
        await opened.until(lambda one: one.shows(file.name))
        begun = time.perf_counter()
        await opened.press("开始构建")
        await opened.until(lambda one: one.shows("已用"))
        await _all(people, rounds, lambda: opened.shows("已用"), busy)
        took = time.perf_counter() - begun
        if opened.shows("已用"):
            print(f"构建到测完还没有完，已 {took:.0f} 秒；停下")
            await opened.press("停止构建")
            await opened.until(lambda one: one.shows("停止了构建"))
        else:
            assert opened.shows("建好了"), "the build failed"
            done = next(one["text"] for one in opened.elements.values() if "建好了" in str(one.get("text", "")))
            print(done)
        await opened.socket.disconnect()
    finally:
        for one in (*people, maker):
            await one.close()
    report(idle, busy)


async def _all(people: Sequence[Person], rounds: int, while_: Clock, times: dict[str, list[float]]) -> None:
    async with asyncio.TaskGroup() as group:
        for one in people:
            group.create_task(one.read(rounds, while_, times))


def report(idle: dict[str, list[float]], busy: dict[str, list[float]]) -> None:
    print(f"{'':<12}{'闲时次数':>6}{'p50':>7}{'p95':>7}{'构建时次数':>8}{'p50':>7}{'p95':>7}{'p50 之比':>8} {'p95 之比':>7}   秒")
    opened = [[value for page in PAGES for value in times[page]] for times in (idle, busy)]
    print(f"“{REFUSED}”：{refused[0]} 次")
    lines = [(TITLES.get(name, name), idle[name], busy[name]) for name in idle] + [("打开一页，合计", *opened)]
    for name, first, second in lines:
        if first and second:
            cells = [(len(times), percentile(times, 0.5), percentile(times, 0.95)) for times in (first, second)]
            told = "".join(f"{count:>10}{middle:>8.2f}{late:>8.2f}" for count, middle, late in cells)
            print(f"{name:<12}{told}{cells[1][1] / cells[0][1]:>10.1f}{cells[1][2] / cells[0][2]:>8.1f}")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--people", type=int, default=30)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=2, help="how often everybody opens every page, at most")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home, file = Path(name) / "home", Path(name) / "企业.csv"
        home.mkdir()
        recombined(file, given.rows)
        print(f"{given.people} 人；构建 {given.rows:,} 行（{file.stat().st_size / 1e6:.0f} MB）")
        with open_store(f"sqlite:///{home / 'ledger.db'}") as store:
            keys = [create_key(store, Wanted(f"第 {one + 1} 人", "planner"), by="")[0] for one in range(given.people)]
            builder = create_key(store, Wanted("建库的人", "analyst"), by="")[0]
        with served(home, "--require-keys") as found:
            asyncio.run(measure(found.port, keys, builder, file, given.rounds))


if __name__ == "__main__":
    main()
