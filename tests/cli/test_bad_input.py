"""Whatever is wrong with files, options or JSON: the right exit code, one clear line that names it, and no file left behind."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from matcher.cli import commands, main
from matcher.engine import Engine
from tests.cli import small_zone

ZONE = "liaocheng-resort"
HEADER = "企业名称,经营范围\n"
BAD_FILES = {
    "empty": b"",
    "blank": b"\n \n",
    "binary": bytes(range(256)) * 20,
    "header_only": HEADER.encode(),
    "no_name": "备注,电话\n甲,1\n".encode(),
    "excel": b"PK\x03\x04" + b"x" * 60,
    "half_gzip": gzip.compress((HEADER + "甲公司,积木\n" * 400).encode())[:-12],
    "one_endless_line": b"x" * 300_000,
    "password": b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
    "old_excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
    "parquet": b"PAR1" + bytes(40) + b"PAR1",
    "pdf": b"%PDF-1.4",
    "web_page": b"<!DOCTYPE html><html></html>",
    "no_header": "欧阳铁柱,13000000000\n甲公司,1\n".encode(),
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: exit code, stdout, stderr; an exception that escapes would be a traceback."""

    def of(*argv: object, stdin: bytes | str = b"") -> tuple[int, str, str]:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        try:
            code = main([str(arg) for arg in argv])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return of


@pytest.fixture(scope="module")
def opened() -> Callable[..., Engine]:
    return lru_cache(Engine)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_zone.write(tmp_path_factory.mktemp("zones") / "rules")


@pytest.fixture(autouse=True)
def opens_once(opened: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone that can be opened is opened once; what cannot be opened fails every time."""
    monkeypatch.setattr(commands, "Engine", opened)


@pytest.fixture
def real(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands use the engine that is already there."""
    monkeypatch.setattr(commands, "Engine", lambda zone, **folders: engine)


def message(err: str) -> str:
    """The one line of the error; there must be no other."""
    lines = [line for line in err.splitlines() if line.startswith("lianzhao: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    assert err.endswith(lines[0] + "\n")
    assert lines[0].isprintable()
    return lines[0]


def files(folder: Path) -> set[str]:
    """All but the rules and words that are kept parsed, by whoever comes first."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[:2] != ("home", "parsed")}


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("verb", ["rank", "match"])
def test_unreadable_files(run: Run, rules: Path, tmp_path: Path, verb: str, kind: str) -> None:
    Path(f"{kind}.csv").write_bytes(BAD_FILES[kind])
    before = files(tmp_path)
    code, out, err = run(verb, f"{kind}.csv", "--zone", "small", "--rules", rules, "--out", "新.csv")
    assert code == 1
    assert f"{kind}.csv" in message(err)
    assert "欧阳铁柱" not in err and "13000000000" not in err
    assert out == ""
    assert files(tmp_path) == before


@pytest.mark.parametrize("path", ["没有.csv", ".", "没有/名单.csv", "good.csv/x.csv"])
def test_missing_files_and_folders(run: Run, rules: Path, tmp_path: Path, path: str) -> None:
    Path("good.csv").write_text(HEADER + "甲公司,积木\n", encoding="utf-8")
    before = files(tmp_path)
    code, _, err = run("match", "good.csv", path, "--zone", "small", "--rules", rules, "--out", "新.csv")
    assert code == 1
    assert message(err).startswith(f"lianzhao: {path}：")
    assert files(tmp_path) == before


def test_a_file_name_that_is_no_utf_8(run: Run, rules: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.csv")
    Path(name).write_text(HEADER + "甲公司,积木\n,无名\n", encoding="utf-8")
    code, _, _ = run("match", name, "--zone", "small", "--rules", rules, "--out", "新.csv")
    assert Path("新.csv").exists() == (code == 0)
    assert not list(Path().glob(".新*"))


@pytest.mark.parametrize(
    ("option", "given", "nearest"),
    [
        ("--chain", "culture-turism", "culture-tourism"),
        ("--chain", "", ""),
        ("--group", "medical-health-grup", "medical-health-group"),
        ("--need", "complemnt", "complement"),
        ("--need", "none", ""),
        ("--city", "绍兴是", "「绍兴"),
        ("--city", "青岛是", "「青岛"),
        ("--city", "即墨", "青岛"),
        ("--city", "", ""),
        ("--city", "a\nb\x1b[31m", ""),
        ("--group", "group-five", "group-five"),
    ],
)
@pytest.mark.usefixtures("real")
def test_unknown_names_with_the_nearest_right_one(run: Run, tmp_path: Path, option: str, given: str, nearest: str) -> None:
    code, out, err = run("rank", "没有.csv", "--zone", ZONE, option, given, "--out", "新.json")  # told before any file is read
    assert (code, out, files(tmp_path)) == (2, "", set())
    assert nearest in message(err)


def test_an_unknown_zone_with_the_nearest_right_one(run: Run) -> None:
    for argv in (
        ["rank", "--zone", "liaocheng-resrt"],
        ["score", "--zone", "liaocheng-resrt"],
        ["rules", "check", "liaocheng-resrt"],
    ):
        code, _, err = run(*argv)
        assert code == 2
        assert "「liaocheng-resort」" in message(err)


@pytest.mark.parametrize(
    "zone",
    ["../small", "./small", "small/", "small/.", "../rules/small", "", ".", "..", "/", "/etc", "{rules}/small", "SMALL", "small\n",
     "small\0", "x" * 20_000, "\udcff", "~", "*"],
)  # fmt: skip
def test_a_zone_is_a_name_and_never_a_path(run: Run, rules: Path, zone: str) -> None:
    code, out, err = run("rules", "check", zone.format(rules=rules), "--rules", rules)
    assert (code, out) == (2, "")
    assert len(message(err)) < 200


OPTIONS = [
    [], ["rang"], ["rank"], ["rank", "--zone"], ["rules"], ["rules", "check"], ["rules", "chek", "small"],
    ["match", "a.csv", "--zone", "small"], ["match", "--zone", "small", "--out", "x.csv"], ["rank", "--zone", "small", "--tpo", "3"],
    ["rank", "--zone", "small", "--format", "xml"],
    *(["rank", "--zone", "small", "--top", top] for top in ("0", "-1", "abc", "1.5", "４", "", "1e3", "9" * 30)),
    *(["rank", "--zone", "small", "--as-of", day] for day in ("2024-13-01", "昨天", "", "2024-02-30", "24-1-1")),
    ["score", "--zone", "small", "--as-of", "x"], ["serve", "--port", "65536"], ["serve", "--host", "0.0.0.0"],
]  # fmt: skip


@pytest.mark.parametrize("argv", OPTIONS, ids=" ".join)
def test_wrong_options(run: Run, tmp_path: Path, argv: list[str]) -> None:
    code, out, err = run(*argv)
    assert (code, out, files(tmp_path)) == (2, "", set())
    message(err)


# the folder of the rejects is made, and an empty name for them means the usual place
@pytest.mark.parametrize(
    ("option", "out"),
    [
        *(("--out", out) for out in ("没有/新.csv", "目录", "", ".", "名单.csv/新.csv", "长" * 200)),
        *(("--rejects", out) for out in ("目录", ".", "名单.csv/新.csv", "长" * 200)),
    ],
)
def test_places_that_cannot_be_written(run: Run, rules: Path, tmp_path: Path, out: str, option: str) -> None:
    Path("目录").mkdir()
    Path("名单.csv").write_text(HEADER + "甲公司,积木\n,无名\n", encoding="utf-8")
    before = files(tmp_path)
    argv = ["--out", out] if option == "--out" else ["--out", "新.csv", "--rejects", out]
    code, _, err = run("match", "名单.csv", "--zone", "small", "--rules", rules, *argv)
    assert code == 2
    message(err)
    assert {name for name in files(tmp_path) if not name.startswith("home/")} == before


BAD_JSON = [
    b"", b"{", b"[1,", b"nonsense", b"\xff\xfe{}", '{"名称": "甲"}'.encode("gb18030"), b'"text"', b"5", b"NaN", b"null", b"true", b"{} x",
    b"[" * 100_000, b'{"a":' * 100_000, b'[{"name": "a" "b"}]', b"{'name': 1}", b'{"name": "\x00"}',
    b'[{"name": "A", "insured_count": ' + b"9" * 6000 + b"}]",
]  # fmt: skip


@pytest.mark.parametrize("given", BAD_JSON, ids=lambda given: repr(given[:16]))
def test_bad_json(run: Run, rules: Path, given: bytes) -> None:
    code, out, err = run("score", "--zone", "small", "--rules", rules, stdin=given)
    assert (code, out) == (1, "")
    assert "标准输入" in message(err)


def test_bad_json_names_its_line(run: Run, rules: Path) -> None:
    _, _, err = run("score", "--zone", "small", "--rules", rules, stdin='[\n{"name": "甲公司"},\n{"name": }\n]')
    assert "第 3 行" in message(err)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.parametrize(
    "profile",
    [
        '{"name": "甲公司", "insured_count": NaN, "business_scope": "积木"}',
        '{"name": "甲公司", "insured_count": Infinity, "reg_capital_raw": -Infinity}',
        '{"name": "甲公司", "reg_capital_raw": 1e308}',
        '{"name": "\\ud800甲公司", "business_scope": "\\udfff积木"}',
        '{"name": "甲公司", "\\ud800萬": "x", "\\udc00": {}}',
        '{"name": NaN}',
        '{"name": ["甲公司", "乙公司"], "business_scope": []}',
        '{"name": "甲公司", "business_scope": ' + "[" * 500 + "]" * 500 + "}",
        '{"name": "甲公司", "未知": ' + "[" * 500 + "]" * 500 + "}",
        '{"name": "' + "甲" * 5000 + '"}',
        '{"name": "甲公司", "business_scope": "' + "积" * 200_000 + '"}',
        '{"name": "甲\\u0000公司"}',
        "{}",
        '{"name": "甲公司", "name": "乙公司", "名称": "丙公司"}',
    ],
    ids=lambda profile: profile[:40],
)
def test_a_profile_of_strange_values_gets_a_result_or_a_problem(run: Run, rules: Path, profile: str) -> None:
    code, out, err = run("score", "--zone", "small", "--rules", rules, stdin=profile)
    assert (code, err) == (0, "")
    answer = json.loads(out, parse_constant=refuse)
    out.encode("utf-8")
    if "error" in answer:
        assert set(answer) == {"error"}
        assert answer["error"]["field"] and answer["error"]["detail"]
        assert len(answer["error"]["detail"]) < 200
    else:
        assert 0 <= answer["score"] <= 100


def test_a_thousand_profiles_some_bad_are_answered_in_order(run: Run, rules: Path) -> None:
    bad = [
        None,
        5,
        "甲公司",
        [],
        {},
        {"name": ""},
        {"name": "甲公司", "reg_capital_raw": "李四"},
        {"name": {"a": 1}},
        {"name": "甲\x07公司"},
    ]
    profiles = [bad[n // 7 % len(bad)] if n % 7 == 0 else {"name": f"第{n}积木公司", "business_scope": "积木"} for n in range(1000)]
    code, out, _ = run("score", "--zone", "small", "--rules", rules, stdin=json.dumps(profiles))
    answers = json.loads(out)
    assert code == 0
    assert len(answers) == 1000
    for n, answer in enumerate(answers):
        if n % 7 == 0:
            assert list(answer) == ["error"]
        else:
            assert (answer["name"], "rank" in answer) == (f"第{n}积木公司", False)


def python(*argv: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "matcher", *argv], check=False, timeout=120, **{"stderr": subprocess.PIPE, **options}
    )


@pytest.mark.slow
def test_a_process_of_its_own_says_one_line_and_exits_1(rules: Path) -> None:
    done = python("rank", "没有.csv", "--zone", "small", "--rules", str(rules), stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (1, b"")
    assert message(done.stderr.decode()) == "lianzhao: 没有.csv：没有这个文件"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_under_stdout_is_one_line(rules: Path) -> None:
    Path("名单.csv").write_text(HEADER + "甲积木有限公司,积木\n", encoding="utf-8")
    with Path("/dev/full").open("wb") as full:
        done = python("score", "--zone", "small", "--rules", str(rules), stdout=full, input='{"name": "甲公司"}'.encode())
    assert done.returncode == 1
    message(done.stderr.decode())


@pytest.mark.slow
def test_a_reader_that_has_gone_is_no_error(rules: Path) -> None:
    profiles = json.dumps([{"name": f"第{n}积木公司", "business_scope": "积木"} for n in range(200)])
    ours, theirs = os.pipe()
    os.close(ours)
    done = python("score", "--zone", "small", "--rules", str(rules), stdout=theirs, input=profiles.encode())
    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, b"")
