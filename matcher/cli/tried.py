"""What the verbs of the workbench try rules on (试算所用): the engine with what lists say, and the companies, as ``rank`` has them."""

from __future__ import annotations

import argparse
from pathlib import Path

from matcher.cli import saved, snapshots
from matcher.cli.chosen import chosen_folder
from matcher.cli.inputs import report, working
from matcher.engine import Engine
from matcher.intake import Intake, read_files
from matcher.runs import Request, today
from matcher.snapshot import ProfileCache


def engine_of(options: argparse.Namespace, folder: Path | None = None) -> Engine:
    """The engine of the rules in use (所用的规则), with what lists and ledgers say unless the database is to be left alone.

    Args:
        options: ``ruleset`` among them, where the command has that choice.
        folder: The zone's folder, if the caller has chosen it.
    """
    chosen = folder or chosen_folder(options)
    with working("读取规则"):
        engine = Engine(options.zone, rules=options.rules_folder, corpora=options.corpora, ruleset=chosen)
    if options.no_store:
        return engine
    return saved.with_ledger(saved.with_lists(engine), options, options.as_of or today())


def local_engine_of(options: argparse.Namespace, folder: Path | None = None) -> Engine:
    """The same with the local register, if one is named (所用的规则加本地名录)."""
    saved.check_register(options, required=False)
    return saved.with_register(engine_of(options, folder), options)


def request_of(options: argparse.Namespace) -> Request:
    """What the list is asked for (请求)."""
    return Request(
        as_of=options.as_of or today(),
        cities=tuple(options.city),
        chains=tuple(options.chain),
        group=options.group,
        need=options.need,
        top=options.top,
    )


def companies_of(options: argparse.Namespace, engine: Engine) -> tuple[Intake, ProfileCache | None, str]:
    """The companies, what is known of their texts by the engine's reader, and what they are called (企业、已读的文本、叫法)."""
    found = None if options.files else snapshots.current(engine)
    if found is not None:
        return *found, "当前快照"
    with working("读取企业"):
        intake = read_files(options.files or [engine.corpora.sample], engine.corpora, dated=options.data_date)
    if options.files:
        report(intake, options.rejects)
    return intake, None, "、".join(options.files) or "随附样例"
