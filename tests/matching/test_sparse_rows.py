"""Sparse rows multiply as scipy's matrices do, to the last bit, few cells or many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from matcher.matching import sparse_rows
from matcher.matching.sparse_rows import Rows, cells_of

SIZES = st.integers(0, 7)
WHOLE = st.one_of(st.just(0), st.just(0), st.integers(-9, 2**20))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two matrices that can be multiplied, mostly of noughts."""
    rows, inner, columns = draw(SIZES), draw(SIZES), draw(st.integers(1, 7))
    cells = draw(st.lists(WHOLE, min_size=rows * inner + inner * columns, max_size=rows * inner + inner * columns))
    left, right = np.array(cells[: rows * inner], dtype=np.int64), np.array(cells[rows * inner :], dtype=np.int64)
    return left.reshape(rows, inner), right.reshape(inner, columns)


def rows_of(dense: NDArray[np.int64]) -> Rows:
    return Rows.of(sparse.csr_array(dense)) if dense.size else Rows(*_nothing(len(dense)), dense.shape[1])


def _nothing(rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    none = np.zeros(0, dtype=np.int64)
    return none, none, np.zeros(rows + 1, dtype=np.int64)


@pytest.mark.parametrize("few", [4096, -1])
@given(given_pair=pairs())
@settings(max_examples=150, deadline=None)
def test_a_product_is_the_matrix_product(few: int, given_pair: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    left, right = given_pair
    if few < 0 and not (left.size and right.size):
        return  # scipy refuses matrices without rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse_rows, "_FEW", few)
        found = rows_of(left).times(rows_of(right))
    assert found.width == right.shape[1]
    dense = np.zeros((len(left), right.shape[1]), dtype=np.int64)
    dense[found.owner, found.indices] = found.data
    np.testing.assert_array_equal(dense, left @ right)
    cells = found.owner * found.width + found.indices
    assert len(np.unique(cells)) == len(cells), "no cell is told twice"


@given(given_pair=pairs())
def test_rows_are_what_their_matrix_is(given_pair: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    dense = given_pair[1]
    if dense.size:
        np.testing.assert_array_equal(rows_of(dense).matrix.toarray(), dense)


@given(dense=pairs())
@settings(max_examples=100, deadline=None)
def test_true_cells_are_those_that_numpy_finds(dense: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    for matrix in dense:
        found, wanted = cells_of(matrix > 0), np.nonzero(matrix > 0)
        assert [one.tolist() for one in found] == [one.tolist() for one in wanted]
