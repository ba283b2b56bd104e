"""What other processes do in the tests of events and reports; imported by them, so nothing here starts by itself."""

from __future__ import annotations

import multiprocessing
import os
from datetime import date
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from matcher.ledger.events_received import receive
from matcher.ledger.setting import open_setting
from matcher.outputs.report_links import Kind
from matcher.outputs.reports import Wanted, report
from matcher.rules.assessment import load_assessment
from matcher.storage import whole_bytes
from matcher.store.database import open_store
from tests.reports.made import NOW


def start(work: Any, *arguments: Any) -> ForkServerProcess:
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["tests.reports.children"])
    process = made.Process(target=work, args=arguments)
    process.start()
    return process


def send(address: str, rules: Path, batches: list[list[dict[str, Any]]], answered: Path, ready: Any) -> None:
    """Sends batch after batch, and writes down each that was answered."""
    setting = open_setting("small", rules)
    with open_store(address) as store, answered.open("a", encoding="ascii") as stream:
        ready.set()
        for number, batch in enumerate(batches):
            answers = receive(store, setting, batch, by="接口", at=NOW)
            assert not any(one.fate in ("refused", "invalid") for one in answers)
            stream.write(f"{number}\n")
            stream.flush()
            os.fsync(stream.fileno())


def write_report(address: str, rules: Path, kind: Kind, target: Path, ready: Any) -> None:
    """Writes one report after the other over the same file."""
    from matcher.outputs.report_docx import report_docx
    from matcher.outputs.report_html import report_html
    from matcher.outputs.report_xlsx import report_xlsx

    setting = open_setting("small", rules)
    scales = load_assessment(setting.rules, rules)
    with open_store(address) as store:
        ready.set()
        while True:
            _, document = report(store, setting, scales, Wanted(kind, date(2024, 8, 1), date(2024, 9, 30)))
            made = {"docx": report_docx, "xlsx": report_xlsx}.get(target.suffix[1:])
            with whole_bytes(target) as stream:
                stream.write(made(document) if made else report_html(document).encode())
