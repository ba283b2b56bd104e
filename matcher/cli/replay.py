"""``lianzhao replay`` (回放): makes a run again and says whether it is the same, or what differs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from matcher import keeping
from matcher.cli.files import written
from matcher.cli.inputs import check_data_date, check_targets, working
from matcher.errors import OptionError
from matcher.locate import home
from matcher.outputs.cells import as_json
from matcher.outputs.version_words import time_words
from matcher.store.database import open_store, store_exists
from matcher.store.rulesets import versions
from matcher.store.runs import find_run
from matcher.tuning.replay import NAMES, Materials, Replay
from matcher.tuning.replay import replay as replay_run

_SHORT = 12


def replay(options: argparse.Namespace) -> int:
    """Runs the command (执行命令); 0 only if the results are equal in bytes."""
    inputs = options.files
    options.files = [*inputs, *options.local]
    check_targets(options)
    check_data_date(options)
    if not store_exists():
        raise OptionError("还没有留存过批次：lianzhao rank 不加 --no-store 才留存")
    materials = Materials(
        home(), tuple(inputs), options.data_date, tuple(options.local), options.rules_folder, options.corpora
    )  # fmt: skip
    with open_store() as store:
        kept = find_run(store, options.run)
        with working("回放"):
            found = replay_run(store, kept, materials)
        called = keeping.called(versions(store, kept.run.zone), kept.run.ruleset)
    with written(options.out) as stream:
        stream.write((as_json(_plain(found)) if options.format == "json" else "\n".join(_told(found, called))) + "\n")
    if not found.equal:
        print(f"lianzhao: 批次 {found.run.id[:_SHORT]} {_verdict(found)}", file=sys.stderr)
    return 0 if found.equal else 1


def _plain(found: Replay) -> dict[str, Any]:
    data = asdict(found)
    return {"run": data.pop("run"), "equal": found.equal, **data}


def _told(found: Replay, called: str) -> Iterator[str]:
    run = found.run
    asked = run.request
    cities = asked["cities"]
    where = "、".join(map(str, cities)) if isinstance(cities, list) and cities else "全部城市"
    made = time_words(datetime.fromisoformat(run.created_at))
    yield f"批次 {run.id}　{run.zone}　{where}　按 {asked['as_of']} 计算　{made} 作{called and f'　{called}'}"
    for one in found.inputs:
        yield f"  {NAMES[one.name]}：{one.problem or f'相同（{one.then[:_SHORT]}），{one.found}'}"
    if found.versions:
        told = "、".join(f"{name} {then} → {now}" for name, (then, now) in found.versions.items())
        yield f"  程序版本与当时不同：{told}"
    if found.equal:
        yield f"结果逐字节相同（{found.then[:_SHORT]}）"
    elif found.now is None:
        yield "没有再排：上面写明了缺什么、什么不同"
    else:
        yield f"结果不同：当时 {found.then[:_SHORT]}，现在 {found.now[:_SHORT]}"


def _verdict(found: Replay) -> str:
    if found.now is None:
        return "不能照原样再算：" + "、".join(NAMES[one.name] for one in found.inputs if one.problem) + "与当时不同或找不回来"
    if any(one.problem for one in found.inputs):
        return "还原不出当时的请求"
    if found.versions:
        return "各项输入都相同，结果不同：程序版本与当时不同，见上"
    return "各项输入、程序版本都相同，结果却不同：程序改过而版本号没有变的会这样，别的情形请报告"
