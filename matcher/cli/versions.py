"""The commands on published versions (规则版本的命令): publish, versions, retire."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from matcher.cli.inputs import working
from matcher.cli.listing import check_output, write_listing
from matcher.engine import Engine
from matcher.errors import OptionError, RulesError, RulesetError, StoreError
from matcher.locate import folder, home
from matcher.outputs.version_words import state_words, time_words, version_words
from matcher.rules.compliance import load_compliance
from matcher.runs import today
from matcher.store import rulesets
from matcher.store.database import open_store
from matcher.store.rulesets import RulesetVersion
from matcher.tuning.concerns import Files, sorted_concerns
from matcher.tuning.lint import concerns_of_rules
from matcher.tuning.publishing import let_pass, publish
from matcher.tuning.rulesets import copy_of, published_versions


def publish_rules(options: argparse.Namespace) -> int:
    """``lianzhao rules publish`` (发布)."""
    reasons = _reasons(options.override)
    with working("检查规则"):
        engine = Engine(options.zone, rules=options.rules_folder, corpora=options.corpora)
        compliance = load_compliance(options.rules_folder)
        files = Files(folder("rules", options.rules_folder) / options.zone, options.zone)
        overrides, left = let_pass(engine, compliance, files, reasons)
        concerns = len(sorted_concerns(concerns_of_rules(engine, files, today())))
    doubtful = (
        f"规则本身有疑处 {concerns} 处（没有看企业），不妨碍发布；逐处见 lianzhao rules check {options.zone}" if concerns else ""
    )
    if left:
        _say("lianzhao: 有合规问题，没有发布；改好再发布，确要放行的，逐条写明：--override 规则代号=理由（理由会记入版本）")
        if doubtful:
            _say(f"lianzhao: {doubtful}")
        raise RulesError(left)
    with working("发布"), open_store() as store:
        done = publish(
            store, home(), engine.zone, compliance, by=options.by, note=options.note, overrides=overrides
        )  # fmt: skip
        there = rulesets.versions(store, options.zone)
    version = done.version
    if not done.is_new:
        _say(f"现在的规则与现行版本相同，没有再发布：{version_words(version)}，摘要 {version.digest[:12]}")
        return 0
    before = f"；在它之前的现行版本是{version_words(done.before)}" if done.before else ""
    same = "、".join(str(one.number) for one in there if one.digest == version.digest and one.number < version.number)
    again = f"；内容与第 {same} 版相同" if same else ""
    _say(f"已发布第 {version.number} 版，摘要 {version.digest[:12]}{again}{before}")
    if doubtful:
        _say(f"lianzhao: 注意：{doubtful}")
    for one in version.overrides:
        _say(
            f"lianzhao: 注意：放行了 {one.rule} 的合规问题 {len(one.breaches)} 处，理由：{one.reason}；已记入第 {version.number} 版"
        )
    return 0


def list_versions(options: argparse.Namespace) -> int:
    """``lianzhao rules versions`` (列出版本)."""
    check_output(options)
    there = published_versions(options.zone, options.rules_folder)
    titles = {
        "number": "版本", "state": "状态", "digest": "摘要", "published_at": "发布时间", "published_by": "发布人", "note": "说明",
        "overrides": "放行", "retired_at": "停用时间", "retired_by": "停用人", "retired_note": "停用说明", "copy": "副本",
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for one in there:
        told = [vars(override) for override in one.overrides] if options.format == "json" else list(map(_told, one.overrides))
        rows.append({**vars(one), "state": state_words(one, there), "overrides": told, "copy": _copy(one)})
    write_listing(options, "规则版本", titles, rows)
    return 0


def retire_version(options: argparse.Namespace) -> int:
    """``lianzhao rules retire`` (停用)."""
    if not published_versions(options.zone, options.rules_folder):
        raise OptionError(f"园区 {options.zone} 还没有发布过规则，没有可停用的")
    with open_store() as store:
        version, is_new = rulesets.retire(store, options.zone, options.version, by=options.by, note=options.note)
        counts = rulesets.newest(rulesets.versions(store, options.zone))
    if not is_new and version.retired_at is not None:
        when = f"{version.retired_by} {time_words(version.retired_at)}：{version.retired_note}"
        _say(f"第 {version.number} 版以前就停用了，没有改动（{when}）")
        return 0
    now = f"现行版本是{version_words(counts)}" if counts else "没有现行版本了"
    _say(f"已停用第 {version.number} 版；{now}")
    return 0


def _reasons(given: list[str]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for one in given:
        rule, equals, reason = one.partition("=")
        if not equals or not rule.strip():
            raise OptionError(f"--override 应写成 规则代号=理由，写的是 {one[:60]!r}")
        if rule.strip() in reasons:
            raise OptionError(f"--override {rule.strip()} 写了两次")
        reasons[rule.strip()] = reason
    return reasons


def _told(override: rulesets.Override) -> str:
    return f"{override.rule}（{'、'.join(override.forbidden)}）：{override.reason}"


def _copy(version: RulesetVersion) -> str:
    """Whether the copy is whole, here or in the database; the place of what is wrong."""
    try:
        copy_of(version.digest)
    except (RulesetError, StoreError) as error:
        return str(error)
    return "完好"


def _say(line: str) -> None:
    print(line, file=sys.stderr)
