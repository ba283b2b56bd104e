"""What whoever enters something is told at once (当场提醒): others on the company, promises to be reviewed, proof that is still missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from matcher.ledger.books import Book
from matcher.ledger.company import claims_on, told_of
from matcher.ledger.promises import warnings_of
from matcher.ledger.setting import Setting

_WHOSE = ("company", "uscc", "family", "department")
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
    if book.name == "arrivals" and "amount" in changed:
        return [_proof(setting.called(book.name), setting.rules.file.arrivals)]
    if book.name == "papers" and "paper" in changed:
        return [_proof(setting.papers[values["paper"]].name, setting.papers[values["paper"]].proofs)]
    return []


def told_of_step(setting: Setting, book: Book[Any], step: str) -> list[str]:
    """Warnings about a step that was made (推进后的提醒)."""
    kinds = setting.proofs_of(book.name, step)
    return [_proof(setting.step_name(book.name, step), kinds)] if kinds else []


def _proof(what: str, kinds: Any) -> str:
    return f"{what}要附上证明（{'、'.join(kinds)}）才算数，用 lianzhao ledger proof add"
