"""Rows of the ledgers (台账各行): list, read, enter, change, move, delete; whoever enters one is told who else is on the company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import AwareDatetime

from matcher.api.answers import StrictRoute, answer
from matcher.api.ledger import Reach, reach_of, row_data, row_of, version_wanted, writing
from matcher.api.ledger_models import (
    BookName,
    BothWritten,
    Change,
    CollisionList,
    Converted,
    NewRow,
    ReasonAsked,
    RowDetail,
    RowId,
    RowPage,
    StepMade,
    VersionAsked,
    Written,
)
from matcher.api.models import Word
from matcher.api.problems import COMMON, documented
from matcher.api.service import service_of
from matcher.ledger import reading, records
from matcher.ledger.asking import changed_since as since_condition
from matcher.ledger.asking import given, plain, values_by_name, values_of
from matcher.ledger.books import ALL, PROJECTS, TARGETS, Book
from matcher.ledger.company import Claim, claims_on
from matcher.ledger.company import collisions as collisions_of
from matcher.ledger.entry import Entry
from matcher.ledger.proofs import proofs_of
from matcher.ledger.searching import conditions

router = APIRouter(route_class=StrictRoute, tags=["台账"], responses=documented("not-found", "invalid-request", *COMMON))
_ROWS = "/v1/zones/{zone}/ledger/{book:book}"
_ROW = _ROWS + "/{id}"
_STORING = documented("not-json", "conflict", "too-large", "unsupported-media-type", "key-reused")
_CHANGING = _STORING | documented("precondition-failed", "version-needed")
_Match = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="读这一行时的 ETag，改的就是那一版；别人改过的 412", examples=['"1"']),
]


@router.get("/v1/zones/{zone}/ledger/collisions", operation_id="list_collisions", responses={200: {"model": CollisionList}})
def list_collisions(zone: str, request: Request) -> Response:
    """Companies and groups that more than one office works on (撞单清单); a key of a group gets those that its own rows are among."""
    service = service_of(request)
    reach = reach_of(request, service, zone)
    reach.conditions(TARGETS)
    with service.store.reading() as connection:
        found = collisions_of(connection, reach.setting)
    ours = [one for one in found if reach.reads_all or any(claim.group == reach.caller.group for claim in one.claims)]
    told = [
        {"name": one.name, "by_family": one.by_family, "shared": one.shared, "claims": [_claim(claim) for claim in one.claims]}
        for one in ours
    ]
    return answer({"collisions": told})


@router.get(_ROWS, operation_id="list_rows", responses={200: {"model": RowPage}})
def list_rows(
    zone: str,
    book: BookName,
    request: Request,
    where: Annotated[
        list[Word], Query(max_length=20, description="列=值，可重复；值空着为没有填的", examples=[["状态=洽谈", "责任部门=甲局"]])
    ] = [],  # noqa: B006 - FastAPI makes a new one for each request
    search: Annotated[Word | None, Query(description="名称、企业名称里的词")] = None,
    changed_since: Annotated[
        AwareDatetime | None, Query(description="只要这一刻以后改过的，带时区", examples=["2024-08-27T00:00:00+08:00"])
    ] = None,
    deleted: Annotated[bool, Query(description="连同已删除的")] = False,
    after: Annotated[int, Query(ge=0, le=2**31 - 2, description="上一页的 next.after")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Rows of a book, the oldest first (台账列表): those of the caller's group, all for leaders and administrators."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    wanted = [*reach.conditions(of), *conditions(reach.setting, of, values_of(reach.setting, of, where), search)]
    if changed_since is not None:
        wanted.append(since_condition(of, changed_since.astimezone(UTC)))
    read_at = datetime.now(UTC)
    with service.store.reading() as connection:
        found = reading.rows(connection, reach.setting.zone, of, *wanted, deleted=deleted, first=after + 1, most=limit + 1)
    more = {"after": found[limit - 1].id} if len(found) > limit else None
    return answer({"read_at": read_at, "rows": [row_data(of, record) for record in found[:limit]], "next": more})


@router.post(_ROWS, operation_id="add_row", status_code=201, responses={201: {"model": Written}, **_STORING})
def add_row(zone: str, book: BookName, body: NewRow, request: Request) -> Response:
    """Enters a row (登记), of the caller's group unless an administrator says otherwise; ``told`` and ``claims`` say who else is on it."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    values = reach.with_group(of, _values(reach, of, body.values))
    company = service.meant(reach.setting, of, values)
    with writing(request, service, reach.setting) as entry:
        written = entry.add(
            of, values | ({"uscc": company.code} if company.code else {}), step=body.step, on=body.on, reason=body.reason
        )
        told = _told(reach, entry, of, written)
    if company.told:
        told["told"] = [company.told, *told["told"]]
    return answer(told, 201, _tag(written) | {"Location": f"/v1/zones/{zone}/ledger/{book}/{written.id}"})


@router.get(_ROW, operation_id="get_row", responses={200: {"model": RowDetail}})
def get_row(
    zone: str,
    book: BookName,
    id: RowId,
    request: Request,
    deleted: Annotated[bool, Query(description="已删除的也给")] = False,
) -> Response:
    """A row with its steps, proofs, history, and who else is on the company (一行的全部)."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    with service.store.reading() as connection:
        record = row_of(connection, reach, of, id, deleted=deleted)
        steps = reading.steps(connection, reach.setting.zone, of, [id], undone=True).get(id, [])
        proofs = proofs_of(connection, reach.setting.zone, of, [id], withdrawn=True)
        claims = _claims(reach, connection, of, record)
        history = reading.history(connection, reach.setting.zone, of, id)
    told = {
        "row": row_data(of, record),
        "steps": [_step(reach, book, one) for one in steps],
        "proofs": [asdict(one) for one in proofs],
        "claims": claims,
        "history": [{**_but(vars(one), "book", "row"), "changes": _changes(one.changes)} for one in history],
    }
    return answer(told, headers={"ETag": f'W/"{record.version}"'})


@router.patch(_ROW, operation_id="change_row", responses={200: {"model": Written}, **_CHANGING})
def change_row(zone: str, book: BookName, id: RowId, body: Change, request: Request, _match: _Match = None) -> Response:
    """Changes columns of a row (修改), on the version that ``version`` or ``If-Match`` names: a change of somebody else is never lost."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    values = _values(reach, of, body.values)
    with writing(request, service, reach.setting) as entry:
        version = _held(request, reach, entry, of, id, body.version)
        written = entry.set(of, id, values, version=version, reason=body.reason)
        told = _told(reach, entry, of, written)
    return answer(told, headers=_tag(written))


@router.post(_ROW + "/steps", operation_id="step_row", responses={200: {"model": Written}, **_CHANGING})
def step_row(zone: str, book: BookName, id: RowId, body: StepMade, request: Request, _match: _Match = None) -> Response:
    """Moves a row to a step (推进), forward, back or aside; ``told`` says which proof it needs."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    with writing(request, service, reach.setting) as entry:
        version = _held(request, reach, entry, of, id, body.version)
        written = entry.step(of, id, body.step, on=body.on, version=version, reason=body.reason)
        told = _told(reach, entry, of, written)
    return answer(told, headers=_tag(written))


@router.post(
    "/v1/zones/{zone}/ledger/targets/{id}/project",
    operation_id="convert_target",
    status_code=201,
    responses={201: {"model": BothWritten}, **_CHANGING},
)
def convert_target(zone: str, id: RowId, body: Converted, request: Request, _match: _Match = None) -> Response:
    """Turns a target into a project (转项目), which takes over company, chain and whose it is."""
    service = service_of(request)
    reach = reach_of(request, service, zone)
    values = _values(reach, PROJECTS, body.values)
    with writing(request, service, reach.setting) as entry:
        version = _held(request, reach, entry, TARGETS, id, body.version)
        moved, made = entry.convert(id, values, on=body.on, version=version, reason=body.reason)
        told = {"target": _told(reach, entry, TARGETS, moved), "project": _told(reach, entry, PROJECTS, made)}
    return answer(told, 201, {"Location": f"/v1/zones/{zone}/ledger/projects/{made.id}"})


@router.delete(_ROW, operation_id="delete_row", responses={200: {"model": Written}, **_CHANGING})
def delete_row(
    zone: str, book: BookName, id: RowId, request: Request, reason: ReasonAsked, version: VersionAsked = None, _match: _Match = None
) -> Response:
    """Marks a row as deleted (删除); it stays in the history and can be restored."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    with writing(request, service, reach.setting) as entry:
        held = _held(request, reach, entry, of, id, version)
        written = entry.delete(of, id, reason=reason, version=held)
        told = written_data(written, [])
    return answer(told, headers=_tag(written))


@router.post(_ROW + "/restore", operation_id="restore_row", responses={200: {"model": Written}, **_CHANGING})
def restore_row(
    zone: str, book: BookName, id: RowId, request: Request, version: VersionAsked = None, _match: _Match = None
) -> Response:
    """Takes a deletion back (恢复)."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    with writing(request, service, reach.setting) as entry:
        held = _held(request, reach, entry, of, id, version, deleted=True)
        written = entry.restore(of, id, version=held)
        told = _told(reach, entry, of, written)
    return answer(told, headers=_tag(written))


def _held(
    request: Request, reach: Reach, entry: Entry, book: Book[Any], id_: int, version: int | None, *, deleted: bool = False
) -> int | None:
    """The version to compare, once the row is the caller's to change; within the transaction that changes it."""
    now = reading.row(entry.connection, reach.setting, book, id_, deleted=deleted)
    reach.check_write(entry.connection, book, now)
    return version_wanted(request, version, now)


def _values(reach: Reach, book: Book[Any], told: Mapping[str, Any]) -> dict[str, Any]:
    return values_by_name(reach.setting, book, {name: given(value) for name, value in told.items()})


def _told(reach: Reach, entry: Entry, book: Book[Any], written: records.Written) -> dict[str, Any]:
    """What was entered; a row that would be another group's by now is not, and nothing of the transaction is."""
    reach.check_written(entry.connection, book, written.id, written.changes)
    record = reading.row(entry.connection, reach.setting, book, written.id)
    return written_data(written, _claims(reach, entry.connection, book, record))


def _step(reach: Reach, book: str, one: reading.Step) -> dict[str, Any]:
    return {**_but(vars(one), "book", "row", "version", "before"), "name": reach.setting.step_name(book, one.step)}


def written_data(written: records.Written, claims: list[dict[str, Any]]) -> dict[str, Any]:
    """What was entered as plain data (登记结果的 JSON), and who else is on the company."""
    return {**asdict(written), "changes": _changes(written.changes), "claims": claims}


def _claims(reach: Reach, connection: Any, book: Book[Any], record: Any) -> list[dict[str, Any]]:
    if book not in (TARGETS, PROJECTS) or record.deleted_at is not None:
        return []
    found = claims_on(connection, reach.setting, book.values(record), book=book.name, id_=record.id)
    return [_claim(claim) for claim in found]


def _claim(claim: Claim) -> dict[str, Any]:
    names = ("book", "id", "company", "whose", "state", "first_on", "first_by", "shared", "by_family")
    return {name: getattr(claim, name) for name in names}


def _changes(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    return {name: [plain(old), plain(new)] for name, (old, new) in changes.items()}


def _but(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in names}


def _tag(written: records.Written) -> dict[str, str]:
    return {"ETag": f'W/"{written.version}"'}
