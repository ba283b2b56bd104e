"""Applications with a home of their own, on the bundled sample or on a small zone, over SQLite or a real PostgreSQL."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from matcher.api.app import create_app
from matcher.api.settings import Settings
from tests.cli import small_zone
from tests.store.conftest import address, postgres

__all__ = ["address", "postgres"]
ROWS = [
    ("青岛某某玩具有限公司", "积木、布偶的生产、销售", "5000万元", "青岛市", "91370200MA3TESTA0X", "2020-01-02"),
    ("青岛某某礼品有限公司", "礼品的销售", "200万元", "青岛市", "", "2021-03-04"),
    ("杭州某某乐园有限公司", "主题乐园、游乐园的运营", "9000万元", "杭州市", "", ""),
    ("杭州某某布偶有限公司", "布偶的生产", "800万元", "杭州市", "", "2022-05-06"),
    ("绍兴某某机械有限公司", "机床的生产", "3000万元", "绍兴市", "", "2022-05-06"),
]
HEADER = ("企业名称", "经营范围", "注册资本", "所属城市", "统一社会信用代码", "数据日期")


def write_companies(path: Path, rows: list[tuple[str, ...]] | None = None) -> Path:
    """A file of made-up companies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([HEADER, *(ROWS if rows is None else rows)])
    return path


def small(folder: Path, database: str | None = None) -> Settings:
    """Settings of a service on the small zone, which looks for nothing new unless asked."""
    rules = folder / "rules"
    if not rules.is_dir():
        small_zone.write(rules)
        (rules / "resolution.yaml").write_bytes((Path(__file__).parents[2] / "rules" / "resolution.yaml").read_bytes())
    return Settings(home=folder / "home", database=database, rules=rules, look_every=0)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """On the bundled sample and the real zones."""
    with TestClient(create_app(Settings(home=tmp_path_factory.mktemp("service"), look_every=0))) as found:
        yield found
