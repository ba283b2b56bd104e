"""``lianzhao serve`` (启动服务): options become the environment that every worker reads; then the server runs."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from functools import partial
from importlib.util import find_spec

from matcher.errors import OptionError

_EXAMPLE = """'{"profiles": [{"name": "某某农业装备有限公司", "business_scope": "拖拉机、收获机械的研发、制造、销售"}]}'"""


def serve(options: argparse.Namespace) -> int:
    """Runs the service until it is told to stop (启动服务)."""
    try:
        from matcher.api import serving
        from matcher.api.settings import Settings
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("matcher"):
            raise
        raise OptionError("服务组件没有安装，请安装 lianzhao[service]") from None
    os.environ.update(_environment(options))
    settings = Settings.from_environment()
    wanted = serving.Serving(options.host, options.port, options.workers, options.root_path, tuple(options.trusted_proxy))
    pages = _pages(options)
    if not pages:
        wanted = replace(wanted, application="matcher.web.app:create_app", sockets=True)
    return serving.serve(wanted, settings, partial(_announce, settings.needs_keys, pages))


def _pages(options: argparse.Namespace) -> str:
    """Why there are no pages; empty if there are.

    Raises:
        OptionError: They are asked for and cannot be had.
    """
    if options.pages is False:
        return "没有开（--no-pages）"
    if options.workers > 1:
        why = "几个进程时不开；另起一个单进程的 lianzhao serve，由代理把 /ui 转给它"
    elif find_spec("nicegui") is None:
        why = "网页组件没有安装，请安装 lianzhao[web]"
    else:
        return ""
    if options.pages:
        raise OptionError(f"不能开网页：{why}")
    return why


def _environment(options: argparse.Namespace) -> dict[str, str]:
    """What the options say, for the workers; what they do not say stays as it is."""
    given = {
        "LIANZHAO_REQUIRE_KEYS": "1" if options.require_keys else "",
        "LIANZHAO_HOSTS": ",".join(options.allow_host),
        "LIANZHAO_ORIGINS": ",".join(options.allow_origin),
        "LIANZHAO_LOG": options.log or "",
        "LIANZHAO_PER_MINUTE": "" if options.per_minute is None else str(options.per_minute),
        "LIANZHAO_BODY_LIMIT": str(options.body_limit or ""),
    }
    return {name: value for name, value in given.items() if value}


def _announce(needs_keys: bool, pages: str, address: str) -> None:
    """Where to look, and a command that works when it is pasted."""
    from matcher.rules import zone_ids

    key = " -H 'Authorization: Bearer 你的密钥'" if needs_keys else ""
    zone = zone_ids()[0]
    lines = (
        f"链招服务：{address}（{'须用密钥' if needs_keys else '本机，不用密钥'}；Ctrl-C 停止）",
        f"  网页     {pages or f'{address}/ui'}",
        f"  接口文档 {address}/docs",
        f"  存活检查 {address}/healthz    就绪 {address}/readyz    指标 {address}/metrics",
        "  试一试：",
        f"    curl -s{key} {address}/v1/zones/{zone}/score -H 'Content-Type: application/json' \\",
        f"      -d {_EXAMPLE}",
    )
    print("\n".join(lines), file=sys.stderr, flush=True)
