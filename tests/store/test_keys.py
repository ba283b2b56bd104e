"""Keys on both databases: shown once, kept as a hash, void when revoked or expired."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from matcher.errors import OptionError, RequestError
from matcher.store import keys
from matcher.store.audit import lines
from matcher.store.database import Store
from matcher.store.keys import (
    Standing,
    Wanted,
    create_key,
    find_key,
    key_id,
    limit_key,
    list_keys,
    live_keys,
    note_use,
    proves,
    revoke_key,
)
from matcher.store.tables import api_keys

WANTED = Wanted("跟踪系统", "tracker", zones=["b", "a", "a"], scopes=["score"], group="g", leader=True, per_minute=7, body=900)


def test_a_key_is_found_by_its_beginning_and_proved_by_the_whole(store: Store) -> None:
    token, made = create_key(store, WANTED, by="甲")
    other, _ = create_key(store, WANTED, by="甲")
    kept = find_key(store, key_id(token) or "")
    assert kept is not None
    assert kept.key == made
    assert (made.zones, made.scopes, made.group, made.leader, made.created_by) == (("a", "b"), ("score",), "g", True, "甲")
    assert (made.per_minute, made.body) == (7, 900)
    assert proves(token, kept)
    assert not proves(other, kept)
    assert not proves(token[:-1] + ("a" if token[-1] != "a" else "b"), kept)
    assert not proves(token, None)
    assert find_key(store, "a" * 12) is None


def test_limits_are_changed_one_by_one_and_noted(store: Store) -> None:
    _, made = create_key(store, WANTED, by="甲")
    assert (limit_key(store, made.id, {"per_minute": 0}, by="乙").per_minute, list_keys(store)[0].body) == (0, 900)
    changed = limit_key(store, f"lz_{made.id}_whatever", {"body": None}, by="乙")
    assert (changed.per_minute, changed.body) == (0, None)
    kept = find_key(store, made.id)
    assert kept is not None
    assert kept.key == changed
    assert [(line.entry.operation, line.entry.name) for line in lines(store)][:2] == [("limit_key", "乙")] * 2
    for limits in ({}, {"per_minute": -1}, {"per_minute": keys.MOST_PER_MINUTE + 1}, {"body": 0}, {"body": keys.MOST_BODY + 1}):
        with pytest.raises(OptionError):
            limit_key(store, made.id, limits, by="乙")
    with pytest.raises(RequestError):
        limit_key(store, "a" * 12, {"body": 1}, by="乙")
    revoke_key(store, made.id, by="乙")
    with pytest.raises(OptionError, match="已撤销"):
        limit_key(store, made.id, {"body": 1}, by="乙")
    assert find_key(store, made.id).key.body is None  # type: ignore[union-attr]


def test_nothing_but_a_hash_is_kept(store: Store) -> None:
    token, made = create_key(store, WANTED, by="甲")
    secret = token.removeprefix(f"lz_{made.id}_")
    with store.reading() as connection:
        assert secret not in str(connection.execute(select(api_keys)).all())
    if store.is_sqlite:
        for file in Path(store.name).parent.iterdir():
            assert secret.encode() not in file.read_bytes(), file
        assert made.id.encode() in b"".join(file.read_bytes() for file in Path(store.name).parent.iterdir())


def test_whatever_is_compared_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []

    def watched(one: str, other: str) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(keys, "hmac", type("Watched", (), {"compare_digest": staticmethod(watched)}))
    proves("lz_unknown", None)
    assert len(compared) == 1  # for a key that there is not, too
    assert len(compared[0][0]) == len(compared[0][1]) == 64


def test_it_counts_until_it_expires_or_is_revoked(store: Store) -> None:
    now = datetime.now(UTC)
    _, made = create_key(store, Wanted("甲", "planner", expires_at=now + timedelta(hours=1)), by="")
    assert made.standing(now) is Standing.LIVE
    assert made.standing(now + timedelta(hours=1)) is Standing.EXPIRED
    assert live_keys(store) == 1
    with store.writing() as connection:
        connection.execute(update(api_keys).values(expires_at=now))
    assert live_keys(store) == 0
    revoked, is_new = revoke_key(store, made.id, by="乙")
    assert is_new
    assert revoked.standing(now) is Standing.REVOKED
    assert revoke_key(store, made.id, by="丙") == (revoked, False)
    assert list_keys(store) == []
    assert list_keys(store, revoked=True) == [revoked]
    with pytest.raises(RequestError, match="没有这个密钥"):
        revoke_key(store, "nosuchkey", by="")


def test_a_whole_key_can_be_revoked_too(store: Store) -> None:
    token, made = create_key(store, WANTED, by="")
    assert revoke_key(store, token, by="")[0].id == made.id


def test_making_and_revoking_are_audited(store: Store) -> None:
    _, made = create_key(store, WANTED, by="甲")
    revoke_key(store, made.id, by="乙")
    revoke_key(store, made.id, by="丙")  # changes nothing
    assert [(line.entry.operation, line.entry.name, line.entry.request) for line in lines(store)] == [
        ("revoke_key", "乙", made.id),
        ("create_key", "甲", made.id),
    ]


def test_the_last_use_is_written_sparsely(store: Store) -> None:
    _, made = create_key(store, WANTED, by="")
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert keys.used_long_ago(made, now)
    note_use(store, made.id, now)
    note_use(store, made.id, now + timedelta(minutes=59))
    assert list_keys(store)[0].last_used_at == now
    assert not keys.used_long_ago(list_keys(store)[0], now + timedelta(minutes=59))
    note_use(store, made.id, now + timedelta(hours=1))
    assert list_keys(store)[0].last_used_at == now + timedelta(hours=1)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("", "planner"),
        Wanted("甲" * 61, "planner"),
        Wanted("甲", "plannr"),
        Wanted("甲", "planner", scopes=["scor"]),
        Wanted("甲", "planner", expires_at=datetime(2020, 1, 1, tzinfo=UTC)),
        Wanted("甲", "planner", expires_at=datetime(9999, 1, 1, tzinfo=UTC)),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(store: Store, wanted: Wanted) -> None:
    with pytest.raises((OptionError, RequestError)):
        create_key(store, wanted, by="")
    assert list_keys(store) == []
    assert lines(store) == []


@given(st.text(max_size=80) | st.from_regex(r"lz_[a-z2-7]{11,13}_[a-z2-7]{51,53}", fullmatch=True))
def test_only_what_has_the_shape_of_a_key_has_an_id(text: str) -> None:
    parts = text.split("_")
    alphabet = set("abcdefghijklmnopqrstuvwxyz234567")
    is_key = len(parts) == 3 and parts[0] == "lz" and list(map(len, parts[1:])) == [12, 52] and set(parts[1] + parts[2]) <= alphabet
    assert key_id(text) == (parts[1] if is_key else None)
