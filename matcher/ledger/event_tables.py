"""Tables of events and webhooks beside those of ``tables`` (事件、回调的表): what came when, so that nothing older wins."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Date, ForeignKey, Integer, String, Table, Text

from matcher.ledger.tables import events, hooks, steps
from matcher.store.tables import UtcTime, metadata

step_times = Table(
    "ledger_step_times",
    metadata,
    Column("step", ForeignKey(steps.c.id), primary_key=True),
    Column("happened_at", UtcTime, nullable=False),
    Column("event", ForeignKey(events.c.id), nullable=False, index=True),
)
"""Steps that events told, and when they happened (事件报来的步骤)."""

courses = Table(
    "ledger_courses",
    metadata,
    Column("book", String(16), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("rules", String(16), nullable=False),  # digest of the steps that it was gone through by
    Column("kept", JSON, nullable=False),
)
"""How far each row has come, and its newest steps (各行走到哪里): what a step of a person takes out, and the next event makes anew."""

owners = Table(
    "ledger_owners",
    metadata,
    Column("book", String(16), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("kept", JSON, nullable=False),
)
"""Whose each row was since when (各行的归属): what a person's change of it takes out, and the next event makes anew."""

stamps = Table(
    "ledger_stamps",
    metadata,
    Column("book", String(16), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("field", String(32), primary_key=True),
    Column("happened_at", UtcTime, nullable=False),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("version", Integer, nullable=False),  # of the row, when the event wrote the field
)
"""The newest event that each field of a row was written by (各列最新的事件)."""

hook_marks = Table(
    "ledger_hook_marks",
    metadata,
    Column("hook", ForeignKey(hooks.c.id), primary_key=True),
    Column("step", Integer, nullable=False),
)
"""The last step that each webhook was told of (回调告知到哪一步)."""

bands = Table(
    "ledger_bands",
    metadata,
    Column("zone", Text, primary_key=True),
    Column("company", Text, primary_key=True),  # credit code, or the name as names are compared
    Column("name", Text, nullable=False),
    Column("band", String(1), nullable=False),
    Column("run", String(32), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("noted_at", UtcTime, nullable=False),
)
"""The band that each tracked company stood in at last (跟踪企业的档次)."""
