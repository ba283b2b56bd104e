"""Proofs on the pages (证明): attached by upload and kept by digest, handed out again, taken back with a reason."""

from __future__ import annotations

from functools import partial
from typing import Any

from nicegui import events, ui

from matcher.errors import StepError
from matcher.ledger.books import Book
from matcher.ledger.proofs import MOST_BYTES, OTHER, Proof, kinds_of
from matcher.ledger.setting import Setting
from matcher.runs import CHINA_TIME
from matcher.web import ledger_work, states
from matcher.web.ledger_steps import Done
from matcher.web.ledger_work import Opened
from matcher.web.widgets import pickable
from matcher.web.workshop import Visit


def draw(visit: Visit, setting: Setting, book: Book[Any], opened: Opened, again: Done) -> None:
    """Draws what is attached to a row, and takes more (画证明)."""
    steps = {one.id: setting.step_name(book.name, one.step) for one in opened.steps}
    for proof in opened.proofs:
        _proof(visit, proof, steps.get(proof.step or 0, ""), again, opened.doubts.get(proof.id, ""), mine=opened.mine)
    if not opened.proofs:
        ui.label("还没有附证明。没有证明的只算填报，通报、考核里不算数。").classes("hint")
    if opened.mine and opened.record.deleted_at is None and visit.may("attach_proof"):
        _upload(visit, setting, book, opened.record, again)


def _proof(visit: Visit, proof: Proof, step: str, again: Done, doubt: str, *, mine: bool) -> None:
    when = proof.added_at.astimezone(CHINA_TIME)
    told = f"{proof.kind}{f'（{step}）' if step else ''}　{proof.file_name}　{proof.size:,} 字节　{proof.added_by} {when:%Y-%m-%d %H:%M}"
    with ui.element("div").classes("proof" + (" gone" if proof.withdrawn_at else "")):
        ui.label(told)
        ui.label(f"摘要 {proof.digest[:16]}").classes("hint")
        if doubt:
            ui.label(doubt).classes("wrong-words")
        if proof.withdrawn_at:
            ui.label(f"已撤回：{proof.withdrawn_note}（{proof.withdrawn_by}）").classes("hint")

        async def save() -> None:
            with states.notices():
                content, name = await visit.ask("get_proof", partial(ledger_work.proof_file, visit, proof.id))
                ui.download.content(content, name)

        with ui.element("div").classes("buttons"):
            ui.button("下载", icon="download", on_click=save).props("flat dense")
            if mine and not proof.withdrawn_at and visit.may("withdraw_proof"):
                ui.button("撤回", on_click=lambda: _withdraw(visit, proof, again)).props("flat dense color=negative")


def _withdraw(visit: Visit, proof: Proof, again: Done) -> None:
    with ui.dialog() as dialog, ui.card().classes("dialog"):
        ui.label(f"撤回 {proof.file_name}").classes("dialog-title")
        reason = ui.input("理由（必填）").props("outlined dense").classes("w-full")
        said = ui.label().classes("wrong-words").props("role=alert")

        async def withdraw() -> None:
            with states.notices():
                try:
                    await visit.ask("withdraw_proof", partial(ledger_work.withdrawn, visit, proof.id, str(reason.value or "")))
                except StepError as error:
                    said.set_text(error.problem)
                    return
                dialog.close()
                await again()

        with ui.element("div").classes("buttons"):
            ui.button("撤回", on_click=withdraw).props("unelevated color=negative")
            ui.button("取消", on_click=dialog.close).props("flat")
    dialog.open()


def _upload(visit: Visit, setting: Setting, book: Book[Any], record: Any, again: Done) -> None:
    every = [kind for step in setting.steps(book.name) for kind in step.proofs] if book.stepped else kinds_of(setting, book, record)
    kinds = [*dict.fromkeys(every), OTHER]
    standing = setting.proofs_of(book.name, record.state) if book.stepped else every
    kind = ui.select(kinds, label="是什么证明", value=(list(standing) or kinds)[0]).props("outlined dense").classes("book-filter")

    async def take(event: events.UploadEventArguments) -> None:
        with states.notices():
            content = await event.file.read()
            work = partial(ledger_work.attached, visit, book, record.id, content, event.file.name, str(kind.value))
            proof = await visit.ask("attach_proof", work)
            ui.notify(f"已附上{proof.kind}：{proof.file_name}", type="positive")
            await again()

    chosen = ui.upload(label="选文件，或拖到这里（PDF、图片）", auto_upload=True, max_file_size=MOST_BYTES, on_upload=take)
    pickable(chosen).props("flat bordered").classes("file-box")
