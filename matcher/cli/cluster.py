"""``rank --spark`` (集群排名): many zones in one pass over Parquet files that a cluster reads; answers as one machine gives them."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from matcher.cli import saved
from matcher.cli.inputs import check_data_date, check_targets, notes_line, undated_line, working
from matcher.cli.ranked import asked, write_ranking
from matcher.engine import Engine
from matcher.errors import ClusterError, OptionError, system_reason
from matcher.intake import Reject, write_rejects
from matcher.locate import home

_HOLE = "{zone}"


def rank_on_cluster(options: argparse.Namespace, engine_of: Callable[[argparse.Namespace], Engine]) -> int:
    """Ranks the files for each zone (集群排名); ``engine_of`` opens the zone that options name."""
    each = [_of_zone(options, zone) for zone in dict.fromkeys(options.zones)]
    _check(options, len(each))
    with working("读取规则"):
        engines = [engine_of(one) for one in each]
    request = asked(options)
    for place, (engine, one) in enumerate(zip(engines, each, strict=True)):
        engine.check(request)
        engines[place] = _with_evidence(engine, one)
    try:
        from matcher.spark import connected, rank_zones
    except ModuleNotFoundError as error:
        if error.name not in ("pyspark", "py4j"):
            raise
        raise ClusterError("没有安装 Spark 组件，请安装 lianzhao[spark]") from None
    listed: list[Path] = []

    def keep(digest: str, rejects: Iterator[Reject]) -> None:
        listed.append(Path(options.rejects) if options.rejects else home() / "rejects" / f"{digest[:16]}.csv")
        try:
            write_rejects(rejects, listed[-1])
        except OSError as error:
            raise OptionError(f"拒收清单写不进 {listed[-1]}（{system_reason(error)}），请用 --rejects 指定") from None

    shown = {"spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(), "spark.log.level": "ERROR"}
    with connected(options.spark, shown | dict(options.spark_conf)) as session:
        rankings, taken = rank_zones(session, options.files, engines, request, dated=options.data_date, keep=keep)
    line = f"读入 {taken.read:,} 行：接收 {taken.accepted:,}，合并 {taken.merged:,}，拒收 {taken.rejected:,}"
    print(line + "".join(f"；拒收清单 {path}" for path in listed) + notes_line(taken.notes), file=sys.stderr)
    if taken.undated:
        print(undated_line(taken.undated), file=sys.stderr)
    for engine, one, ranking in zip(engines, each, rankings, strict=True):
        called = "" if one.no_store else saved.keep(ranking, engine, one, saved.given_of(one, taken.files))
        write_ranking(one, engine, ranking, called)
    return 0


def _of_zone(options: argparse.Namespace, zone: str) -> argparse.Namespace:
    """The options as if this were the only zone."""
    one = copy.copy(options)
    one.zone = zone
    one.out = options.out.replace(_HOLE, zone) if options.out else None
    return one


def _check(options: argparse.Namespace, zones: int) -> None:
    if not options.files:
        raise OptionError("--spark 要写明企业文件：集群读得到的 Parquet 文件或目录")
    if zones > 1 and _HOLE not in (options.out or "") and options.format != "table":
        raise OptionError(f"几个园区各写一份，--out 里用 {_HOLE} 代表园区，如 --out 名单-{_HOLE}.{options.format}")
    check_targets(options)
    check_data_date(options)
    saved.check_register(options, required=False)


def _with_evidence(engine: Engine, options: argparse.Namespace) -> Engine:
    engine = saved.with_register(engine, options)
    return engine if options.no_store else saved.with_ledger(saved.with_lists(engine), options, asked(options).as_of)
