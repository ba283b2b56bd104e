"""名单 in a real browser: ranked, opened, tried with other points, entered into the ledger once and not blindly twice, saved as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from matcher.ledger.tables import BOOKS
from matcher.store.database import open_store
from tests.api.servers import served
from tests.web.conftest import DESK, PHONE, Come, Site, fits, key_in

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
Shot = Callable[[Page, str], Path]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Its own, because the ledger is written."""
    home = tmp_path_factory.mktemp("lists")
    with served(home) as found:
        yield Site(home, found.port)


def ranked(page: Page, city: str = "") -> list[str]:
    """Ranks, and gives the names on the list."""
    if city:
        page.get_by_label("城市").click()
        page.get_by_role("option", name=city).first.click()
        page.keyboard.press("Escape")
    page.get_by_role("button", name="排名").click()
    names = page.locator(".ranked .as-link")
    expect(names.first).to_be_visible()
    return names.all_inner_texts()


def saved(page: Page, form: str) -> bytes:
    page.get_by_role("button", name="导出").click()
    with page.expect_download() as download:
        page.get_by_text(form, exact=False).last.click()
    return Path(download.value.path()).read_bytes()


def targets(site: Site) -> list[dict[str, object]]:
    with open_store(site.database) as store, store.reading() as connection:
        return [dict(row) for row in connection.execute(select(BOOKS["targets"])).mappings()]


def test_from_a_list_to_the_ledger(site: Site, come: Come, shot: Shot) -> None:
    page = come(site, DESK).open("/ranking")
    names = ranked(page, "青岛")
    cities = page.locator(".ranked tbody td.city").all_inner_texts()
    assert {city.split()[0] for city in cities} == {"青岛"}
    assert len(names) == len(cities) == len(set(names))
    shot(page, "ranked")
    table = saved(page, "CSV").decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(table)))
    assert [line["name"] for line in lines if line["list"] == "产业链"] == names
    run = json.loads(saved(page, "JSON"))
    assert [one["name"] for one in run["results"]] == names
    assert saved(page, "XLSX").startswith(b"PK")

    page.locator(".ranked .as-link").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("分是怎样来的")).to_be_visible()
    expect(dialog.locator(".waterfall svg")).to_be_visible()
    expect(dialog.get_by_text("逐条规则")).to_be_visible()
    assert dialog.locator(".finding .points").count() > 10
    shot(page, "company")
    dialog.get_by_role("button", name="加入目标台账").click()
    expect(page.get_by_text("已加入目标台账 1 家")).to_be_visible()
    (kept,) = targets(site)
    assert (kept["company"], kept["run"], kept["run_rank"]) == (names[0], run["run"]["id"], 1)
    assert kept["why"] == run["results"][0]["reason"]
    page.get_by_role("button", name="知道了").click()
    dialog.get_by_role("button", name="加入目标台账").click()
    expect(page.get_by_text("已有第 1 号目标", exact=False)).to_be_visible()
    page.get_by_role("button", name="不登记").click()
    expect(page.get_by_text("已有人在跟")).to_be_hidden()
    assert len(targets(site)) == 1
    page.get_by_role("button", name="关闭").click()
    expect(dialog).to_be_hidden()


def test_points_are_tried_and_nothing_is_written(site: Site, come: Come, shot: Shot) -> None:
    page = come(site, DESK).open("/ranking")
    names = ranked(page)
    page.get_by_text("试调分值").click()
    expect(page.get_by_role("button", name="全部还原")).to_be_visible()
    page.get_by_text("主业契合", exact=True).first.click()
    slider = page.locator(".slider:visible").filter(has_text="主营业务契合环节")
    handle = slider.locator("[tabindex='0']")
    handle.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_contain_text("20 → 10")
    told = page.locator(".trial-result")
    expect(told).to_contain_text("改了 1 项")
    expect(told.locator(".move").first).to_be_visible()
    shot(page, "trial")
    page.get_by_role("button", name="全部还原").click()
    expect(told).to_contain_text("和原来的名单一样")
    assert not (site.home / "drafts").exists()
    page.get_by_text("更多条件").click()
    page.get_by_label("名称、理由里的词").fill(names[2][:4])
    page.get_by_role("button", name="排名").click()
    expect(page.locator(".ranked .as-link").filter(has_text=names[2])).to_be_visible()
    assert len(page.locator(".ranked .as-link").all()) < len(names)


def test_a_phone_shows_cards(site: Site, come: Come, shot: Shot) -> None:
    page = come(site, PHONE).open("/ranking")
    ranked(page)
    expect(page.locator(".ranked .card").first).to_be_visible()
    expect(page.locator(".ranked .card").first).to_contain_text("待核")
    page.locator(".ranked .card .q-checkbox").first.click()
    expect(page.get_by_text("选中 1 家")).to_be_visible()
    assert fits(page)
    shot(page, "ranked-390")
    page.locator(".ranked .as-link").first.click()
    expect(page.get_by_text("分是怎样来的")).to_be_visible()
    expect(page.locator(".waterfall svg")).to_be_visible()
    assert fits(page)
    shot(page, "company-390")


def test_a_segment_of_a_chain_leads_to_its_companies(site: Site, come: Come, shot: Shot) -> None:
    page = come(site, DESK).open("/chains")
    page.get_by_role("tab", name="文旅度假").click()
    there = page.locator(".segment-card:visible").filter(has_text="度假酒店与高端酒店")
    expect(there).to_contain_text("可谈")
    shot(page, "chains")
    there.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("可以拜访的企业")).to_be_visible()
    best = dialog.locator(".line").filter(has_text="全部名单第").first.inner_text().split("　")[0]
    shot(page, "segment")
    dialog.get_by_role("button", name="到名单里看这一环节").click()
    expect(page.locator(".ranked .as-link").first).to_have_text(best)
    segments = page.locator(".ranked tbody td.segment").all_inner_texts()
    assert {text.split(" / ")[-1] for text in segments} == {"度假酒店与高端酒店"}


def test_each_role_sees_what_it_may(keyed_site: Site, come: Come) -> None:
    key_in(keyed_site.home, "admin")
    planner = come(keyed_site)
    page = planner.sign_in(keyed_site.key("planner"), "/ranking")
    ranked(page)
    expect(page.get_by_text("试调分值")).to_have_count(0)
    planner.go(page, "/rules")
    expect(page.get_by_text("主营业务契合环节").first).to_be_visible()
    expect(page.get_by_role("button", name="把改动存进草稿")).to_have_count(0)
    expect(page.get_by_role("tab", name="发布")).to_have_count(0)
    planner.go(page, "/data")
    expect(page.get_by_text("现在的企业库")).to_be_visible()
    expect(page.get_by_role("button", name="开始构建")).to_have_count(0)
    analyst = come(keyed_site)
    page = analyst.sign_in(keyed_site.key("analyst", zones=["liaocheng-resort"]), "/data")
    expect(page.get_by_text("只限某些园区的密钥只能看")).to_be_visible()
    expect(page.get_by_role("button", name="开始构建")).to_have_count(0)
    analyst.go(page, "/rules")
    expect(page.get_by_role("button", name="把改动存进草稿")).to_be_visible()
