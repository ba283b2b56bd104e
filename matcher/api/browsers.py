"""Requests that a web page sends behind its reader's back (跨站请求), and names that lead here by a trick (DNS 重绑定).

Without keys the service trusts whoever is at this machine, and a browser at this machine runs pages of anybody. So such a service is called
by this machine's own names only, by nobody else's pages, and not through a proxy. Pages that may call it are named in the settings.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from starlette.types import Scope

from matcher.api.settings import Settings

_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PAGE_SCHEMES = {"ws": "http", "wss": "https"}  # of the page that opens a socket
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request (请求头); of a name that came twice both values, so that neither is taken for the only one."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def strange_caller(scope: Scope, headers: Mapping[str, str]) -> str | None:
    """Why a service without keys does not answer this request; None if it does (无密钥时的拒绝原因)."""
    client = scope.get("client")
    if client is None or not _is_own(client[0]):
        return "没有要求密钥的服务只应答本机；要给别的机器用，请建密钥并加 --require-keys"
    if any(name in headers for name in _FORWARDED):
        return "没有要求密钥的服务不接受代理转来的请求；请建密钥并加 --require-keys"
    return None


def strange_host(headers: Mapping[str, str], settings: Settings) -> str | None:
    """Why the name that the service is called by is wrong; None if it is right (主机名不对的原因)."""
    if settings.needs_keys and not settings.hosts:
        return None  # whoever has a key may call it what he likes
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.lower() in _OWN_NAMES or name.lower() in settings.hosts or host.lower() in settings.hosts:
        return None
    return "请求的 Host 不是这个服务的；要用别的主机名访问，请用 --allow-host 写明"


def strange_page(scope: Scope, headers: Mapping[str, str], settings: Settings) -> str | None:
    """Why a web page may not send this request; None if it may, or if no page did (跨站请求的拒绝原因)."""
    said = "别的网页发来的请求不予应答；确要允许的，请用 --allow-origin 写明"
    origin = headers.get("origin")
    if origin is not None:
        return None if origin == own_origin(scope, headers) or origin in settings.origins else said
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return None
    if headers.get("sec-fetch-dest") == "iframe" and _origin_of(headers.get("referer", "")) in settings.origins:
        return None  # a named page shows one of ours within itself
    is_link = (
        scope.get("method") == "GET" and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )
    return None if is_link else said  # to follow a link is no harm: the other page does not see the answer


def own_origin(scope: Scope, headers: Mapping[str, str]) -> str:
    """What our own pages call themselves (本服务网页的来源), as the browser of this request sees the service."""
    scheme = scope.get("scheme", "http")
    return f"{_PAGE_SCHEMES.get(scheme, scheme)}://{headers.get('host', '')}"


def _origin_of(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def address_of(scope: Scope) -> str:
    """Whom attempts are counted for (计数的地址): an address, of version 6 its network, which one customer has alone."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _is_own(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
