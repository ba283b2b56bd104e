"""What lists and ``gaps`` have of the database (数据库与排序): registers, list evidence, and the runs it keeps.

Without a database there is no list evidence; to look for some makes none. What cannot be read is an error, because the list would be
another one; a run that cannot be kept is a warning, because the list is right.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from matcher.cli.inputs import working
from matcher.engine import Engine
from matcher.errors import OptionError, RequestError, StoreError
from matcher.intake import Intake, read_files
from matcher.rules import zone_ids
from matcher.types import Ranking

_PATIENCE = 10.0  # seconds that a list waits for its run to be kept
_WITHOUT = "；不用数据库也能排序：加 --no-store"


def check_register(options: argparse.Namespace, *, required: bool) -> None:
    """Raises if the options for the local register do not fit together (检查名录选项)."""
    if options.register is not None and (options.local or options.local_complete):
        raise OptionError("--register 不与 --local、--local-complete 同用：名录是否完整，留存时已定")
    if required and options.register is None and not options.local:
        raise OptionError("缺少本地名录：用 --local FILE 给出，或用 --register 读留存的")


def register(options: argparse.Namespace) -> tuple[Intake, bool]:
    """The saved register that the options name, and whether it is complete (读取留存的名录)."""
    from matcher.store.database import open_store, store_exists
    from matcher.store.registers import load_register

    if not store_exists():
        raise OptionError(f"还没有留存的本地名录，先用 lianzhao register save --zone {options.zone} FILE 保存")
    try:
        with open_store() as store:
            found, local = load_register(store, options.zone, options.register)
    except RequestError:
        if Path(options.register).is_file():
            raise OptionError(
                f"--register 后面是名录的名称，不是文件；企业文件 {options.register} 请写在 --register 前面"
            ) from None
        raise
    dated = f"，{found.as_of} 的" if found.as_of else ""
    print(f"本地名录：{found.name}{dated}，{found.companies:,} 家{'，完整' if found.complete else ''}", file=sys.stderr)
    as_of = getattr(options, "as_of", None)
    if as_of and found.as_of and found.as_of > as_of:
        print(f"lianzhao: 注意：名录的日期 {found.as_of} 晚于计算日 {as_of}", file=sys.stderr)
    return local, found.complete


def with_register(engine: Engine, options: argparse.Namespace) -> Engine:
    """The engine with the local register that the options name, if they name one (加本地名录); stderr says what could be taken in."""
    if options.register is None and not options.local:
        return engine
    with working("读取本地名录"):
        if options.register is not None:
            local, complete = register(options)
        else:
            local, complete = read_files(options.local, engine.corpora), options.local_complete
            lost = f"，拒收 {len(local.rejects):,}" if local.rejects else ""
            print(f"本地名录：读入 {local.read:,} 行，接收 {len(local.companies):,}，合并 {local.merged:,}{lost}", file=sys.stderr)
        return engine.with_local(local, complete=complete)


def with_lists(engine: Engine) -> Engine:
    """The engine with what lists say, if there is a database (加名单依据)."""
    from matcher.store.database import open_store, store_exists
    from matcher.store.lists import evidence

    if not store_exists():
        return engine
    try:
        with open_store() as store:
            entries = evidence(store)
    except StoreError as error:
        raise type(error)(error.database, error.problem + _WITHOUT) from error
    return engine.with_lists(entries) if entries else engine


def with_ledger(engine: Engine, options: argparse.Namespace, as_of: date) -> Engine:
    """The engine with what the ledgers say as of a day, if anything stands in them (加台账依据)."""
    from matcher.store.database import open_store, store_exists

    if not store_exists() or options.zone not in zone_ids(
        options.rules_folder
    ):  # rules from elsewhere: nobody keeps ledgers by them
        return engine
    from matcher.ledger.evidence import evidence
    from matcher.ledger.setting import open_setting

    setting = open_setting(options.zone, options.rules_folder)
    try:
        with open_store() as store:
            entries = evidence(store, setting, as_of)
    except StoreError as error:
        raise type(error)(error.database, error.problem + _WITHOUT) from error
    return engine.with_ledger(entries) if entries else engine


def judged() -> Mapping[str, str | None]:
    """What people decided of names, if there is a database (已有判定): query → code or legal name, None for 都不是."""
    from matcher.store.database import open_store, store_exists
    from matcher.store.judgements import known

    if not store_exists():
        return {}
    with open_store() as store:
        return known(store)


def given_of(options: argparse.Namespace, files: Sequence[str]) -> dict[str, Any]:
    """What the files of a run were called (所给文件的名称): no part of its record, but whoever plays it again looks for them."""
    return {
        "files": _file_names(files),
        "data_date": options.data_date.isoformat() if options.data_date else None,
        "local": _file_names(options.local),
        "register": options.register,
    }


def _file_names(files: Sequence[str]) -> list[str]:
    """Without folders, and without what no database can hold."""
    return sorted(Path(file).name.encode("utf-8", "replace").decode() for file in files)


def keep(ranking: Ranking, engine: Engine, options: argparse.Namespace, given: dict[str, Any]) -> str:
    """Keeps the run and a copy of the rules that it ran with; if that fails the list is not lost, and stderr says so (留存批次).

    Returns:
        What the ruleset is called, empty where nothing was ever published.
    """
    from matcher.keeping import keep_run
    from matcher.locate import home
    from matcher.store.database import open_store
    from matcher.store.runs import results_digest

    short = ranking.run.id[:12]
    try:
        with open_store(patience=_PATIENCE) as store:
            kept = keep_run(store, home(), ranking.run, results_digest(ranking), engine.zone, given, engine.tracked)
            if engine.tracked:
                from matcher.ledger.setting import open_setting
                from matcher.ledger.webhooks import note_bands

                note_bands(store, open_setting(options.zone, options.rules_folder), ranking)
    except StoreError as error:
        print(f"lianzhao: 批次 {short} 没有留存，名单照常给出。{error}", file=sys.stderr)
        return ""
    if kept.no_copy:
        print(f"lianzhao: 批次 {short} 的规则副本没有留存，规则改动以后不能回放，名单照常给出。{kept.no_copy}", file=sys.stderr)
    return kept.called
