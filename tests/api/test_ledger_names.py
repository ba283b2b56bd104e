"""Names that are entered over HTTP are resolved as ``/v1/resolve`` resolves them, and several are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.corpora import open_corpora
from matcher.snapshot import build
from tests.api.conftest import write_companies
from tests.api.ledgers import office
from tests.snapshot.small import code

pytestmark = pytest.mark.slow


def test_a_code_is_filled_in_from_the_snapshot(tmp_path: Path) -> None:
    here = office(tmp_path)
    rows = [
        ("甲玩具有限公司", "积木的生产", "500万元", "青岛市", code(1), ""),
        ("乙玩具有限公司", "积木的生产", "500万元", "青岛市", "", ""),
    ]
    build([write_companies(tmp_path / "a.csv", rows)], open_corpora(), here.settings.home)
    with here.client:
        filled = here.made("admin", company=" 甲玩具有限公司 ")
        without = here.made("admin", company="乙玩具有限公司")
        own = here.made("admin", company="甲玩具有限公司", uscc=code(2))
        found = [row["values"]["uscc"] for row in here.ask("admin", "GET", "/ledger/targets").json()["rows"]]
    assert found == [code(1), None, code(2)]
    said = [any("按当前快照填" in line for line in one["told"]) for one in (filled, without, own)]
    assert said == [True, False, False]


def test_a_name_that_may_be_several_is_asked_and_not_guessed(tmp_path: Path) -> None:
    here = office(tmp_path)
    rows = [
        (name, "积木的生产", "500万元", "青岛市", code(number), "")
        for number, name in enumerate(("青岛甲乙玩具有限公司", "青岛丙丁玩具有限公司", "杭州丙丁玩具有限公司"), start=1)
    ]
    build([write_companies(tmp_path / "a.csv", rows)], open_corpora(), here.settings.home)
    with here.client:
        for name in ("甲乙玩具", "丙丁玩具", "庚辛玩具"):
            (answer,) = here.client.request(
                "POST", "/v1/resolve", json={"queries": [name]}, headers={"Authorization": f"Bearer {here.tokens['admin']}"}
            ).json()["results"]
            made = here.made("admin", company=name)
            sure, unsure = answer["decision"] == "same", answer["decision"] == "unsure"
            assert made["changes"].get("uscc") == ([None, answer["uscc"]] if sure else None)
            assert any("吃不准" in line for line in made["told"]) == unsure
            assert not unsure or all(one["uscc"] in "".join(made["told"]) for one in answer["candidates"])
