"""Plans that are kept (留存的计划): ``trip list``, ``show``, ``enter``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from matcher.cli.listing import check_output, write_listing
from matcher.cli.signing import signed_by
from matcher.errors import InputError, OptionError, system_reason
from matcher.ledger.entry import entering
from matcher.ledger.setting import open_setting
from matcher.store.database import open_store, store_exists
from matcher.store.trips import find_trip, list_trips
from matcher.trips.entering import Whose, enter
from matcher.trips.keeping import keep_plan, kept_plan, plan_of
from matcher.trips.plans import TripPlan

_MOST = 1000


def run(options: argparse.Namespace) -> int:
    """Runs one of these commands (执行命令)."""
    commands: dict[str, Callable[[argparse.Namespace], int]] = {"list": _list, "enter": _enter}
    return commands[options.action](options)


def kept(options: argparse.Namespace, word: str) -> TripPlan:
    """A plan by its file, or by the beginning of its id (取计划).

    Raises:
        InputError: The file is no plan.
        OptionError: It is another zone's.
        RequestError: None is kept by that id.
    """
    if Path(word).is_file():
        plan = _read(word)
        if plan.zone != options.zone:
            raise OptionError(f"{word} 是园区 {plan.zone} 的计划，--zone 写的是 {options.zone}")
        return plan
    if not store_exists():
        raise OptionError(f"没有 {word[:60]} 这个文件，也没有留存过计划；先用 lianzhao trip plan 排一份")
    with open_store() as store:
        return kept_plan(store, options.zone, find_trip(store, options.zone, word).id)


def _read(file: str) -> TripPlan:
    try:
        told = json.loads(Path(file).read_bytes())
    except OSError as error:
        raise InputError(file, system_reason(error)) from None
    except ValueError:
        raise InputError(file, "不是 JSON，应为 trip plan --out 计划.json 写出的计划") from None
    return plan_of(told, file)


def _list(options: argparse.Namespace) -> int:
    check_output(options)
    open_setting(options.zone, options.rules_folder)  # a zone that is none is told
    titles = {
        "id": "计划", "start": "第一天", "days": "天数", "cities": "城市", "visits": "家数", "run": "名单批次", "kept_at": "留存时间",
        "kept_by": "留存人",
    }  # fmt: skip
    with open_store() as store:
        found = list_trips(store, options.zone, most=_MOST)
    write_listing(options, "行程计划", titles, [{name: getattr(one, name) for name in titles} for one in found])
    return 0


def _enter(options: argparse.Namespace) -> int:
    setting = open_setting(options.zone, options.rules_folder)
    plan = kept(options, options.plan)
    whose = Whose(options.group, options.department, options.owner)
    with open_store() as store:
        keep_plan(store, plan, by=signed_by(options))  # one from a file, too: what the activities name can be read again
        with entering(store, setting, by=signed_by(options), source="cli") as entry:
            done = enter(entry, plan, whose, targets=not options.no_targets)
    numbers = "、".join(str(one.id) for one in done.activities)
    _say(f"已登记第 {numbers} 号活动、{len(done.targets):,} 个目标（计划 {plan.id[:12]}）")
    for line in dict.fromkeys(told for one in (*done.activities, *done.targets) for told in one.told):
        _say(f"lianzhao: 注意：{line}")
    for line in done.known:
        _say(f"lianzhao: 注意：{line}，没有另登记")
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)
