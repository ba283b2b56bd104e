"""What whoever enters something is told at once (当场提醒): others on the company, what was entered before, promises, missing proof."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, or_, select

from matcher.ledger.books import Book
from matcher.ledger.company import claims_on, told_of
from matcher.ledger.promises import warnings_of
from matcher.ledger.setting import Setting
from matcher.matching.name_index import squeezed

_WHOSE = ("company", "uscc", "family", "department")
_SAME = {"activities": ("kind", "name", "starts_on"), "meetings": ("company", "met_on")}
"""Fields by which a row is taken for one that was entered before."""
_PROMISED = ("kind", "what", "ground", "reviewed_on")


def told_of_row(
    connection: Connection, setting: Setting, book: Book[Any], id_: int, values: Mapping[str, Any], changed: Mapping[str, Any]
) -> list[str]:
    """Warnings about a row that was entered (登记后的提醒).

    Args:
        connection: The transaction in which it was.
        setting: The zone's rules.
        book: Which book.
        id_: Number of the row.
        values: All its fields.
        changed: Those that were entered or changed now.
    """
    if book.name in ("targets", "projects") and any(name in changed for name in _WHOSE):
        claims = claims_on(connection, setting, values, book=book.name, id_=id_)
        return told_of(claims, setting, values.get("department") or values.get("group") or values.get("owner") or "")
    if book.name == "promises" and any(name in changed for name in _PROMISED):
        settled = bool(values.get("ground") and values.get("reviewed_on"))
        return [str(one) for one in warnings_of(values["kind"], values["what"], setting.compliance, settled=settled)]
    if book.name in _SAME and any(name in changed for name in _SAME[book.name]):
        return _entered_before(connection, setting, book, id_, values)
    if book.name == "arrivals" and "amount" in changed:
        return [_proof(setting.called(book.name), setting.rules.file.arrivals)]
    if book.name == "papers" and "paper" in changed:
        return [_proof(setting.papers[values["paper"]].name, setting.papers[values["paper"]].proofs)]
    return []


def _entered_before(connection: Connection, setting: Setting, book: Book[Any], id_: int, values: Mapping[str, Any]) -> list[str]:
    """Rows of the same thing on the same day: most often one that was entered twice, and both are kept."""
    table = book.table
    same = [table.c[name] == value for name, value in book.columns({name: values[name] for name in _SAME[book.name]}).items()]
    if book.name == "meetings":
        short = table.c.squeezed == squeezed([values["company"]])[0]
        of_company = or_(short, table.c.uscc == values["uscc"]) if values.get("uscc") else short
        same = [table.c.met_on == values["met_on"], of_company]
    wanted = select(table.c.id).where(table.c.zone == setting.zone, table.c.deleted_at.is_(None), table.c.id != id_, *same)
    others = list(connection.execute(wanted.order_by(table.c.id)).scalars())
    if not others:
        return []
    called, what = setting.called(book.name), "企业" if book.name == "meetings" else "名称、类型"
    return [f"第 {'、'.join(map(str, others[:5]))} 号{called}也是同一天、同一{what}，请核对是不是登记了两次；重复的请删除一行"]


def told_of_step(setting: Setting, book: Book[Any], step: str) -> list[str]:
    """Warnings about a step that was made (推进后的提醒)."""
    kinds = setting.proofs_of(book.name, step)
    return [_proof(setting.step_name(book.name, step), kinds)] if kinds else []


def _proof(what: str, kinds: Any) -> str:
    return f"{what}要附上证明（{'、'.join(kinds)}）才算数"
