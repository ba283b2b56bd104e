"""A phone that is turned, a window that is made narrow: what is a table on a desk is cards on a phone, without a reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import DESK, PHONE, Come, Site, fits
from tests.web.test_trips import ZONE

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def turn(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def settles(page: Page) -> None:
    """Waits until nothing hangs over the side any more: fields are laid out a moment after the page is turned."""
    page.wait_for_function("() => document.documentElement.scrollWidth <= window.innerWidth", timeout=10_000)
    assert fits(page)


def test_the_list_follows(local_site: Site, come: Come) -> None:
    page = come(local_site, PHONE).open(f"/ranking?zone={ZONE}")
    page.get_by_role("button", name="排名").click()
    card, row = page.locator(".ranked .card").first, page.locator(".ranked tbody tr").first
    expect(card).to_be_visible()
    expect(row).to_have_count(0)
    page.locator(".ranked .card").nth(2).get_by_role("checkbox").click()
    turn(page, DESK)
    expect(row).to_be_visible()
    expect(card).to_have_count(0)
    expect(page.locator(".ranked tbody tr").nth(2).get_by_role("checkbox")).to_be_checked()
    turn(page, PHONE)
    expect(card).to_be_visible()
    settles(page)


def test_the_ledgers_follow(local_site: Site, come: Come) -> None:
    page = come(local_site, PHONE).open(f"/ledger?zone={ZONE}&book=targets&new=1")
    page.get_by_label("类型（必填）").click()
    page.get_by_role("option", name="企业", exact=True).click()
    page.get_by_label("企业名称（必填）").fill("虚构转屏有限公司")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(lambda url: "row=" in url)
    page.goto(local_site.at(f"/ledger?zone={ZONE}"))
    expect(page.locator(".row-card").first).to_be_visible()
    turn(page, (844, 390))
    expect(page.locator(".rows tbody tr").first).to_be_visible()
    expect(page.locator(".row-card")).to_have_count(0)
    turn(page, PHONE)
    expect(page.locator(".row-card").first).to_be_visible()
