"""What each command does (各命令的执行)."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import Progress

from matcher.cli import snapshots
from matcher.cli.files import as_json, explained_json, ranking_json, safe, write_bytes, write_ranking_csv, written
from matcher.cli.gaps import write_gaps
from matcher.cli.table import print_ranking
from matcher.engine import Engine
from matcher.errors import InputError, OptionError
from matcher.intake import Intake, read_files, write_rejects
from matcher.locate import home
from matcher.runs import Match, Problem, Request, today
from matcher.scoring.explain import Explanation
from matcher.types import RankedCompany, Ranking

_MATCH_HEADER = ("file", "row", "uscc", "name", "chain", "segment", "affinity", "matched_terms")


def run(options: argparse.Namespace) -> int:
    """Runs the command that was asked for (执行命令)."""
    verb = options.verb if options.verb != "rules" else f"rules {options.action}"
    commands = {
        "rank": _rank, "gaps": _gaps, "match": _match, "score": _score, "rules check": _check, "serve": _serve,
        "build": snapshots.build, "prune": snapshots.prune, "company": snapshots.company,
    }  # fmt: skip
    return commands[verb](options)


def _engine(options: argparse.Namespace) -> Engine:
    return Engine(options.zone, rules=options.rules_folder, corpora=options.corpora)


def _check_targets(options: argparse.Namespace) -> None:
    """No answer is ever written over a file that was read, and a workbook goes to a file that is called one."""
    if options.format == "xlsx" and not options.out:
        raise OptionError("--format xlsx 要用 --out 指定写到哪个文件")
    if options.format != "xlsx" and (options.out or "").lower().endswith(".xlsx"):
        raise OptionError(f"--out {options.out} 是 XLSX 文件名，请加上 --format xlsx")
    inputs = {Path(file).resolve() for file in options.files}
    for option in ("out", "rejects"):
        target = getattr(options, option, None)
        if target and Path(target).resolve() in inputs:
            raise OptionError(f"--{option} 不能是输入文件 {target}，会把它覆盖")
        if target and option == "out" and not Path(target).resolve().parent.is_dir():
            raise OptionError(f"--out {target} 写不进去：没有这个目录")
    if options.format == "xlsx" and not (options.out or "").lower().endswith(".xlsx"):
        raise OptionError(f"--format xlsx 的 --out 应以 .xlsx 结尾，写的是 {options.out}")


def _rank(options: argparse.Namespace) -> int:
    _check_targets(options)
    with _working("读取规则"):
        engine = _engine(options)
    request = Request(
        as_of=options.as_of or today(),
        cities=tuple(options.city),
        chains=tuple(options.chain),
        group=options.group,
        need=options.need,
        top=options.top,
    )
    engine.check(request)
    if options.local:
        with _working("读取本地名录"):
            engine = engine.with_local(_register(options, engine), complete=options.local_complete)
    from_snapshot = None if options.files else snapshots.current(engine)
    if from_snapshot:
        intake, known = from_snapshot
    else:
        with _working("读取企业"):
            intake, known = read_files(options.files or [engine.corpora.sample], engine.corpora), None
        _report(intake, options.rejects)
    with _working("匹配与评分"):
        ranking = engine.rank(intake, request, known)
    _write_ranking(options, engine, ranking)
    if not options.files and not from_snapshot and options.format == "table":
        print(
            "以上为随附样例（公开登记事实，2019 年）。换成自己的企业文件：lianzhao rank 文件.csv --zone " + options.zone,
            file=sys.stderr,
        )
    return 0


def _write_ranking(options: argparse.Namespace, engine: Engine, ranking: Ranking) -> None:
    if options.format == "xlsx":
        from matcher.cli.xlsx import ranking_xlsx

        write_bytes(options.out, ranking_xlsx(ranking, engine.zone, engine.questions))
        return
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            stream.write(as_json(ranking_json(ranking)) + "\n")
        elif options.format == "csv":
            write_ranking_csv(ranking, engine.zone, [group.id for group in engine.ruleset.groups], stream)
        else:
            print_ranking(ranking, engine.zone, stream)


def _register(options: argparse.Namespace, engine: Engine) -> Intake:
    """The local register; what of it could not be taken in is counted on stderr."""
    local = read_files(options.local, engine.corpora)
    lost = f"，拒收 {len(local.rejects):,}" if local.rejects else ""
    print(f"本地名录：读入 {local.read:,} 行，接收 {len(local.companies):,}，合并 {local.merged:,}{lost}", file=sys.stderr)
    return local


def _gaps(options: argparse.Namespace) -> int:
    options.files = options.local
    _check_targets(options)
    with _working("读取规则"):
        engine = _engine(options)
    engine.check(Request(as_of=today(), chains=tuple(options.chain)))
    chains = [chain for chain in engine.zone.chains if not options.chain or chain.id in options.chain]
    if options.format == "svg" and len(chains) != 1:
        raise OptionError(f"--format svg 一次画一条产业链，请用 --chain 指定：{'、'.join(chain.id for chain in chains)}")
    with _working("读取本地名录"):
        local = read_files(options.local, engine.corpora)
    _report(local, options.rejects)
    with _working("匹配"):
        gaps = engine.gaps(local, complete=options.local_complete)
    wanted = {chain.id for chain in chains}
    gaps = replace(gaps, segments=tuple(gap for gap in gaps.segments if gap.chain in wanted))
    write_gaps(options, gaps, engine.zone)
    return 0


def _match(options: argparse.Namespace) -> int:
    _check_targets(options)
    with _working("读取规则"):
        engine = _engine(options)
    with _working("读取企业"):
        intake = read_files(options.files, engine.corpora, merge=False)
    _report(intake, options.rejects)
    lines = _with_rejects(engine.match(intake), intake, list(engine.zone.chain_names))
    if options.format == "xlsx":
        from matcher.cli.xlsx import match_xlsx

        with _working("匹配"):
            write_bytes(options.out, match_xlsx(lines, engine.zone))
        return 0
    with _working("匹配"), written(options.out, bom=True) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_MATCH_HEADER)
        for line in lines:
            cells = (line.file, line.row, line.uscc, line.name, line.chain, line.segment, line.affinity / 1000)
            writer.writerow([*map(safe, cells), safe("、".join(line.matched_terms))])
    return 0


def _with_rejects(matches: Iterator[Match], intake: Intake, chains: list[str]) -> Iterator[Match]:
    """The matches, and for every rejected row lines without affinity, in the order of the input."""
    waiting = iter(sorted(intake.rejects, key=lambda reject: (reject.source, reject.row)))
    reject = next(waiting, None)
    for match in matches:
        while reject is not None and (reject.source, reject.row) < (match.source, match.row):
            yield from (Match(reject.source, reject.file, reject.row, "", "", chain, "", 0, ()) for chain in chains)
            reject = next(waiting, None)
        yield match
    while reject is not None:
        yield from (Match(reject.source, reject.file, reject.row, "", "", chain, "", 0, ()) for chain in chains)
        reject = next(waiting, None)


def _score(options: argparse.Namespace) -> int:
    engine = _engine(options)
    given = _json_from_stdin()
    single = isinstance(given, dict)
    answers = engine.explain([given] if single else given, options.as_of or today())
    with written(None) as stream:
        if options.format == "table":
            _print_explanations(answers, engine, stream)
        else:
            shown = [{"error": answer} if isinstance(answer, dict) else explained_json(*answer) for answer in answers]
            stream.write(as_json(shown[0] if single else shown) + "\n")
    return 0


def _print_explanations(answers: Sequence[tuple[RankedCompany, Explanation] | Problem], engine: Engine, stream: TextIO) -> None:
    from matcher.cli.explanation import print_explanation

    for number, answer in enumerate(answers, start=1):
        if isinstance(answer, dict):
            stream.write(f"第 {number} 项：{answer['field']} {answer['detail']}\n")
        else:
            print_explanation(*answer, engine.zone, engine.questions, stream)
        stream.write("\n")


def _json_from_stdin() -> Any:
    try:
        given = json.loads(sys.stdin.buffer.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError("标准输入", "应为 UTF-8 编码的 JSON") from None
    except json.JSONDecodeError as error:
        raise InputError("标准输入", f"不是有效的 JSON（第 {error.colno} 列附近）", row=error.lineno) from None
    except RecursionError:
        raise InputError("标准输入", "JSON 嵌套过深") from None
    except ValueError:
        raise InputError("标准输入", "JSON 里有过长的数字") from None
    if not isinstance(given, (dict, list)):
        raise InputError("标准输入", "应为一个企业对象，或企业对象的数组")
    return given


def _check(options: argparse.Namespace) -> int:
    engine = _engine(options)
    zone = engine.zone
    segments = [segment for segment in zone.segments if segment.chain]
    print(
        f"{zone.file.name}：规则无误。{len(zone.chains)} 条产业链、{len(segments)} 个环节、"
        f"{sum(len(segment.terms) for segment in zone.segments):,} 个词、{len(engine.ruleset.rules)} 条评分规则、"
        f"{len(engine.ruleset.vetoes)} 条否决"
    )
    return 0


def _serve(options: argparse.Namespace) -> int:
    if options.host not in ("127.0.0.1", "localhost", "::1"):
        raise OptionError(f"未配置登录认证，只能在本机地址 127.0.0.1 上服务，写的是 {options.host}")
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise OptionError("服务组件没有安装，请安装 lianzhao[service]") from None
    print(f"链招服务：http://{options.host}:{options.port}/openapi.json", file=sys.stderr)
    uvicorn.run("matcher.api.app:app", host=options.host, port=options.port, log_level="warning")
    return 0


def _working(what: str) -> Progress:
    """A moving bar on a terminal's stderr, nothing elsewhere."""
    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    progress.add_task(what, total=None)
    return progress


def _report(intake: Intake, target: str | None) -> None:
    """Says on stderr what became of the rows, and keeps the rejected ones in a file."""
    accepted = len(intake.companies)
    line = f"读入 {intake.read:,} 行：接收 {accepted:,}，合并 {intake.merged:,}，拒收 {len(intake.rejects):,}"
    for problem, count in sorted(intake.notes.items()):
        line += f"；{problem} {count:,}"
    if intake.rejects or target:
        path = Path(target) if target else home() / "rejects" / f"{intake.digest[:16]}.csv"
        try:
            write_rejects(intake.rejects, path)
        except OSError as error:
            raise OptionError(f"拒收清单写不进 {path}（{error.strerror}），请用 --rejects 指定") from None
        line += f"；拒收清单 {path}"
    print(line, file=sys.stderr)
