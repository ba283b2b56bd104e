"""Texts of a mapped column that begin so are found as a plain reading finds them."""

from __future__ import annotations

import mmap
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.storage import TextColumn, chosen_texts

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


@given(st.lists(_WORDS, max_size=12), st.data())
def test_texts_at_any_places(texts: list[str], data: st.DataObject) -> None:
    """Near one another or far apart, ascending or not, also the same twice."""
    encoded = [text.encode() + b"\n" for text in texts]
    column = TextColumn(b"".join(encoded), np.cumsum([0, *map(len, encoded)]))
    places = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9)) if texts else []
    for wanted in (places, sorted(places), sorted(set(places))):
        assert column.take(wanted) == [texts[place] for place in wanted]


@pytest.mark.parametrize("places", [[0], [3, 1], [5, 6], [0, 9], [9, 0, 0, 4, 5, 6, 7, 8, 1, 2], []])
def test_texts_of_a_large_mapped_file(tmp_path: Path, places: list[int]) -> None:
    """Few of them are read where they stand, many with all that lies between."""
    texts = [f"{number}" * (1 << 18) for number in range(10)]
    encoded = [text.encode() + b"\n" for text in texts]
    (tmp_path / "texts").write_bytes(b"".join(encoded))
    with (tmp_path / "texts").open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        column = TextColumn(data, np.cumsum([0, *map(len, encoded)]))
        assert column.take(places) == [texts[place] for place in places]
        assert list(column) == texts


@given(st.lists(_WORDS, min_size=1, max_size=12), st.data())
def test_texts_whose_numbers_are_kept(texts: list[str], data: st.DataObject) -> None:
    words = [*dict.fromkeys(texts)]
    encoded = [text.encode() + b"\n" for text in texts]
    numbering = (words, np.array([words.index(text) for text in texts], dtype=np.uint32))
    column = TextColumn(b"".join(encoded), np.cumsum([0, *map(len, encoded)]), numbering)
    places = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9))
    assert column.take(places) == [column[place] for place in places] == [texts[place] for place in places]
    assert column[-1] == texts[-1]


@given(st.lists(st.tuples(_WORDS, _WORDS), min_size=1, max_size=12), st.data(), st.booleans())
def test_chosen_rows_of_columns(rows: list[tuple[str, str]], data: st.DataObject, mapped: bool) -> None:
    """Read when asked for or at once, from here or in another process, chosen once or twice."""
    names, cities = (list(column) for column in zip(*rows, strict=True))
    encoded = [text.encode() + b"\n" for text in names]
    column = TextColumn(b"".join(encoded), np.cumsum([0, *map(len, encoded)]))
    columns = {"name": column if mapped else names, "city": cities}
    places = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=9))
    again = data.draw(st.lists(st.integers(0, len(places) - 1), max_size=9)) if places else []
    for order in (again, sorted(set(again))):
        chosen = chosen_texts(columns, np.array(places, dtype=np.int64))
        twice = chosen_texts(chosen, np.array(order, dtype=np.int64))
        wanted = {"name": [names[places[at]] for at in order], "city": [cities[places[at]] for at in order]}
        assert {field: list(cells) for field, cells in twice.items()} == wanted
        assert pickle.loads(pickle.dumps(dict(twice) if not mapped else twice)) == wanted
        assert list(chosen["name"]) == [names[place] for place in places]
