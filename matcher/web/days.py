"""Fields for days (日期栏): written and shown as 2026-11-29 in every browser, with a calendar to choose from.

The browser's own field writes a day as the machine's language has it, 11/29/2026 on many, and then nobody knows which number is the month.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from nicegui import ui


def day_input(
    title: str, value: str = "", *, latest: date | None = None, on_change: Callable[[Any], None] | None = None
) -> ui.date_input:
    """Draws a field for a day (日期栏); what it holds is text, and whoever reads it says what is wrong with it.

    Args:
        title: What is asked.
        value: What stands in it at first, as 2026-11-29; empty for nothing.
        latest: The last day that the calendar offers.
        on_change: Is told of every change, also of one that is no day yet.
    """
    made = ui.date_input(title, placeholder="如 2026-11-29", value=value, on_change=on_change)
    made.props("mask=####-##-## inputmode=numeric outlined dense stack-label hide-bottom-space").classes("day-input")
    made.button.props("dense icon=event")
    made.button.props["aria-label"] = "从日历里选"  # not the title too: who looks for the field finds one thing
    made.picker.props("minimal first-day-of-week=1")
    if latest is not None:
        made.picker.props["navigation-max-year-month"] = f"{latest:%Y/%m}"
        made.picker.props[":options"] = f"(day) => day <= '{latest:%Y/%m/%d}'"
    made.menu.props("role=dialog aria-label=日历")  # a calendar is no menu
    made.picker.on_value_change(made.menu.close)
    return made
