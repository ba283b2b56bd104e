"""A zone's local registers, kept so that the file is needed no more (留存的本地名录): all that intake read of each company."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, insert, select, update

from matcher.errors import OptionError, RequestError
from matcher.intake import Companies, Intake
from matcher.intake.companies import TEXT_FIELDS
from matcher.store.database import Store
from matcher.store.tables import register_companies, registers

_NUMBERS = {"founded": np.int32, "as_of": np.int32, "capital": np.int64, "paid_capital": np.int64, "insured": np.int32}
_CELLS = tuple(field for field in TEXT_FIELDS if field not in ("name", "uscc"))
_LONGEST_NAME = 60
_AT_ONCE = 2000


@dataclass(frozen=True)
class Register:
    """A saved register (留存的一份名录).

    Attributes:
        as_of: The day that it tells of, if its owner said so.
        complete: It is all there is: what it does not hold is absent.
        digest: Of the files that it was read from.
        corpora: Of the corpora that they were read with.
    """

    id: int
    zone: str
    name: str
    as_of: date | None
    complete: bool
    digest: str
    corpora: str
    files: tuple[str, ...]
    read: int
    merged: int
    rejected: int
    saved_at: datetime
    saved_by: str
    ended_at: datetime | None
    ended_by: str | None

    @property
    def companies(self) -> int:
        """How many companies it holds (企业数)."""
        return self.read - self.merged - self.rejected


def save_register(
    store: Store,
    zone: str,
    name: str,
    intake: Intake,
    *,
    corpora: str,
    as_of: date | None = None,
    complete: bool = False,
    by: str = "",
) -> bool:
    """Keeps a register under a name (留存名录); an earlier one of that name ends. What stands already is not saved again.

    Args:
        store: The database.
        zone: Whose register it is.
        name: What it is called.
        intake: What was read of its files.
        corpora: Digest of the corpora that it was read with.
        as_of: The day that it tells of.
        complete: It is all there is.
        by: Who saves it.

    Returns:
        Whether anything changed.

    Raises:
        OptionError: The name is empty or too long.
        StoreError: The database cannot be written.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise OptionError(f"名录的名称应为 1 到 {_LONGEST_NAME} 个字", field="name")
    values = {
        "zone": zone, "name": name.strip(), "as_of": as_of, "complete": complete, "digest": intake.digest, "corpora": corpora,
        "files": list(intake.files), "read": intake.read, "merged": intake.merged, "rejected": len(intake.rejects),
    }  # fmt: skip
    now = {"saved_at": datetime.now(UTC), "saved_by": by}
    with store.writing() as connection:
        before = _standing(connection, zone, name.strip())
        if before is not None:
            if all(before[column] == value for column, value in values.items() if column != "files"):
                return False
            _end(connection, before["id"], by)
        key = connection.execute(insert(registers).values({**values, **now})).inserted_primary_key
        lines = list(_lines(intake.companies, key[0] if key else 0))
        for start in range(0, len(lines), _AT_ONCE):
            connection.execute(insert(register_companies), lines[start : start + _AT_ONCE])
    return True


def remove_register(store: Store, zone: str, name: str, *, by: str = "") -> None:
    """Ends a register (移除名录); it stays in the history.

    Raises:
        RequestError: There is none of this name.
        StoreError: The database cannot be written.
    """
    with store.writing() as connection:
        found = _standing(connection, zone, name)
        if found is None:
            raise RequestError("本地名录", name, _names(connection, zone))
        _end(connection, found["id"], by)


def list_registers(store: Store, zone: str | None = None, *, ended: bool = False) -> list[Register]:
    """The registers of a zone, or of all, the latest last (列出名录).

    Args:
        store: The database.
        zone: None for all.
        ended: Those that no longer count as well.
    """
    wanted = select(registers).order_by(registers.c.id)
    if zone is not None:
        wanted = wanted.where(registers.c.zone == zone)
    if not ended:
        wanted = wanted.where(registers.c.ended_at.is_(None))
    with store.reading() as connection:
        return [_register(row) for row in connection.execute(wanted)]


def load_register(store: Store, zone: str, name: str = "") -> tuple[Register, Intake]:
    """A register as intake read it (读取名录).

    Args:
        store: The database.
        zone: Whose.
        name: Empty for the one that was saved last.

    Raises:
        RequestError: There is no such register.
        StoreError: The database cannot be read.
    """
    with store.reading() as connection:
        return _loaded(connection, _register(_named(connection, zone, name)))


def find_register(store: Store, zone: str, name: str | None = None) -> Register:
    """A register without its companies (名录的抬头): as ``load_register``, for those who may have read them before."""
    with store.reading() as connection:
        return _register(_named(connection, zone, name))


def register_at(store: Store, zone: str, digest: str, *, complete: bool, at: datetime) -> tuple[Register, Intake] | None:
    """The register of these files that stood at a moment, else the latest of them (当时的名录), None if there never was one.

    Args:
        store: The database.
        zone: Whose.
        digest: Of its files.
        complete: Whether it was said to be all there is.
        at: The moment.
    """
    same = (registers.c.zone == zone) & (registers.c.digest == digest) & (registers.c.complete == complete)
    with store.reading() as connection:
        found = [_register(row) for row in connection.execute(select(registers).where(same).order_by(registers.c.id.desc()))]
        stood = [one for one in found if one.saved_at <= at and (one.ended_at is None or at < one.ended_at)]
        return _loaded(connection, (stood or found)[0]) if found else None


def _named(connection: Connection, zone: str, name: str | None) -> Row[Any]:
    wanted = select(registers).where(registers.c.zone == zone, registers.c.ended_at.is_(None)).order_by(registers.c.id.desc())
    if name:
        wanted = wanted.where(registers.c.name == name)
    row = connection.execute(wanted.limit(1)).first()
    if row is None:
        hint = "" if name else f"先用 lianzhao register save --zone {zone} FILE 保存"
        raise RequestError("本地名录", name or zone, _names(connection, zone) if name else (), hint)
    return row


def _loaded(connection: Connection, found: Register) -> tuple[Register, Intake]:
    of_register = select(register_companies).where(register_companies.c.register == found.id)
    lines = connection.execute(of_register.order_by(register_companies.c.place)).all()
    return found, Intake(_companies(lines), found.files, found.read, found.merged, (), {}, found.digest)


def _lines(companies: Companies, register: int) -> Iterator[dict[str, Any]]:
    numbers = {column: getattr(companies, column).tolist() for column in ("code_ok", "file", "row", *_NUMBERS)}
    for place in range(len(companies)):
        yield {
            "register": register,
            "place": place,
            "name": companies.text["name"][place],
            "uscc": companies.text["uscc"][place],
            "cells": {field: companies.text[field][place] for field in _CELLS if companies.text[field][place]},
            **{column: values[place] for column, values in numbers.items()},
        }


def _companies(lines: Sequence[Row[Any]]) -> Companies:
    text = {field: [line.cells.get(field, "") for line in lines] for field in _CELLS}
    text["name"], text["uscc"] = [line.name for line in lines], [line.uscc for line in lines]
    return Companies(
        file=np.array([line.file for line in lines], dtype=np.int32),
        row=np.array([line.row for line in lines], dtype=np.int32),
        text={field: text[field] for field in TEXT_FIELDS},
        code_ok=np.array([line.code_ok for line in lines], dtype=np.bool_),
        **{column: np.array([getattr(line, column) for line in lines], dtype=kind) for column, kind in _NUMBERS.items()},
    )


def _register(row: Row[Any]) -> Register:
    kept = dict(row._mapping)
    return Register(**{**kept, "files": tuple(kept["files"])})


def _standing(connection: Connection, zone: str, name: str) -> dict[str, Any] | None:
    wanted = select(registers).where(registers.c.zone == zone, registers.c.name == name, registers.c.ended_at.is_(None))
    row = connection.execute(wanted).mappings().first()
    return None if row is None else dict(row)


def _names(connection: Connection, zone: str) -> list[str]:
    wanted = select(registers.c.name).where(registers.c.zone == zone, registers.c.ended_at.is_(None))
    return list(connection.execute(wanted).scalars())


def _end(connection: Connection, id_: int, by: str) -> None:
    values = {"ended_at": datetime.now(UTC), "ended_by": by}
    connection.execute(update(registers).where(registers.c.id == id_).values(values))
