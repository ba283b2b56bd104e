"""Tools of agents over real HTTP, asked for by the protocol's own client: what HTTP answers, under the same keys, limits and audit."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher.api.agents import TOOLS
from matcher.api.app import create_app
from matcher.api.roles import OPERATIONS
from matcher.api.settings import Limits
from matcher.store.audit import lines
from matcher.store.database import open_store
from matcher.store.keys import ROLES, Wanted, create_key
from tests.api.conftest import small
from tests.api.local import TestClient
from tests.api.servers import connected

ZONE = "small"
PROFILE = {"name": "青岛某某玩具有限公司", "business_scope": "积木、布偶的生产、销售"}
DAY = "2024-08-27"
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}},
}  # fmt: skip


def asked(port: int, token: str | None, *calls: tuple[str, dict[str, Any]]) -> tuple[list[str], list[Any]]:
    """The tools that a client is shown, and its results."""
    import httpx2
    from mcp.client import Client
    from mcp.client.streamable_http import streamable_http_client

    async def main() -> tuple[list[str], list[Any]]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=120) as http,
            Client(streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)) as client,
        ):
            shown = [tool.name for tool in (await client.list_tools()).tools]
            return shown, [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(main())


def key(home: Path, role: str, **wanted: Any) -> str:
    with open_store(f"sqlite:///{home / 'home' / 'ledger.db'}") as store:
        return create_key(store, Wanted(**{"name": role, "role": role, **wanted}), by="")[0]


@pytest.mark.slow
def test_tools_answer_as_http_does(tmp_path: Path) -> None:
    app = create_app(replace(small(tmp_path), log="off"))
    with connected(app) as port:
        score = {"zone": ZONE, "profiles": [PROFILE, {}], "as_of": DAY, "explain": True}
        rank = {"zone": ZONE, "as_of": DAY, "top": 3}
        shown, (zones, chains, ranked, scored, resolved, missing, wrong) = asked(
            port, None, ("zones", {}), ("chains", {"zone": ZONE}), ("rank", rank), ("score", score),
            ("resolve", {"queries": ["青岛啤酒"]}), ("gaps", {"zone": ZONE}), ("rank", {"zone": "a/../b"}),
        )  # fmt: skip
        listed = ranked.structured_content
        _, (one, none) = asked(
            port, None,
            ("explain", {"run": listed["run"]["id"], "uscc": listed["results"][0]["uscc"]}), ("explain", {"run": "f" * 32, "uscc": "x"}),
        )  # fmt: skip
    assert shown == list(TOOLS)
    assert zones.structured_content == {"zones": [ZONE]}
    with TestClient(create_app(small(tmp_path))) as client:
        path = f"/v1/zones/{ZONE}"
        assert chains.structured_content == client.get(f"{path}/chains").json()
        direct = client.post(f"{path}/rank", json={"as_of": DAY, "top": 3}).json()
        assert (listed["run"]["id"], listed["results"]) == (direct["run"]["id"], direct["results"])
        asked_so = {name: value for name, value in score.items() if name != "zone"}
        assert scored.structured_content["results"] == client.post(f"{path}/score", json=asked_so).json()["results"]
        assert resolved.structured_content == client.post("/v1/resolve", json={"queries": ["青岛啤酒"]}).json()
        assert (
            one.structured_content == client.get(f"/v1/runs/{listed['run']['id']}/companies/{listed['results'][0]['uscc']}").json()
        )
    assert (missing.is_error, wrong.is_error, none.is_error) == (True, True, True)
    assert "not-found" in none.content[0].text


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_a_key_has_the_tools_of_its_role_and_leaves_its_trace(tmp_path: Path, role: str) -> None:
    app = create_app(replace(small(tmp_path), needs_keys=True, log="off"))
    with connected(app) as port:
        token = key(tmp_path, role)
        shown, (ranked,) = asked(port, token, ("rank", {"zone": ZONE, "as_of": DAY}))
        elsewhere, (refused,) = asked(port, key(tmp_path, role, zones=["b"]), ("score", {"zone": ZONE, "profiles": [PROFILE]}))
    assert shown == elsewhere == [name for name, tool in TOOLS.items() if role in OPERATIONS[tool.operation].roles]
    assert ranked.is_error == ("rank" not in shown)
    assert refused.is_error and "forbidden" in refused.content[0].text
    with open_store(f"sqlite:///{tmp_path / 'home' / 'ledger.db'}") as store:
        noted = [(one.entry.name, one.entry.run) for one in lines(store) if one.entry.operation == "rank_companies"]
    assert noted == ([] if ranked.is_error else [(role, ranked.structured_content["run"]["id"])])


def test_nobody_comes_in_without_a_key_and_rates_count(tmp_path: Path) -> None:
    settings = replace(small(tmp_path), needs_keys=True, log="off", limits=Limits(per_minute=6))
    with TestClient(create_app(settings)) as client:
        assert client.post("/mcp", json=HELLO, headers=HEADERS).status_code == 401
        with_key = {**HEADERS, "Authorization": f"Bearer {key(tmp_path, 'planner')}"}
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "zones", "arguments": {}}}
        said = [client.post("/mcp", json=call, headers=with_key) for _ in range(7)]
        listed = client.get("/v1/zones", headers=with_key)
    assert [one.status_code for one in said] == [200] * 6 + [429]  # a message and what it asks for count as one
    assert [one.json()["result"]["isError"] for one in said[:6]] == [False] * 6
    assert listed.status_code == 429


def test_many_calls_in_one_message_are_not_free(tmp_path: Path) -> None:
    settings = replace(small(tmp_path), needs_keys=True, log="off", limits=Limits(per_minute=6))
    with TestClient(create_app(settings)) as client:
        with_key = {**HEADERS, "Authorization": f"Bearer {key(tmp_path, 'planner')}"}
        call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "zones", "arguments": {}}}
        said = client.post("/mcp", json=[{**call, "id": number} for number in range(20)], headers=with_key)
        answered = said.text.count('"isError":false')
    assert said.status_code == 400 or answered <= 7, said.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 200), ({"Host": "evil.example"}, 403), ({"Origin": "http://evil.example"}, 403), ({"X-Forwarded-For": "10.0.0.1"}, 403)],
)
def test_other_hosts_and_pages_are_turned_away(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    with TestClient(create_app(small(tmp_path))) as client:
        assert client.post("/mcp", json=HELLO, headers={**HEADERS, **headers}).status_code == status


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    from matcher.api import agents

    found: Callable[[str], object] = lambda name: None  # noqa: E731
    monkeypatch.setattr(agents, "find_spec", found)
    with TestClient(create_app(small(tmp_path))) as client:
        answer = client.post("/mcp", json=HELLO, headers=HEADERS)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:lianzhao:problem:not-found")
    assert "lianzhao[mcp]" in answer.json()["detail"]
