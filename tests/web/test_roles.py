"""Each role before a browser: what is in its menu, what it finds on the pages, and that the rest is refused where it is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from matcher.web.pages import PAGES
from tests.web.conftest import Come, Site
from tests.web.test_trips import ZONE, plan

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
ALL = ["名单", "产业链", "行程", "台账", "调度", "规则", "数据"]
MENUS = {"planner": ALL, "analyst": ALL, "tracker": ["规则"], "admin": ALL}
WANTED: dict[str, dict[str, Any]] = {"planner": {"group": "culture-tourism-group"}, "analyst": {"leader": True}}
"""Role → what else its key says: the ledgers are read by groups and leaders."""
BUTTONS = {
    "/ranking": {"把选中的加入目标台账": {"planner", "admin"}, "导出": {"planner", "analyst", "admin"}},
    "/trips": {"排行程": {"planner", "analyst", "admin"}},
    "/ledger": {"登记一行": {"planner", "admin"}},
    "/dispatch": {"Word（可改）": {"planner", "analyst", "admin"}},
    "/rules": {"把改动存进草稿": {"analyst", "admin"}},
    "/data": {"开始构建": {"analyst", "admin"}},
}
"""Page → button → roles that find it there; ``matcher/api/roles.py`` in the words of the pages."""

DRAWN = {"/ledger": "Excel 导入、导出", "/rules": "主营业务契合环节", "/data": "现在的企业库"}
"""Page → what everybody finds there once it is drawn, so that what is not there then is not there."""


def menu(page: Page) -> list[str]:
    found = page.get_by_role("navigation", name="主菜单").get_by_role("link").all_inner_texts()
    return [line.split()[-1] for line in found]


@pytest.mark.parametrize("role", MENUS)
def test_a_role_finds_what_it_may_do_and_no_more(role: str, keyed_site: Site, come: Come) -> None:
    visitor = come(keyed_site)
    visitor.expects("403")
    page = visitor.sign_in(keyed_site.key(role, **WANTED.get(role, {})), f"/rules?zone={ZONE}")
    assert menu(page) == MENUS[role]
    for one in PAGES:
        visitor.go(page, f"{one.path}?zone={ZONE}")
        if one.title not in MENUS[role]:
            expect(page.get_by_text(f"的密钥不能看“{one.title}”")).to_be_visible()
            continue
        if one.path == "/ranking":
            page.get_by_role("button", name="排名").click()
            expect(page.locator(".ranked .as-link").first).to_be_visible()
            expect(page.get_by_text("试调分值")).to_have_count(1 if role in ("analyst", "admin") else 0)
        elif one.path in DRAWN:
            expect(page.get_by_text(DRAWN[one.path]).first).to_be_visible()
        assert (one.path, page.locator(".state-wrong").all_inner_texts()) == (one.path, [])
        for name, roles in BUTTONS.get(one.path, {}).items():
            button = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).locator("visible=true")
            expect(button).to_have_count(1 if role in roles else 0)


def test_an_analyst_reads_a_trip_that_a_planner_enters(keyed_site: Site, come: Come) -> None:
    page = come(keyed_site).sign_in(keyed_site.key("planner"), f"/trips?zone={ZONE}")
    plan(page, 1, "青岛")
    expect(page.get_by_role("button", name="转成活动台账")).to_be_visible()
    address = "/trips?" + page.url.partition("?")[2]
    analyst = come(keyed_site).sign_in(keyed_site.key("analyst"), "/rules")
    analyst.goto(keyed_site.at(address))
    expect(analyst.locator(".stop").first).to_be_visible()
    expect(analyst.get_by_role("button", name="拜访单")).to_be_visible()
    expect(analyst.get_by_role("button", name="转成活动台账")).to_have_count(0)
