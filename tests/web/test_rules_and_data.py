"""数据 and 规则 in a real browser: files in, what was rejected, a build stopped, a switch; rules changed, compared, published."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from matcher.locate import shipped
from matcher.runs import today
from matcher.snapshot import layout
from tests.api.servers import served
from tests.web.conftest import DESK, PHONE, Come, Site, fits

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
Shot = Callable[[Page, str], Path]
ZONE = "liaocheng-resort"
TITLES = {
    "name": "企业名称",
    "uscc": "统一社会信用代码",
    "founded_date": "成立日期",
    "reg_capital_raw": "注册资本",
    "city": "所属城市",
}
ACCEPTED, TWICE, NAMELESS = 120, 7, 5


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("rules-and-data")
    with served(home) as found:
        yield Site(home, found.port)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry's export in GB18030: companies of the sample, some of them twice, some rows without a name, one of a person."""
    with (shipped("corpora") / "sample" / "companies.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:ACCEPTED]
    stream_ = io.StringIO(newline="")
    writer = csv.writer(stream_)
    writer.writerow([*TITLES.values(), "经营范围"])
    for row in [*rows, *rows[:TWICE]]:
        writer.writerow([*(row[field] for field in TITLES), row["main_products"]])
    for row in rows[:NAMELESS]:
        writer.writerow(["", *(row[field] for field in list(TITLES)[1:]), row["main_products"]])
    writer.writerow(["赵某某", "", "", "", "青岛市", "农业"])
    path = tmp_path_factory.mktemp("export") / "导出.csv"
    path.write_bytes(stream_.getvalue().encode("gb18030"))
    return path


def test_files_become_the_companies_after_a_look(site: Site, come: Come, shot: Shot, export: Path) -> None:
    page = come(site, DESK).open("/data")
    expect(page.get_by_text("随附样例", exact=False).first).to_be_visible()
    page.locator("input[type=file]").set_input_files(export)
    expect(page.locator(".file")).to_contain_text("导出.csv")
    page.get_by_role("button", name="开始构建").click()
    page.get_by_role("button", name="停止构建").click()
    expect(page.get_by_text("停止了构建")).to_be_visible()
    assert layout.versions(site.home) == []
    page.get_by_role("button", name="开始构建").click()
    expect(page.get_by_text("建好了")).to_be_visible()
    tiles = [int(text.replace(",", "")) for text in page.locator(".tile .big").all_inner_texts()]
    assert tiles == [ACCEPTED + TWICE + NAMELESS + 1, ACCEPTED, TWICE, NAMELESS + 1]
    expect(page.get_by_text(f"{NAMELESS} 行：[企业名称] 没有企业名称")).to_be_visible()
    expect(page.get_by_text("却像人名或简称").first).to_be_visible()
    assert "赵某某" not in page.content()
    shot(page, "data")
    assert layout.current(site.home) is None, "nobody's list changes before somebody has looked"
    page.get_by_role("button", name="换上新的企业库").click()
    expect(page.get_by_text("现在用的是快照")).to_be_visible()
    assert layout.current(site.home) == layout.versions(site.home)[0]
    expect(page.locator("header")).to_contain_text(f"企业库：{today().isoformat()} 建，{ACCEPTED} 家，资料日期不详")
    expect(page.locator("header")).to_contain_text("规则：服务器上的一套，没有发布过")
    expect(page.get_by_text("在用", exact=True)).to_be_visible()
    assert not list((site.home / "uploads").rglob("导出.csv")), "what was uploaded is gone once it is read"


def test_what_is_no_company_file_is_told(site: Site, come: Come, tmp_path: Path) -> None:
    page = come(site, DESK).open("/data")
    wrong = tmp_path / "说明.csv"
    wrong.write_text("甲,乙\n1,2\n", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(wrong)
    expect(page.locator(".file")).to_be_visible()
    page.get_by_role("button", name="开始构建").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("企业库没有动")
    expect(problem).to_contain_text("说明.csv")
    assert str(site.home) not in problem.inner_text()
    page.get_by_role("button", name="移去这个文件").click()
    expect(page.locator(".file")).to_have_count(0)


def test_rules_go_from_a_draft_to_a_version_and_back(site: Site, come: Come, shot: Shot) -> None:
    page = come(site, DESK).open("/rules")
    before = (shipped("rules") / ZONE / "scoring.yaml").read_bytes()
    weight = page.get_by_label("主营业务契合环节的分值")
    expect(weight).to_have_value("20")
    weight.fill("6")
    weight.press("Tab")
    page.get_by_role("button", name="把改动存进草稿").click()
    expect(page.get_by_text("下面是草稿")).to_be_visible()
    expect(page.get_by_text("现行 20")).to_be_visible()
    shot(page, "rules-draft")
    page.get_by_role("tab", name="产业链的词").click()
    page.get_by_label("加一个词").fill("再生稻基地")
    page.get_by_role("button", name="加进草稿").click()
    expect(page.get_by_text("再生稻基地")).to_be_visible()
    page.get_by_role("tab", name="检查").click()
    page.get_by_role("button", name="检查草稿").click()
    expect(page.get_by_text("没有合规问题")).to_be_visible()
    expect(page.get_by_text("封顶够不到").first).to_be_visible()
    page.get_by_role("tab", name="影响预览").click()
    page.get_by_role("button", name="比较前 50 家").click()
    expect(page.get_by_text("分值：20 → 6")).to_be_visible()
    expect(page.get_by_text("再生稻基地（7）", exact=False)).to_be_visible()
    expect(page.get_by_text("主营业务契合环节 -", exact=False).first).to_be_visible()
    shot(page, "rules-diff")
    page.get_by_role("tab", name="发布").click()
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("说明应为", exact=False)).to_be_visible()
    page.get_by_label("为什么改").fill("主业分减一减看看")
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("现行规则：第 1 版", exact=False)).to_be_visible()
    assert (shipped("rules") / ZONE / "scoring.yaml").read_bytes() == before, "the rules folder is nobody's but its own"
    page.goto(site.at("/ranking"))
    page.get_by_role("button", name="排名").click()
    expect(page.get_by_text("规则第 1 版", exact=False)).to_be_visible()
    expect(page.locator("header")).to_contain_text(f"规则：第 1 版，{today().isoformat()} 发布")
    page.locator("header .fact").nth(1).hover()
    expect(page.get_by_role("tooltip")).to_contain_text("主业分减一减看看")
    shot(page, "header")
    page.goto(site.at("/rules?tab=versions"))
    page.get_by_role("button", name="停用第 1 版").click()
    page.get_by_label("为什么停用").fill("试完了")
    page.get_by_role("dialog").get_by_role("button", name="停用", exact=True).click()
    expect(page.get_by_text("试完了", exact=False)).to_be_visible()
    expect(page.get_by_text("现行规则：装在服务器上的这一套", exact=False)).to_be_visible()


def test_two_analysts_do_not_overwrite_each_other(site: Site, come: Come) -> None:
    one, other = come(site, DESK).open("/rules"), come(site, DESK).open("/rules")
    for page, value in ((one, "11"), (other, "7")):
        field = page.get_by_label("主业写在经营范围最前的分值")
        field.fill(value)
        field.press("Tab")
    one.get_by_role("button", name="把改动存进草稿").click()
    expect(one.get_by_text("下面是草稿")).to_be_visible()
    other.get_by_role("button", name="把改动存进草稿").click()
    expect(other.get_by_text("草稿副本刚被", exact=False)).to_be_visible()
    one.get_by_role("button", name="丢弃草稿").click()
    one.get_by_role("button", name="丢弃", exact=True).click()
    expect(one.get_by_text("下面是现行规则")).to_be_visible()
    expect(one.get_by_label("主业写在经营范围最前的分值")).to_have_value("10")


def test_the_rules_fit_a_phone(site: Site, come: Come, shot: Shot) -> None:
    page = come(site, PHONE).open("/rules")
    expect(page.get_by_text("主营业务契合环节").first).to_be_visible()
    assert fits(page)
    shot(page, "rules-390")
