"""The user's own tables (用户的表): appointments, targets outside the register, ways; every mistake with file, row and field."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar, cast

from matcher.errors import InputError, system_reason
from matcher.intake.delimited import decoded
from matcher.trips.request import KIND_LABELS, STATE_LABELS, Appointment, Source, State, Target, Way

_Line = TypeVar("_Line")
_MOST_ROWS = 100_000
_APPOINTMENTS = {
    "企业": "who", "名称": "who", "企业名称": "who", "统一社会信用代码": "who", "who": "who", "状态": "state", "state": "state",
    "日期": "day", "day": "day", "date": "day", "时间": "time", "time": "time", "分钟": "minutes", "minutes": "minutes",
}  # fmt: skip
_TARGETS = {
    "名称": "name", "name": "name", "类型": "kind", "kind": "kind", "城市": "city", "city": "city", "区县": "county", "county": "county",
    "地址": "address", "address": "address", "会员数": "members", "members": "members", "分值": "score", "score": "score",
}  # fmt: skip
_WAYS = {"从": "start", "from": "start", "到": "end", "to": "end", "分钟": "minutes", "minutes": "minutes"}


def read_appointments(path: str | Path) -> tuple[Appointment, ...]:
    """Appointments of a CSV: 企业,状态,日期,时间,分钟 (读约定表).

    Raises:
        InputError: The file or a row of it cannot be read.
    """
    states = {label: key for key, label in STATE_LABELS.items()} | {key: key for key in STATE_LABELS}

    def line(row: _Row) -> Appointment:
        state = cast(State, row.one_of("state", states))
        day = row.day("day")
        time = row.time("time")
        if bool(day) != bool(time):
            row.fail("time" if day else "day", "日期和时间要一起写")
        if day and state != "agreed":
            row.fail("day", f"只有{STATE_LABELS['agreed']}的才写日期和时间")
        return Appointment(row.text("who"), state, day, time, row.whole("minutes", 10, 240), row.source)

    return tuple(_lines(*_read(path), _APPOINTMENTS, ("who", "state"), line))


def read_targets(path: str | Path) -> tuple[Target, ...]:
    """Chambers, associations and parks of a CSV: 名称,类型,城市,区县,地址,会员数,分值 (读对象表).

    Raises:
        InputError: The file or a row of it cannot be read.
    """
    kinds = {label: key for key, label in KIND_LABELS.items()} | {key: key for key in KIND_LABELS}

    def line(row: _Row) -> Target:
        members, score = row.whole("members", 0, 9_999_999), row.number("score", 0, 100)
        if members is None and score is None:
            row.fail("members", "会员数、分值至少写一项，才知道值不值得去")
        kind = row.one_of("kind", kinds)
        return Target(
            row.text("name"), kind, row.text("city"), row.told("county"), row.told("address"), members, score, row.source
        )  # fmt: skip

    return tuple(_lines(*_read(path), _TARGETS, ("name", "kind", "city"), line))


def read_ways(path: str | Path) -> tuple[Way, ...]:
    """Ways of a CSV: 从,到,分钟 (读路程表).

    Raises:
        InputError: The file or a row of it cannot be read.
    """
    return ways_of(*_read(path))


def ways_of(raw: bytes, file: str) -> tuple[Way, ...]:
    """Ways of a CSV that is no file here (读传来的路程表), as an upload.

    Args:
        raw: What is in it.
        file: What it is called in messages.

    Raises:
        InputError: It or a row of it cannot be read.
    """

    def line(row: _Row) -> Way:
        minutes = row.whole("minutes", 1, 1440)
        if minutes is None:
            row.fail("minutes", "没有写，应为 1 到 1440 的整数")
            raise AssertionError
        return Way(row.text("start"), row.text("end"), minutes, row.source)

    return tuple(_lines(raw, file, _WAYS, ("start", "end", "minutes"), line))


class _Row:
    """A row of a table, and how to say what is wrong with it."""

    def __init__(self, source: Source, cells: Mapping[str, str], titles: Mapping[str, str]) -> None:
        self.source, self._cells, self._titles = source, cells, titles

    def fail(self, field: str, problem: str) -> None:
        raise InputError(self.source.file, problem, row=self.source.row, field=self._titles.get(field, field))

    def told(self, field: str) -> str:
        return self._cells.get(field, "")

    def text(self, field: str) -> str:
        found = self.told(field)
        if not found:
            self.fail(field, "没有写")
        return found

    def one_of(self, field: str, known: Mapping[str, str]) -> str:
        word = self.text(field)
        if word not in known:
            self.fail(field, f"应为 {'、'.join(word for word in known if not word.isascii())} 之一，写的是 {word[:20]!r}")
        return known[word]

    def whole(self, field: str, least: int, most: int) -> int | None:
        word = self.told(field)
        if not word:
            return None
        if not (word.isascii() and word.isdigit() and least <= int(word[:9]) <= most):
            self.fail(field, f"应为 {least} 到 {most} 的整数，写的是 {word[:20]!r}")
        return int(word)

    def number(self, field: str, least: float, most: float) -> float | None:
        word = self.told(field)
        if not word:
            return None
        bare = word.replace(".", "", 1)
        if not (bare.isascii() and bare.isdigit() and len(word) < 12 and least <= float(word) <= most):
            self.fail(field, f"应为 {least:g} 到 {most:g} 的数字，写的是 {word[:20]!r}")
        return float(word)

    def day(self, field: str) -> date | None:
        word = self.told(field)
        if not word:
            return None
        try:
            return date.fromisoformat(word)
        except ValueError:
            self.fail(field, f"应为日期，如 2024-08-27，写的是 {word[:20]!r}")
            raise

    def time(self, field: str) -> str:
        word = self.told(field)
        if word and not is_time(word):
            self.fail(field, f"应为时刻，如 09:30，分钟是 5 的倍数，写的是 {word[:20]!r}")
        return f"0{word}" if len(word) == 4 else word


def is_time(word: str) -> bool:
    """Whether a word is a time of day on a slot (时刻)."""
    hour, colon, minute = word.partition(":")
    digits = hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and colon == ":"
    return digits and len(hour) <= 2 and len(minute) == 2 and int(hour) < 24 and int(minute) < 60 and int(minute) % 5 == 0


def _read(path: str | Path) -> tuple[bytes, str]:
    try:
        return Path(path).read_bytes(), str(path)
    except OSError as error:
        raise InputError(str(path), system_reason(error)) from None


def _lines(
    raw: bytes, file: str, columns: Mapping[str, str], needed: tuple[str, ...], read: Callable[[_Row], _Line]
) -> Iterator[_Line]:
    text = decoded(raw, file).removeprefix("\ufeff")
    try:
        table = list(csv.reader(text.splitlines(keepends=True), strict=True))
    except csv.Error as error:
        raise InputError(file, f"不是有效的 CSV（{error}）") from None
    if not table or not any(table[0]):
        raise InputError(file, "是空的，第一行应为表头")
    if len(table) > _MOST_ROWS:
        raise InputError(file, f"行太多，最多 {_MOST_ROWS:,} 行")
    fields = [columns.get(cell.strip()) for cell in table[0]]
    titles = {field: cell.strip() for field, cell in zip(fields, table[0], strict=True) if field}
    for field in needed:
        if field not in titles:
            told = next(word for word, name in columns.items() if name == field)
            raise InputError(file, f"缺少列「{told}」，写的列是 {'、'.join(cell.strip() for cell in table[0])[:80]}", row=1)
    for number, cells in enumerate(table[1:], 2):
        if any(cell.strip() for cell in cells):
            named = {field: cell.strip() for field, cell in zip(fields, cells, strict=False) if field}
            yield read(_Row(Source(file, number), named, titles))
