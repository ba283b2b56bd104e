"""Who decides, and whom the zone already talks to: known groups elsewhere, groups approached, capital by trade, notes of a profile."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.runs import Request
from matcher.types import Contribution, RankedCompany

AS_OF = date(2026, 1, 1)
DRUGS = {
    "business_scope": "片剂、颗粒剂的生产；药品研发",
    "reg_capital_raw": "30000万人民币",
    "founded_date": "2001-02-03",
    "status": "存续",
    "city": "青岛市",
}
HOTELS = {**DRUGS, "business_scope": "酒店管理；旅游度假区开发运营"}


def score(engine: Engine, **profile: Any) -> RankedCompany:
    (result,) = engine.score([profile], AS_OF)
    assert isinstance(result, RankedCompany)
    return result


def points(result: RankedCompany, rule: str) -> Contribution:
    (found,) = [contribution for contribution in result.contributions if contribution.rule == rule]
    return found


def test_a_part_of_a_group_that_decides_elsewhere_loses_points_and_says_so(engine: Engine) -> None:
    arm = score(engine, name="上海医药集团青岛示例药业股份有限公司", **DRUGS)
    assert points(arm, "decided_elsewhere").points == -8
    assert "名称是知名集团的下属，自己定不了投资" in arm.reason
    at_home = score(engine, name="上海医药集团青岛示例药业股份有限公司", **{**DRUGS, "city": "上海市"})
    assert points(at_home, "decided_elsewhere").points == 0
    head = score(engine, name="上海医药集团股份有限公司", **DRUGS)
    assert points(head, "decided_elsewhere").points == 0
    assert head.score > arm.score


def test_the_list_names_the_known_group_though_no_file_holds_it(engine: Engine) -> None:
    rows = [{"name": "上药示例（杭州）药业有限公司", **DRUGS}, {"name": "青岛甪鑫制药有限公司", **DRUGS}]
    ranking = engine.rank(from_profiles(rows, engine.corpora), Request(as_of=AS_OF))
    families = {result.name: result.family for result in ranking.results}
    known = families["上药示例（杭州）药业有限公司"]
    assert known is not None
    assert (known.head, known.head_city, known.head_uscc, known.others) == ("上海医药集团", "上海", None, ())
    assert families["青岛甪鑫制药有限公司"] is None


@pytest.mark.parametrize(
    ("name", "profile", "approached"),
    [
        ("开元旅业集团有限公司", HOTELS, True),
        ("浙江开元酒店集团有限公司", HOTELS, True),
        ("浙江开元酒店管理有限公司", HOTELS, False),  # hundreds bear the name: only the group is meant
        ("开元制药集团有限公司", DRUGS, False),  # another chain
        ("国药控股青岛有限公司", {**DRUGS, "business_scope": "药品批发；医疗器械批发"}, True),
    ],
)
def test_whom_the_zone_talks_to_already(engine: Engine, name: str, profile: dict[str, str], approached: bool) -> None:
    result = score(engine, name=name, **profile)
    assert (points(result, "approached").value == 1) is approached
    assert ("园区正在对接" in result.reason) is (approached and points(result, "approached").points > 0)


def test_the_same_capital_weighs_less_for_a_service(engine: Engine) -> None:
    capital = "3000万人民币"
    hotel = score(engine, name="青岛示例酒店管理有限公司", **{**HOTELS, "reg_capital_raw": capital})
    tonics = score(
        engine, name="青岛示例保健食品有限公司", business_scope="保健食品生产；特殊医学用途配方食品生产", reg_capital_raw=capital
    )
    for rule in ("capital", "thin_capital"):
        assert points(hotel, rule).points < points(tonics, rule).points


def test_what_could_not_be_read_of_a_profile_is_told(engine: Engine) -> None:
    good = score(engine, name="青岛示例制药有限公司", **DRUGS)
    assert good.notes == ()
    results = engine.score(
        [
            {"name": "青岛示例制药有限公司", **DRUGS},
            {
                "name": "青岛示例制药有限公司",
                **{**DRUGS, "reg_capital_raw": "5000万火星币", "founded_date": "2001-13-45"},
                "uscc": "91330000142924161X",
            },
        ],
        AS_OF,
    )
    first, second = results
    assert isinstance(first, RankedCompany)
    assert isinstance(second, RankedCompany)
    assert first.notes == ()
    told = "；".join(second.notes)
    assert all(word in told for word in ("注册资本", "成立日期", "统一社会信用代码")), told
    assert "火星" not in told, "a cell may hold anything, also a person's name"


def test_foreign_capital_is_told_as_converted(engine: Engine) -> None:
    abroad = score(engine, name="青岛示例制药有限公司", **{**DRUGS, "reg_capital_raw": "5000万美元"})
    assert "（外币折算）" in abroad.reason
    assert "（外币折算）" not in score(engine, name="青岛示例制药有限公司", **DRUGS).reason


@pytest.mark.parametrize(
    ("cell", "given", "known"),
    [
        ("是", 5, True),
        ("深交所创业板", 5, True),
        ("FALSE", 0, True),
        ("已退市", 0, True),
        ("拟上市", 0, True),
        ("上市辅导", 0, True),
        ("0", 0, False),
    ],
)
def test_cells_that_say_whether_a_company_is_listed(engine: Engine, cell: str, given: float, known: bool) -> None:
    told = points(score(engine, name="青岛某某药业有限公司", **DRUGS, listed=cell), "listed")
    assert (told.points, told.known) == (given, known)
