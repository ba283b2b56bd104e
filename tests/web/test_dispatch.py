"""调度: reports of a week, a month and a year on a page, whose figures open the rows behind them; links agree with the figures."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from matcher.ledger.books import TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.setting import open_setting
from matcher.outputs.report_links import books, named, of_report
from matcher.outputs.reports import Wanted, report
from matcher.rules.assessment import load_assessment
from matcher.runs import today
from matcher.store.database import open_store
from matcher.web.dispatch import span
from tests.api.servers import served
from tests.reports import story
from tests.web.conftest import PHONE, Come, Site, fits, ready

pytestmark = pytest.mark.slow

ZONE = "liaocheng-resort"


def ranked(home: Path) -> str:
    """Ranks as the command does, and tells who is first."""
    command = [sys.executable, "-m", "matcher", "rank", "--zone", ZONE, "--city", "青岛", "--top", "20", "--format", "json"]
    done = subprocess.run(command, env={**os.environ, "LIANZHAO_HOME": str(home)}, capture_output=True, check=True)
    return str(json.loads(done.stdout)["results"][0]["name"])


@pytest.fixture(scope="module")
def told_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose ledgers tell the article's story."""
    home = tmp_path_factory.mktemp("told")
    setting = open_setting(ZONE)
    with open_store(f"sqlite:///{home / 'ledger.db'}") as store:
        story.planned(store, setting)
        story.held(store, setting)
        story.proved(store, setting, home, home / "协议.pdf", 1, 2)
    first = ranked(home)
    with sqlite3.connect(home / "ledger.db") as connection:  # that was last week
        connection.execute("UPDATE runs SET created_at = ?", (f"{today() - timedelta(days=7)} 02:00:00.000000",))
    with open_store(f"sqlite:///{home / 'ledger.db'}") as store, entering(store, setting, by="甲") as entry:
        made = entry.add(TARGETS, {"kind": "企业", "company": first})
        entry.step(TARGETS, made.id, "放弃", reason="对方无意")
    assert ranked(home) != first
    with served(home) as found:
        yield Site(home, found.port)


def test_every_figure_has_as_many_rows_as_it_says(told_site: Site) -> None:
    setting = open_setting(ZONE)
    with open_store(told_site.database) as store:
        scales = load_assessment(setting.rules)
        week, document = report(store, setting, scales, Wanted("weekly", date(2024, 8, 28), date(2024, 8, 31)))
        [efforts] = of_report("weekly", week).values()
        section = document.sections[3]
        assert len(efforts) == len(section.rows)
        for behind, cells in zip(efforts, section.rows, strict=True):
            shown = dict(zip(section.head, cells, strict=True))
            assert {title: str(len(rows)) for title, rows in behind.items()} == {title: shown[title] for title in behind}
        for kind in ("monthly", "annual"):
            told, document = report(store, setting, scales, Wanted(kind, date(2024, 8, 28), date(2024, 8, 31)))
            found = of_report(kind, told)
            assert found
            for number, lines in found.items():
                assert len(lines) == len(document.sections[number].rows)
                titles = set(document.sections[number].head)
                assert all(set(line) <= titles for line in lines)


def test_cells_that_name_rows_are_read() -> None:
    of = books(open_setting(ZONE))
    assert named(of, "项目 3、项目 12") == ("projects:3", "projects:12")
    assert named(of, "目标 1") == ("targets:1",)
    assert named(of, "无") == named(of, "") == named(of, "某某 3") == ()


@given(on=st.dates(date(2000, 2, 1), date(2090, 1, 1)))
def test_the_span_before_and_after_is_the_neighbour(on: date) -> None:
    before, after = span("monthly", on)
    assert (on.year * 12 + on.month) - (before.year * 12 + before.month) == 1
    assert (after.year * 12 + after.month) - (on.year * 12 + on.month) == 1
    before, after = span("annual", on)
    assert (before.year, after.year) == (on.year - 1, on.year + 1)
    before, after = span("weekly", on)
    assert (on - before).days == (after - on).days == 7


def saved(page: Page, button: str) -> bytes:
    with page.expect_download() as found:
        page.get_by_role("button", name=button, exact=True).click()
    return Path(found.value.path()).read_bytes()


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_month_of_the_trip_is_told(told_site: Site, come: Come, shot: Callable[[Page, str], Path]) -> None:
    visitor = come(told_site)
    page = visitor.open(f"/dispatch?zone={ZONE}&kind=monthly&on=2024-08-28")
    expect(page.get_by_role("heading", name="招商工作月通报")).to_be_visible()
    expect(page.get_by_text("意向/框架项目数 2（填报 3）").first).to_be_visible()
    shot(page, "dispatch-month")
    page.locator(".figure", has_text="2（填报 3）").first.click()
    page.locator(".figure-rows").get_by_text("项目 3").click()
    page.wait_for_url(lambda url: "row=3" in url)
    ready(page)
    expect(page.get_by_text(story.SIGNED[2][0]).first).to_be_visible()

    page = visitor.open(f"/dispatch?zone={ZONE}&kind=weekly&on=2024-08-28")
    expect(page.get_by_text("2024 年 8 月 26 日至2024 年 9 月 1 日")).to_be_visible()
    expect(page.get_by_role("link", name="项目 1", exact=True).first).to_have_attribute(
        "href", f"/ui/ledger?zone={ZONE}&book=projects&row=1"
    )
    shot(page, "dispatch-week")
    text = "\n".join(line.text for line in docx.Document(io.BytesIO(saved(page, "Word（可改）"))).paragraphs)
    assert "招商工作周调度" in text
    assert CalamineWorkbook.from_filelike(io.BytesIO(saved(page, "Excel"))).sheet_names[0] == "说明"
    assert "招商工作周调度" in saved(page, "网页（可打印）").decode()
    page.get_by_role("button", name="上一周").click()
    expect(page.get_by_text("2024 年 8 月 19 日至2024 年 8 月 25 日")).to_be_visible()
    page.get_by_text("年考核").click()
    expect(page.get_by_text("招商工作年度考核")).to_be_visible()
    expect(page.get_by_text(story.DEPARTMENT).first).to_be_visible()
    shot(page, "dispatch-year")
    page = visitor.open(f"/dispatch?zone={ZONE}")
    changes = page.locator(".report-part", has_text="五、推荐名单的变化")
    expect(changes.locator("tbody tr", has_text="不再列入")).to_contain_text("否决：已放弃或流失")
    expect(changes.locator("tbody tr", has_text="新列入")).to_contain_text("21 → 20")
    changes.scroll_into_view_if_needed()
    shot(page, "dispatch-changes")
    phone = come(told_site, PHONE).open(f"/dispatch?zone={ZONE}&kind=monthly&on=2024-08-28")
    expect(phone.get_by_role("heading", name="招商工作月通报")).to_be_visible()
    assert fits(phone)
    card = phone.locator(".row-card", has_text="意向/框架项目数").first
    assert card.evaluate("one => one.scrollWidth <= one.clientWidth"), "nothing is cut at the side"
    card.get_by_role("button", name="本月 2（填报 3），看出自哪几行").click()
    expect(phone.get_by_role("dialog", name="本月出自哪几行").get_by_role("link", name="项目 3")).to_be_visible()
    shot(phone, "dispatch-phone")
