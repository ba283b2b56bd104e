"""Fields of ledger rows as people fill them in (台账各栏): each in the words of the office, and what was changed in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from matcher.ledger.books import Book, Field
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import choices, shown
from matcher.web.days import day_input

_LONG = 300  # characters of a text that is written on several lines
_HINTS = {
    "money": "写明单位，如 1.2亿元、300万美元", "uscc": "18 位", "shares": "甲局:1/2、乙局:1/2，合计正好为 1", "decimal": "数字",
    "whole": "整数",
}  # fmt: skip
_STYLE = "outlined dense"


class Filled:
    """The fields of one row on a page (一行的各栏).

    Args:
        setting: The zone's rules.
        book: Which book.
        record: The row; None for a new one.
        choices: Field → number → what it is called, of fields that name a row of another book.
        given: Field → what a new row begins with, as people write it.
    """

    def __init__(
        self,
        setting: Setting,
        book: Book[Any],
        record: Any,
        choices: Mapping[str, Mapping[str, str]],
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._choices = choices
        self.setting, self.book = setting, book
        self.before = {
            one.name: shown(setting, book, one, getattr(record, one.name)) if record is not None else "" for one in book.fields
        }
        self._given = dict(given or {})
        self.inputs: dict[str, Any] = {}

    def draw(self, *, mine: bool) -> None:
        """Draws all fields (画各栏); who may not change the row only reads them."""
        with ui.element("div").classes("fields"):
            for one in self.book.fields:
                value = self._given.get(one.name, self.before[one.name])
                made = self._input(one, value)
                made.props(_STYLE + ("" if mine else " readonly"))
                self.inputs[one.name] = made

    def changed(self) -> dict[str, str]:
        """Field → what is written there now, of those that are other than at first (改过的各栏)."""
        now = {name: str(made.value if made.value is not None else "").strip() for name, made in self.inputs.items()}
        return {name: text for name, text in now.items() if text != self.before[name]}

    def _input(self, one: Field, value: str) -> Any:
        title = self.setting.title(self.book.name, one.name)
        if one.kind == "row":
            title = title.removesuffix("编号")
        title += "（必填）" if one.required else ""
        offered = self._offered(one)
        if offered is not None:
            known = offered if value in offered else {**offered, value: f"第 {value} 号" if one.kind == "row" else value}
            return ui.select(known, label=title, value=value, with_input=len(known) > 12)
        if one.kind == "date":
            return day_input(title, value)
        if one.kind == "text" and one.longest >= _LONG:
            return ui.textarea(title, value=value).props("autogrow").classes("wide-field")
        made = ui.input(title, value=value)
        if one.kind in _HINTS:
            made.props(f'hint="{_HINTS[one.kind]}"')
        return made

    def _offered(self, one: Field) -> dict[str, str] | None:
        """What can be chosen; None where people write."""
        if one.kind == "row":
            return {"": "（请选）" if one.required else "（不写）"} | dict(self._choices.get(one.name, {}))
        if one.kind == "segment":
            rules = self.setting.rules
            names = {name: f"{rules.chains.get(chain, chain)} / {name}" for (chain, _), name in rules.segments.items()}
            return {"": "（不写）", **names}
        found = choices(self.setting, self.book, one)
        if not found:
            return None
        return ({} if one.required else {"": "（不写）"}) | {word: word for word in found} | ({"": ""} if one.required else {})


def text_of(setting: Setting, book: Book[Any], record: Any, name: str) -> str:
    """A field of a row in the words of the office (一栏的文字)."""
    field = book.field(name)
    return shown(setting, book, field, getattr(record, name)) if field is not None else str(getattr(record, name))


def called(record: Any) -> str:
    """What a row is called (一行的名称)."""
    names = ("name", "company", "what", "unit", "paper")
    return str(next((value for name in names if (value := getattr(record, name, None))), f"第 {record.id} 号"))
