"""The planners' guide: its way through the pages works as it is told, its pictures are taken on that way, and its words are on the pages.

``make screenshots`` takes the pictures again (重拍手册插图) into ``docs/images/``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from matcher.ledger.setting import open_setting
from matcher.store.database import open_store
from tests.api.servers import served
from tests.reports import story
from tests.web.conftest import DESK, Come, Site, ready
from tests.web.test_trips import ZONE, choose

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "planners-guide.md"
CITIES = ("青岛", "杭州", "绍兴")
MOST = 150 << 10
"""Bytes of a picture that a page on a slow line may have."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The bundled sample, and ledgers that tell of one trip."""
    setting, home = open_setting(ZONE), tmp_path / "home"
    home.mkdir()
    with open_store(f"sqlite:///{home / 'ledger.db'}") as store:
        story.planned(store, setting)
        story.held(store, setting)
        story.proved(store, setting, home, tmp_path / "协议.pdf", 1, 2, 3)
    with served(home) as found:
        yield Site(home, found.port)


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_way_of_the_guide(site: Site, come: Come, tmp_path: Path) -> None:
    folder = Path(os.environ.get("LIANZHAO_SHOTS") or tmp_path)
    page = come(site, DESK).open()

    def take(name: str) -> None:
        picture(page, folder / f"guide-{name}.png")

    choose(page, "城市", *CITIES)
    page.get_by_role("button", name="排名").click()
    expect(page.locator(".ranked .as-link").first).to_be_visible()
    take("ranking")

    follow(page, "产业链")
    page.get_by_role("tab", name="现代农业").click()
    expect(page.locator(".segment-card:visible").first).to_be_visible()
    take("chains")

    follow(page, "行程")
    choose(page, "城市（点选的先后就是去的先后）", *CITIES)
    page.get_by_label("第一天").fill("2024-08-27")
    page.get_by_label("拜访几天").fill("3")
    page.get_by_role("button", name="排行程").click()
    expect(page.locator(".stop").first).to_be_visible()
    take("trips")

    follow(page, "台账")
    expect(page.get_by_role("link", name=story.SIGNED[0][0])).to_be_visible()
    page.get_by_role("link", name="招商项目台账").click()
    page.get_by_role("link", name=story.SIGNED[0][0]).click()
    expect(page.get_by_role("button", name="推进到……")).to_be_visible()
    take("ledger")

    follow(page, "调度")
    page.get_by_text("月通报").click()
    page.get_by_label("这一天所在的月").fill("2024-08-28")
    expect(page.get_by_text("（2024 年 8 月")).to_be_visible()
    take("dispatch")


def follow(page: Page, title: str) -> None:
    page.get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    ready(page)


def picture(page: Page, file: Path) -> None:
    """A picture without a pointer over anything, in as many colours as it takes to read it."""
    page.mouse.move(0, 767)
    page.wait_for_timeout(600)  # menus fade away
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, animations="disabled")
    with Image.open(file) as shown:
        small = shown.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    assert small.size == DESK
    assert file.stat().st_size <= MOST


def test_the_words_of_the_guide_are_on_the_pages() -> None:
    """What is to be clicked stands in 【】, and the pages say the same."""
    clicked = set(re.findall(r"【(.+?)】", GUIDE.read_text(encoding="utf-8")))
    assert len(clicked) > 20
    places = [*ROOT.glob("matcher/web/*.py"), *ROOT.glob("matcher/outputs/*.py"), *ROOT.glob("rules/*.yaml")]
    said = "\n".join(file.read_text(encoding="utf-8") for file in places)
    assert {words for words in clicked if words not in said} == set()


def test_the_pictures_of_the_guides_are_there_and_small() -> None:
    for name in ("docs/planners-guide.md", "README.zh-CN.md", "README.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        shown = [(ROOT / name).parent / path for path in re.findall(r"!\[.+?\]\((.+?\.png)\)", text)]
        assert shown, name
        for file in shown:
            assert file.stat().st_size <= MOST
            with Image.open(file) as opened:
                assert opened.size == DESK
