"""What the commands on rules do (规则命令): check, diff, and those of versions and histories."""

from __future__ import annotations

import argparse
import sys

from matcher.cli.chosen import chosen_folder, warn_retired
from matcher.cli.inputs import check_targets, working
from matcher.cli.rules_check import write_lint
from matcher.cli.rules_diff import write_diff
from matcher.cli.tried import companies_of, engine_of, local_engine_of, request_of
from matcher.errors import OptionError, RulesError
from matcher.locate import folder
from matcher.rules.compliance import load_compliance
from matcher.runs import today
from matcher.tuning.concerns import Files
from matcher.tuning.diff import diff
from matcher.tuning.lint import lint
from matcher.tuning.outcome import read_companies
from matcher.tuning.rulesets import DRAFT, PUBLISHED, NamedRules, named_rules, needs_store


def run(options: argparse.Namespace) -> int:
    """Runs the command on rules that was asked for (执行规则命令)."""
    if options.action == "history":
        from matcher.cli.rules_history import history_of

        return history_of(options)
    if options.action in ("publish", "versions", "retire"):
        from matcher.cli import versions

        verbs = {"publish": versions.publish_rules, "versions": versions.list_versions, "retire": versions.retire_version}
        return verbs[options.action](options)
    return {"check": _check, "diff": _diff}[options.action](options)


def _check(options: argparse.Namespace) -> int:
    check_targets(options)
    chosen = chosen_folder(options)
    engine, compliance = engine_of(options, chosen), load_compliance(options.rules_folder)
    draft = folder("rules", options.rules_folder) / options.zone
    files = Files(draft, options.zone) if chosen is None else Files(chosen, str(chosen))
    intake, known, called = companies_of(options, engine)
    with working("体检"):
        found = lint(engine, files, compliance, intake, options.as_of or today(), known=known, every_word=options.all)
    write_lint(options, found, engine, called)
    if found.forbidden:  # told last, beside the concerns: mending one must not hide the others
        raise RulesError(found.forbidden)
    return 1 if options.strict and found.concerns else 0


def _diff(options: argparse.Namespace) -> int:
    check_targets(options)
    words = (options.old, options.new)
    if options.no_store and (word := next(filter(needs_store, words), None)):
        raise OptionError(f"{word} 要查数据库，不与 --no-store 同用；可改写规则副本的摘要，或园区的规则目录")
    named = [named_rules(word, options.zone, options.rules_folder) for word in words]
    for one in named:
        warn_retired(one.version)
    draft = options.old if DRAFT not in words else DRAFT  # texts are known by the rules folder's words, if by any
    base = local_engine_of(options, None if draft == DRAFT else named[0].folder)
    with working("读取规则"):
        old, new = (base if word == draft else base.with_rules(one.folder) for word, one in zip(words, named, strict=True))
    request = request_of(options)
    for engine in (old, new):
        engine.check(request)
    intake, known, _ = companies_of(options, base)
    with working("匹配与评分"):
        found = diff(old, new, read_companies(base, intake, request.cities, known), request)
    called = (_called(options.old, named[0]), _called(options.new, named[1]))
    write_diff(options, found, (old.zone, new.zone), called)
    if options.most_churn is not None and not found.considered:
        print("lianzhao: 没有一家企业可比，--most-churn 什么也证明不了；看看城市和企业文件对不对", file=sys.stderr)
        return 1
    if options.most_churn is not None and found.churn > options.most_churn:
        print(f"lianzhao: 前 {found.top} 家换了 {found.churn} 家，超过 --most-churn {options.most_churn}", file=sys.stderr)
        return 1
    return 0


def _called(word: str, named: NamedRules) -> str:
    """What a ruleset is called: the word, or the version that it means."""
    if named.version is None:
        return word
    return f"第 {named.version.number} 版" + ("（现行）" if word == PUBLISHED else "")
