"""Answers for repeated requests, on both databases: one works, the others get what it got."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from matcher.store.database import Store
from matcher.store.idempotency import KEPT, LEASE, Answer, Claim, Taken, claim, give_back, keep
from matcher.store.tables import idempotent_answers

ANSWER = Answer(201, (("content-type", "application/json"),), '{"甲": 1}'.encode())


def claimed(store: Store, caller: str = "a", key: str = "k", digest: str = "d") -> Claim:
    found = claim(store, caller, key, digest)
    assert isinstance(found, Claim)
    return found


def age(store: Store, by: timedelta) -> None:
    with store.writing() as connection:
        connection.execute(update(idempotent_answers).values(claimed_at=datetime.now(UTC) - by))


def test_the_second_gets_what_the_first_got(store: Store) -> None:
    held = claimed(store)
    assert claim(store, "a", "k", "d") is Taken.UNDER_WAY
    keep(store, held, ANSWER)
    assert claim(store, "a", "k", "d") == ANSWER
    assert claim(store, "a", "k", "other") is Taken.OTHER_REQUEST


def test_the_same_word_of_others_is_another(store: Store) -> None:
    keep(store, claimed(store), ANSWER)
    claimed(store, caller="b")
    claimed(store, key="k2")


def test_what_was_given_back_may_be_tried_again(store: Store) -> None:
    give_back(store, claimed(store))
    held = claimed(store, digest="other")
    keep(store, held, ANSWER)
    give_back(store, held)  # too late: the answer stands
    assert claim(store, "a", "k", "other") == ANSWER


def test_whoever_died_with_a_claim_does_not_hold_it_for_ever(store: Store) -> None:
    dead = claimed(store)
    age(store, LEASE - timedelta(seconds=30))
    assert claim(store, "a", "k", "d") is Taken.UNDER_WAY
    age(store, LEASE)
    held = claimed(store)
    keep(store, dead, Answer(500, (), b""))  # it was not dead: it comes too late
    assert claim(store, "a", "k", "d") is Taken.UNDER_WAY
    keep(store, held, ANSWER)
    assert claim(store, "a", "k", "d") == ANSWER


def test_answers_are_not_kept_for_ever(store: Store) -> None:
    keep(store, claimed(store), ANSWER)
    age(store, KEPT + timedelta(seconds=1))
    claimed(store, digest="other")


@pytest.mark.parametrize("count", [8])
def test_of_many_at_once_one_works(store: Store, count: int) -> None:
    found: list[object] = []
    barrier = threading.Barrier(count)

    def work() -> None:
        barrier.wait(60)
        found.append(claim(store, "a", "k", "d"))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, Claim) for one in found) == 1
    assert found.count(Taken.UNDER_WAY) == count - 1
