"""The list as a file (导出名单), as the command line writes it."""

from __future__ import annotations

import io
from functools import partial

from nicegui import ui

from matcher.api.service import Made
from matcher.outputs.cells import as_json
from matcher.outputs.ranking_text import ranking_json, write_ranking_csv
from matcher.outputs.ranking_xlsx import ranking_xlsx
from matcher.web import states
from matcher.web.workshop import Visit

_FORMS = {"xlsx": "Excel 表格（XLSX）", "csv": "CSV", "json": "JSON（给程序）"}


def menu(visit: Visit, made: Made) -> None:
    """The button and what may be chosen (导出菜单)."""

    async def save(form: str) -> None:
        with states.notices():
            content = await visit.workshop.run(partial(_content, made, form))
            ui.download(content, f"{visit.zone}-{made.ranking.run.request['as_of']}-{made.ranking.run.id[:8]}.{form}")

    with ui.button("导出", icon="download").props("outline dense").classes("export"), ui.menu():
        for form, label in _FORMS.items():
            ui.menu_item(label, partial(save, form))


def _content(made: Made, form: str) -> bytes:
    """The bytes of the file (文件内容)."""
    ranking, engine = made.ranking, made.engine
    if form == "xlsx":
        return ranking_xlsx(ranking, engine.zone, engine.questions, made.called)
    if form == "json":
        return (as_json(ranking_json(ranking)) + "\n").encode()
    stream = io.StringIO(newline="")
    write_ranking_csv(ranking, engine.zone, [group.id for group in engine.ruleset.groups], stream)
    return stream.getvalue().encode("utf-8-sig")
