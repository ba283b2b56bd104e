"""The commands on API keys (密钥命令): create, list, limit, revoke, and the audit log."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from matcher.cli.listing import check_output, write_listing
from matcher.cli.signing import signed_by
from matcher.corpora import open_corpora
from matcher.errors import OptionError, RequestError
from matcher.outputs.version_words import time_words
from matcher.rules import load_zone, zone_ids
from matcher.runs import CHINA_TIME
from matcher.store import audit, keys
from matcher.store.database import open_store


def run(options: argparse.Namespace) -> int:
    """Runs one of these commands (执行密钥命令)."""
    actions = {"create": _create, "list": _list, "limit": _limit, "revoke": _revoke, "audit": _audit}
    return actions[options.action](options)


def _create(options: argparse.Namespace) -> int:
    known = zone_ids()
    for zone in options.zone or ():
        if zone not in known:
            raise RequestError("园区", zone, known)
    if options.group is not None:
        _check_group(options.group, options.zone or known)
    wanted = keys.Wanted(
        name=options.name,
        role=options.role,
        zones=options.zone,
        scopes=options.scope,
        group=options.group,
        leader=options.leader,
        per_minute=options.rate,
        body=options.body,
        expires_at=_expiry(options),
    )
    with open_store() as store:
        token, key = keys.create_key(store, wanted, by=signed_by(options))
    until = f"用到 {time_words(key.expires_at)}" if key.expires_at else "不设到期"
    _say(f"已建密钥 {key.id}（{key.name}，{keys.ROLES[key.role]}，{until}）。下面这一行只显示这一次，请妥善保管：")
    print(token)
    return 0


def _check_group(group: str, zones: list[str]) -> None:
    corpora = open_corpora()
    groups = {one.id for zone in zones for one in load_zone(zone, corpora).file.groups}
    if group not in groups:
        raise RequestError("产业招商小组", group, groups)


def _expiry(options: argparse.Namespace) -> datetime | None:
    if options.no_expiry:
        return None
    if options.expires is not None:
        return _midnight(options.expires) + timedelta(hours=24)
    return datetime.now(UTC) + timedelta(days=options.days)


def _midnight(day: date) -> datetime:
    try:
        return datetime.combine(day, time(), CHINA_TIME).astimezone(UTC)
    except OverflowError:
        raise OptionError(f"日期 {day} 太早或太晚") from None


def _list(options: argparse.Namespace) -> int:
    check_output(options)
    with open_store() as store:
        found = keys.list_keys(store, revoked=options.all)
    now = datetime.now(UTC)
    titles = {
        "id": "编号", "name": "名称", "role": "角色", "state": "状态", "zones": "园区", "scopes": "范围", "group": "招商小组",
        "leader": "领导", "per_minute": "每分钟请求数", "body": "请求体上限（字节）", "expires_at": "到期",
        "last_used_at": "最近使用", "created_at": "新建时间", "created_by": "新建人",
        "revoked_at": "撤销时间", "revoked_by": "撤销人",
    }  # fmt: skip
    rows: list[dict[str, Any]] = [{**vars(one), "state": one.standing(now).value} for one in found]
    if options.format != "json":
        rows = [
            {
                **row,
                "role": keys.ROLES[row["role"]],
                "zones": row["zones"] or "全部",
                "scopes": row["scopes"] or "角色能做的全部",
                "per_minute": _limit_words(row["per_minute"]),
                "body": _limit_words(row["body"]),
            }
            for row in rows
        ]
    write_listing(options, "接口密钥", titles, rows)
    return 0


def _limit_words(limit: int | None) -> int | str:
    return "同服务" if limit is None else limit or "不限"


def _limit(options: argparse.Namespace) -> int:
    limits = {
        name: getattr(options, given) for name, given in (("per_minute", "rate"), ("body", "body")) if hasattr(options, given)
    }
    with open_store() as store:
        key = keys.limit_key(store, options.key, limits, by=signed_by(options))
    rate, body = _limit_words(key.per_minute), _limit_words(key.body)
    _say(f"密钥 {key.id}（{key.name}）现在每分钟的请求数：{rate}，请求体上限（字节）：{body}；一秒之内各进程照此办")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    with open_store() as store:
        key, is_new = keys.revoke_key(store, options.key, by=signed_by(options))
    if is_new:
        _say(f"已撤销密钥 {key.id}（{key.name}）；一秒之内各进程都不再认它")
    else:
        assert key.revoked_at is not None
        _say(f"密钥 {key.id}（{key.name}）{time_words(key.revoked_at)} 就撤销了，没有改动")
    return 0


def _audit(options: argparse.Namespace) -> int:
    check_output(options)
    titles = {
        "id": "序号", "at": "时间", "name": "谁", "key": "密钥", "operation": "操作", "zone": "园区", "run": "批次", "status": "结果",
        "request": "请求号",
    }  # fmt: skip
    with open_store() as store:
        since = None if options.since is None else _midnight(options.since)
        rows = [{"id": line.id, "at": line.at, **vars(line.entry)} for line in audit.all_lines(store, since)]
    write_listing(options, "审计记录", titles, rows)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)
