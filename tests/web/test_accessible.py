"""The pages are for everybody: axe-core finds nothing against WCAG 2.2 A and AA, at both sizes, on full pages, in dialogs and menus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from matcher.ledger.setting import open_setting
from matcher.store.database import open_store
from tests.api.servers import served
from tests.reports import story
from tests.web.conftest import DESK, PHONE, Come, Site, ready
from tests.web.contrast import contrast, too_pale
from tests.web.test_trips import ZONE, plan

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
Shot = Callable[[Page, str], Path]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
"""All of them: no rule is left out."""
STILL = "() => document.getAnimations().every(one => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"
"""What fades in has not yet the contrast that it will have."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The bundled sample, and ledgers that tell of one trip."""
    setting, home = open_setting(ZONE), tmp_path_factory.mktemp("accessible")
    with open_store(f"sqlite:///{home / 'ledger.db'}") as store:
        story.planned(store, setting)
        story.held(store, setting)
        story.proved(store, setting, home, home / "协议.pdf", 1, 2)
    with served(home) as found:
        yield Site(home, found.port)


class Look:
    """Looks at one page after the other, and keeps what stands in anybody's way."""

    def __init__(self, page: Page, shot: Shot, width: int) -> None:
        self.page, self.shot, self.width = page, shot, width
        self.barriers: list[str] = []

    def at(self, name: str) -> None:
        """What axe-core finds on the page as it is now."""
        self.page.wait_for_function(STILL)
        found = Axe().run(self.page, options={**RULES, "resultTypes": ["violations", "incomplete"]}).response
        pale = [node["target"][0] for open_ in found["incomplete"] if open_["id"] == "color-contrast" for node in open_["nodes"]]
        self.barriers += [f"{name} {self.width}: {words}" for words in too_pale(self.page, [*pale, "svg text:visible"])]
        for violation in found["violations"]:
            nodes = violation["nodes"]
            told = " | ".join(f"{node['html'][:160]} {' '.join(node['failureSummary'].split()[5:25])}" for node in nodes[:4])
            self.barriers.append(f"{name} {self.width}: {violation['id']}, {len(nodes)} times: {told}")
        self.shot(self.page, f"a11y-{name}-{self.width}")

    def open(self, site: Site, path: str) -> None:
        self.page.goto(site.at(path))
        ready(self.page)
        expect(self.page.locator(".state-loading")).to_have_count(0)


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def look(request: pytest.FixtureRequest, site: Site, come: Come, shot: Shot) -> Iterator[Look]:
    size: tuple[int, int] = request.param
    found = Look(come(site, size).open(f"/ranking?zone={ZONE}"), shot, size[0])
    yield found
    assert not found.barriers, "\n".join(found.barriers)


def test_the_list_and_the_chains(look: Look, site: Site) -> None:
    page = look.page
    page.get_by_text("更多条件").click()
    look.at("ranking-asked")
    page.get_by_role("button", name="排名").click()
    expect(page.locator(".ranked .as-link").first).to_be_visible()
    look.at("ranking")
    page.get_by_text("试调分值").click()
    page.get_by_text("主业契合", exact=True).first.click()
    expect(page.locator(".slider:visible").first).to_be_visible()
    look.at("ranking-trial")
    page.locator(".ranked .as-link").nth(look.width % 9).click()
    dialog = page.get_by_role("dialog").first
    expect(dialog.locator(".waterfall svg")).to_be_visible()
    look.at("company")
    dialog.get_by_role("button", name="加入目标台账").click()
    page.get_by_role("button", name="知道了").first.click()
    dialog.get_by_role("button", name="加入目标台账").click()
    expect(page.get_by_role("button", name="不登记")).to_be_visible()
    look.at("company-followed")

    look.open(site, f"/chains?zone={ZONE}")
    page.get_by_role("tab", name="文旅度假").click()
    card = page.locator(".segment-card:visible").filter(has_text="度假酒店与高端酒店")
    expect(card).to_be_visible()
    look.at("chains")
    card.click()
    expect(page.get_by_role("dialog").get_by_text("可以拜访的企业")).to_be_visible()
    look.at("segment")


def test_a_trip(look: Look, site: Site) -> None:
    page = look.page
    look.open(site, f"/trips?zone={ZONE}")
    page.get_by_role("button", name="排行程").click()
    expect(page.get_by_role("button", name="知道了")).to_be_visible()
    look.at("trips-notice")
    page.get_by_role("button", name="知道了").click()
    expect(page.get_by_role("button", name="知道了")).to_have_count(0)
    page.get_by_text("更多要求：").click()
    page.get_by_role("button", name="加一个约定").click()
    look.at("trips-asked")
    page.get_by_role("button", name="从日历里选").first.click()
    expect(page.locator(".q-date")).to_be_visible()
    look.at("trips-calendar")
    page.keyboard.press("Escape")
    look.open(site, f"/trips?zone={ZONE}")
    plan(page, 1, "青岛")
    look.at("trips")
    page.locator(".stop-more").first.click()
    page.get_by_role("button", name="：移到别的一天、拿掉").first.click()
    expect(page.get_by_text("从行程里拿掉")).to_be_visible()
    look.at("trips-more")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="推后一位").first.click()
    expect(page.get_by_text("次序改过了")).to_be_visible()
    look.at("trips-moved")
    page.get_by_role("button", name="放弃改动").click()
    expect(page.get_by_text("次序改过了")).to_have_count(0)
    page.get_by_role("button", name="转成活动台账").click()
    expect(page.get_by_label("责任部门")).to_be_visible()
    look.at("trips-entering")


def test_the_ledgers_and_the_reports(look: Look, site: Site) -> None:
    page = look.page
    for name, asked in {
        "ledger": "",
        "ledger-board": "&view=board",
        "ledger-files": "&view=files",
        "ledger-new": "&book=projects&new=1",
        "ledger-activities": "&book=activities",
    }.items():
        look.open(site, f"/ledger?zone={ZONE}{asked}")
        look.at(name)
    if look.width == PHONE[0]:
        page.get_by_role("button", name="更多条件").click()
        expect(page.get_by_label("次序")).to_be_visible()
        look.at("ledger-filters")
    look.open(site, f"/ledger?zone={ZONE}&view=files")
    with page.expect_file_chooser():  # by the keyboard, too
        page.get_by_role("button", name="选 Excel 文件，或拖到这里").press("Enter")
    look.open(site, f"/ledger?zone={ZONE}&book=projects&row=1")
    for number, tab in enumerate(page.get_by_role("tab").all()):
        tab.click()
        look.at(f"row-{number}")
    page.get_by_role("button", name="推进到……").click()
    page.get_by_role("menuitem").first.click()
    expect(page.get_by_role("button", name="确定")).to_be_visible()
    look.at("row-step")
    for kind in ("weekly", "monthly", "annual"):
        look.open(site, f"/dispatch?zone={ZONE}&kind={kind}&on=2024-08-28")
        expect(page.locator(".report-part").first).to_be_visible()
        look.at(f"dispatch-{kind}")
    page.locator(".figure").first.click()
    expect(page.locator(".figure-rows")).to_be_visible()
    look.at("dispatch-figure")


def test_the_rules_and_the_companies(look: Look, site: Site) -> None:
    page = look.page
    look.open(site, f"/rules?zone={ZONE}")
    for number, tab in enumerate(page.get_by_role("tab").all()):
        tab.click()
        expect(page.locator(".q-tab-panel").first).to_be_visible()
        look.at(f"rules-{number}")
    look.open(site, "/data")
    look.at("data")
    if look.width == PHONE[0]:
        page.get_by_role("button", name="打开或收起菜单").click()
        expect(page.get_by_role("navigation", name="主菜单")).to_be_in_viewport()
        look.at("menu")


SEEN = """() => {
  const at = document.activeElement, drawn = at && getComputedStyle(at);
  if (!at || at === document.body) return "";
  const ring = (drawn.outlineStyle !== "none" && parseFloat(drawn.outlineWidth) >= 2) || drawn.boxShadow.includes("5px");
  return ring || at.closest(".q-field--focused") ? "seen" : at.outerHTML.slice(0, 160);
}"""
"""Whether somebody who uses the keys sees where he is; a field shows it by its frame."""


def test_whoever_uses_the_keys_sees_where_he_is(site: Site, come: Come) -> None:
    """With the keys alone from the skip link on: every button, tab, box and link shows that it is the one."""
    page = come(site, DESK).open(f"/ranking?zone={ZONE}")
    page.get_by_role("button", name="排名").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ranked .as-link").first).to_be_visible()
    unseen, stops = set[str](), 0
    others = ("ledger?", "ledger?book=projects&row=1&", "trips?", "dispatch?", "rules?", "data?")
    for path in ("", *(f"/{one}zone={ZONE}" for one in others)):
        if path:
            page.goto(site.at(path))
            ready(page)
            expect(page.locator(".state-loading")).to_have_count(0)
        page.locator(".page-title").first.click()
        for _ in range(40):
            page.keyboard.press("Tab")
            found = page.evaluate(SEEN)
            stops += found == "seen"
            unseen |= {found} - {"", "seen"}
    assert unseen == set() and stops > 100


def test_what_axe_cannot_judge_is_judged(local_site: Site, come: Come) -> None:
    """Words of SVG and words over a picture, by the colours that are there."""
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    page = come(local_site).context.new_page()
    page.set_content(
        "<svg width=300 height=60 style='background:#0b4f8a'><text x=9 y=20 fill='#ffffff'>看得清楚的字</text>"
        "<text x=9 y=50 fill='#33628f'>看不清楚的字</text></svg><p style='color:rgba(0,0,0,.4)'>太淡的字</p>"
    )
    told = too_pale(page, ["svg text", "p"])
    assert [line.partition(":")[0] for line in told] == ["看不清楚的字", "太淡的字"]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_what_stands_before_the_pages(size: tuple[int, int], keyed_site: Site, come: Come, shot: Shot) -> None:
    visitor = come(keyed_site, size)
    visitor.expects("404")
    look = Look(visitor.open("/ranking"), shot, size[0])
    look.at("sign-in")
    look.page = visitor.sign_in(keyed_site.key("planner"))
    look.page.goto(keyed_site.at("/nowhere"))
    expect(look.page.get_by_role("heading", name="没有这个网页")).to_be_visible()
    look.at("nowhere")
    assert not look.barriers, "\n".join(look.barriers)
