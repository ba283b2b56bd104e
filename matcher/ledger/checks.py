"""What must hold between the fields of a row (一行之内的核对), and between rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from matcher.errors import FieldError
from matcher.ledger import books
from matcher.ledger.books import Book
from matcher.ledger.setting import Setting, pick

_FIRST_YEAR, _LAST_YEAR = 2000, 2099


def check_row(
    connection: Connection, setting: Setting, book: Book[Any], values: dict[str, Any], told: list[str], today: date, id_: int | None
) -> None:
    """Raises if the row as a whole cannot be; settles what only the whole row can settle (整行核对).

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        book: Which book.
        values: All fields of the row as they are to be.
        told: Warnings are added here.
        today: Nothing that is done is done later.
        id_: The row's number, None for a new one.

    Raises:
        FieldError: Some field does not fit the others.
    """
    for field in book.fields:
        value = values.get(field.name)
        if value is None and field.required:
            raise FieldError(setting.title(book.name, field.name), "不能空着", field=field.name)
        if value is not None and field.kind == "row":
            _refers(connection, setting, book, field.name, field.words, value)
    _segment(setting, book, values)
    check = _CHECKS.get(book.name)
    if check is not None:
        check(connection, setting, values, told, today, id_)


def _refers(connection: Connection, setting: Setting, book: Book[Any], field: str, to: str, id_: int) -> None:
    table = books.ALL[to].table
    wanted = select(table.c.id).where(table.c.id == id_, table.c.zone == setting.zone, table.c.deleted_at.is_(None))
    if id_ >= 2**31 or connection.execute(wanted).first() is None:
        raise FieldError(setting.title(book.name, field), f"没有第 {id_} 号{setting.called(to)}，或已删除", field=field)


def _segment(setting: Setting, book: Book[Any], values: dict[str, Any]) -> None:
    """A segment is one of the row's chain; without a chain it says which."""
    given = values.get("segment")
    if given is None or book.field("segment") is None:
        return
    title, chain = setting.title(book.name, "segment"), values.get("chain")
    of_chain = {segment: (name,) for (one, segment), name in setting.rules.segments.items() if chain in (None, one)}
    values["segment"] = pick(title, given, of_chain, field="segment")
    if chain is None:
        values["chain"] = next(one for one, segment in setting.rules.segments if segment == values["segment"])


def _activity(_c: Connection, setting: Setting, values: dict[str, Any], _told: list[str], today: date, _id: int | None) -> None:
    starts, ends = values["starts_on"], values.get("ends_on")
    if ends is not None and ends < starts:
        raise FieldError(setting.title("activities", "ends_on"), f"{ends} 早于开始日期 {starts}", field="ends_on")
    first, *_ = setting.steps("activities")
    spec = next((step for step in setting.steps("activities") if step.id == values.get("state")), first)
    if starts > today and spec.id != first.id and not spec.aside:
        raise FieldError(setting.title("activities", "starts_on"), f"{starts} 还没有到，不能是{spec.name}", field="starts_on")


def _arrival(_c: Connection, setting: Setting, values: dict[str, Any], _told: list[str], _t: date, _id: int | None) -> None:
    if values["amount"].amount == 0:
        raise FieldError(setting.title("arrivals", "amount"), "应大于 0", field="amount")


def _paper(connection: Connection, setting: Setting, values: dict[str, Any], _told: list[str], _t: date, id_: int | None) -> None:
    table = books.PAPERS.table
    same = (table.c.project == values["project"]) & (table.c.paper == values["paper"]) & table.c.deleted_at.is_(None)
    other = connection.execute(select(table.c.id).where(same, table.c.id != (id_ or 0))).scalar()
    if other is not None:
        raise FieldError(
            setting.title("papers", "paper"), f"第 {values['project']} 号项目已有这件手续（第 {other} 号）", field="paper"
        )


def _promise(_c: Connection, setting: Setting, values: dict[str, Any], _told: list[str], _t: date, _id: int | None) -> None:
    if values.get("project") is None and values.get("target") is None:
        raise FieldError(setting.title("promises", "project"), "应写明是对哪个项目或哪个目标企业的承诺", field="project")


def _goal(connection: Connection, setting: Setting, values: dict[str, Any], told: list[str], _t: date, id_: int | None) -> None:
    title = {name: setting.title("goals", name) for name in ("year", "unit", "amount", "amount_currency")}
    if not _FIRST_YEAR <= values["year"] <= _LAST_YEAR:
        raise FieldError(title["year"], f"应为 {_FIRST_YEAR} 到 {_LAST_YEAR}", field="year")
    measure = next(one for one in setting.rules.file.measures if one.id == values["measure"])
    if measure.money != (values.get("amount_currency") is not None):
        problem = f"{measure.name}是金额，应写币种，数以元计" if measure.money else f"{measure.name}不是金额，不写币种"
        raise FieldError(title["amount_currency"], problem, field="amount_currency")
    if not measure.money and values["amount"] != values["amount"].to_integral_value():
        raise FieldError(title["amount"], f"{measure.name}应为整数", field="amount")
    goal_unit(setting, values, told)
    table = books.GOALS.table
    same = [table.c[name] == values[name] for name in ("year", "measure", "unit_kind", "unit")]
    wanted = select(table.c.id).where(table.c.zone == setting.zone, *same, table.c.deleted_at.is_(None), table.c.id != (id_ or 0))
    if (other := connection.execute(wanted).scalar()) is not None:
        raise FieldError(title["unit"], f"这一年、这个单位、这个指标已有目标任务（第 {other} 号），请改那一行", field="unit")


def goal_unit(setting: Setting, values: dict[str, Any], told: list[str]) -> None:
    """Settles who a goal is for (目标任务的单位), once its kind is known.

    Raises:
        FieldError: Nobody is called so.
    """
    kind, unit, title = values.get("unit_kind"), values.get("unit"), setting.title("goals", "unit")
    if kind is None or unit is None:
        return
    if kind == "zone":
        values["unit"] = pick(title, unit, {setting.zone: (setting.rules.zone_name,)}, field="unit")
    elif kind == "group":
        values["unit"] = pick(title, unit, setting.vocabulary("group", ""), field="unit")
    else:
        values["unit"] = setting.office(title, unit, kind, told, "unit")


_Check = Callable[[Connection, Setting, "dict[str, Any]", "list[str]", date, "int | None"], None]
_CHECKS: dict[str, _Check] = {
    "activities": _activity, "arrivals": _arrival, "papers": _paper, "promises": _promise, "goals": _goal,
}  # fmt: skip
