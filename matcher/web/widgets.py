"""Widgets of Quasar with what they leave out (控件): names for those who hear a page, keys for those without a mouse, cards on a phone."""

from __future__ import annotations

import json

from nicegui import ui

_PICK = """<div class="upload-head">
<q-btn outline no-caps icon="attach_file" label="%s" :disable="!props.canAddFiles" @click="props.pickFiles"></q-btn>
<span v-if="props.isUploading" role="status">正在上传 {{ props.uploadProgressLabel }}</span>
<div hidden><q-uploader-add-trigger></q-uploader-add-trigger></div>
</div>"""
_CHOOSE = '<q-checkbox dense v-model="props.selected" aria-label="%s"></q-checkbox>'
_CHOOSE_ONE = """<q-checkbox dense v-model="props.selected" :aria-label="'选中 ' + props.row.%s"></q-checkbox>"""
_CARD = """<div class="col-12"><dl class="card row-card">
<template v-for="col in props.cols" :key="col.name"><div v-if="col.value !== '' && col.value !== null">
<dt>{{ col.label }}</dt><dd>%s</dd></div></template></dl></div>"""


def pickable(upload: ui.upload) -> ui.upload:
    """Lets files be chosen with a button that has its words and hears the keyboard (选文件): Quasar's is an icon without a name."""
    upload.add_slot("header", _PICK % upload.props["label"])
    return upload


def choosable(table: ui.table, name: str) -> None:
    """Names the boxes in which rows are chosen (勾选框).

    Args:
        table: Whose rows are chosen.
        name: Field of a row that tells which one it is.
    """
    table.add_slot("header-selection", _CHOOSE % "全选、全不选")
    table.add_slot("body-selection", _CHOOSE_ONE % name)


def cards(table: ui.table, value: str = "{{ col.value }}") -> ui.table:
    """Shows a row as a card on a phone (手机上一行一卡), where a table would be cut at the side.

    Args:
        table: Of any columns; what a row has nothing in is not on its card.
        value: Template of a value, of ``col`` and ``props.row``.
    """
    table.props(':grid="window.narrower[700]"').add_slot("item", _CARD % value)
    return table


def said(**words: str) -> str:
    """Attributes as props (属性), whatever stands in their words.

    Args:
        **words: Name, with ``_`` for ``-``, and what is said.
    """
    return " ".join(f"{name.replace('_', '-')}={json.dumps(word, ensure_ascii=False)}" for name, word in words.items())
