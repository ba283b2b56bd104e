"""What the commands on rules do (规则命令): check, diff."""

from __future__ import annotations

import argparse
import sys

from matcher.cli.rules_diff import write_diff
from matcher.cli.work import check_targets, report, working
from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.runs import Request, today
from matcher.tuning.diff import diff
from matcher.tuning.rulesets import DRAFT, ruleset_folder


def run(options: argparse.Namespace) -> int:
    """Runs the command on rules that was asked for (执行规则命令)."""
    return {"check": _check, "diff": _diff}[options.action](options)


def _check(options: argparse.Namespace) -> int:
    engine = Engine(options.zone, rules=options.rules_folder, corpora=options.corpora)
    zone = engine.zone
    segments = [segment for segment in zone.segments if segment.chain]
    print(
        f"{zone.file.name}：规则无误。{len(zone.chains)} 条产业链、{len(segments)} 个环节、"
        f"{sum(len(segment.terms) for segment in zone.segments):,} 个词、{len(engine.ruleset.rules)} 条评分规则、"
        f"{len(engine.ruleset.vetoes)} 条否决"
    )
    return 0


def _diff(options: argparse.Namespace) -> int:
    check_targets(options)
    folders = [ruleset_folder(word, options.zone, options.rules_folder) for word in (options.old, options.new)]
    with working("读取规则"):
        draft = Engine(options.zone, rules=options.rules_folder, corpora=options.corpora)
        old, new = (
            draft if word == DRAFT else draft.with_rules(path)
            for word, path in zip((options.old, options.new), folders, strict=True)
        )
    request = Request(as_of=options.as_of or today(), cities=tuple(options.city), chains=tuple(options.chain), top=options.top)
    for engine in (old, new):
        engine.check(request)
    intake = _companies(options, draft)
    with working("匹配与评分"):
        found = diff(old, new, old.read(intake, request.cities), request)
    write_diff(options, found, (old.zone, new.zone))
    if options.most_churn is not None and found.churn > options.most_churn:
        print(f"lianzhao: 前 {found.top} 家换了 {found.churn} 家，超过 --most-churn {options.most_churn}", file=sys.stderr)
        return 1
    return 0


def _companies(options: argparse.Namespace, engine: Engine) -> Intake:
    """The companies of the files, or the bundled sample."""
    with working("读取企业"):
        intake = read_files(options.files or [engine.corpora.sample], engine.corpora)
    report(intake, options.rejects)
    return intake
