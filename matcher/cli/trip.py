"""What ``trip`` does (行程的命令): plan, replan, show; on the screen, and into as many files as are asked for."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from matcher.cli.files import write_bytes, written
from matcher.cli.inputs import check_data_date, working
from matcher.cli.lines import say
from matcher.cli.signing import signed_by
from matcher.cli.table import WIDTH, wide
from matcher.cli.tried import companies_of, local_engine_of
from matcher.engine import Engine
from matcher.errors import OptionError, StoreError
from matcher.outputs.cells import as_json, safe
from matcher.rules import Zone
from matcher.rules.trips import load_trip_rules
from matcher.trips.plans import PlannedVisit, TeamTrip, TripPlan
from matcher.trips.request import TripRequest
from matcher.trips.words import day_title, overnight, quality, reasons, serves, span, state, team_title, title, way, where

_BINARY = ("xlsx", "docx", "ics")
_BY_SUFFIX = {".json": "json", ".csv": "csv", ".xlsx": "xlsx", ".docx": "docx", ".ics": "ics"}


def run(options: argparse.Namespace) -> int:
    """Runs the command that was asked for (执行命令)."""
    if any(find_spec(name) is None for name in ("ortools", "docx", "icalendar")):
        raise OptionError("行程组件没有安装，请安装 lianzhao[trips]（在检出的目录里：make .venv/all）")
    if options.action in ("list", "enter"):
        from matcher.cli import trip_verbs

        return trip_verbs.run(options)
    outputs = _outputs(options)
    if options.action == "show":
        from matcher.cli.trip_verbs import kept

        plan, engine = kept(options, options.plan), Engine(options.zone, rules=options.rules_folder, corpora=options.corpora)
    else:
        check_data_date(options)
        plan, engine = {"plan": _plan, "replan": _replan}[options.action](options)
    for target, form in outputs:
        _write(plan, engine, target, form)
    if options.action != "show" and not options.no_store:
        _keep(plan, options)
    return 0


def _keep(plan: TripPlan, options: argparse.Namespace) -> None:
    """Keeps the plan; if that fails the plan is not lost, and stderr says so."""
    from matcher.store.database import open_store
    from matcher.trips.keeping import keep_plan

    try:
        with open_store() as store:
            keep_plan(store, plan, by=signed_by(options))
    except StoreError as error:
        print(f"lianzhao: 计划 {plan.id[:12]} 没有留存，照常给出。{error}", file=sys.stderr)
        return
    print(f"计划 {plan.id[:12]} 已留存；登记成活动：lianzhao trip enter {plan.id[:12]} --zone {plan.zone}", file=sys.stderr)


def _outputs(options: argparse.Namespace) -> list[tuple[str | None, str]]:
    """Files and their forms; the screen without one.

    Raises:
        OptionError: A form needs a file, or a file is one that was read.
    """
    inputs = [*getattr(options, "files", ()), *getattr(options, "local", ())]
    for key in ("appointments", "targets", "matrix", "plan"):
        if isinstance(getattr(options, key, None), str):
            inputs.append(getattr(options, key))
    read = {Path(file).resolve() for file in inputs}
    if not options.out:
        if options.format in _BINARY:
            raise OptionError(f"--format {options.format} 要用 --out 指定写到哪个文件")
        return [(None, options.format or "table")]
    for target in options.out:
        if Path(target).resolve() in read:
            raise OptionError(f"--out 不能是输入文件 {target}，会把它覆盖")
        if not Path(target).resolve().parent.is_dir():
            raise OptionError(f"--out {target} 写不进去：没有这个目录")
    return [(target, options.format or _BY_SUFFIX.get(Path(target).suffix.lower(), "table")) for target in options.out]


def _plan(options: argparse.Namespace) -> tuple[TripPlan, Engine]:
    from matcher.trips.building import check
    from matcher.trips.chances import chances_of
    from matcher.trips.planning import plan
    from matcher.trips.tables import read_appointments, read_targets, read_ways

    request = TripRequest(
        start=options.start, days=options.days, cities=tuple(options.city), anywhere=options.anywhere, teams=options.teams,
        per_day=options.per_day, hours=tuple(options.hours), visit=options.visit, must=tuple(options.must),
        must_not=tuple(options.must_not), appointments=read_appointments(options.appointments) if options.appointments else (),
        targets=read_targets(options.targets) if options.targets else (), ways=read_ways(options.matrix) if options.matrix else (),
        eve=not options.no_eve, stay=options.stay, chains=tuple(options.chain), group=options.group, need=options.need,
        candidates=options.candidates, seconds=options.seconds, explain=not options.no_explain,
    )  # fmt: skip
    check(request)
    options.as_of = request.start  # the ledgers are read as of the trip, as the list is made as of it
    rules, engine = load_trip_rules(options.rules_folder), local_engine_of(options)
    for city in request.cities:
        engine.cities.full_name(city)
    intake, known, _ = companies_of(options, engine)
    with working("排行程"):
        chances = chances_of(engine.tracked or (), rules, request.start)
        return plan(engine, intake, request, rules, known=known, chances=chances), engine


def _replan(options: argparse.Namespace) -> tuple[TripPlan, Engine]:
    from matcher.cli.trip_verbs import kept
    from matcher.trips.chances import chances_of
    from matcher.trips.replan import called_instead, plan_json, replan

    if not options.refused and not options.agreed:
        raise OptionError("请写明谁被拒（--refused）或谁约上了（--agreed）")
    if options.instead is not None and len(options.refused) != 1:
        raise OptionError("--instead 换的是一家：--refused 要正好写一家")
    told = kept(options, options.plan)
    before, options.as_of = plan_json(told), told.request.start
    rules, engine = load_trip_rules(options.rules_folder), local_engine_of(options)
    intake, known, _ = companies_of(options, engine)
    with working("重排"):
        chances = chances_of(engine.tracked or (), rules, options.as_of)
        given = {"agreed": options.agreed, "known": known, "chances": chances, "file": options.plan}
        if options.instead is None:
            return replan(engine, intake, before, options.refused, rules, **given), engine
        return called_instead(engine, intake, before, options.refused[0], options.instead, rules, **given), engine


def _write(plan: TripPlan, engine: Engine, target: str | None, form: str) -> None:
    if target is not None and form in _BINARY:
        from matcher.outputs.trip_xlsx import trip_xlsx
        from matcher.trips.calendar import calendar
        from matcher.trips.document import document

        makers: dict[str, Any] = {
            "xlsx": partial(trip_xlsx, plan, engine.zone),
            "docx": partial(document, plan, engine.zone),
            "ics": partial(calendar, plan),
        }
        write_bytes(target, makers[form]())
        return
    with written(target, bom=form == "csv") as stream:
        if form == "json":
            from matcher.trips.replan import plan_json

            stream.write(as_json(plan_json(plan)) + "\n")
        elif form == "csv":
            from matcher.outputs.trip_xlsx import CSV_HEADER, csv_line, lines

            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(CSV_HEADER)
            writer.writerows([safe(cell) for cell in csv_line(line)] for line in lines(plan))
        else:
            _print(plan, engine.zone, Console(file=stream, width=None if wide(stream) else WIDTH, highlight=False))


def _print(plan: TripPlan, zone: Zone, console: Console) -> None:
    names = {(segment.chain, segment.id): f"{segment.chain_name} / {segment.name}" for segment in zone.segments}
    say(console, title(plan), "bold")
    say(console, span(plan))
    say(console, quality(plan))
    for team in plan.teams:
        _team(plan, team, names, console)
    if plan.dropped:
        console.print()
        say(console, "没有排上的", "bold")
    for one in plan.dropped[:10]:
        say(console, f"{one.name}（{where(one.city, one.county)}，{one.score:.1f} 分）：{one.reason}", indent=2)
    console.print()
    for name, line in reasons(plan):
        say(console, f"{name}：{line}", "dim" if name == "口径" else "")
    say(console, f"登记信息只是线索，出发前核实。计划 {plan.id[:12]}，名单批次 {plan.run.id[:12]}", "dim")


def _team(plan: TripPlan, team: TeamTrip, names: dict[tuple[str | None, str], str], console: Console) -> None:
    console.print()
    if called := team_title(plan, team):
        say(console, called, "bold")
    if team.eve:
        say(console, f"头天　{way(team.eve)}，住{team.eve.end}")
    for day in team.days:
        console.print()
        say(console, day_title(day), "bold")
        for visit in day.visits:
            for indent, line in _visit(visit, names):
                say(console, line, indent=indent)
        say(console, f"当晚　{overnight(day)}", "dim", 2)
    if team.way_home:
        say(console, f"次日　{way(team.way_home)}")


def _visit(visit: PlannedVisit, names: dict[tuple[str | None, str], str]) -> Iterator[tuple[int, str]]:
    yield 2, f"{visit.begins}–{visit.ends}　{visit.name}（{state(visit)}）"
    place = f"{where(visit.city, visit.county)}，路上 {visit.way.minutes} 分钟"
    yield 9, f"{place}；{serves(visit, names)}；{visit.score:.1f} 分，计 {visit.value:.2f}"
    if visit.result:
        yield 9, visit.result.reason
    if visit.alternates:
        yield 9, "备选：" + "、".join(f"{one.name}{'' if one.near else '（不同区县）'}" for one in visit.alternates)
