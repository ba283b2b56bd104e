"""What the commands on rules do (规则命令): check, diff."""

from __future__ import annotations

import argparse
import sys

from matcher.cli.inputs import check_targets, working
from matcher.cli.rules_check import write_lint
from matcher.cli.rules_diff import write_diff
from matcher.cli.tried import companies_of, engine_of, local_engine_of, request_of
from matcher.errors import RulesError
from matcher.locate import folder
from matcher.rules.compliance import load_compliance
from matcher.runs import today
from matcher.tuning.concerns import Files
from matcher.tuning.diff import diff
from matcher.tuning.lint import lint
from matcher.tuning.outcome import read_companies
from matcher.tuning.rulesets import DRAFT, ruleset_folder


def run(options: argparse.Namespace) -> int:
    """Runs the command on rules that was asked for (执行规则命令)."""
    return {"check": _check, "diff": _diff}[options.action](options)


def _check(options: argparse.Namespace) -> int:
    check_targets(options)
    engine, compliance = engine_of(options), load_compliance(options.rules_folder)
    files = Files(folder("rules", options.rules_folder) / options.zone, options.zone)
    intake, known, called = companies_of(options, engine)
    with working("体检"):
        found = lint(engine, files, compliance, intake, options.as_of or today(), known=known, every_word=options.all)
    if found.forbidden:
        raise RulesError(found.forbidden)
    write_lint(options, found, engine, called)
    return 1 if options.strict and found.concerns else 0


def _diff(options: argparse.Namespace) -> int:
    check_targets(options)
    folders = [ruleset_folder(word, options.zone, options.rules_folder) for word in (options.old, options.new)]
    draft = local_engine_of(options)
    with working("读取规则"):
        old, new = (
            draft if word == DRAFT else draft.with_rules(path)
            for word, path in zip((options.old, options.new), folders, strict=True)
        )
    request = request_of(options)
    for engine in (old, new):
        engine.check(request)
    intake, known, _ = companies_of(options, draft)
    with working("匹配与评分"):
        found = diff(old, new, read_companies(draft, intake, request.cities, known), request)
    write_diff(options, found, (old.zone, new.zone))
    if options.most_churn is not None and found.churn > options.most_churn:
        print(f"lianzhao: 前 {found.top} 家换了 {found.churn} 家，超过 --most-churn {options.most_churn}", file=sys.stderr)
        return 1
    return 0
