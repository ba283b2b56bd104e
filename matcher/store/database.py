"""Opening the database (打开数据库), and its transactions: nobody ever sees "database is locked".

The address is ``LIANZHAO_DATABASE`` (``postgresql://…`` or ``sqlite:///file``), else the file ``ledger.db`` in the program's home. Opening
brings the tables up to date; when several processes open a new database at once, one of them does it and the others wait.

Whoever writes takes the one lock for writers first (``BEGIN IMMEDIATE``, on PostgreSQL an advisory lock) and waits for it, so a
transaction that has begun is never turned away half-way. Readers see one state throughout.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, inspect, make_url, select

from matcher.errors import NotAStoreError, OptionError, StoreBusyError, StoreError, StoreNewerError, StoreUnreachableError
from matcher.locate import home
from matcher.store.tables import version

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds to wait for others before giving up (等待秒数)."""
_PAUSE = 0.02
_WRITERS = 0x6C69616E7A68616F  # the advisory lock of writers on PostgreSQL: "lianzhao"
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def revisions() -> list[str]:
    """All migrations that this program knows, oldest first (数据库版本)."""
    return sorted(file.name[1:5] for file in _VERSIONS.glob("v[0-9][0-9][0-9][0-9]_*.py"))


def store_exists() -> bool:
    """Whether there is a database to read (有没有数据库): the file is there, or the address is a server's.

    Raises:
        OptionError: The address is none.
    """
    url = _url()
    return url.get_backend_name() != "sqlite" or Path(str(url.database)).exists()


def known_stores() -> list[URL]:
    """All databases that are there and may name a snapshot (各数据库): the one in use, and the home's own where another is used.

    Raises:
        OptionError: The address of the one in use is none.
    """
    own = URL.create("sqlite", database=str(home() / "ledger.db"))
    there = [_url()] if store_exists() else []
    return there if own in there or not Path(str(own.database)).exists() else [*there, own]


def open_store(address: str | URL | None = None, *, patience: float = PATIENCE) -> Store:
    """Opens the database, makes it if there is none, and brings it up to date (打开数据库).

    Args:
        address: A database URL; by default that of the environment, else the file in the program's home.
        patience: Seconds to wait for others.

    Raises:
        OptionError: The address is none.
        StoreError: It cannot be opened, is newer than the program, or is no database of this program.
    """
    store = Store(_url(address), patience)
    try:
        store.prepare()
    except BaseException:
        store.close()
        raise
    return store


def _url(address: str | URL | None = None) -> URL:
    """Of the address given, else of the environment, else of the file in the program's home."""
    if isinstance(address, URL):
        return address
    given = address or os.environ.get("LIANZHAO_DATABASE")
    if not given:
        return URL.create("sqlite", database=str(home() / "ledger.db"))
    try:
        url = make_url(given)
    except (exc.ArgumentError, ValueError):
        raise OptionError("LIANZHAO_DATABASE 应为数据库地址，如 postgresql://用户:口令@主机/库名") from None
    kind = url.get_backend_name()
    if kind == "postgres":  # as other programs write it
        kind = "postgresql"
    if kind not in ("postgresql", "sqlite") or (kind == "sqlite" and url.database in (None, "", ":memory:")):
        raise OptionError("LIANZHAO_DATABASE 应以 postgresql:// 或 sqlite:/// 加文件名开头")
    return url.set(drivername="postgresql+psycopg" if kind == "postgresql" else "sqlite")


class Store:
    """One database (数据库), for any number of threads. As a context it closes its connections at the end.

    Args:
        url: SQLite or PostgreSQL.
        patience: Seconds to wait for others.
    """

    def __init__(self, url: URL, patience: float) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.name = str(url.database) if self.is_sqlite else url.render_as_string(hide_password=True)
        self._url, self._patience = url, patience
        self._engine = self._connecting(foreign_keys=True)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections (关闭)."""
        self._engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state throughout (只读事务).

        Raises:
            StoreError: The database cannot be read.
        """
        with self._transaction(self._engine, writes=False) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is done whole or not at all (写事务); one at a time, the others wait.

        Raises:
            StoreError: The database cannot be written.
        """
        with self._transaction(self._engine, writes=True) as connection:
            yield connection

    @contextlib.contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction for changing tables (迁移事务): references are checked at its end, not statement by statement.

        Raises:
            StoreError: The database cannot be written.
        """
        engine = self._connecting(foreign_keys=False)
        try:
            with self._transaction(engine, writes=True) as connection:
                yield connection
                if self.is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise StoreError(self.name, "升级后表间引用不一致，已撤回；请联系程序维护者")
        finally:
            engine.dispose()

    def prepare(self) -> None:
        """Brings the tables up to date (升级到本程序的版本)."""
        if self.is_sqlite:
            try:
                Path(self.name).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnreachableError(self.name, f"建不了目录（{error.strerror}）") from None
        known = revisions()
        with self.reading() as connection:
            at = self._at(connection, known)
        if self.is_sqlite:
            self._write_ahead()
        if at == known[-1]:
            return
        from matcher.store.migrate import upgrade  # loads Alembic, which is rarely needed

        with self.migrating() as connection:
            if self._at(connection, known) != known[-1]:  # another process may have been first
                upgrade(connection)

    def _at(self, connection: Connection, known: list[str]) -> str | None:
        """The migration that the database is at; None if it is empty."""
        look = inspect(connection)
        if not look.has_table(version.name):
            if self.is_sqlite and look.get_table_names():
                raise NotAStoreError(self.name, "是别的程序的数据库，请另指一个文件")
            return None
        at = connection.execute(select(version.c.version_num)).scalar()
        if at is not None and at not in known:
            raise StoreNewerError(self.name, f"由更新的版本写过（{at}，本程序只到 {known[-1]}），请升级链招")
        return at

    def _write_ahead(self) -> None:
        """Readers and a writer do not wait for each other (WAL); kept in the file."""
        with self._told(), self._engine.connect() as connection:
            raw = connection.connection.cursor()
            if raw.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                self._patiently(lambda: connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar())

    @contextlib.contextmanager
    def _transaction(self, engine: Engine, *, writes: bool) -> Iterator[Connection]:
        with self._told():
            connection = self._patiently(lambda: self._begun(engine, writes=writes))
            try:
                yield connection
                connection.commit()
            finally:
                connection.close()  # rolls back what is not committed

    def _begun(self, engine: Engine, *, writes: bool) -> Connection:
        connection = engine.connect()
        try:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
                connection.exec_driver_sql("PRAGMA schema_version")  # the first reading: from here on one state
            elif writes:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{round(self._patience * 1000)}ms'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
            else:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        except BaseException:
            connection.close()
            raise
        return connection

    def _patiently(self, step: Callable[[], T]) -> T:
        """Does a step again while others hold the database: SQLite does not wait by itself in every case."""
        until = time.monotonic() + self._patience
        while True:
            try:
                return step()
            except exc.OperationalError as error:
                if not (self.is_sqlite and _name(error).startswith(_BUSY)) or time.monotonic() > until:
                    raise
                time.sleep(_PAUSE)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """The driver's errors in words."""
        try:
            yield
        except exc.IntegrityError:
            raise
        except exc.DBAPIError as error:
            raise self._error(error) from error
        except exc.TimeoutError as error:
            raise StoreBusyError(self.name, "连接都被占用，请稍后再试") from error

    def _error(self, error: exc.DBAPIError) -> StoreError:
        name, said = _name(error), str(error.orig).strip().splitlines()[:1]
        if name.startswith(_BUSY) or name == "55P03":
            return StoreBusyError(self.name, f"等了 {self._patience:.0f} 秒仍被别的程序占用，请稍后再试")
        if name == "SQLITE_NOTADB":
            return NotAStoreError(self.name, "这个文件不是数据库，请另指一个文件或恢复备份")
        if name.startswith("SQLITE_CORRUPT"):
            return NotAStoreError(self.name, "文件已损坏，请恢复备份")
        return StoreUnreachableError(self.name, f"打不开、读不到或写不进（{said[0] if said else name}）")

    def _connecting(self, *, foreign_keys: bool) -> Engine:
        dumps = partial(json.dumps, ensure_ascii=False)
        if not self.is_sqlite:
            try:
                return create_engine(
                    self._url, json_serializer=dumps, pool_pre_ping=True, max_overflow=-1, connect_args={"connect_timeout": 10}
                )
            except ModuleNotFoundError:
                raise StoreUnreachableError(self.name, "PostgreSQL 组件没有安装，请安装 lianzhao[postgres]") from None
        engine = create_engine(self._url, json_serializer=dumps, max_overflow=-1, connect_args={"timeout": self._patience})

        @event.listens_for(engine, "connect")
        def _(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # transactions begin where ``_begun`` says
            connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")

        return engine


def _name(error: exc.DBAPIError) -> str:
    """The driver's own name of an error: SQLITE_BUSY, 55P03."""
    return str(getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or "")
