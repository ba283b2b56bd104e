"""``report`` and ``ledger events``, ``hooks``, ``deliver``: every format holds the figures, mistakes end in one clear line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import docx
import pytest
from python_calamine import CalamineWorkbook

from matcher.ledger.books import PROJECTS
from matcher.ledger.entry import entering
from matcher.ledger.setting import open_setting
from matcher.store.database import open_store
from matcher.store.tables import runs
from tests.cli.test_replay import Run, run
from tests.reports.made import NOW, event, project, target

__all__ = ["run"]
ZONE = ("--zone", "small")
MONTH = ("report", "monthly", *ZONE, "--month", "2024-09", "--as-of", "2024-09-30")


@pytest.fixture
def signed(run: Run, tmp_path: Path) -> None:
    """Two projects, one signed, one lost in a name that no page may take for its own markup."""
    setting = open_setting("small", tmp_path / "rules")
    with open_store() as store:
        for name in ("甲甲有限公司", "<b>乙乙&有限公司"):
            project(store, setting, name, department="=一局")
        with entering(store, setting, by="甲", today=NOW.date(), at=NOW) as entry:
            for row in (1, 2):
                entry.step(PROJECTS, row, "签约", on=NOW.date())


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


@pytest.mark.usefixtures("signed")
def test_every_format_holds_the_same(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(*MONTH)
    assert code == 0 and "正式签约项目数 0（填报 2）" in out and "项目 2" in out
    code, out, _ = run(*MONTH, "--format", "json")
    lines = {(line["unit_kind"], line["measure"]): line for line in json.loads(out)["lines"]}
    of_zone = lines["zone", "signed"]["month"]
    assert (of_zone["filed"], of_zone["proved"], of_zone["rows"]) == ("2.00", "0.00", ["projects:1", "projects:2"])
    code, out, _ = run(*MONTH, "--format", "html")
    page = Cells()
    page.feed(out)
    assert "<b>乙乙&有限公司项目" in page.cells and "=一局" in page.cells
    assert not page.tags & {"b", "script", "link", "img"}
    assert page.links and all(link.startswith("#") for link in page.links)  # nothing is asked of elsewhere
    for name in ("a.xlsx", "a.docx"):
        code, _, err = run(*MONTH, "--format", name[2:], "--out", name)
        assert code == 0, err
    paper = docx.Document("a.docx")
    told = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    assert "<b>乙乙&有限公司项目" in told and "0（填报 2）" in told and "=一局" in told
    book = CalamineWorkbook.from_filelike(BytesIO(Path("a.xlsx").read_bytes()))
    cells = [str(cell) for sheet in book.sheet_names for row in book.get_sheet_by_name(sheet).to_python() for cell in row]
    assert "<b>乙乙&有限公司项目" in cells and "0（填报 2）" in cells and "=一局" in cells


@pytest.mark.usefixtures("signed")
def test_the_same_report_is_the_same_file(run: Run) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        run(*MONTH, "--format", "xlsx", "--out", name)
    assert Path("a.xlsx").read_bytes() == Path("b.xlsx").read_bytes()


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["report", "monthly", *ZONE, "--month", "2024-13"], 2, "年-月"),
        (["report", "annual", *ZONE, "--year", "24"], 2, "年份"),
        (["report", "monthly", *ZONE, "--format", "docx"], 2, "--out"),
        (["report", "monthly", *ZONE, "--format", "docx", "--out", "a.doc"], 2, ".docx"),
        (["report", "monthly", *ZONE, "--out", "a.docx"], 2, "--format docx"),
        (["report", "weekly", "--zone", "nowhere"], 2, "nowhere"),
        (["report"], 2, "哪一种"),
        (["ledger", "events", "import", "没有.json", *ZONE], 1, "没有.json"),
        (["ledger", "events", "settle", "甲公司", *ZONE], 2, "待认企业"),
        (["ledger", "hooks", "add", "ftp://a/", *ZONE], 2, "http"),
        (["ledger", "hooks", "end", "9", *ZONE], 2, "回调"),
    ],
)
def test_mistakes_end_in_one_clear_line(
    run: Run, capsys: pytest.CaptureFixture[str], argv: list[str], code: int, said: str
) -> None:
    try:
        found, _, err = run(*argv)
    except SystemExit as exit_:
        found, err = int(exit_.code or 0), capsys.readouterr().err
    assert found == code and said in err and err.count("\n") == 1


def test_events_are_imported_parked_and_settled(run: Run, tmp_path: Path) -> None:
    setting = open_setting("small", tmp_path / "rules")
    with open_store() as store:
        target(store, setting, "甲甲有限公司")
    items = [event("1", "target.step", "甲甲有限公司", 1, step="已接触"), event("2", "visit", "甲甲公司", 2, reason="补录")]
    Path("a.json").write_text(json.dumps(items), encoding="utf-8")
    Path("b.ndjson").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    code, out, err = run("ledger", "events", "import", "a.json", *ZONE)
    assert code == 0 and "已生效 1，待认企业 1" in err and "甲甲公司" not in out and "台账里没有这家" in out
    code, _, err = run("ledger", "events", "import", "b.ndjson", *ZONE)
    assert code == 0 and "重复 2" in err
    code, out, _ = run("ledger", "events", "parked", *ZONE, "--format", "json")
    assert [one["company"] for one in json.loads(out)] == ["甲甲公司"]
    code, _, err = run("ledger", "events", "settle", "甲甲公司", "--target", "1", *ZONE)
    assert code == 0 and "已生效 1" in err
    code_alone = "91370200MA3C000000"
    Path("c.json").write_text(json.dumps([event("3", "visit", "", 3, reason="补录") | {"company": {"uscc": code_alone}}]))
    code, _, err = run("ledger", "events", "import", "c.json", *ZONE)
    assert code == 0 and "待认企业 1" in err
    code, _, err = run("ledger", "events", "settle", code_alone.lower(), "--target", "1", *ZONE)
    assert code == 0 and "已生效 1" in err
    code, out, err = run("ledger", "events", "import", "-", *ZONE)
    assert code == 1  # nothing that pytest gives as standard input is an event


def test_a_file_that_is_no_json_names_the_line(run: Run) -> None:
    Path("a.json").write_text('{"source": "x"}\n{"source"\n', encoding="utf-8")
    code, _, err = run("ledger", "events", "import", "a.json", *ZONE)
    assert code == 1 and "第 2 行" in err
    Path("a.json").write_bytes("来源".encode("gb18030"))
    assert "UTF-8" in run("ledger", "events", "import", "a.json", *ZONE)[2]


def test_hooks_and_a_round_of_deliveries(run: Run, tmp_path: Path) -> None:
    code, out, err = run("ledger", "hooks", "add", "http://127.0.0.1:9/", *ZONE)
    assert code == 0 and len(out.strip()) == 64 and "第 1 号" in err
    setting = open_setting("small", tmp_path / "rules")
    with open_store() as store:
        target(store, setting, "甲甲有限公司")
    Path("a.json").write_text(json.dumps(event("1", "target.step", "甲甲有限公司", 1, step="已接触")), encoding="utf-8")
    run("ledger", "events", "import", "a.json", *ZONE)
    code, _, err = run("ledger", "deliver", *ZONE)
    assert code == 1 and "没有投到 1 个" in err
    shown = "".join(run("ledger", "hooks", "waiting", *ZONE)[1].split())
    assert "127.0.0.1" in shown and "目标1甲甲有限公司：待接触→已接触" in shown and "{" not in shown
    assert json.loads(run("ledger", "hooks", "waiting", *ZONE, "--format", "json")[1])[0]["body"]["before"] == "waiting"
    assert "[" not in run("ledger", "hooks", "list", *ZONE)[1]
    assert run("ledger", "hooks", "dead", *ZONE, "--format", "json")[1].strip() == "[]"
    shown = run("ledger", "hooks", "list", *ZONE, "--format", "json")[1]
    assert out.strip() not in shown and json.loads(shown)[0]["id"] == 1


def test_the_week_tells_who_is_new_and_gone_on_the_list(run: Run, tmp_path: Path) -> None:
    rules = tmp_path / "rules" / "small" / "scoring.yaml"
    first = _ranked_bundled(run)
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("2700, 4500", "4500, 2700"), encoding="utf-8")
    second = _ranked_bundled(run)
    week = ("report", "weekly", *ZONE, "--format", "json")
    assert json.loads(run(*week)[1])["recommended"]["problem"]  # both were made this week
    with open_store() as store, store.writing() as connection:
        old = datetime.now(UTC) - timedelta(days=8)
        connection.execute(runs.update().where(runs.c.id == first).values(created_at=old))
    code, out, _ = run(*week)
    changes = json.loads(out)["recommended"]
    assert code == 0 and (changes["before"], changes["now"], changes["problem"]) == (first, second, "")
    assert len(changes["entered"]) == len(changes["left"]) > 0
    assert all("注册资本" in one["why"] or "没有变" in one["why"] for one in changes["entered"] + changes["left"])
    assert json.loads(run(*week, "--no-changes")[1])["recommended"] is None


def _ranked_bundled(run: Run) -> str:
    """A run of the bundled sample: it can be made again from what is at hand."""
    code, out, err = run("rank", *ZONE, "--as-of", "2026-01-01", "--top", "4", "--format", "json")
    assert code == 0, err
    return str(json.loads(out)["run"]["id"])
