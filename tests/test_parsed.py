"""Parsed files that an earlier run left: the same content with, without, with spoilt and with outdated ones; never an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher import parsed
from matcher.corpora import Corpora
from matcher.errors import RulesError
from matcher.parsed import parsed_before
from matcher.rules import load_zone
from matcher.rules.source import _content
from tests.conftest import ZONE

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(PLAIN, inner), max_leaves=20)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where texts are kept: nowhere yet, and this process remembers none."""
    monkeypatch.setenv("LIANZHAO_HOME", str(tmp_path / "home"))
    _content.cache_clear()
    yield tmp_path / "home" / "parsed"
    _content.cache_clear()


def never() -> object:
    raise AssertionError("parsed again")


def read_all() -> object:
    """What a start reads: the zone, and what YAML the corpora hold."""
    _content.cache_clear()
    corpora = Corpora()
    zone = load_zone(ZONE, corpora)
    return zone, corpora.reading, corpora.marks, corpora.known_groups, corpora.rates, corpora.column_names, corpora.statuses


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES)
def test_what_is_kept_is_what_was_parsed(value: object) -> None:
    text = repr(value).encode("utf-8", "surrogatepass")
    parsed_before(text, __file__, lambda: value)
    again = parsed_before(text, __file__, lambda: value)
    assert again == value
    assert repr(again) == repr(value)  # 1 is not True, nor 1.0


@pytest.mark.parametrize("value", [{1: "a", "b": [date(2024, 8, 27), None]}, {}, [], None, {"\0": {"\0": 1}}, {True: 1, 0: {}}])
def test_it_is_not_parsed_again(value: object) -> None:
    parsed_before(b"text", __file__, lambda: value)
    assert parsed_before(b"text", __file__, never) == value


@pytest.mark.parametrize("value", [{(1, 2): 3}, b"bytes", {1, 2}, "\ud800", [object]])
def test_what_json_cannot_tell_is_parsed_every_time(value: object, place: Path) -> None:
    for _ in range(2):
        assert parsed_before(b"text", __file__, lambda: value) == value
    assert not place.exists() or not list(place.iterdir())


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _flipped(file: Path) -> None:
    found = bytearray(file.read_bytes())
    found[len(found) * 3 // 4] ^= 1
    file.write_bytes(bytes(found))


def _no_json(file: Path) -> None:
    body = b'{"a": '
    file.write_bytes(parsed._checksum(body) + b"\n" + body)


def _unhashable(file: Path) -> None:
    body = b'{"\\u0000": [[[1], 2]]}'
    file.write_bytes(parsed._checksum(body) + b"\n" + body)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


SPOILT = [_emptied, _cut, _flipped, _no_json, _unhashable, _folder]


@pytest.mark.slow
@pytest.mark.parametrize("spoil", SPOILT)
def test_a_zone_is_the_same_however_much_of_it_was_kept(spoil: Callable[[Path], None], place: Path) -> None:
    without = read_all()
    kept = sorted(place.iterdir())
    assert len(kept) > 10
    assert read_all() == without
    for file in kept:
        spoil(file)
    assert read_all() == without
    assert spoil is _folder or read_all() == without  # mended


def test_another_version_of_the_code_parses_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed_before(b"text", __file__, lambda: "old")
    assert parsed_before(b"text", parsed.__file__, lambda: "another reader") == "another reader"
    assert parsed_before(b"other text", __file__, lambda: "another text") == "another text"
    monkeypatch.setattr(parsed, "_version", lambda _: "changed code")
    assert parsed_before(b"text", __file__, lambda: "new") == "new"


def test_a_place_that_cannot_be_written_is_no_matter(place: Path) -> None:
    place.parent.write_text("a file, not a folder")
    for _ in range(2):
        assert parsed_before(b"text", __file__, lambda: {"a": 1}) == {"a": 1}
    assert place.parent.read_text() == "a file, not a folder"


def test_mistakes_are_told_every_time_and_nothing_is_kept_of_them(tmp_path: Path, place: Path) -> None:
    zone = tmp_path / "rules" / "z"
    zone.mkdir(parents=True)
    (zone / "zone.yaml").write_text("id: z\nid: z\n", encoding="utf-8")
    told = []
    for _ in range(2):
        _content.cache_clear()
        with pytest.raises(RulesError) as error:
            load_zone("z", Corpora(), tmp_path / "rules")
        told.append(str(error.value))
    assert told[0] == told[1]
    assert "写了两次" in told[0]
    assert not any("id: z" in file.read_text(encoding="utf-8") for file in (place.iterdir() if place.exists() else ()))


def test_the_oldest_go_when_there_are_many(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(parsed, "MOST", 10)
    for number in range(25):
        parsed_before(str(number).encode(), __file__, lambda number=number: number)  # type: ignore[misc]
        assert len(list(place.iterdir())) <= 10
    assert parsed_before(b"24", __file__, never) == 24
