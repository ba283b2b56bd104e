"""Requests that come at once are worked on together and answered as if each had come alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.api.gathering import Gatherer

REQUESTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.lists(st.integers(0, 99), min_size=1, max_size=12)), min_size=1, max_size=12
)


class Work:
    """Doubles numbers; waits for ``go`` before the first of them, and notes what it was given together."""

    def __init__(self, refuse: int | None = None) -> None:
        self.go, self.given, self._refuse = threading.Event(), list[tuple[Any, list[int]]](), refuse

    def of(self, key: str, items: Sequence[int]) -> list[tuple[str, int]]:
        assert self.go.wait(30)
        self.given.append((key, list(items)))
        if self._refuse in items:
            raise ValueError(self._refuse)
        return [(key, 2 * item) for item in items]


def asked(gatherer: Gatherer[tuple[str, int]], work: Work, requests: Sequence[tuple[str, list[int]]]) -> list[Any]:
    """The answers to requests that all come before the first is worked on; an error in the place of its request."""

    async def main() -> Sequence[Any]:
        asking = [asyncio.ensure_future(gatherer.answers(key, items, partial(work.of, key))) for key, items in requests]
        await asyncio.sleep(0)
        work.go.set()
        return await asyncio.gather(*asking, return_exceptions=True)

    try:
        return list(asyncio.run(main()))
    finally:
        gatherer.close()


@given(REQUESTS)
def test_each_is_answered_as_if_alone(requests: list[tuple[str, list[int]]]) -> None:
    work = Work()
    assert asked(Gatherer(), work, requests) == [[(key, 2 * item) for item in items] for key, items in requests]
    worked = sorted((key, item) for key, items in work.given for item in items)
    assert worked == sorted((key, item) for key, items in requests for item in items), "nothing is worked on twice"


def test_what_waits_goes_together_and_only_under_one_key() -> None:
    work = Work()
    asked(Gatherer(), work, [("a", [0]), ("a", [1]), ("b", [2]), ("a", [3, 4]), ("b", [5])])
    assert [(key, sorted(items)) for key, items in work.given] in (
        [("a", [0, 1, 3, 4]), ("b", [2, 5])],  # all were there when the first had its turn
        [("a", [0]), ("a", [1, 3, 4]), ("b", [2, 5])],  # the first had its turn before the others came
    )


def test_an_error_meets_the_request_that_it_is_of() -> None:
    first, *others = asked(Gatherer(), Work(refuse=7), [("a", [7]), ("a", [1]), ("a", [2, 3])])
    assert isinstance(first, ValueError)
    assert others == [[("a", 2)], [("a", 4), ("a", 6)]]


@pytest.mark.parametrize("size", [9, 100])
def test_a_large_request_waits_for_nobody(size: int) -> None:
    work = Work()
    answers = asked(Gatherer(), work, [("a", list(range(size))), ("a", [1])])
    assert answers == [[("a", 2 * item) for item in range(size)], [("a", 2)]]
    assert sorted(len(items) for _, items in work.given) == [1, size]
