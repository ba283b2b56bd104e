"""Workbooks and proofs over HTTP (台账的 Excel 与证明文件)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse

from matcher.api.access import caller_of
from matcher.api.answers import StrictRoute, answer
from matcher.api.events import raw_body
from matcher.api.formats import FILES, file_answer
from matcher.api.ledger import Reach, reach_of, row_of, writing
from matcher.api.ledger_models import BookName, ImportTold, ProofAttached, ProofTold, ReasonAsked, RowId
from matcher.api.models import Word
from matcher.api.problems import COMMON, RefusedError, documented
from matcher.api.service import service_of
from matcher.errors import LedgerError
from matcher.ledger import reading
from matcher.ledger.books import ALL, Book
from matcher.ledger.doubles import doubt_of
from matcher.ledger.entry import Entry
from matcher.ledger.importing import FATES, Imported, import_workbook
from matcher.ledger.proofs import attach, keep_stream, open_file, proof_of, withdraw_proof
from matcher.ledger.sheets import Cell, cells_of
from matcher.outputs.ledger_xlsx import workbook

router = APIRouter(route_class=StrictRoute, tags=["台账"], responses=documented("not-found", "invalid-request", *COMMON))
_PROOF = "/v1/zones/{zone}/ledger/proofs/{proof}"
_STORING = documented("not-json", "conflict", "too-large", "key-reused")
_FILE: dict[str, Any] = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    "required": True,
}
_ProofId = Annotated[int, Path(ge=1, le=2**31 - 1, description="证明的编号")]
_FileName = Annotated[Word, Query(min_length=1, description="文件名", examples=["投资协议.pdf"])]


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "X-Content-Type-Options": "nosniff"}


@router.get(
    "/v1/zones/{zone}/ledger/{book:book}.xlsx",
    operation_id="get_workbook",
    responses={200: {"content": {FILES["xlsx"]: {"schema": {"type": "string", "format": "binary"}}}}},
    response_class=Response,
)
def get_workbook(
    zone: str,
    book: BookName,
    request: Request,
    template: Annotated[bool, Query(description="空表，附填表说明、下拉选项")] = False,
) -> Response:
    """A book as a workbook (台账 Excel), or the empty form of it; changed, it can be imported again."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    rows: dict[str, list[Mapping[str, Cell]]] = {}
    if not template:
        with service.store.reading() as connection:
            found = reading.rows(connection, reach.setting.zone, of, *reach.conditions(of))
        rows[book] = [cells_of(reach.setting, of, record) for record in found]
    title = reach.setting.rules.file.books[book].title
    return file_answer(workbook(reach.setting, [of], rows), "xlsx", f"{title}{'空表' if template else ''}")


@router.post(
    "/v1/zones/{zone}/ledger/imports",
    operation_id="import_workbook",
    responses={200: {"model": ImportTold}, **_STORING},
    openapi_extra={"requestBody": {**_FILE, "description": "工作簿（.xlsx）"}},
)
def import_rows(
    zone: str,
    request: Request,
    body: Annotated[bytes, Depends(raw_body)],
    dry_run: Annotated[bool, Query(description="只看会改什么，不写入")] = False,
    reason: Annotated[str | None, Query(max_length=500, description="要理由而那一行没有写的，都用它")] = None,
    file_name: Annotated[Word, Query(min_length=1, description="文件名，报错时用")] = "上传的工作簿.xlsx",
) -> Response:
    """Enters a workbook of one or several books (导入 Excel): all of it or nothing; all mistakes are listed at once."""
    service = service_of(request)
    reach = reach_of(request, service, zone)
    own = {book.name: reach.with_group(book, {}) for book in ALL.values()}

    def allow(entry: Entry, book: Book[Any], id_: int, changes: Mapping[str, tuple[Any, Any]]) -> None:
        try:
            reach.check_written(entry.connection, book, id_, changes)
        except RefusedError as error:  # a line like any other that cannot be entered: told with its row
            raise LedgerError(error.detail) from None

    done = import_workbook(
        service.store, reach.setting, body, file_name, by=caller_of(request).name, dry_run=dry_run, reason=reason,
        defaults={name: values for name, values in own.items() if values}, allow=allow, naming=service.meant_by,
    )  # fmt: skip
    return answer(_imported(done, dry_run))


def _imported(done: Imported, dry_run: bool) -> dict[str, Any]:
    lines = [asdict(one) | ({"id": None} if dry_run and one.fate == "new" else {}) for one in done.lines]
    return {
        "dry_run": dry_run,
        "digest": done.digest,
        **{fate: done.count(fate) for fate in FATES},
        "unread": done.unread,
        "lines": lines,
    }


@router.post(
    "/v1/zones/{zone}/ledger/{book:book}/{id}/proofs",
    operation_id="attach_proof",
    status_code=201,
    responses={201: {"model": ProofAttached}, **_STORING},
    openapi_extra={"requestBody": {**_FILE, "description": "证明文件本身：PDF、图片等"}},
)
def attach_proof(
    zone: str,
    book: BookName,
    id: RowId,
    request: Request,
    body: Annotated[bytes, Depends(raw_body)],
    kind: Annotated[Word, Query(min_length=1, description="证明类型，或「其他」", examples=["投资协议"])],
    file_name: _FileName,
    step: Annotated[Word | None, Query(description="证明哪一步；不写的按类型定")] = None,
    note: Annotated[str | None, Query(max_length=500)] = None,
    digest: Annotated[
        str | None,
        Header(alias="X-Content-SHA256", max_length=64, pattern="^[0-9a-f]{64}$", description="文件的 SHA-256；收到的不同，不收"),
    ] = None,
) -> Response:
    """Attaches a file of proof (附证明), kept by its digest: the same file of the same kind again is the same proof."""
    service = service_of(request)
    reach, of = reach_of(request, service, zone), ALL[book]
    with service.store.reading() as connection:  # nobody's file is kept who may not attach it
        reach.check_write(connection, of, reading.row(connection, reach.setting, of, id))
    kept, size = keep_stream(service.settings.home, io.BytesIO(body), file_name)
    if digest not in (None, kept):
        raise RefusedError("invalid-request", f"收到的文件摘要是 {kept}，与所写的不同，请重新上传", field="X-Content-SHA256")
    with writing(request, service, reach.setting) as entry:
        reach.check_write(entry.connection, of, reading.row(entry.connection, reach.setting, of, id))
        proof = attach(entry, of, id, kind=kind, digest=kept, size=size, file_name=file_name, step=step, note=note)
        doubt = doubt_of(entry.connection, reach.setting, kept, proof.id)
    told = {**asdict(proof), "told": [doubt] if doubt else []}
    return answer(told, 201, {"Location": f"/v1/zones/{zone}/ledger/proofs/{proof.id}"})


@router.get(
    _PROOF,
    operation_id="get_proof",
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **documented("gone"),
    },
    response_class=Response,
)
def get_proof(zone: str, proof: _ProofId, request: Request) -> Response:
    """The file of a proof (取证明文件), after it was compared with its digest."""
    service = service_of(request)
    reach = reach_of(request, service, zone)
    with service.store.reading() as connection:
        found = proof_of(connection, reach.setting.zone, proof)
        row_of(connection, reach, ALL[found.book], found.row, deleted=True)
    place = open_file(service.settings.home, found.digest)
    return FileResponse(place, media_type="application/octet-stream", headers=_named(found.file_name))


@router.delete(_PROOF, operation_id="withdraw_proof", responses={200: {"model": ProofTold}, **_STORING})
def withdraw(zone: str, proof: _ProofId, request: Request, reason: ReasonAsked) -> Response:
    """Takes a proof back (撤回证明); the file stays."""
    service = service_of(request)
    reach = reach_of(request, service, zone)
    with writing(request, service, reach.setting) as entry:
        _check_proof(reach, entry, proof)
        done = withdraw_proof(entry, proof, reason=reason)
    return answer(asdict(done))


def _check_proof(reach: Reach, entry: Entry, proof: int) -> None:
    found = proof_of(entry.connection, reach.setting.zone, proof)
    book = ALL[found.book]
    reach.check_write(entry.connection, book, reading.row(entry.connection, reach.setting, book, found.row, deleted=True))
