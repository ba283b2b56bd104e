"""A proof whose file is missing or was changed is told in every report as in doubt; a file that was only written again is not."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from matcher.ledger.books import ARRIVALS, PROJECTS
from matcher.ledger.entry import entering
from matcher.ledger.proofs import attach, keep_file
from matcher.ledger.setting import Setting
from matcher.outputs.reports import Wanted, report
from matcher.rules.assessment import load_assessment
from matcher.store.database import Store

DAY, END = date(2024, 8, 28), date(2024, 8, 31)


def entered(store: Store, setting: Setting, home: Path) -> Path:
    """A signing and an arrival, each with its file; where that of the signing is kept."""
    kept = []
    for name in ("协议", "进账单"):
        scan = home / f"{name}.pdf"
        scan.write_bytes(f"{name} 一份".encode())
        kept.append(keep_file(home, scan))
    with entering(store, setting, by="甲", today=END) as entry:
        entry.add(PROJECTS, {"name": "甲项目", "company": "甲甲有限公司", "department": "甲局"}, on="2024-08-01")
        entry.step(PROJECTS, 1, "签约", on=DAY)
        entry.add(ARRIVALS, {"project": 1, "arrived_on": DAY, "origin": "内资", "amount": "5万元"})
        attach(entry, PROJECTS, 1, kind="投资协议", digest=kept[0][0], size=kept[0][1], file_name="协议.pdf")
        attach(entry, ARRIVALS, 1, kind="到账凭证", digest=kept[1][0], size=kept[1][1], file_name="进账单.pdf")
    return home / "proofs" / kept[0][0][:2] / kept[0][0]


@pytest.mark.parametrize(
    ("harm", "said"), [("deleted", "没有这个文件"), ("longer", "被改动过"), ("same size", "被改动过"), ("written again", "")]
)
def test_reports_tell_files_that_are_gone(store: Store, setting: Setting, tmp_path: Path, harm: str, said: str) -> None:
    file = entered(store, setting, tmp_path)
    content = file.read_bytes()
    if harm == "deleted":
        file.unlink()
    else:
        file.write_bytes({"longer": content + b"x", "same size": content[::-1], "written again": content}[harm])
        os.utime(file, (4e9, 4e9))  # whenever the proof was added, this is later
    scales = load_assessment(setting.rules)
    for kind, cells in (("weekly", 1), ("monthly", 1), ("annual", 0)):
        told, document = report(store, setting, scales, Wanted(kind, DAY, END, proofs=tmp_path))  # type: ignore[arg-type]
        doubted = [one for one in document.sections if "证明存疑" in one.title]
        assert len(doubted) == len(told["doubts"]) == bool(said), kind
        if said:
            assert "证明文件" in told["doubts"][0]["why"] and (said in told["doubts"][0]["why"] or harm == "deleted")
            assert (told["doubts"][0]["row"], doubted[0].rows[0][0]) == ("projects:1", "甲项目")
        marks = [cell for section in document.sections for row in section.rows for cell in row if cell in ("有", "存疑")]
        assert marks.count("存疑") == (cells if said else 0) and marks.count("有") == (
            0 if kind == "annual" else 2 if not said else 1
        ) - (1 if kind == "weekly" else 0)
        _, unlooked = report(store, setting, scales, Wanted(kind, DAY, END))  # type: ignore[arg-type]
        assert not any("证明存疑" in one.title for one in unlooked.sections)
