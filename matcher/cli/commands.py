"""What each command does (各命令的执行)."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

from matcher.cli import saved, snapshots
from matcher.cli.chosen import chosen_folder
from matcher.cli.files import explained_json, write_bytes, written
from matcher.cli.inputs import check_data_date, check_targets, report, working
from matcher.engine import Engine
from matcher.errors import InputError, OptionError
from matcher.intake import Intake, read_files
from matcher.outputs.cells import as_json, safe
from matcher.runs import Match, Problem, Request, today
from matcher.scoring.explain import Explanation
from matcher.types import RankedCompany, Ranking

if TYPE_CHECKING:
    from matcher.snapshot import ProfileCache

_MATCH_HEADER = ("file", "row", "uscc", "name", "chain", "segment", "affinity", "matched_terms")


def run(options: argparse.Namespace) -> int:
    """Runs the command that was asked for (执行命令)."""
    if options.verb in ("register", "lists", "judge", "judgements"):
        from matcher.cli import store_verbs

        return store_verbs.run(options)
    if options.verb == "ledger":
        from matcher.cli import ledger_verbs

        return ledger_verbs.run(options)
    if options.verb == "report":
        from matcher.cli import report_verbs

        return report_verbs.run(options)
    if options.verb == "rules":
        from matcher.cli import rules_verbs

        return rules_verbs.run(options)
    if options.verb == "replay":
        from matcher.cli.replay import replay

        return replay(options)
    if options.verb == "trip":
        from matcher.cli import trip

        return trip.run(options)
    if options.verb in ("why-not", "certainty"):
        from matcher.cli import company_verbs

        return company_verbs.run(options)
    if options.verb == "keys":
        from matcher.cli import keys

        return keys.run(options)
    if options.verb == "serve":
        from matcher.cli.serve import serve

        return serve(options)
    commands = {
        "rank": _rank, "gaps": _gaps, "match": _match, "resolve": _resolve, "score": _score,
        "build": snapshots.build, "prune": snapshots.prune, "company": snapshots.company,
    }  # fmt: skip
    return commands[options.verb](options)


def _engine(options: argparse.Namespace) -> Engine:
    chosen = chosen_folder(options)
    if chosen is None:
        return Engine(options.zone, rules=options.rules_folder, corpora=options.corpora)
    return Engine(options.zone, ruleset=chosen, corpora=options.corpora)


def _rank(options: argparse.Namespace) -> int:
    if options.spark:
        from matcher.cli.cluster import rank_on_cluster

        return rank_on_cluster(options, _engine)
    from matcher.cli.ranked import asked, write_ranking  # what prints is loaded by those who print: not for ``score``
    from matcher.from_file import rank_file

    if len(options.zones) > 1 or options.spark_conf:
        raise OptionError("几个 --zone、--spark-conf 只与 --spark 同用")
    options.zone = options.zones[0]
    check_targets(options)
    check_data_date(options)
    saved.check_register(options, required=False)
    with working("读取规则"):
        engine = _engine(options)
    request = asked(options)
    engine.check(request)
    engine = saved.with_register(engine, options)
    if not options.no_store:
        engine = saved.with_ledger(saved.with_lists(engine), options, request.as_of)
    from_snapshot = None if options.files else snapshots.current(engine)
    files = options.files or [engine.corpora.sample]
    if from_snapshot is None and len(files) == 1:
        with working("读取、匹配与评分"):
            intake, ranking = rank_file(engine, files[0], request, dated=options.data_date)
        report(intake, options.rejects)
    else:
        intake, ranking = _ranked(options, engine, request, files, from_snapshot)
    called = "" if options.no_store else saved.keep(ranking, engine, options, saved.given_of(options, intake.files))
    write_ranking(options, engine, ranking, called)
    if called and options.format in ("json", "csv"):  # these have no place for it: a name is no part of a run
        print(f"批次 {ranking.run.id[:12]}，{called}", file=sys.stderr)
    if not options.files and not from_snapshot and options.format == "table":
        print(
            "以上为随附样例（公开登记事实，2019 年）。换成自己的企业文件：lianzhao rank 文件.csv --zone " + options.zone,
            file=sys.stderr,
        )
    return 0


def _ranked(
    options: argparse.Namespace,
    engine: Engine,
    request: Request,
    files: Sequence[str],
    from_snapshot: tuple[Intake, ProfileCache | None] | None,
) -> tuple[Intake, Ranking]:
    """Ranks a snapshot, or several files, which may hold the same companies: what is merged need not be read for its texts."""
    if from_snapshot is None:
        with working("读取企业"):
            from_snapshot = read_files(files, engine.corpora, dated=options.data_date), None
        report(from_snapshot[0], options.rejects)
    with working("匹配与评分"):
        return from_snapshot[0], engine.rank(from_snapshot[0], request, from_snapshot[1])


def _gaps(options: argparse.Namespace) -> int:
    from matcher.cli.gaps import write_gaps

    options.files = options.local
    check_targets(options)
    saved.check_register(options, required=True)
    with working("读取规则"):
        engine = _engine(options)
    engine.check(Request(as_of=today(), chains=tuple(options.chain)))
    chains = [chain for chain in engine.zone.chains if not options.chain or chain.id in options.chain]
    if options.format == "svg" and len(chains) != 1:
        raise OptionError(f"--format svg 一次画一条产业链，请用 --chain 指定：{'、'.join(chain.id for chain in chains)}")
    with working("读取本地名录"):
        if options.register is not None:
            local, complete = saved.register(options)
        else:
            local, complete = read_files(options.local, engine.corpora), options.local_complete
            report(local, options.rejects)
    with working("匹配"):
        gaps = engine.gaps(local, complete=complete)
    wanted = {chain.id for chain in chains}
    gaps = replace(gaps, segments=tuple(gap for gap in gaps.segments if gap.chain in wanted))
    write_gaps(options, gaps, engine.zone)
    return 0


def _match(options: argparse.Namespace) -> int:
    check_targets(options)
    with working("读取规则"):
        engine = _engine(options)
    with working("读取企业"):
        intake = read_files(options.files, engine.corpora, merge=False)
    report(intake, options.rejects)
    lines = _with_rejects(engine.match(intake), intake, list(engine.zone.chain_names))
    if options.format == "xlsx":
        from matcher.cli.xlsx import match_xlsx

        with working("匹配"):
            write_bytes(options.out, match_xlsx(lines, engine.zone))
        return 0
    with working("匹配"), written(options.out, bom=True) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_MATCH_HEADER)
        for line in lines:
            cells = (line.file, line.row, line.uscc, line.name, line.chain, line.segment, line.affinity / 1000)
            writer.writerow([*map(safe, cells), safe("、".join(line.matched_terms))])
    return 0


def _resolve(options: argparse.Namespace) -> int:
    from matcher.cli.resolve import resolve

    options.files = [
        *([] if options.queries == "-" else [options.queries]),
        *options.against,
        *([options.brands] if options.brands else []),
    ]
    options.rejects = None
    options.format = options.format or ("csv" if (options.out or "").lower().endswith(".csv") else "table")
    check_targets(options)
    with working("归一"):
        return resolve(options)


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
            print_explanation(*answer, engine, stream)
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
