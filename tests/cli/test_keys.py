"""``lianzhao keys``: the key on stdout and nowhere else, lists in every format, an audit log."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matcher.cli import main

ZONE = "liaocheng-resort"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(["keys", *words]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.mark.slow
def test_from_making_to_revoking(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, err = said(capsys, "create", "--name", "跟踪系统", "--role", "tracker", "--zone", ZONE, "--scope", "score", "--by", "甲")
    token = out.strip()
    id_ = token.split("_")[1]
    assert token.startswith("lz_") and out == token + "\n"
    assert token not in err and id_ in err
    shown = json.loads(said(capsys, "list", "--format", "json")[0])
    assert [(one["id"], one["role"], one["zones"], one["scopes"], one["state"], one["created_by"]) for one in shown] == [
        (id_, "tracker", [ZONE], ["score"], "有效", "甲")
    ]
    lines = list(csv.DictReader(io.StringIO(said(capsys, "list", "--format", "csv")[0].lstrip("\ufeff"))))
    assert (lines[0]["id"], lines[0]["role"]) == (id_, "跟踪系统")
    said(capsys, "list", "--format", "xlsx", "--out", str(tmp_path / "密钥.xlsx"))
    assert (tmp_path / "密钥.xlsx").stat().st_size > 0
    assert "已撤销" in said(capsys, "revoke", id_, "--by", "乙")[1]
    assert "没有改动" in said(capsys, "revoke", id_)[1]
    assert json.loads(said(capsys, "list", "--format", "json")[0]) == []
    assert json.loads(said(capsys, "list", "--all", "--format", "json")[0])[0]["state"] == "已撤销"
    audit = json.loads(said(capsys, "audit", "--format", "json")[0])
    assert [(one["operation"], one["name"], one["request"]) for one in audit] == [
        ("create_key", "甲", id_),
        ("revoke_key", "乙", id_),
    ]
    assert json.loads(said(capsys, "audit", "--since", "2999-01-01", "--format", "json")[0]) == []
    everything = "".join("".join(said(capsys, *words)) for words in (["list", "--all"], ["audit"]))
    assert token not in everything


@pytest.mark.slow
def test_limits_are_shown_and_changed(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "create", "--name", "批量", "--role", "tracker", "--rate", "0", "--body", "20000000")
    id_ = out.split("_")[1]
    said(capsys, "create", "--name", "平常", "--role", "tracker")

    def shown() -> list[tuple[object, object]]:
        return [(one["per_minute"], one["body"]) for one in json.loads(said(capsys, "list", "--format", "json")[0])]

    assert shown() == [(0, 20_000_000), (None, None)]
    table = said(capsys, "list")[0]
    assert "不限" in table and "20,000,000" in table.replace("20000000", "20,000,000") and "同服务" in table
    assert "60" in said(capsys, "limit", id_, "--rate", "60")[1]
    assert shown()[0] == (60, 20_000_000)
    said(capsys, "limit", id_, "--rate", "default", "--body", "default")
    assert shown()[0] == (None, None)
    assert "--rate" in said(capsys, "limit", id_, code=2)[1]
    with pytest.raises(SystemExit):
        main(["keys", "limit", id_, "--body", "0"])


@pytest.mark.parametrize(
    ("options", "days"), [(["--days", "7"], 7), ([], 365), (["--expires", "2027-03-01"], None), (["--no-expiry"], None)]
)
def test_how_long_it_counts(capsys: pytest.CaptureFixture[str], options: list[str], days: int | None) -> None:
    said(capsys, "create", "--name", "甲", "--role", "planner", *options)
    until = json.loads(said(capsys, "list", "--format", "json")[0])[0]["expires_at"]
    if days is not None:
        assert abs((datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds() - days * 86400) < 600
    else:
        assert until == ("2027-03-01T16:00:00+00:00" if options[0] == "--expires" else None)  # to the end of the day in China


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--name", "甲", "--role", "plannr"], "planner"),
        (["--name", "甲", "--role", "planner", "--scope", "scores"], "score"),
        (["--name", "甲", "--role", "planner", "--zone", "liaocheng"], ZONE),
        (["--name", "甲", "--role", "planner", "--group", "nobody"], "没有这个产业招商小组"),
        (["--name", "", "--role", "planner"], "--name"),
        (["--name", "甲", "--role", "planner", "--expires", "2020-01-01"], "今天以后"),
        (["--name", "甲", "--role", "planner", "--expires", "9999-12-31"], "今天以后"),
        (["--name", "甲", "--role", "planner", "--expires", "0001-01-01"], "太早"),
    ],
)
def test_what_cannot_be_is_named(capsys: pytest.CaptureFixture[str], options: list[str], told: str) -> None:
    out, err = said(capsys, "create", *options, code=2)
    assert out == ""
    assert told in err
    assert json.loads(said(capsys, "list", "--format", "json")[0]) == []


def test_a_group_and_a_leader(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "create", "--name", "甲", "--role", "planner", "--zone", ZONE, "--group", "medical-health-group", "--leader")
    shown = json.loads(said(capsys, "list", "--format", "json")[0])[0]
    assert (shown["group"], shown["leader"]) == ("medical-health-group", True)


def test_an_unknown_key_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "没有这个密钥" in said(capsys, "revoke", "nosuchkey", code=2)[1]
