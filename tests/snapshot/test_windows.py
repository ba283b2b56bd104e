"""Companies by columns are what ``merged`` makes of them one by one, and windows lose nothing when they are cut and joined."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import NUMBER_COLUMNS
from matcher.snapshot.members import NUMBERS, Member, merged
from matcher.snapshot.windows import Window, is_renewal, joined, of_cells, of_members, renewed
from tests.snapshot.test_members import members, values

OLD_DAYS = st.sampled_from([0, 18_000, 18_001])
NEW_DAYS = st.sampled_from([0, 18_001, 18_002])


def plain(window: Window) -> Any:
    """All that it holds, to be compared."""
    texts = {field: list(window.texts[field]) for field in TEXT_FIELDS}
    return texts, {name: window.numbers[name].tolist() for name in NUMBER_COLUMNS}, [part.tolist() for part in window.origins]


def staged(rows: list[Member]) -> Window:
    """Rows as a stage tells them."""
    numbers = ([str(value) for value in row.values[len(TEXT_FIELDS) :]] for row in rows)
    cells = [
        [*map(str, row.values[: len(TEXT_FIELDS)]), *told, "1" if row.code_ok else "0"]
        for row, told in zip(rows, numbers, strict=True)
    ]
    own = [[row.file, row.row, row.as_of] for row in rows]
    return of_cells(cells, np.array(own, dtype=np.int64).reshape(-1, 3).T)


def is_like(old: Member, new: Member) -> bool:
    """A renewal by its words: same name, later day, no former names."""
    names = [row.values[TEXT_FIELDS.index("name")] for row in (old, new)]
    former = [row.values[TEXT_FIELDS.index("former_names")] for row in (old, new)]
    return names[0] == names[1] and not any(former) and new.as_of > old.as_of


@given(st.lists(st.tuples(members(), values, NEW_DAYS, st.booleans()), max_size=6), st.booleans())
def test_a_later_row_over_each_company(given_rows: list[tuple[list[Member], Any, int, bool]], same_name: bool) -> None:
    old = [merged(rows) if len(rows) > 1 else rows[0] for rows, *_ in given_rows]
    new = []
    for place, (company, (_, told, day, good)) in enumerate(zip(old, given_rows, strict=True)):
        cells = (company.values[0], *told[1:]) if same_name else told
        if same_name:
            cells = tuple("" if n == TEXT_FIELDS.index("former_names") else cell for n, cell in enumerate(cells))
        new.append(Member(cells, good, 7, place + 2, day))
    before, rows = of_members(old), staged(new)
    found = is_renewal(before, rows)
    assert found.tolist() == [is_like(one, other) for one, other in zip(old, new, strict=True)]
    at = np.flatnonzero(found)
    wanted = of_members([merged([old[place], new[place]]) for place in at.tolist()])
    assert plain(renewed(before.take(at), rows.take(at))) == plain(wanted)


@given(st.lists(members(), max_size=8), st.randoms(use_true_random=False), st.integers(1, 4))
def test_cut_and_joined(each: list[list[Member]], random: Any, parts: int) -> None:
    whole = of_members([merged(rows) for rows in each])
    order = list(range(len(each)))
    random.shuffle(order)
    pieces = [np.array(sorted(order[n::parts]), dtype=np.int64) for n in range(parts)]
    given_parts = [(at, whole.take(at)) for at in pieces if len(at)]
    if given_parts:
        assert plain(joined(given_parts)) == plain(whole)
    shuffled = whole.take(np.array(order, dtype=np.int64))
    assert plain(shuffled) == plain(of_members([merged(each[place]) for place in order]))


@given(st.lists(st.tuples(values, OLD_DAYS, st.booleans()), max_size=6))
def test_staged_rows_are_members_of_one_row(given_rows: list[tuple[Any, int, bool]]) -> None:
    rows = [Member(cells, good, place % 2, place + 2, day) for place, (cells, day, good) in enumerate(given_rows)]
    assert plain(staged(rows)) == plain(of_members(rows))
    assert len(staged(rows)) == len(rows)
    assert set(NUMBERS) <= set(NUMBER_COLUMNS)
