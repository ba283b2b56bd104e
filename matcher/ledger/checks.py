"""What must hold between the fields of a row (一行之内的核对), and between rows."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from matcher.errors import FieldError, LedgerError
from matcher.ledger import books
from matcher.ledger.books import Book
from matcher.ledger.mistakes import noted, raise_first
from matcher.ledger.setting import Setting, pick
from matcher.ledger.stepping import spoken
from matcher.matching.name_index import squeezed

_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_LONG_AGO = timedelta(days=365)  # a meeting is entered while people remember it; of an earlier one the year may be a slip
OF_LONG_AGO = "是一年多以前，请核对年份；没有写错的"
"""How it is said that a meeting is of long ago (久远的会见)."""


def check_row(
    connection: Connection,
    setting: Setting,
    book: Book[Any],
    values: dict[str, Any],
    told: list[str],
    today: date,
    id_: int | None,
    there: Container[tuple[str, int]] = (),
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
        there: Book and number of rows that are known to be there.

    Raises:
        FieldError: Some field does not fit the others; ``more`` has what else does not.
    """
    wrong: list[LedgerError] = []
    for field in book.fields:
        value = values.get(field.name)
        if value is None and field.required:
            wrong.append(FieldError(setting.title(book.name, field.name), "不能空着", field=field.name))
        if value is not None and field.kind == "row" and (field.words, value) not in there:
            with noted(wrong):
                _refers(connection, setting, book, field.name, field.words, value)
    with noted(wrong):
        _segment(setting, book, values)
    check = _CHECKS.get(book.name)
    if check is not None and not wrong:
        check(connection, setting, values, told, today, id_)
    raise_first(wrong)


def check_change(
    connection: Connection,
    setting: Setting,
    book: Book[Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    told: list[str],
    today: date,
    reason: str | None,
) -> None:
    """Raises if what a person changes, or enters, cannot be so, or not without a reason (改动的核对).

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        book: Which book.
        before: The fields as they were, with ``id``; empty for a new row.
        after: As they are to be.
        told: Warnings are added here.
        today: The day of the entry.
        reason: Why.

    Raises:
        FieldError: A field is kept, or set by a step, the shares are another row's, a meeting is of another company or of long ago.
    """
    changed = {name for name, value in after.items() if before.get(name) != value}
    for one in book.fields:
        if one.kept and one.name in changed and not reason:
            if before.get(one.name) is not None:
                raise FieldError(setting.title(book.name, one.name), "登记以后要改，应写明理由", field=one.name)
            if before or after.get("state") not in spoken(setting.steps(book.name)):
                problem = f"由步骤登记（{_first_step(setting, book)}），自己写的应写明理由"
                raise FieldError(setting.title(book.name, one.name), problem, field=one.name)
    if book is books.TARGETS and before and "shares" in changed:
        _shares_of_project(connection, setting, before["id"])
    if book is books.MEETINGS:
        if changed & {"company", "uscc", "target", "project"}:
            _met_company(connection, setting, after, reason)
        if changed & {"met_on", "activity"}:
            _met_on(connection, setting, after, told, today, reason)


def _first_step(setting: Setting, book: Book[Any]) -> str:
    """What the step is called by which a first contact is entered."""
    return next((step.name for step in setting.steps(book.name) if step.first_contact), "第一次接触")


def long_ago(day: date, today: date) -> bool:
    """Whether a meeting of a day wants a reason (一年多以前): most often the year is a slip."""
    return day < today - _LONG_AGO


def check_free(connection: Connection, setting: Setting, book: Book[Any], id_: int) -> None:
    """Raises if something hangs on a row that is to be deleted (删除前的核对).

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        book: Which book.
        id_: Number of the row.

    Raises:
        LedgerError: Other rows name it.
    """
    for other in books.ALL.values():
        for one in other.fields:
            if one.kind == "row" and one.words == book.name:
                table = other.table
                hangs = (table.c[one.name] == id_) & table.c.deleted_at.is_(None)
                number = connection.execute(select(func.count()).select_from(table).where(hangs)).scalar()
                if number:
                    called = setting.called(other.name)
                    raise LedgerError(f"第 {id_} 号{setting.called(book.name)}下面还有 {number} 行{called}，请先删除它们")


def _shares_of_project(connection: Connection, setting: Setting, target: int) -> None:
    """Reports count the project that came of a target, by the project's own shares."""
    table = books.PROJECTS.table
    wanted = select(table.c.id).where(table.c.target == target, table.c.deleted_at.is_(None)).order_by(table.c.id)
    made = list(connection.execute(wanted).scalars())
    if made:
        numbers = "、".join(map(str, made))
        problem = f"这个目标已转项目，按项目的份额算，请改第 {numbers} 号{setting.called('projects')}的份额"
        raise FieldError(setting.title("targets", "shares"), problem, field="shares")


def _met_company(connection: Connection, setting: Setting, values: Mapping[str, Any], reason: str | None) -> None:
    for name, book in (("target", books.TARGETS), ("project", books.PROJECTS)):
        if values.get(name) is None or reason:
            continue
        table = book.table
        of = connection.execute(select(table.c.company, table.c.squeezed, table.c.uscc).where(table.c.id == values[name])).one()
        codes = (values.get("uscc"), of.uscc)
        if codes[0] != codes[1] if all(codes) else squeezed([values["company"]])[0] != of.squeezed:
            problem = f"第 {values[name]} 号{setting.called(book.name)}是 {of.company}，会见的是 {values['company']}，不是一家的应写明理由"
            raise FieldError(setting.title("meetings", name), problem, field=name)


def _met_on(
    connection: Connection, setting: Setting, values: Mapping[str, Any], told: list[str], today: date, reason: str | None
) -> None:
    day, title, table = values["met_on"], setting.title("meetings", "met_on"), books.ACTIVITIES.table
    if long_ago(day, today) and not reason:
        raise FieldError(title, f"{day} {OF_LONG_AGO}，应写明理由，如 补录", field="met_on")
    starts, ends = connection.execute(select(table.c.starts_on, table.c.ends_on).where(table.c.id == values["activity"])).one()
    if not starts <= day <= (ends or starts):
        days = f"{starts} 至 {ends}" if ends and ends != starts else f"{starts}"
        told.append(f"{title} {day} 不在第 {values['activity']} 号{setting.called('activities')}的日期（{days}）之内，请核对")


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
