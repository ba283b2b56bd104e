"""A service on the small zone that asks for keys, and its callers: an administrator, a leader, two groups, the tracking system."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matcher.api.app import create_app
from matcher.api.settings import Limits, Settings
from matcher.store.database import open_store
from matcher.store.keys import Wanted, create_key
from tests.api.conftest import small
from tests.api.local import TestClient

Z = "/v1/zones/small"
SECOND = """  - {id: game-group, name: 游戏组, chains: [toys], ground: {source: assumed, reason: 测试用}}
"""
WHO = {
    "admin": Wanted("管理员", "admin"),
    "leader": Wanted("领导", "planner", leader=True),
    "toys": Wanted("玩具组", "planner", group="toy-group"),
    "games": Wanted("游戏组", "planner", group="game-group"),
    "nobody": Wanted("没写小组", "planner"),
    "analyst": Wanted("分析员", "analyst", group="toy-group"),
    "tracker": Wanted("跟踪系统", "tracker"),
}


@dataclass
class Office:
    """The service and the keys of its callers."""

    settings: Settings
    client: TestClient
    tokens: dict[str, str]

    def ask(self, who: str, method: str, path: str, **options: Any) -> Any:
        """An answer to somebody."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}", **options.pop("headers", {})}
        return self.client.request(method, f"{Z}{path}", headers=headers, **options)

    def made(self, who: str, book: str = "targets", status: int = 201, **values: Any) -> dict[str, Any]:
        """A row that somebody entered."""
        given = {"kind": "企业", "company": "某某玩具有限公司"} | values if book == "targets" else values
        answer = self.ask(who, "POST", f"/ledger/{book}", json={"values": given})
        assert answer.status_code == status, answer.text
        told: dict[str, Any] = answer.json()
        return told


def settings_of(folder: Path, database: str | None = None) -> Settings:
    """Settings of such a service."""
    settings = small(folder, database)
    assert settings.rules is not None
    zone = settings.rules / "small" / "zone.yaml"
    if "game-group" not in zone.read_text(encoding="utf-8"):
        with zone.open("a", encoding="utf-8") as stream:
            stream.write(SECOND)
    return replace(settings, needs_keys=True, log="off", limits=Limits(per_minute=0))


def office(folder: Path, database: str | None = None) -> Office:
    """Such a service; its client is yet to be entered."""
    settings = settings_of(folder, database)
    with open_store(settings.address) as store:
        tokens = {name: create_key(store, wanted, by="")[0] for name, wanted in WHO.items()}
    return Office(settings, TestClient(create_app(settings), raise_server_exceptions=False), tokens)
