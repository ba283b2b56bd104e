"""The frame of the pages: menu, zone, keyboard, both sizes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from matcher.web.pages import PAGES
from tests.api.servers import served
from tests.web.conftest import DESK, PHONE, Come, Site, fits, ready

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_opens_at_both_sizes(
    size: tuple[int, int], local_site: Site, come: Come, shot: Callable[[Page, str], Path]
) -> None:
    visitor = come(local_site, size)
    for one in PAGES:
        page = visitor.open(one.path)
        expect(page.get_by_role("heading", name=one.title, level=1)).to_be_visible()
        expect(page).to_have_title(f"{one.title} · 链招")
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        assert fits(page)
        shot(page, f"{one.path.strip('/')}-{size[0]}")
        page.close()


def test_one_who_is_at_this_machine_needs_no_key(local_site: Site, come: Come) -> None:
    page = come(local_site).open()
    assert page.url.startswith(local_site.at(PAGES[0].path))
    expect(page.get_by_text("本机", exact=True).first).to_be_visible()


def test_the_keyboard_goes_past_the_menu(local_site: Site, come: Come) -> None:
    page = come(local_site).open("/ranking")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="跳到正文")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"


def test_the_menu_folds_away_on_a_phone(local_site: Site, come: Come, shot: Callable[[Page, str], Path]) -> None:
    page = come(local_site, PHONE).open("/ranking")
    menu = page.get_by_role("navigation", name="主菜单")
    expect(menu).not_to_be_in_viewport()
    page.get_by_role("button", name="打开或收起菜单").click()
    expect(menu).to_be_in_viewport()
    expect(menu.get_by_role("link", name=PAGES[0].title)).to_have_attribute("aria-current", "page")
    shot(page, "menu-390")


def test_another_zone_is_another_address(local_site: Site, come: Come) -> None:
    page = come(local_site).open("/ranking")
    page.get_by_label("园区").click()
    options = page.get_by_role("option")
    expect(options.nth(1)).to_be_visible()
    options.nth(1).click()
    page.wait_for_url(lambda address: "zone=" in address)
    ready(page)
    assert page.url.startswith(local_site.at("/ranking?zone="))


def test_an_address_that_is_none_says_so(local_site: Site, come: Come) -> None:
    visitor = come(local_site)
    visitor.expects("404")
    page = visitor.open("/nowhere")
    expect(page.get_by_role("heading", name="没有这个网页")).to_be_visible()


def test_a_zone_that_is_none_says_so(local_site: Site, come: Come) -> None:
    visitor = come(local_site)
    visitor.expects("403")
    page = visitor.open("/ranking?zone=nowhere")
    expect(page.get_by_text("没有这个园区")).to_be_visible()


def test_the_documentation_of_the_interface_works_without_any_network(local_site: Site, come: Come) -> None:
    visitor = come(local_site)  # whose browser resolves no names, and who is checked for requests to others
    with urllib.request.urlopen(f"http://127.0.0.1:{local_site.port}/openapi.json") as answer:
        declared = sum(len(methods) for methods in json.load(answer)["paths"].values())
    page = visitor.context.new_page()
    page.goto(f"http://127.0.0.1:{local_site.port}/docs")
    expect(page.locator(".opblock")).to_have_count(declared)
    page.locator(".opblock", has_text="/healthz").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text('"status": "ok"')


def test_the_document_of_the_interface_knows_no_pages(local_site: Site) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{local_site.port}/openapi.json") as answer:
        assert json.load(answer) == json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("options", [["--no-pages"], ["--workers", "2"]])
def test_a_service_without_pages_says_so(options: list[str], tmp_path: Path) -> None:
    with served(tmp_path, *options) as found:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{found.port}/ui/")
        refused.value.close()
        said = [line for line in found.said if "网页" in line]
    assert refused.value.code == 404
    assert len(said) == 1
    assert "开" in said[0]
