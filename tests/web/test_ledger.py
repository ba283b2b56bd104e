"""台账: rows are entered, changed, moved, proved, imported; two browsers on one row; a group sees and changes its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from matcher.ledger import reading
from matcher.ledger.books import PROJECTS, TARGETS
from matcher.ledger.entry import entering
from matcher.ledger.setting import open_setting
from matcher.ledger.sheets import cells_of
from matcher.outputs.ledger_xlsx import workbook
from matcher.store.database import open_store
from tests.web.conftest import PHONE, Come, Site, fits, ready

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
ZONE = "liaocheng-resort"
GROUP = "文旅度假产业招商小组"


def entered(site: Site, *names: str, group: str = "") -> list[int]:
    """Targets that somebody has entered before."""
    with open_store(site.database) as store, entering(store, open_setting(ZONE), by="别处", source="cli") as entry:
        values = {"kind": "企业", "department": "甲局", "group": group}
        return [entry.add(TARGETS, {**values, "company": name}).id for name in names]


def address(**asked: str) -> str:
    return f"/ledger?zone={ZONE}" + "".join(f"&{key}={value}" for key, value in asked.items())


def field(page: Page, label: str) -> str:
    return page.get_by_label(label, exact=True).input_value()


def test_a_row_from_first_contact_to_a_signed_project(
    local_site: Site, come: Come, shot: Callable[[Page, str], Path], tmp_path: Path
) -> None:
    page = come(local_site).open(address())
    page.get_by_role("button", name="登记一行").click()
    page.wait_for_url(lambda url: "new=1" in url)
    ready(page)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("不能空着")).to_be_visible()
    page.get_by_role("button", name="知道了").click()
    page.get_by_label("类型（必填）").click()
    page.get_by_role("option", name="企业", exact=True).click()
    page.get_by_label("企业名称（必填）").fill("虚构玩具有限公司")
    page.get_by_label("责任部门").fill("甲局")
    shot(page, "ledger-new")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(lambda url: "row=" in url)
    ready(page)
    number = page.url.rpartition("row=")[2]

    def step(name: str, reason: str = "") -> None:
        page.get_by_role("button", name="推进到……").click()
        page.get_by_role("menuitem", name=name, exact=True).click()
        if reason:
            page.get_by_label("理由").last.fill(reason)
        page.get_by_role("button", name="确定").click()

    step("洽谈")  # over 已接触: a reason is asked for, and the dialog stays
    expect(page.get_by_role("alert").get_by_text("应写明理由")).to_be_visible()
    page.get_by_role("dialog").get_by_label("理由").fill("电话里已谈过")
    page.get_by_role("button", name="确定").click()
    expect(page.locator(".step.here")).to_contain_text("洽谈")
    step("转项目")
    expect(page.get_by_text("号项目", exact=False).first).to_be_visible()
    page.get_by_role("tab", name="招商项目台账（1）").click()
    page.locator(".children a").click()
    page.wait_for_url(lambda url: "book=projects" in url)
    ready(page)
    expect(page.get_by_text("虚构玩具有限公司项目").first).to_be_visible()
    page.get_by_label("协议投资", exact=True).fill("五千")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert").get_by_text("金额").first).to_be_visible()
    page.get_by_role("button", name="知道了").click()
    page.get_by_label("协议投资", exact=True).fill("1.2亿元")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    assert field(page, "协议投资") == "12000万元"
    step("意向/框架")
    expect(page.locator(".step.here")).to_contain_text("意向/框架")

    paper = tmp_path / "意向书.pdf"
    paper.write_bytes(b"%PDF-1.4 " + b"x" * 2000)
    page.get_by_role("tab", name="证明（0）").click()
    page.locator("input[type=file]").set_input_files(paper)
    expect(page.get_by_text("已附上意向书")).to_be_visible()
    expect(page.get_by_role("tab", name="证明（1）")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="下载").click()
    assert Path(saved.value.path()).read_bytes() == paper.read_bytes()
    shot(page, "ledger-proof")

    page.get_by_role("tab").filter(has_text="问题").click()
    page.get_by_role("button", name="加一行").click()
    page.wait_for_url(lambda url: "book=problems" in url)
    ready(page)
    page.get_by_label("问题").first.fill("用电还没有批")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(lambda url: "row=" in url)

    visitor_page = come(local_site).open(address(book="targets", row=number))
    visitor_page.get_by_role("tab", name="历史").click()
    expect(visitor_page.locator(".history-who", has_text="理由：电话里已谈过")).to_be_visible()
    shot(visitor_page, "ledger-history")
    board = come(local_site).open(address(book="projects", view="board"))
    card = board.locator(".board-card", has_text="虚构玩具有限公司项目")
    card.drag_to(board.locator(".board-column").nth(2))
    shot(board, "ledger-board")
    board.get_by_role("button", name="确定").click()
    expect(board.locator(".board-column").nth(2).get_by_text("虚构玩具有限公司项目").first).to_be_visible()
    with open_store(local_site.database) as store, store.reading() as connection:
        project = reading.rows(connection, ZONE, PROJECTS, PROJECTS.table.c.name == "虚构玩具有限公司项目")[0]
        history = [one.by for one in reading.history(connection, ZONE, PROJECTS, project.id)]
    assert project.state == "signed"
    assert history == ["本机"] * len(history)


def test_two_browsers_change_one_row(local_site: Site, come: Come, shot: Callable[[Page, str], Path]) -> None:
    [number] = entered(local_site, "虚构同改有限公司")
    first, second = (come(local_site).open(address(book="targets", row=str(number))) for _ in range(2))
    for page in (first, second):
        expect(page.get_by_label("下一步", exact=True)).to_be_visible()
    first.get_by_label("下一步", exact=True).fill("周五登门")
    first.get_by_label("责任人").fill("甲")
    first.get_by_role("button", name="保存").click()
    expect(first.get_by_text("已保存")).to_be_visible()
    second.get_by_label("下一步", exact=True).fill("下周电话")
    second.get_by_role("button", name="保存").click()
    expect(second.get_by_text("刚被 本机 改过")).to_be_visible()
    told = second.locator(".conflict")
    expect(told.get_by_text("周五登门")).to_be_visible()
    expect(told.get_by_text("下周电话")).to_be_visible()
    shot(second, "ledger-conflict")
    with open_store(local_site.database) as store, store.reading() as connection:
        assert reading.row(connection, open_setting(ZONE), TARGETS, number).next_step == "周五登门"
    second.get_by_role("button", name="仍按我写的存").click()
    expect(second.get_by_text("已保存")).to_be_visible()
    with open_store(local_site.database) as store, store.reading() as connection:
        now = reading.row(connection, open_setting(ZONE), TARGETS, number)
    assert (now.next_step, now.owner, now.version) == ("下周电话", "甲", 3)  # what the other wrote elsewhere stays


def test_many_rows_are_paged_and_found(local_site: Site, come: Come, shot: Callable[[Page, str], Path]) -> None:
    names = [f"虚构第{number}号有限公司" for number in range(1, 121)]
    entered(local_site, *names)
    page = come(local_site).open(address())
    rows = page.locator(".rows tbody tr")
    expect(rows).to_have_count(50)
    expect(page.get_by_text("第 1 /")).to_be_visible()
    expect(rows.first).to_contain_text(names[-1])
    page.get_by_role("button", name="下一页").click()
    expect(rows.first).to_contain_text(names[-51])
    page.get_by_label("名称里的词").fill("虚构第77号")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("虚构第77号有限公司")
    shot(page, "ledger-list")
    page.get_by_label("名称里的词").fill("没有这样的企业")
    expect(page.get_by_text("里没有这样的行")).to_be_visible()
    page = come(local_site).open("/ledger?zone=zhuhai-jinwan&book=promises")
    expect(page.get_by_text("里还没有一行")).to_be_visible()
    phone = come(local_site, PHONE).open(address())
    expect(phone.locator(".row-card").first.get_by_role("link", name=names[-1])).to_be_visible()
    assert fits(phone)
    shot(phone, "ledger-phone")


def test_a_workbook_is_shown_before_it_is_entered(
    local_site: Site, come: Come, shot: Callable[[Page, str], Path], tmp_path: Path
) -> None:
    [number] = entered(local_site, "虚构导入有限公司")
    setting = open_setting(ZONE)
    with open_store(local_site.database) as store, store.reading() as connection:
        row = cells_of(setting, TARGETS, reading.row(connection, setting, TARGETS, number))
    new = dict.fromkeys(row) | {"kind": "企业", "company": "虚构新增有限公司", "department": "乙局"}
    changed, wrong = tmp_path / "改.xlsx", tmp_path / "错.xlsx"
    changed.write_bytes(workbook(setting, [TARGETS], {"targets": [row | {"next_step": "再约"}, new]}))
    wrong.write_bytes(workbook(setting, [TARGETS], {"targets": [row | {"next_on": "哪天"}, new | {"uscc": "1234"}]}))
    page = come(local_site).open(address(book="targets", view="files"))
    page.locator("input[type=file]").set_input_files(wrong)
    expect(page.get_by_text("有 2 处错误，整个文件都没有导入")).to_be_visible()
    shot(page, "ledger-import-wrong")
    page.locator("input[type=file]").set_input_files(changed)
    expect(page.get_by_text("新增 1，修改 1，不变 0 行。还没有写入")).to_be_visible()
    expect(page.get_by_text("下一步：（空） → 再约")).to_be_visible()
    shot(page, "ledger-import")
    with open_store(local_site.database) as store, store.reading() as connection:
        assert not reading.rows(connection, ZONE, TARGETS, TARGETS.table.c.company == "虚构新增有限公司")
    page.get_by_role("button", name="确认导入 2 行").click()
    expect(page.get_by_text("已导入：新增 1，修改 1")).to_be_visible()
    with open_store(local_site.database) as store, store.reading() as connection:
        assert reading.row(connection, setting, TARGETS, number).next_step == "再约"
        assert len(reading.rows(connection, ZONE, TARGETS, TARGETS.table.c.company == "虚构新增有限公司")) == 1
    with page.expect_download() as found:
        page.get_by_role("button", name="导出目标企业台账").click()
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(Path(found.value.path()).read_bytes())).sheet_names
    assert sheets[0] == "目标企业台账"


def test_a_group_changes_its_own_rows_and_a_leader_reads_all(keyed_site: Site, come: Come) -> None:
    [own] = entered(keyed_site, "虚构本组有限公司", group=GROUP)
    [other] = entered(keyed_site, "虚构别组有限公司", group="现代农业产业招商小组")
    group = next(one for one, name in open_setting(ZONE).rules.groups.items() if name == GROUP)
    page = come(keyed_site).sign_in(keyed_site.key("planner", group=group), address())
    expect(page.get_by_text("虚构本组有限公司")).to_be_visible()
    expect(page.get_by_text("虚构别组有限公司")).to_have_count(0)
    page.goto(keyed_site.at(address(book="targets", row=str(other))))
    expect(page.get_by_text("不是本组的")).to_be_visible()
    page.goto(keyed_site.at(address(book="targets", row=str(own))))
    page.get_by_label("下一步", exact=True).fill("本组来跟")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    leader = come(keyed_site).sign_in(keyed_site.key("planner", group=group, leader=True), address(book="targets", row=str(other)))
    expect(leader.get_by_text("不是本组的行，只能看")).to_be_visible()
    expect(leader.get_by_role("button", name="保存")).to_have_count(0)
    analyst = come(keyed_site).sign_in(keyed_site.key("analyst", leader=True), address(book="targets", row=str(own)))
    expect(analyst.get_by_text("虚构本组有限公司").first).to_be_visible()
    expect(analyst.get_by_role("button", name="保存")).to_have_count(0)
