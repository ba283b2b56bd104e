"""What the commands on rules do (规则命令): check, diff."""

from __future__ import annotations

import argparse
import sys

from matcher.cli.rules_check import write_lint
from matcher.cli.rules_diff import write_diff
from matcher.cli.work import check_targets, report, working
from matcher.engine import Engine
from matcher.errors import RulesError
from matcher.intake import Intake, read_files
from matcher.locate import folder
from matcher.rules.compliance import load_compliance
from matcher.runs import Request, today
from matcher.tuning.concerns import Files
from matcher.tuning.diff import diff
from matcher.tuning.lint import lint
from matcher.tuning.rulesets import DRAFT, ruleset_folder


def run(options: argparse.Namespace) -> int:
    """Runs the command on rules that was asked for (执行规则命令)."""
    return {"check": _check, "diff": _diff}[options.action](options)


def _check(options: argparse.Namespace) -> int:
    check_targets(options)
    with working("读取规则"):
        engine = Engine(options.zone, rules=options.rules_folder, corpora=options.corpora)
        compliance = load_compliance(options.rules_folder)
    files = Files(folder("rules", options.rules_folder) / options.zone, options.zone)
    intake = _companies(options, engine)
    with working("体检"):
        found = lint(engine, files, compliance, intake, options.as_of or today(), every_word=options.all)
    if found.forbidden:
        raise RulesError(found.forbidden)
    write_lint(options, found, engine)
    return 1 if options.strict and found.concerns else 0


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
    if options.files:
        report(intake, options.rejects)
    return intake
