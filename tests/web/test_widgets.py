"""Widgets: what is said of one arrives as it is, whatever stands in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from nicegui.props import Props

from matcher.web.widgets import said


@given(text=st.text(min_size=1))
def test_any_words_stay_one_attribute(text: str) -> None:
    assert Props.parse(said(aria_label=text, role="img")) == {"aria-label": text, "role": "img"}
