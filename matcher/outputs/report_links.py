"""Which rows of the ledgers stand behind the figures of a report (数字出自哪几行), as its tables show them, and what these rows are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any, Literal

from matcher.ledger import reading
from matcher.ledger.books import ALL, Book
from matcher.ledger.records import Kept
from matcher.ledger.reports_told import RUN, Document, Section, Source
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import shown
from matcher.store.database import Store

Kind = Literal["weekly", "monthly", "annual"]
"""Which report (通报种类)."""
Behind = dict[int, list[dict[str, tuple[str, ...]]]]
"""Number of a part → for each line of its table: title of a column → ``book:number`` of rows."""
_EFFORTS = {"在跟": "open", "进展": "moved", "会见": "met", "活动": "held", "过期": "overdue"}
_EFFORTS_PART = 3
_ZONE_PART, _PLACES_PART, _UNITS_PART = 0, 1, 2
_AT_ONCE = 500
_RUN = "run:"
_NAMES = ("name", "company", "what", "measure", "paper", "origin")
"""What a row goes by, the first that it has."""


def of_report(kind: Kind, told: Mapping[str, Any]) -> Behind:
    """What stands behind the tables of a report (各表的出处).

    Args:
        kind: Which report.
        told: Its plain data.
    """
    if kind == "weekly":
        return {
            _EFFORTS_PART: [{title: tuple(unit[name]) for title, name in _EFFORTS.items()} for unit in told["units"]]
        }  # fmt: skip
    if kind == "monthly":
        lines = told["lines"]
        return {
            _ZONE_PART: [_line(line) for line in lines if line["unit_kind"] == "zone"],
            _PLACES_PART: [_ranked(place, ("名次", "平均完成率")) for place in told["places"]],
            _UNITS_PART: [_line(line) for line in lines if line["unit_kind"] != "zone"],
        }
    found: Behind = {}
    number = count()
    for unit_kind in dict.fromkeys(unit["unit_kind"] for unit in told["units"]):
        of_kind = [unit for unit in told["units"] if unit["unit_kind"] == unit_kind]
        found[next(number)] = [_ranked(unit, ("名次", "得分", "计分权重")) for unit in of_kind]
        for unit in of_kind:
            found[next(number)] = [_mark(mark) for mark in unit["marks"]]
    return found


def books(setting: Setting) -> dict[str, str]:
    """What rows are called → their book (台账叫法)."""
    return {setting.called(name): name for name in ALL}


def named(of: Mapping[str, str], cell: str) -> tuple[str, ...]:
    """The rows that a cell names (格里写的台账行), such as 项目 3、项目 5."""
    found: list[str] = []
    for word in cell.split("、"):
        match = re.fullmatch(r"(.+) (\d+)", word.strip())
        if match and match[1] in of:
            found.append(f"{of[match[1]]}:{match[2]}")
    return tuple(found)


def with_sources(store: Store, setting: Setting, kind: Kind, told: Mapping[str, Any], document: Document) -> Document:
    """The report with the rows behind its figures (附上出处): figures of the same rows have one source.

    Args:
        store: The database.
        setting: The zone's rules.
        kind: Which report.
        told: Its plain data.
        document: What is told of it.
    """
    places: dict[tuple[str, ...], int] = {}
    labels: list[str] = []
    links: dict[tuple[int, int, int], int] = {}
    for cell, rows, label in _cells(setting, kind, told, document):
        if rows not in places:
            places[rows] = len(labels)
            labels.append(label)
        links[cell] = places[rows]
    known = _rows(store, setting, {row for rows in places for row in rows if not row.startswith(_RUN)})
    sources = tuple(
        Source(label, tuple(known.get(row) or _gone(setting, row) for row in rows))
        for label, rows in zip(labels, places, strict=True)
    )
    return replace(document, sources=sources, links=links)


def _cells(
    setting: Setting, kind: Kind, told: Mapping[str, Any], document: Document
) -> Iterator[tuple[tuple[int, int, int], tuple[str, ...], str]]:
    """Every cell that counts or names rows: where it stands, the rows, what it is called."""
    behind, called = of_report(kind, told), books(setting)
    recommended = told.get("recommended") or {}
    runs = {run[:12]: run for run in (recommended.get("before"), recommended.get("now")) if run}
    for part, section in enumerate(document.sections):
        for line, cells in enumerate(section.rows):
            figures = behind[part][line] if part in behind and line < len(behind[part]) else {}
            for column, (title, cell) in enumerate(zip(section.head, cells, strict=True)):
                rows = figures.get(title, ()) or (named(called, cell) if "台账" in title else ())
                if title == RUN and cell in runs:
                    rows = (f"{_RUN}{runs[cell]}",)
                if rows:
                    yield (part, line, column), rows, _label(section, cells, column, rows)


def _label(section: Section, cells: tuple[str, ...], column: int, rows: tuple[str, ...]) -> str:
    """A figure by its line and column; a cell that names its rows says all by itself."""
    title = section.head[column]
    if "台账" in title or rows[0].startswith(_RUN):
        return cells[column]
    first = next((place for place, name in enumerate(section.head) if name in ("指标", "单位")), 0)
    whose = section.title if section.head[0] == "指标" else cells[first]
    measure = cells[section.head.index("指标")] if "指标" in section.head else ""
    return "，".join(dict.fromkeys(part for part in (whose, measure, title) if part))


def _rows(store: Store, setting: Setting, wanted: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Rows by ``book:number`` as the report shows them, those that were deleted since too."""
    of_books: dict[str, list[int]] = {}
    for row in wanted:
        name, _, id_ = row.partition(":")
        of_books.setdefault(name, []).append(int(id_))
    found: dict[str, tuple[str, ...]] = {}
    for name, ids in of_books.items():
        book = ALL[name]
        for at in range(0, len(ids), _AT_ONCE):
            part = book.table.c.id.in_(sorted(ids)[at : at + _AT_ONCE])
            with store.reading() as connection:
                records = reading.rows(connection, setting.zone, book, part, deleted=True)
            found |= {f"{name}:{record.id}": _row(setting, book, record) for record in records}
    return found


def _row(setting: Setting, book: Book[Any], record: Kept) -> tuple[str, ...]:
    values = {field.name: shown(setting, book, field, getattr(record, field.name)) for field in book.everything}
    name = next((values[one] for one in _NAMES if values.get(one)), "")
    if book.name in ("arrivals", "goals"):
        name = "，".join(filter(None, (name, values.get("unit"), values["amount"])))
    whose = next((values[one] for one in ("department", "group", "owner") if values.get(one)), "")
    state = "，".join(filter(None, (values.get("state"), values.get("state_on"))))
    return f"{setting.called(book.name)} {record.id}", name, whose, state, values.get("run", "")


def _gone(setting: Setting, row: str) -> tuple[str, ...]:
    """A run, which is no row of a ledger, or a row that nobody knows any more."""
    if row.startswith(_RUN):
        run = row.removeprefix(_RUN)
        return "推荐批次", f"lianzhao replay {run}", "", "", run
    book, _, id_ = row.partition(":")
    return f"{setting.called(book)} {id_}", "", "", "", ""


def _line(line: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    figures = {"本月": tuple(line["month"]["rows"]), "本年累计": tuple(line["year"]["rows"]), "年度目标": _one(line["goal_row"])}
    return figures | {"完成率": _part(line, line["year"])}


def _mark(mark: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    part = _part(mark, mark["figure"])
    return {"完成": tuple(mark["figure"]["rows"]), "目标": _one(mark["goal_row"]), "完成率": part, "得分": part}


def _part(of: Mapping[str, Any], figure: Mapping[str, Any]) -> tuple[str, ...]:
    """What a part of a goal comes of: the rows that are proved, and the goal."""
    return (*figure["proved_rows"], of["goal_row"]) if of["done"] is not None else ()


def _ranked(unit: Mapping[str, Any], titles: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {title: tuple(unit["rows"]) for title in titles}


def _one(row: str) -> tuple[str, ...]:
    return (row,) if row else ()
