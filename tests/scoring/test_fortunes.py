"""What has become of known groups, what they are asked, whom a part of a scope reaches, and whom 强链 wants (近况、可对接、强链)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.errors import CorporaError
from matcher.types import RankedCompany

AS_OF = date(2024, 8, 27)
HOTELS = {
    "name": "杭州甪鑫酒店集团有限公司",
    "city": "杭州",
    "business_scope": "酒店管理；度假酒店运营",
    "reg_capital_raw": "30000万人民币",
    "founded_date": "2006-02-03",
}
DEVICES = {
    "name": "杭州甪鑫医疗器械有限公司",
    "business_scope": "生产：第二类医用光学器具、仪器及内窥镜设备，第二类6810矫形外科（骨科）手术器械",
    "reg_capital_raw": "8000万人民币",
    "founded_date": "2001-02-03",
}


def score(engine: Engine, **profile: Any) -> RankedCompany:
    (result,) = engine.score([profile], AS_OF)
    assert isinstance(result, RankedCompany)
    return result


def points(result: RankedCompany, rule: str) -> float:
    (found,) = [contribution.points for contribution in result.contributions if contribution.rule == rule]
    return found


@pytest.fixture(scope="module")
def told(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine that knows a group of our own: 甪鑫 with a state, filled in by the tests."""
    return with_group(engine.corpora, tmp_path_factory.mktemp("told"), 'asks: "两家新店开在哪里"')


def with_group(corpora: Corpora, folder: Path, more: str) -> Engine:
    copytree(corpora.path, folder / "corpora")
    groups = folder / "corpora" / "groups.yaml"
    own = f"  - {{name: 甪鑫酒店集团, city: 杭州, signs: [甪鑫酒店], {more}}}\n"
    groups.write_text(groups.read_text(encoding="utf-8") + own, encoding="utf-8")
    return Engine("liaocheng-resort", corpora=folder / "corpora", processes=1)


def test_a_group_is_asked_its_own_question_before_that_of_its_trade(engine: Engine, told: Engine) -> None:
    assert "先问清两家新店开在哪里" in score(told, **HOTELS).reason
    assert "两家新店" not in score(engine, **HOTELS).reason
    firm = score(told, **{**HOTELS, "name": "杭州甪鑫酒店用品有限公司"})
    assert "两家新店" not in firm.reason, "a firm of the group is asked what it does"


@pytest.mark.slow
@pytest.mark.parametrize(("state", "rule", "lost"), [("left", "business_left", -20), ("troubled", "troubled", -14)])
def test_what_has_become_of_a_group_costs_points_and_is_told(
    state: str, rule: str, lost: float, engine: Engine, tmp_path: Path
) -> None:
    found = score(with_group(engine.corpora, tmp_path, f'now: {state}, changed: "2022 年换了主人"'), **HOTELS)
    before = score(engine, **HOTELS)
    assert points(found, rule) == lost
    assert found.score < before.score
    assert "近年有变：2022 年换了主人（公开消息）" in found.reason
    assert "待核" not in found.reason, "what has changed is told once"
    assert points(before, rule) == 0


def test_who_is_wound_up_leaves_the_list(engine: Engine, tmp_path: Path) -> None:
    assert score(with_group(engine.corpora, tmp_path, "now: ended"), **HOTELS).vetoed_by == "ended"
    assert score(engine, **HOTELS).vetoed_by is None


@pytest.mark.slow
def test_a_state_that_is_none_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(CorporaError, match=r"groups\.yaml.*now 应为 as_ever、troubled、left、ended 之一，不是 'gone'"):
        with_group(engine.corpora, tmp_path, "now: gone")


def test_goods_that_an_anchor_speaks_for_are_told_of_makers_of_other_segments(engine: Engine) -> None:
    anchor = "国家区域医疗中心·北京积水潭医院"
    maker = score(engine, **DEVICES)
    assert maker.segment == "medical-devices"
    assert f"骨科、矫形外科一类的产品可对接{anchor}" in maker.reason
    other = score(engine, **{**DEVICES, "business_scope": "生产：第二类医用光学器具、仪器及内窥镜设备，妇产科用手术器械"})
    assert anchor not in other.reason
    seller = score(
        engine, **{**DEVICES, "name": "杭州甪鑫医疗器械商贸有限公司", "business_scope": "批发、配送：医疗器械、骨科器械"}
    )
    assert "一类的产品可对接" not in seller.reason


@pytest.mark.parametrize(
    ("name", "scope", "capital", "small"),
    [
        ("青岛甪鑫饲料有限公司", "配合饲料的生产", "4900万人民币", True),
        ("青岛甪鑫饲料有限公司", "配合饲料的生产", "5000万人民币", False),
        ("青岛甪鑫饲料集团有限公司", "配合饲料的生产", "4900万人民币", False),  # a group may lead though its own capital is small
        ("青岛甪鑫肥业有限公司", "生物有机肥的生产", "4900万人民币", False),  # what the zone lacks may come from a small one
        ("青岛甪鑫饲料有限公司", "配合饲料的生产", "", False),  # unknown stays unknown
    ],
)
def test_strengthening_wants_leaders(name: str, scope: str, capital: str, small: bool, engine: Engine) -> None:
    found = score(engine, name=name, business_scope=scope, reg_capital_raw=capital, founded_date="2001-02-03")
    assert found.need == ("complement" if "肥" in name else "strengthen")
    assert points(found, "small_for_strength") == (-6 if small else 0)


def test_paddy_and_snow_have_no_ground_here(engine: Engine) -> None:
    mill = {"reg_capital_raw": "8000万人民币", "founded_date": "2001-02-03"}
    rice = score(engine, name="杭州甪鑫米业有限公司", business_scope="大米加工、销售", **mill)
    flour = score(engine, name="杭州甪鑫面业有限公司", business_scope="面粉加工、销售", **mill)
    assert (points(rice, "off_ground"), points(flour, "off_ground")) == (-8, 0)
    assert "本区种麦、玉米，平原少雪" in rice.reason


def test_raw_drugs_at_the_end_of_a_dosage_makers_scope_are_told(engine: Engine) -> None:
    dosage = "片剂、硬胶囊剂、颗粒剂、粉针剂、散剂、丸剂的生产"
    profile = {"name": "青岛甪鑫制药有限公司", "reg_capital_raw": "8000万人民币", "founded_date": "2001-02-03"}
    assert points(score(engine, business_scope=f"{dosage}；原料药的生产", **profile), "also_api") == -2
    assert points(score(engine, business_scope=dosage, **profile), "also_api") == 0
