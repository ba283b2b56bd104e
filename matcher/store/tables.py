"""The tables of the database (数据库的表), on SQLite and PostgreSQL alike.

What no longer counts is marked with the time since when (``withdrawn_at``, ``ended_at``, ``retired_at``) and stays. A change here
needs a migration in ``migrations/versions``; ``tests/store/test_migrations.py`` finds one that was forgotten.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)  # fmt: skip
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC (世界时). SQLite forgets time zones: what goes in must have one, what comes out always says UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a time without a zone is a mistake of the program."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database, as UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Of all tables of the database; constraints have names, so that migrations can speak of them."""

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("zone", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("snapshot", Text, nullable=False, index=True),
    Column("ruleset", Text, nullable=False),
    Column("corpora", Text, nullable=False),
    Column("versions", JSON, nullable=False),
    Column("request", JSON, nullable=False),
    Column("results", String(64), nullable=False),  # digest of the list
    Column("given", JSON(none_as_null=True)),  # what the files were called, for whoever looks for them; decides nothing
)

kept_scores = Table(
    "kept_scores",
    metadata,
    Column("id", String(32), primary_key=True),  # of the run
    Column("zone", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("snapshot", Text, nullable=False),  # digest of the profiles: these are its companies
    Column("ruleset", Text, nullable=False),
    Column("corpora", Text, nullable=False),
    Column("versions", JSON, nullable=False),
    Column("request", JSON, nullable=False),
    Column("results", String(64), nullable=False),  # digest of the scores
    Column("profiles", LargeBinary, nullable=False),  # packed, as they were given
    Column("size", Integer, nullable=False),  # bytes of these
    Column("kept_at", UtcTime, nullable=False, index=True),
)

ledger_evidence = Table(
    "ledger_evidence",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("zone", Text, nullable=False),
    Column("entries", LargeBinary, nullable=False),  # packed: what the ledgers said of every company as of the run's day
    Column("kept_at", UtcTime, nullable=False),
)

rulesets = Table(
    "rulesets",
    metadata,
    Column("zone", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, index=True),
    Column("compliance", String(64), nullable=False),  # digest of the list that it was checked against
    Column("published_at", UtcTime, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("overrides", JSON, nullable=False),  # breaches that were let pass: rule, forbidden, reason, breaches
    Column("retired_at", UtcTime),
    Column("retired_by", Text),
    Column("retired_note", Text),
)

judgements = Table(
    "judgements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("query", Text, nullable=False),
    Column("squeezed", Text, nullable=False, index=True),
    Column("company", Text),  # code or legal name; null: none of those that there are
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", Text),
    Column("withdrawn_note", Text),
)

registers = Table(
    "registers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("as_of", Date),
    Column("complete", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("corpora", String(64), nullable=False),
    Column("files", JSON, nullable=False),
    Column("read", Integer, nullable=False),
    Column("merged", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("saved_at", UtcTime, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("ended_at", UtcTime),
    Column("ended_by", Text),
)
Index(
    "ix_registers_standing",
    registers.c.zone,
    registers.c.name,
    unique=True,
    sqlite_where=registers.c.ended_at.is_(None),
    postgresql_where=registers.c.ended_at.is_(None),
)

rule_files = Table(
    "rule_files",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the file
    Column("content", LargeBinary, nullable=False),  # deflated
)

ruleset_files = Table(
    "ruleset_files",
    metadata,
    Column("ruleset", String(64), primary_key=True),
    Column("name", Text, primary_key=True),  # within the zone's folder
    Column("file", ForeignKey(rule_files.c.digest), nullable=False),
)

register_companies = Table(
    "register_companies",
    metadata,
    Column("register", ForeignKey(registers.c.id), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("uscc", Text, nullable=False),
    Column("code_ok", Boolean, nullable=False),
    Column("file", Integer, nullable=False),
    Column("row", Integer, nullable=False),
    Column("founded", Integer, nullable=False),  # numbers as intake keeps them, with its own signs for what is unknown
    Column("as_of", Integer, nullable=False),
    Column("capital", BigInteger, nullable=False),
    Column("paid_capital", BigInteger, nullable=False),
    Column("insured", Integer, nullable=False),
    Column("cells", JSON, nullable=False),  # the other fields of text that are not empty
)

list_imports = Table(
    "list_imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("list", Text, nullable=False),
    Column("issued", Date, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("files", JSON, nullable=False),
    Column("source", String(64), nullable=False),  # digest of the list's file
    Column("against", String(64), nullable=False),  # of the companies and rules by which its names were resolved
    Column("rejected", Integer, nullable=False),
    Column("imported_at", UtcTime, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("ended_at", UtcTime),
    Column("ended_by", Text),
)
Index(
    "ix_list_imports_standing",
    list_imports.c.list,
    list_imports.c.issued,
    list_imports.c.source,
    unique=True,
    sqlite_where=list_imports.c.ended_at.is_(None),
    postgresql_where=list_imports.c.ended_at.is_(None),
)

list_rows = Table(
    "list_rows",
    metadata,
    Column("import", ForeignKey(list_imports.c.id), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("row", Integer, nullable=False),  # as a spreadsheet counts it
    Column("query", Text, nullable=False),
    Column("squeezed", Text, nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("decision", String(8), nullable=False),
    Column("why", Text, nullable=False),
    Column("candidates", JSON, nullable=False),  # [name, code, confidence]; the first is the one that is meant
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(12), primary_key=True),  # the public beginning of the key
    Column("name", Text, nullable=False),
    Column("hash", String(64), nullable=False),  # SHA-256 of the whole key, which is kept nowhere
    Column("role", String(16), nullable=False),
    Column("zones", JSON(none_as_null=True)),  # null: all
    Column("scopes", JSON(none_as_null=True)),  # null: all that the role may do
    Column("group", Text),  # the recruitment group whose rows of the ledgers are its own
    Column("leader", Boolean, nullable=False),  # reads all rows of the ledgers
    Column("per_minute", Integer),  # requests; 0: as many as it likes, null: as the service says
    Column("body", Integer),  # most bytes of a request's body; null: as the service says
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", UtcTime),
    Column("last_used_at", UtcTime),  # within the hour: it is not written at every use
    Column("revoked_at", UtcTime),
    Column("revoked_by", Text),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("key", String(12)),  # null: somebody at this machine, without a key
    Column("name", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("zone", Text),
    Column("run", String(32)),
    Column("status", Integer),  # null: begun, and no word of its end
    Column("request", String(64), nullable=False),
)

idempotent_answers = Table(
    "idempotent_answers",
    metadata,
    Column("caller", String(12), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),  # of the method, the path and the body
    Column("claim", String(32), nullable=False),  # whose turn it is
    Column("claimed_at", UtcTime, nullable=False, index=True),
    Column("status", Integer),  # null: the first request is under way
    Column("headers", JSON(none_as_null=True)),
    Column("body", LargeBinary),  # zlib
)

trip_plans = Table(
    "trip_plans",
    metadata,
    Column("id", String(32), primary_key=True),  # digest of all of the plan
    Column("zone", Text, nullable=False),
    Column("run", String(32), nullable=False),  # of the ranking that it was made from
    Column("start", Date, nullable=False),
    Column("days", Integer, nullable=False),
    Column("cities", JSON, nullable=False),
    Column("visits", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),  # JSON, zlib
    Column("kept_at", UtcTime, nullable=False),
    Column("kept_by", Text, nullable=False),
)
Index("ix_trip_plans_zone_kept_at", trip_plans.c.zone, trip_plans.c.kept_at)

version = Table("lianzhao_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Where Alembic keeps which migration the database is at."""
