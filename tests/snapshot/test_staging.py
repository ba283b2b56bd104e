"""What the program's own reading is known by: the versions of all that takes part, not only of what scores."""

from __future__ import annotations

import platform
import unicodedata
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import pytest

from matcher.snapshot import staging
from matcher.snapshot.staging import code_digest


@pytest.fixture(autouse=True)
def computed_anew() -> Iterator[None]:
    code_digest.cache_clear()
    yield
    code_digest.cache_clear()


@pytest.mark.parametrize("library", ["pyarrow", "python-calamine"])
def test_another_version_of_a_reader_of_files_is_another_reading(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_digest()
    code_digest.cache_clear()
    assert code_digest() == before
    code_digest.cache_clear()
    monkeypatch.setattr(staging, "version", lambda name: "another" if name == library else version(name))
    assert code_digest() != before


def test_another_unicode_is_another_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_digest()
    code_digest.cache_clear()
    monkeypatch.setattr(unicodedata, "unidata_version", "3.2.0")
    assert code_digest() != before


def test_another_python_is_another_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_digest()
    code_digest.cache_clear()
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    assert code_digest() != before


def test_a_library_that_is_not_there_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(staging, "version", absent)
    assert len(code_digest()) == 64
