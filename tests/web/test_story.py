"""The whole story before one browser: companies uploaded, ranked, entered from the list, visited on a trip, told in the report."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from matcher.locate import shipped
from matcher.runs import today
from tests.api.servers import served
from tests.web.conftest import Come, Site, ready
from tests.web.test_trips import ZONE, choose, names

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
OFFICE, CITY = "虚构招商局", "青岛"
TITLES = {
    "name": "企业名称", "uscc": "统一社会信用代码", "founded_date": "成立日期", "reg_capital_raw": "注册资本", "city": "所属城市",
    "main_products": "经营范围", "as_of": "数据日期",
}  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Its own, because its companies are switched and its ledgers written."""
    with served(tmp_path / "home") as found:
        yield Site(tmp_path / "home", found.port)


@pytest.fixture
def export(tmp_path: Path) -> tuple[Path, int]:
    """Companies of one city as a registry exports them, and how many."""
    with (shipped("corpora") / "sample" / "companies.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["city"] == CITY]
    path = tmp_path / "青岛企业.csv"
    with path.open("w", encoding="gb18030", newline="") as stream:
        csv.writer(stream).writerows([TITLES.values(), *([row[field] for field in TITLES] for row in rows)])
    return path, len(rows)


def follow(page: Page, title: str) -> None:
    """Goes on by the menu, as people do."""
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    ready(page)


def test_from_the_upload_to_the_report(site: Site, come: Come, shot: Callable[[Page, str], Path], export: tuple[Path, int]) -> None:
    file, count = export
    page = come(site).open(f"/data?zone={ZONE}")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".file")).to_contain_text(file.name)
    page.get_by_role("button", name="开始构建").click()
    page.get_by_role("button", name="换上新的企业库").click()
    expect(page.get_by_text("现在用的是快照")).to_be_visible()

    follow(page, "名单")
    expect(page.locator("header")).to_contain_text(f"{count} 家，资料到 2019-04-30")
    page.get_by_role("button", name="排名").click()
    ranked = page.locator(".ranked tbody tr").filter(has=page.locator(".as-link"))
    expect(ranked.first).to_be_visible()
    wanted = [ranked.nth(place).locator(".as-link").inner_text() for place in (0, 1)]
    for place in (0, 1):
        ranked.nth(place).get_by_role("checkbox").click()
    page.get_by_role("button", name="把选中的加入目标台账").locator("visible=true").click()
    expect(page.get_by_text("已加入目标台账 2 家")).to_be_visible()
    page.get_by_role("button", name="知道了").click()

    follow(page, "台账")
    for name in wanted:
        expect(page.get_by_role("link", name=name)).to_be_visible()
    shot(page, "story-ledger")
    page.get_by_role("link", name=wanted[1]).click()
    page.wait_for_url(lambda url: "row=" in url)
    ready(page)
    expect(page.get_by_label("当时位次")).to_have_value("2")

    follow(page, "行程")
    choose(page, "城市（点选的先后就是去的先后）", CITY)
    page.get_by_label("第一天").fill(today().isoformat())
    page.get_by_label("拜访几天").fill("1")
    page.get_by_role("button", name="排行程").click()
    expect(page.locator(".stop").first).to_be_visible()
    planned = names(page)
    assert set(planned) & set(wanted), "who is best on the list is worth a visit"
    met = next(name for name in planned if name not in wanted)
    page.get_by_role("button", name="转成活动台账").click()
    page.get_by_label("责任部门").fill(OFFICE)
    page.get_by_role("button", name="登记", exact=True).click()
    told = page.locator(".told")
    expect(told).to_contain_text(f"新登记目标企业 {len(set(planned) - set(wanted))} 家")
    for name in set(planned) & set(wanted):
        expect(told).to_contain_text(name)
    page.get_by_role("link", name="号活动").click()
    page.wait_for_url(lambda url: "book=activities" in url)
    ready(page)

    def step(name: str) -> None:
        page.get_by_role("button", name="推进到……").click()
        page.get_by_role("menuitem", name=name, exact=True).click()
        page.get_by_role("button", name="确定").click()
        expect(page.locator(".step.here")).to_contain_text(name)

    step("已开展")
    page.get_by_role("tab").filter(has_text="会见记录").click()
    page.get_by_role("button", name="加一行").click()
    page.wait_for_url(lambda url: "book=meetings" in url)
    ready(page)
    page.get_by_label("企业名称（必填）").or_(page.get_by_label("企业（必填）")).first.fill(met)
    page.get_by_label("（必填）").and_(page.locator(".day-input input")).fill(today().isoformat())
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(lambda url: "row=" in url)
    ready(page)

    follow(page, "台账")
    page.get_by_role("link", name=met).click()
    page.wait_for_url(lambda url: "row=" in url)
    ready(page)
    step("已接触")

    follow(page, "调度")
    moved = page.locator(".report-part").first.locator("tbody tr", has_text=met)
    expect(moved).to_contain_text("待接触 → 已接触")
    unit = page.locator(".report-part").nth(3).locator("tbody tr", has_text=OFFICE)
    expect(unit).to_be_visible()
    cells = dict(
        zip(page.locator(".report-part").nth(3).locator("th").all_inner_texts(), unit.locator("td").all_inner_texts(), strict=True)
    )
    assert (cells["进展"], cells["活动"]) == ("1", "1")
    shot(page, "story-week")
