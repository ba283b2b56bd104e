"""Texts of a mapped column that begin so are found as a plain reading finds them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.storage import TextColumn

_WORDS = st.text("青岛啤酒ab", max_size=4)


@given(st.lists(_WORDS, max_size=12), st.text("青岛啤酒ab", min_size=1, max_size=3), st.integers(1, 5))
def test_texts_that_begin_so(texts: list[str], start: str, most: int) -> None:
    encoded = [text.encode() + b"\n" for text in texts]
    column = TextColumn(b"".join(encoded), np.cumsum([0, *map(len, encoded)]))
    assert column.beginning(start, most) == [place for place, text in enumerate(texts) if text.startswith(start)][:most]


@given(st.lists(_WORDS, max_size=12), st.text("青岛啤酒ab", min_size=1, max_size=2))
def test_texts_that_hold_a_word(texts: list[str], word: str) -> None:
    encoded = [text.encode() + b"\n" for text in texts]
    column = TextColumn(b"".join(encoded), np.cumsum([0, *map(len, encoded)]))
    assert column.holding(word).tolist() == [place for place, text in enumerate(texts) if word in text]
    assert list(column) == texts
