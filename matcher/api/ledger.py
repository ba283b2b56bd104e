"""What the endpoints of the ledgers have in common (台账接口共用的): whose rows a caller may see and change, and on which version."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.convertors import Convertor, register_url_convertor

from matcher.api.access import Caller, caller_of
from matcher.api.audit import CLAIM
from matcher.api.problems import MEDIA_TYPE, RefusedError, problem, request_id_of
from matcher.api.service import Service
from matcher.ledger import reading
from matcher.ledger.asking import plain
from matcher.ledger.books import ALL, Book
from matcher.ledger.entry import Entry, entering
from matcher.ledger.owning import groups_of, of_group
from matcher.ledger.records import Kept
from matcher.ledger.setting import Setting
from matcher.store.idempotency import Answer, Claim, keep_within
from matcher.store.keys import ROLES

_, _, TRACKER, ADMIN = ROLES
_TAG = re.compile(r'(?:W/)?"([0-9]{1,9})"|([0-9]{1,9})', re.ASCII)
_KEPT = ("created_at", "created_by", "changed_at", "changed_by", "deleted_at", "deleted_by", "deleted_note")


class _Books(Convertor[str]):
    """A path that names a book of the ledgers and nothing else: what stands beside the books is not taken for one."""

    regex = "|".join(ALL)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("book", _Books())


@dataclass(frozen=True)
class Reach:
    """Which rows are for a caller (能看、能改的行): all for leaders to read, all for administrators, else those of its group.

    Attributes:
        caller: Who calls.
        setting: The zone's rules.
    """

    caller: Caller
    setting: Setting

    @property
    def reads_all(self) -> bool:
        """Whether it reads every row (看全部)."""
        return self.caller.role == ADMIN or self.caller.leader

    @property
    def writes_all(self) -> bool:
        """Whether it changes every row (改全部)."""
        return self.caller.role == ADMIN

    def conditions(self, book: Book[Any]) -> list[Any]:
        """Of the rows that it reads (可看的条件).

        Raises:
            RefusedError: It is of no group and no leader.
        """
        if self.reads_all:
            return []
        self._check_group()
        return [of_group(book, self.caller.group)]

    def check_read(self, connection: Any, book: Book[Any], record: Kept) -> None:
        """Raises if a row is not for it to read (检查可看).

        Raises:
            RefusedError: It is another group's.
        """
        if not self.reads_all:
            self._check(connection, book, record, "看")

    def check_write(self, connection: Any, book: Book[Any], record: Kept) -> None:
        """Raises if a row is not for it to change (检查可改).

        Raises:
            RefusedError: It is another group's, or nobody's.
        """
        if not self.writes_all:
            self._check(connection, book, record, "改")

    def check_written(self, connection: Any, book: Book[Any], id_: int, changes: Mapping[str, tuple[Any, Any]]) -> None:
        """Raises if what was entered is not for it to enter (检查登记的): a row that is another group's by now, or hangs on such a row.

        Args:
            connection: The transaction in which it was entered.
            book: Which book.
            id_: Number of the row.
            changes: Field → (old, new), as ``Written`` tells them.

        Raises:
            RefusedError: It is; nothing of the transaction is to stand.
        """
        if self.writes_all:
            return
        self._check(connection, book, reading.row(connection, self.setting, book, id_, deleted=True), "改")
        for one in book.fields:
            _, to = changes.get(one.name, (None, None))
            if one.kind == "row" and to is not None:
                other = ALL[one.words]
                self._check(connection, other, reading.row(connection, self.setting, other, to, deleted=True), "挂")

    def _check(self, connection: Any, book: Book[Any], record: Kept, verb: str) -> None:
        self._check_group()
        if self.caller.group not in groups_of(connection, self.setting, record, book):
            called = self.setting.called(book.name)
            allowed = "挂在本组的行上" if verb == "挂" else f"{verb}本组的行"
            raise RefusedError("forbidden", f"第 {record.id} 号{called}不是本组的，这把密钥只能{allowed}", field="group")

    def _check_group(self) -> None:
        if self.caller.group is None:
            why = "这把密钥没有写明属于哪个产业招商小组，不能看、改台账的行；请管理员另建一把写明小组的，要看全部的另建一把给领导的"
            raise RefusedError("forbidden", why, field="group")

    def with_group(self, book: Book[Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """Values of a new row, of the caller's group unless they say otherwise (默认本组)."""
        own = not self.writes_all and book.field("group") is not None
        return ({"group": self.caller.group} if own else {}) | dict(values)


def reach_of(request: Request, service: Service, zone: str) -> Reach:
    """Which rows are for whoever calls (能看、能改的行).

    Raises:
        RequestError: There is no such zone.
        RulesError: Its rules hold mistakes.
    """
    return Reach(caller_of(request), service.setting(zone))


@contextlib.contextmanager
def writing(request: Request, service: Service, setting: Setting) -> Iterator[Entry]:
    """One entry into the ledgers in the caller's name (一次登记), told in the history by the request's id.

    With an ``Idempotency-Key`` its transaction keeps that it is done, whatever becomes of the answer.
    """
    source = f"http:{request_id_of(request) or ''}"
    with entering(service.store, setting, by=caller_of(request).name, source=source) as entry:
        yield entry
        claim = getattr(request.state, CLAIM, None)
        if isinstance(claim, Claim):
            keep_within(entry.connection, claim, _done(request))


def _done(request: Request) -> Answer:
    """What the same request gets if its answer was lost with the process that made it."""
    said = "这个请求已经做完，应答没有留下；请读取台账，不要换一个 Idempotency-Key 再做一遍"
    told = problem("conflict", said, request_id=request_id_of(request))
    return Answer(told.status_code, (("content-type", MEDIA_TYPE),), bytes(told.body))


def version_wanted(request: Request, given: int | None, now: Kept) -> int | None:
    """The version that a change was decided on (改的是哪一版).

    Args:
        request: Its ``If-Match`` is read.
        given: What the body says.
        now: The row as it is.

    Returns:
        What the ledgers are to compare; None if ``If-Match`` has settled it.

    Raises:
        RefusedError: The row is another by now, or no version is told.
    """
    header = request.headers.get("if-match")
    if header is None:
        if given is None:
            raise RefusedError(
                "version-needed", f"应写明改的是哪一版：version 或请求头 If-Match，现在是第 {now.version} 版", field="version"
            )
        return given
    tags = [_TAG.fullmatch(one.strip()) for one in header.split(",")]
    if header.strip() != "*" and now.version not in {int(tag[1] or tag[2]) for tag in tags if tag}:
        who = now.changed_by or "别人"
        raise RefusedError("precondition-failed", f"已被 {who} 改过，现在是第 {now.version} 版，请重新读取再改", field="If-Match")
    return given


def row_data(book: Book[Any], record: Kept) -> dict[str, Any]:
    """A row as plain data (一行的 JSON)."""
    kept = {name: getattr(record, name) for name in _KEPT}
    values = {name: plain(value) for name, value in book.values(record).items()}
    return {"book": book.name, "id": record.id, "version": record.version, **kept, "values": values}


def row_of(connection: Any, reach: Reach, book: Book[Any], id_: int, *, deleted: bool = False) -> Any:
    """A row that is for the caller to read (可看的一行).

    Raises:
        RequestError: There is no such row.
        RefusedError: It is another group's.
    """
    found = reading.row(connection, reach.setting, book, id_, deleted=deleted)
    reach.check_read(connection, book, found)
    return found
