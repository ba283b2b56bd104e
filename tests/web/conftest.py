"""The real service before a real browser: Debian's Chromium, driven by Playwright. Where there is no Chromium these tests skip and say so.

Every page that a test opens is watched: no request may leave this machine, and nothing may go wrong in the browser's console.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from matcher.store.database import open_store
from matcher.store.keys import Wanted, create_key
from tests.api.servers import served

CHROMIUM = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
DESK, PHONE = (1366, 768), (390, 844)
"""The two sizes that every page must work at."""
_OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
PATIENCE = 60_000
"""Milliseconds to wait for what a page does: the machine may be busy, and a wait ends when it has come."""


@dataclass
class Site:
    """A running service with its pages.

    Attributes:
        home: Its LIANZHAO_HOME, to make and revoke keys in.
    """

    home: Path
    port: int

    def at(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}/ui{path}"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.home / 'ledger.db'}"

    def key(self, role: str = "planner", **wanted: Any) -> str:
        """A new key."""
        return key_in(self.home, role, **wanted)


@dataclass
class Visitor:
    """One browser with its own cookies, as one person has it."""

    context: BrowserContext
    site: Site
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """Opens a page and waits until it can be used."""
        page = self.context.new_page()
        self.go(page, path)
        return page

    def go(self, page: Page, path: str) -> None:
        page.goto(self.site.at(path))
        ready(page)

    def sign_in(self, key: str, path: str = "/") -> Page:
        """Signs in as somebody does, and is where he wanted to go."""
        page = self.open(path)
        page.get_by_label("接口密钥").fill(key)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url(lambda address: "/sign-in" not in address)
        ready(page)
        return page

    def expects(self, part: str) -> None:
        """An error of the console that is right to come: the browser's own line on an answer of 4xx."""
        self.expected.append(part)

    def check(self) -> None:
        """What holds for every test."""
        assert self.outside == []
        assert [line for line in self.errors if not any(part in line for part in self.expected)] == []

    def watch(self) -> Visitor:
        self.context.on("request", self._request)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        return self

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"http://127.0.0.1:{self.site.port}/", "data:", "blob:")):
            self.outside.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.text} {message.location}")


def ready(page: Page) -> None:
    """Waits until a page has its socket, or needs none."""
    page.wait_for_load_state("load")
    page.wait_for_function("() => document.body.classList.contains('plain') || (window.socket && window.socket.connected)")


def key_in(home: Path, role: str, **wanted: Any) -> str:
    with open_store(f"sqlite:///{home / 'ledger.db'}") as store:
        return create_key(store, Wanted(**{"name": "试用", "role": role, **wanted}), by="")[0]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def local_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """At one's own machine, without keys, on the bundled sample."""
    home = tmp_path_factory.mktemp("pages")
    with served(home) as found:
        yield Site(home, found.port)


@pytest.fixture(scope="session")
def keyed_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With keys, on the bundled sample; a proxy at this machine may say how it was called itself."""
    home = tmp_path_factory.mktemp("keyed-pages")
    key_in(home, "admin")
    with served(home, "--require-keys", "--trusted-proxy", "127.0.0.1") as found:
        yield Site(home, found.port)


Come = Callable[..., Visitor]


@pytest.fixture
def come(browser: Browser) -> Iterator[Come]:
    """Lets somebody come to a site, with a browser of his own; all are checked at the end."""
    visitors: list[Visitor] = []

    def come_(site: Site, size: tuple[int, int] = DESK) -> Visitor:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN", has_touch=size == PHONE)
        context.set_default_timeout(PATIENCE)
        visitors.append(Visitor(context, site).watch())
        return visitors[-1]

    yield come_
    for visitor in visitors:
        visitor.context.close()
    for visitor in visitors:
        visitor.check()


@pytest.fixture
def shot(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Page, str], Path]:
    """Takes a picture of a page; ``LIANZHAO_SHOTS`` names the folder where people want to look at them."""
    folder = Path(os.environ.get("LIANZHAO_SHOTS") or tmp_path)

    def take(page: Page, name: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        page.screenshot(path=file)
        return file

    return take


def fits(page: Page) -> bool:
    """Whether nothing of a page hangs over its side."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"))
