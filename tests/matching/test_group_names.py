"""Groups near some companies are those that a plain reading finds, however their names are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.matching.group_names import GroupNames, begin_of
from matcher.snapshot.columns import Mapped
from matcher.snapshot.profile_files import Part, PartWriter, group_arrays, kept_groups
from matcher.types import NameParts

parts = st.builds(
    lambda name, known: NameParts("", name, "", "limited", "none", None, True, 0, False, known, False),
    st.sampled_from(["", "利", "利群", "利群百惠", "开元", "开元森泊", "𠮷野", "东方"]),
    st.integers(0, 4),
)


def alike(one: NameParts, other: NameParts) -> bool:
    begin = one.trade_name[:2]
    same_name = len(begin) == 2 and begin == other.trade_name[:2]
    return same_name or bool(one.known_group and one.known_group == other.known_group)


def plainly_near(groups: Sequence[NameParts], told: Sequence[NameParts]) -> list[int]:
    """One after another: who shares a beginning or a known group with somebody who is in already."""
    inside: list[int] = []
    while True:
        known = [*told, *(groups[number] for number in inside)]
        new = [number for number, group in enumerate(groups) if number not in inside and any(alike(group, one) for one in known)]
        if not new:
            return sorted(inside)
        inside += new


@given(st.lists(parts, max_size=9), st.lists(parts, max_size=3))
def test_groups_near_names(groups: list[NameParts], told: list[NameParts]) -> None:
    places = [3 * number + 1 for number in range(len(groups))]
    near = GroupNames.of(places, groups).near(told)
    wanted = plainly_near(groups, told)
    assert near.place.tolist() == [places[number] for number in wanted]
    assert list(near.parts(np.arange(len(near)))) == [groups[number] for number in wanted]
    assert near.near(told).place.tolist() == near.place.tolist()


@given(st.lists(parts, max_size=9), st.lists(st.integers(-2, 30), max_size=9))
def test_groups_among_places(groups: list[NameParts], places: list[int]) -> None:
    at = {3 * number + 1: group for number, group in enumerate(groups)}
    assert GroupNames.of([*at], groups).among(places) == {place: at[place] for place in places if place in at}


def test_beginnings_are_told_apart() -> None:
    names = ["", "利群", "群利", "𠮷野", "野𠮷", "\uffff\uffff"]
    assert len({begin_of(name) for name in names}) == len(names)
    assert begin_of("利群百惠") == begin_of("利群")
    assert begin_of("利") == begin_of("") == 0


def test_names_are_kept_part_by_part(tmp_path: Path) -> None:
    """Of several windows behind one another, some without groups, and some of them asked for in any order."""
    names = ["利群", "开元", "", "𠮷野", "东方"]
    groups = [NameParts("", name, "“引号”\\", "limited", "none", None, True, 0, False, n, False) for n, name in enumerate(names)]
    whole = GroupNames.of([2, 5, 6, 40, 41], groups)
    windows = [whole.take(np.array(some, dtype=np.int64)) for some in ([], [0, 1], [], [2], [3, 4], [])]
    with contextlib.ExitStack() as stack:
        writer = PartWriter(tmp_path, stack)
        for window in windows:
            cells = {
                f"{name}{file}": np.zeros(0, np.int64) for name in ("affinity", "main", "mode", "named") for file in ("", ".first")
            }
            writer.add(Part(cells | group_arrays(window), 0))
    kept = kept_groups(Mapped(tmp_path))
    assert (kept.place.tolist(), kept.known.tolist()) == (whole.place.tolist(), whole.known.tolist())
    assert kept.begin.tolist() == whole.begin.tolist()
    for some in ([], [4, 0], [0, 1, 2, 3, 4]):
        chosen = np.array(some, dtype=np.int64)
        assert kept.parts(chosen) == [groups[number] for number in some]
        assert kept.take(chosen).parts(np.arange(len(some))) == kept.parts(chosen)
