"""Signing in and out, and what a session is good for: by a browser, and by requests that no browser of ours would send."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from matcher.store.database import open_store
from matcher.store.keys import revoke_key
from tests.web.conftest import DESK, PHONE, Come, Site, fits

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def asked(
    site: Site, method: str, path: str, body: dict[str, str] | None = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, f"/ui{path}", urlencode(body) if body else None, {**(FORM if body else {}), **given})
    answer = connection.getresponse()
    text = "" if answer.status == 101 else answer.read().decode()  # else it would wait for the other side to speak
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


def cookie_of(site: Site, key: str) -> str:
    status, headers, _ = asked(site, "POST", "/sign-in", {"key": key, "to": "/"})
    assert status == 303
    return headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_one_signs_in_and_out(size: tuple[int, int], keyed_site: Site, come: Come, shot: Callable[[Page, str], Path]) -> None:
    visitor = come(keyed_site, size)
    page = visitor.open("/ranking")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    expect(page.get_by_label("接口密钥")).to_be_focused()
    assert fits(page)
    shot(page, f"sign-in-{size[0]}")
    page.close()
    page = visitor.sign_in(keyed_site.key(name="甲组"), "/ranking")
    assert page.url.startswith(keyed_site.at("/ranking"))
    if size == PHONE:
        page.get_by_role("button", name="打开或收起菜单").click()
    expect(page.get_by_text("甲组 · 招商人员").locator("visible=true")).to_be_visible()
    page.get_by_role("button", name="退出").locator("visible=true").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    visitor.go(page, "/ranking")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()


def test_the_cookie_is_for_the_pages_alone_and_for_no_script(keyed_site: Site, come: Come) -> None:
    visitor = come(keyed_site)
    page = visitor.sign_in(keyed_site.key())
    (cookie,) = visitor.context.cookies(keyed_site.at())
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/ui")
    assert page.evaluate("() => document.cookie") == ""
    assert asked(keyed_site, "GET", "/../v1/zones", Cookie=f"{cookie['name']}={cookie['value']}")[0] in (401, 404)


def test_behind_https_the_cookie_is_secure(keyed_site: Site) -> None:
    _, headers, _ = asked(keyed_site, "POST", "/sign-in", {"key": keyed_site.key()})
    assert "secure" not in headers["set-cookie"].lower()
    _, headers, _ = asked(keyed_site, "POST", "/sign-in", {"key": keyed_site.key()}, X_Forwarded_Proto="https")
    assert {"secure", "httponly", "samesite=strict"} <= {part.strip().lower() for part in headers["set-cookie"].split(";")}


def test_wrong_expired_and_revoked_keys_are_told_apart(keyed_site: Site, come: Come) -> None:
    expired = keyed_site.key(expires_at=datetime.now(UTC) + timedelta(seconds=1))
    revoked = keyed_site.key()
    with open_store(keyed_site.database) as store:
        revoke_key(store, revoked, by="")
    time.sleep(1.1)
    visitor = come(keyed_site)
    visitor.expects("401")
    page = visitor.open()
    right = keyed_site.key()
    for key, said in (
        (right[:-1] + ("a" if right[-1] != "a" else "b"), "没有这把密钥"),
        (expired, "已过期"),
        (revoked, "已撤销"),
        ("lz_1", "没有这把密钥"),
    ):
        page.get_by_label("接口密钥").fill(key)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
        assert key not in page.content()


def test_an_open_page_ends_with_its_key(keyed_site: Site, come: Come) -> None:
    visitor = come(keyed_site)
    visitor.expects("WebSocket")
    key = keyed_site.key()
    page = visitor.sign_in(key, "/ranking")
    page.wait_for_load_state("networkidle")  # whatever it still asks for is refused once the key is
    with open_store(keyed_site.database) as store:
        revoke_key(store, key, by="")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()


def test_signing_out_ends_the_other_pages_too(keyed_site: Site, come: Come) -> None:
    visitor = come(keyed_site)
    visitor.expects("WebSocket")
    one = visitor.sign_in(keyed_site.key(), "/ranking")
    other = visitor.open("/ranking")
    for page in (one, other):
        page.wait_for_load_state("networkidle")
    one.get_by_role("button", name="退出").locator("visible=true").click()
    expect(other.get_by_role("heading", name="登录")).to_be_visible()


@pytest.mark.parametrize(
    "to",
    [
        "https://example.invalid/",
        "//example.invalid/",
        "/\\example.invalid",
        "/sign-out",
        "/ranking//x",
        "javascript:alert(1)",
        "/%0d%0aX: y",
    ],
)
def test_nobody_is_sent_elsewhere(to: str, keyed_site: Site) -> None:
    status, headers, _ = asked(keyed_site, "POST", "/sign-in", {"key": keyed_site.key(), "to": to})
    assert (status, headers["location"]) == (303, "/ui/")
    _, _, page = asked(keyed_site, "GET", f"/sign-in?{urlencode({'to': to})}")
    assert re.findall('name="to" value="([^"]*)"', page) == ["/"]


def test_a_page_of_ours_is_where_one_goes(keyed_site: Site) -> None:
    _, headers, _ = asked(keyed_site, "GET", "/ranking?zone=a%26b")
    assert headers["location"] == f"/ui/sign-in?{urlencode({'to': '/ranking?zone=a%26b'})}"
    _, headers, _ = asked(keyed_site, "POST", "/sign-in", {"key": keyed_site.key(), "to": "/ranking?zone=a%26b"})
    assert headers["location"] == "/ui/ranking?zone=a%26b"


def test_another_page_signs_nobody_in_or_out(keyed_site: Site) -> None:
    key, foreign = keyed_site.key(), "https://example.invalid"
    assert asked(keyed_site, "POST", "/sign-in", {"key": key}, Origin=foreign)[0] == 403
    assert asked(keyed_site, "POST", "/sign-in", {"key": key}, Sec_Fetch_Site="cross-site")[0] == 403
    cookie = cookie_of(keyed_site, key)
    assert asked(keyed_site, "POST", "/sign-out", Cookie=cookie, Origin=foreign)[0] == 403
    assert asked(keyed_site, "GET", "/sign-out", Cookie=cookie)[0] == 404, "a link signs nobody out"
    assert asked(keyed_site, "GET", "/session", Cookie=cookie)[2] == "1"


def socket_status(site: Site, **headers: str) -> int:
    shake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    return asked(site, "GET", "/_nicegui_ws/socket.io/?EIO=4&transport=websocket", **{**shake, **headers})[0]


def test_a_socket_needs_a_session_of_this_site(keyed_site: Site) -> None:
    cookie, own = cookie_of(keyed_site, keyed_site.key()), f"http://127.0.0.1:{keyed_site.port}"
    assert socket_status(keyed_site, Cookie=cookie, Origin=own) == 101
    assert socket_status(keyed_site) == 403
    assert socket_status(keyed_site, Cookie="lianzhao_session=x", Origin=own) == 403
    assert socket_status(keyed_site, Cookie=cookie, Origin="https://example.invalid") == 403
    assert asked(keyed_site, "GET", "/_nicegui_ws/socket.io/?EIO=4&transport=polling")[0] == 401


def test_without_keys_a_socket_is_for_this_machine_and_its_own_pages(local_site: Site) -> None:
    own = f"http://127.0.0.1:{local_site.port}"
    assert socket_status(local_site, Origin=own) == 101
    assert socket_status(local_site, Origin="https://example.invalid") == 403
    assert socket_status(local_site, Origin=own, X_Forwarded_For="10.0.0.9") == 403
    assert socket_status(local_site, Origin="http://example.invalid", Host="example.invalid") == 403


def test_without_a_session_there_is_nothing_but_the_way_in(keyed_site: Site) -> None:
    assert asked(keyed_site, "GET", "/static/shell.css")[0] == 200
    for path in ("/_nicegui/3/static/nicegui.js", "/_nicegui/x/components/y"):
        assert asked(keyed_site, "GET", path)[0] == 401
    assert asked(keyed_site, "POST", "/_nicegui/client/x/upload/1", {"a": "b"})[0] == 401
    status, headers, _ = asked(keyed_site, "GET", "/sign-in")
    assert status == 200
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_who_may_not_see_a_page_is_told_and_has_it_in_no_menu(
    keyed_site: Site, come: Come, shot: Callable[[Page, str], Path]
) -> None:
    visitor = come(keyed_site)
    visitor.expects("403")
    page = visitor.sign_in(keyed_site.key("tracker"), "/ranking")
    expect(page.get_by_text("跟踪系统的密钥不能看“名单”")).to_be_visible()
    assert page.get_by_role("navigation", name="主菜单").get_by_role("link", name="名单").count() == 0
    shot(page, "forbidden")


def test_a_key_for_one_zone_sees_that_one_only(keyed_site: Site, come: Come) -> None:
    visitor = come(keyed_site)
    visitor.expects("403")
    page = visitor.sign_in(keyed_site.key(zones=["zhuhai-jinwan"]), "/ranking")
    page.get_by_label("园区").click()
    expect(page.get_by_role("option")).to_have_count(1)
    visitor.go(page, "/ranking?zone=liaocheng-resort")
    expect(page.get_by_text("不能用于它")).to_be_visible()


def test_ranking_by_a_page_is_in_the_audit_log(keyed_site: Site, come: Come) -> None:
    page = come(keyed_site).sign_in(keyed_site.key(name="乙组"), "/ranking")
    page.get_by_role("button", name="排名").click()
    expect(page.locator(".ranked tbody tr").first).to_be_visible()
    from matcher.store.audit import lines

    with open_store(keyed_site.database) as store:
        mine = [line.entry for line in lines(store) if line.entry.name == "乙组" and line.entry.operation == "rank_companies"]
    assert [(entry.status, bool(entry.run)) for entry in mine] == [(200, True)]


def test_too_many_wrong_keys_are_not_looked_at_any_more(keyed_site: Site) -> None:
    """The last one here: the address has no tries left afterwards."""
    for _ in range(40):
        status, _, page = asked(keyed_site, "POST", "/sign-in", {"key": "lz_x"})
        if status == 429:
            break
    assert status == 429
    assert "试的次数太多" in page
