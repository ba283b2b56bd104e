"""Depth of JSON is found without parsing it, as a parser would find it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from matcher.api.limits import is_deeper

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\ab,:一'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='[]{}"\\a'), inner, max_size=4),
    max_leaves=30,
)


def depth(value: Any) -> int:
    if isinstance(value, (list, dict)):
        return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)
    return 0


@given(JSON, st.integers(0, 6), st.booleans())
def test_depth_is_that_of_the_parsed_value(value: Any, most: int, escaped: bool) -> None:
    data = json.dumps(value, ensure_ascii=escaped).encode()
    assert is_deeper(data, most) == (depth(value) > most)


@given(st.binary(max_size=300) | st.text(alphabet='[]{}"\\', max_size=300).map(str.encode), st.integers(0, 5))
def test_what_is_no_json_is_looked_at_to_its_end(data: bytes, most: int) -> None:
    assert is_deeper(data, most) in (True, False)
    if data.count(b"[") + data.count(b"{") <= most:
        assert not is_deeper(data, most)


def test_bombs() -> None:
    assert is_deeper(b"[" * 8_000_000, 32)
    assert is_deeper(b'{"a":' * 1_000_000, 32)
    assert is_deeper(b"[" * 33 + b"]" * 33, 32)
    assert not is_deeper(b"[" * 32 + b"]" * 32, 32)
    assert not is_deeper(b"[" + b"[]," * 1_000_000 + b"[]]", 32)
    assert not is_deeper(b'["' + b"[" * 1_000_000 + b'"]', 32)
    assert is_deeper(b'["' + b"]" * 100 + b'",' + b"[" * 40, 32)
