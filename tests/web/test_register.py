"""产业链: an analyst uploads the companies that are there already, and everybody sees which segments are strong, weak, or missing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from matcher.store.database import open_store
from matcher.store.registers import find_register
from tests.api.servers import served
from tests.web.conftest import Come, Site, key_in
from tests.web.test_trips import ZONE

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    home = tmp_path / "home"
    home.mkdir()
    key_in(home, "admin")
    with served(home, "--require-keys") as found:
        yield Site(home, found.port)


def test_a_register_is_uploaded_and_seen(site: Site, come: Come, tmp_path: Path) -> None:
    there = tmp_path / "本地企业.csv"
    with there.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(
            [
                ["企业名称", "所属城市", "经营范围"],
                ["虚构骨科器械有限公司", "聊城", "骨科植入物、康复器械的研发、生产"],
                ["", "聊城", "酒店"],
            ]
        )
    planner = come(site).sign_in(site.key("planner"), f"/chains?zone={ZONE}")
    expect(planner.get_by_text("请规则分析员或管理员在这一页上传一份")).to_be_visible()
    expect(planner.get_by_role("button", name="本地企业名录")).to_have_count(0)

    page = come(site).sign_in(site.key("analyst", zones=(ZONE,)), f"/chains?zone={ZONE}")
    page.get_by_role("button", name="上传本地企业名录").click()
    upload = page.get_by_role("dialog").locator("input[type=file]")
    wrong = tmp_path / "说明.csv"
    wrong.write_text("没有表头的说明\n", encoding="utf-8")
    upload.set_input_files(wrong)
    expect(page.get_by_text("说明.csv", exact=False).first).to_be_visible()
    assert "/tmp" not in page.locator(".q-notification").first.inner_text()
    page.get_by_role("button", name="知道了").click()
    page.get_by_label("哪一天的（可不填）").fill("2024-01-01")
    upload.set_input_files(there)
    expect(page.get_by_text("按名录“本地名录”")).to_be_visible()
    expect(page.get_by_text("本地弱，1 家").first).to_be_visible()
    expect(page.get_by_role("button", name="换一份本地企业名录")).to_be_visible()
    with open_store(site.database) as store:
        kept = find_register(store, ZONE)
    assert (kept.files, kept.companies, kept.rejected, str(kept.as_of), kept.complete) == (
        ("本地企业.csv",),
        1,
        1,
        "2024-01-01",
        False,
    )
    planner.reload()
    expect(planner.get_by_text("按名录“本地名录”")).to_be_visible()
