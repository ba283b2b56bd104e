"""行程: a team leader plans a trip, moves visits, hears of appointments and refusals, takes the files and enters the trip."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import docx
import icalendar
import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from matcher.ledger import reading
from matcher.ledger.books import ACTIVITIES, TARGETS
from matcher.store.database import open_store
from tests.web.conftest import PHONE, Come, Site, fits

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
ZONE = "liaocheng-resort"


def choose(page: Page, label: str, *names: str) -> None:
    """Picks from a list that can be typed into."""
    field = page.get_by_label(label)
    for name in names:
        field.click()
        field.fill(name)
        page.get_by_role("option", name=name).first.click()
    page.keyboard.press("Escape")


def plan(page: Page, days: int, *cities: str, explain: bool = False) -> None:
    choose(page, "城市（点选的先后就是去的先后）", *cities)
    page.get_by_label("第一天").fill("2024-08-27")
    page.get_by_label("拜访几天").fill(str(days))
    if not explain:
        page.get_by_text("更多要求").click()
        page.get_by_text("算必访的代价、多一天少一天（慢几倍）").click()
    page.get_by_role("button", name="排行程").click()
    expect(page.locator(".stop").first).to_be_visible()


def names(page: Page) -> list[str]:
    return page.locator(".stop-name").all_inner_texts()


def times(page: Page) -> list[str]:
    return page.locator(".stop-when .begins").all_inner_texts()


def saved(page: Page, button: str) -> bytes:
    with page.expect_download() as found:
        page.get_by_role("button", name=button, exact=True).click()
    return Path(found.value.path()).read_bytes()


def test_a_trip_from_the_wish_to_the_ledger(local_site: Site, come: Come, shot: Callable[[Page, str], Path]) -> None:
    page = come(local_site).open(f"/trips?zone={ZONE}")
    shot(page, "trips-form")
    plan(page, 2, "杭州", "绍兴", explain=True)
    assert "plan=" in page.url
    expect(page.get_by_role("heading", name="多一天")).to_be_visible()
    shot(page, "trips-plan")
    before = names(page)
    first_day = page.locator(".day").first.locator(".stop-name").all_inner_texts()
    assert len(first_day) >= 2

    # up and down: the times follow, nothing is kept yet
    page.get_by_role("button", name=f"{first_day[0]}推后一位").click()
    expect(page.get_by_text("次序改过了")).to_be_visible()
    expect(page.get_by_role("button", name=f"{first_day[0]}推后一位")).to_be_focused()
    assert page.locator(".day").first.locator(".stop-name").all_inner_texts()[:2] == [first_day[1], first_day[0]]
    page.get_by_role("button", name="放弃改动").click()
    expect(page.get_by_text("次序改过了")).to_have_count(0)
    assert names(page) == before

    # by dragging, kept
    page.locator(".stop").nth(1).drag_to(page.locator(".stop").nth(0))
    expect(page.get_by_text("次序改过了")).to_be_visible()
    shot(page, "trips-moved")
    address = page.url
    page.get_by_role("button", name="保存这个次序").click()
    page.wait_for_url(lambda url: url != address)
    assert names(page)[:2] == [before[1], before[0]]

    # one agrees, one refuses, and that is planned for at once: nobody else moves
    there = names(page)
    page.get_by_label(f"{there[0]}的约定").get_by_text("已约").click()
    expect(page.get_by_text("约定有改动：已约 1 家")).to_be_visible()
    page.get_by_label(f"{there[2]}的约定").get_by_text("被拒").click()
    expect(page.get_by_text(f"被拒：{there[2]}")).to_be_visible()
    after = names(page)
    assert there[2] not in after
    for new in set(after) - set(there):  # one is where one was, on a page of many screens, and so is the keyboard
        card = page.locator(".stop").filter(has=page.get_by_text(new, exact=True))
        expect(card).to_be_in_viewport()
        expect(card).to_be_focused()
    assert [name for name in after if name in there] == [name for name in there if name != there[2]]
    expect(page.locator(".stop.agreed")).to_have_count(1)
    page.locator(".stop-more").first.click()
    expect(page.get_by_text("见面要问").first).to_be_visible()
    shot(page, "trips-replanned")

    # another is swapped for his alternate by one click, in his place; and back, and once more out of the sheet
    swapped = after[1]
    place, address = [times(page), after], page.url
    page.get_by_role("button", name=f"{swapped}约不上，换备选").click()
    expect(page.locator(".change").get_by_text(f"被拒：{swapped}")).to_be_visible()
    then = names(page)
    assert times(page) == place[0]
    assert [then[:1], then[2:]] == [after[:1], after[2:]]
    assert then[1] not in after
    shot(page, "trips-swapped")
    page.get_by_role("button", name="改回上一份计划").click()
    page.wait_for_url(address)
    expect(page.get_by_role("button", name=f"{swapped}约不上，换备选")).to_be_visible()
    assert names(page) == after
    page.locator(".stop").nth(1).locator(".stop-more").click()
    page.get_by_role("button", name=f"{swapped}约不上，换成{then[1]}").click()
    expect(page.locator(".change").get_by_text(f"被拒：{swapped}")).to_be_visible()
    assert names(page) == then
    after = then

    text = "\n".join(line.text for line in docx.Document(io.BytesIO(saved(page, "拜访单"))).paragraphs)
    assert all(f"拜访单：{name}" in text for name in after)
    assert CalamineWorkbook.from_filelike(io.BytesIO(saved(page, "表格"))).sheet_names[0] == "行程"
    told = [str(event["summary"]) for event in icalendar.Calendar.from_ical(saved(page, "手机日历")).walk("VEVENT")]
    assert any(after[0] in line for line in told)

    page.get_by_role("button", name="转成活动台账").click()
    page.get_by_label("责任部门").fill("甲局")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("号活动")).to_be_visible()
    shot(page, "trips-entered")
    with open_store(local_site.database) as store, store.reading() as connection:
        trip = page.url.rpartition("plan=")[2]
        activity = reading.rows(connection, ZONE, ACTIVITIES, ACTIVITIES.table.c.trip == trip)
        targets = {one.company for one in reading.rows(connection, ZONE, TARGETS)}
    assert [one.department for one in activity] == ["甲局"]
    assert set(after) <= targets


def test_what_cannot_be_done_is_said(local_site: Site, come: Come, shot: Callable[[Page, str], Path]) -> None:
    page = come(local_site, PHONE).open(f"/trips?zone={ZONE}")
    page.get_by_role("button", name="排行程").click()
    expect(page.get_by_text("请选城市")).to_be_visible()
    page.get_by_role("button", name="知道了").click()
    plan(page, 1, "青岛")
    assert fits(page)
    shot(page, "trips-phone")
    alone = names(page)
    page.get_by_role("button", name=f"{alone[0]}：移到别的一天、拿掉").click()
    page.get_by_text("从行程里拿掉").click()
    expect(page.get_by_text("次序改过了")).to_be_visible()
    assert names(page) == alone[1:]
    page.reload()
    expect(page.locator(".stop").first).to_be_visible()
    assert names(page) == alone


def test_planning_can_be_called_off(local_site: Site, come: Come) -> None:
    page = come(local_site).open(f"/trips?zone={ZONE}")
    page.get_by_text("全国都行，由程序定").click()
    page.get_by_label("拜访几天").fill("7")
    page.get_by_label("几队").fill("3")
    page.get_by_role("button", name="排行程").click()
    page.get_by_role("button", name="取消").click()
    expect(page.get_by_text("已取消")).to_be_visible()
    expect(page.get_by_text("还没有行程")).to_be_visible()


def test_ones_own_table_of_ways(local_site: Site, come: Come, shot: Callable[[Page, str], Path], tmp_path: Path) -> None:
    page = come(local_site).open(f"/trips?zone={ZONE}")
    choose(page, "城市（点选的先后就是去的先后）", "青岛")
    page.get_by_text("更多要求").click()
    with page.expect_download() as found:
        page.get_by_role("button", name="下载空表，填上分钟").click()
    empty = Path(found.value.path()).read_text(encoding="utf-8-sig")
    assert empty.splitlines() == ["从,到,分钟", "园区,青岛,"]

    def give(text: str) -> None:
        table = tmp_path / "我的路程.csv"
        table.write_text(text, encoding="utf-8")
        page.locator(".ways-upload input[type=file]").set_input_files(table)

    give(empty.replace("青岛,", "青岛,半天"))
    expect(page.get_by_text("我的路程.csv 第 2 行 [分钟]")).to_be_visible()
    page.get_by_role("button", name="知道了").click()
    give(empty.replace("青岛,", "青岛,215"))
    expect(page.get_by_text("我的路程.csv：1 段路程")).to_be_visible()
    shot(page, "trips-table")

    # a day is typed as it is read, or chosen from the calendar
    first = page.get_by_label("第一天")
    first.fill("20240830")
    expect(first).to_have_value("2024-08-30")
    page.locator(".day-input").filter(has=first).get_by_role("button", name="从日历里选").click()
    calendar = page.locator(".q-date")
    expect(calendar.get_by_text("八月")).to_be_visible()
    shot(page, "trips-calendar")
    calendar.get_by_role("button", name="27", exact=True).click()
    expect(first).to_have_value("2024-08-27")
    expect(calendar).to_have_count(0)

    page.get_by_label("拜访几天").fill("1")
    page.get_by_text("算必访的代价、多一天少一天（慢几倍）").click()
    page.get_by_role("button", name="排行程").click()
    expect(page.locator(".leg").filter(has_text="路程表 215 分钟").first).to_be_visible()
    inside = page.locator(".leg").filter(has_text="公里估")
    assert all("市内" in told or "→" in told for told in inside.all_inner_texts())
