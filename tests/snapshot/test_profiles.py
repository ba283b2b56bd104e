"""Profiles kept on disk are those of a full read, to the byte, and a ranking from a snapshot is that of the files.

After a change of some rows only these are read again; a cache that is damaged or of other rules is not trusted.
"""

from __future__ import annotations

import csv
import dataclasses
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.intake import read_files
from matcher.matching.families import FamilyFinder
from matcher.matching.profiles import ProfileReader
from matcher.rules.zone import SegmentSpec
from matcher.runs import Request
from matcher.snapshot import Snapshot, open_current, open_profiles
from matcher.snapshot import profiles as module
from matcher.snapshot.profiles import READ_OF_SEGMENT, key_of
from matcher.snapshot.write import READ_FIELDS
from tests.snapshot.small import built, profile_bytes, tree, unsynced

pytestmark = pytest.mark.slow

AS_OF = date(2024, 8, 27)


@pytest.fixture(scope="module")
def sample(corpora: Corpora) -> list[dict[str, str]]:
    with corpora.sample.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def save(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, engine: Engine, sample: list[dict[str, str]]) -> tuple[Path, Path]:
    """A home with a snapshot of the sample, and its file."""
    folder = tmp_path_factory.mktemp("first")
    file = save(folder / "a.csv", sample)
    with unsynced():
        made = built(folder / "home", engine.corpora, file, readers={"z": engine.reader})
    assert made.reread == {"z": len(made.snapshot)}
    return folder / "home", file


def opened(home: Path) -> Snapshot:
    snapshot = open_current(home)
    assert snapshot is not None
    return snapshot


def test_cached_profiles_are_those_of_a_full_read(first: tuple[Path, Path], engine: Engine) -> None:
    snapshot = opened(first[0])
    cache = open_profiles(first[0], snapshot, engine.reader)
    assert cache is not None
    whole = engine.reader.read(read_files([first[1]], engine.corpora).companies)
    assert whole.affinity.any() and whole.named.any() and len(np.unique(whole.mode)) > 3
    everywhere = np.arange(len(snapshot))
    assert profile_bytes(cache.take(everywhere)) == profile_bytes(whole)
    some = np.array([5, 3, 3, len(snapshot) - 1])
    assert profile_bytes(cache.take(some)) == profile_bytes(engine.reader.read(snapshot.companies.take(some)))
    assert len(cache.take(everywhere[:0])) == 0


def requests() -> Iterator[Request]:
    yield Request(AS_OF, top=700)
    yield Request(AS_OF, cities=("青岛", "杭州"), top=50)
    yield Request(AS_OF, chains=("culture-tourism",), need="complement", top=50)


@pytest.mark.parametrize("request_", list(requests()), ids=["all", "cities", "chain"])
@pytest.mark.parametrize("cached", [True, False])
def test_ranking_from_a_snapshot_is_that_of_the_files(
    tmp_path: Path, engine: Engine, sample: list[dict[str, str]], request_: Request, cached: bool
) -> None:
    """With companies of several files that merge, and some without a code."""
    older = [{**row, "as_of": "2018-01-01", "main_products": row["main_products"][:9]} for row in sample[100:300]]
    nameless = [{**row, "uscc": ""} for row in sample[::9]]
    less = [{**row, "main_products": "", "reg_capital_raw": ""} for row in sample[200:400]]
    files = [save(tmp_path / f"{n}.csv", rows) for n, rows in enumerate((sample[:500], older, nameless, less))]
    with unsynced(BLOCK_ROWS=90):
        made = built(tmp_path / "home", engine.corpora, *files, readers={"z": engine.reader} if cached else {})
    assert made.merged > 200
    known = open_profiles(tmp_path / "home", made.snapshot, engine.reader)
    assert (known is not None) is cached
    found = engine.rank(made.snapshot.intake(), request_, known)
    wanted = engine.rank(read_files(files, engine.corpora), request_)
    assert len(wanted.results) > 10
    assert found.run.snapshot == made.snapshot.version
    assert repr(dataclasses.replace(found, run=wanted.run)) == repr(wanted)


def test_what_was_read_before_a_build_stopped_is_not_read_again(
    tmp_path: Path, engine: Engine, first: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for a part that is damaged; the profiles are the same to the byte, and nothing is left of the stage."""
    monkeypatch.setattr(module, "_WINDOW", 100)
    home, whole = tmp_path / "home", opened(first[0])

    def stop(_what: str, rows: int) -> None:
        if _what.startswith("读文本") and rows == 400:
            raise KeyboardInterrupt

    with unsynced():
        with pytest.raises(KeyboardInterrupt):
            built(home, engine.corpora, first[1], readers={"z": engine.reader}, tell=stop)
        kept = sorted((home / "building").glob("profiles-*/*"))
        assert [part.name for part in kept] == ["0-100", "100-100", "200-100", "300-100"]
        damaged = kept[1] / "affinity.bin"
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x7f")
        (kept[2] / "meta.json").unlink()
        dead = home / "profiles" / whole.version / ".new-dead"  # of a build that was killed
        dead.mkdir()
        made = built(home, engine.corpora, first[1], readers={"z": engine.reader})
    assert made.reread == {"z": len(whole) - 200}
    assert not dead.exists()
    assert made.snapshot.version == whole.version
    assert [entry.name for entry in (home / "building").iterdir()] == ["lock"]
    found, wanted = open_profiles(home, made.snapshot, engine.reader), open_profiles(first[0], whole, engine.reader)
    assert found is not None and wanted is not None
    everywhere = np.arange(len(whole))
    assert profile_bytes(found.take(everywhere)) == profile_bytes(wanted.take(everywhere))
    assert tree(home / "profiles") == tree(first[0] / "profiles")


def test_the_number_of_processes_changes_no_byte(
    tmp_path: Path, engine: Engine, sample: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do windows, whether companies are read or known from an earlier snapshot."""
    before = save(tmp_path / "a.csv", sample[::2])
    after = save(tmp_path / "b.csv", [{**row, "as_of": "2026-01-01"} for row in sample])
    found = []
    for window, processes in ((20_000, 1), (100, 1), (100, 2), (70, 3)):
        monkeypatch.setattr(module, "_WINDOW", window)
        monkeypatch.setattr(module, "_LEAST", 10)
        home = tmp_path / f"{window}-{processes}"
        told: list[int] = []
        with unsynced():
            built(home, engine.corpora, before, readers={"z": engine.reader}, processes=processes)
            made = built(
                home, engine.corpora, after, add=True, readers={"z": engine.reader}, processes=processes,
                tell=lambda what, rows, told=told: told.append(rows) if what.startswith("读文本") else None,
            )  # fmt: skip
        assert 0 < made.reread["z"] < len(made.snapshot)
        assert told == sorted(set(told)) and told[-1] == len(made.snapshot)
        assert (len(told) > 2) == (window < len(sample))
        found.append(tree(home / "profiles"))
    assert len(found[0]) > 40
    assert all(other == found[0] for other in found)


def test_only_changed_rows_are_read_again(
    tmp_path: Path, engine: Engine, sample: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WINDOW", 100)
    chance = random.Random(1)
    changed = set(chance.sample(range(len(sample)), 7))
    later = [{**row, "main_products": "积木制造"} if n in changed else row for n, row in enumerate(sample)]
    later = [{**row, "as_of": "2026-01-01", "reg_capital_raw": "1万元", "address": "别处"} for row in later]  # no texts
    chance.shuffle(later)
    home = tmp_path / "home"
    with unsynced():
        built(home, engine.corpora, save(tmp_path / "a.csv", sample), readers={"z": engine.reader})
        made = built(home, engine.corpora, save(tmp_path / "b.csv", later), add=True, readers={"z": engine.reader})
        alone = built(tmp_path / "alone", engine.corpora, tmp_path / "a.csv", tmp_path / "b.csv", readers={"z": engine.reader})
    assert made.reread == {"z": 7}
    assert alone.reread == {"z": len(sample)} == {"z": len(made.snapshot)}
    caches = [open_profiles(place, made.snapshot, engine.reader) for place in (home, tmp_path / "alone")]
    found, wanted = (profile_bytes(cache.take(np.arange(len(sample)))) for cache in caches if cache is not None)
    assert found == wanted == profile_bytes(engine.reader.read(made.snapshot.companies))
    assert tree(home / "profiles" / made.snapshot.version) == tree(tmp_path / "alone" / "profiles" / made.snapshot.version)


def test_a_damaged_cache_is_read_again(tmp_path: Path, engine: Engine, sample: list[dict[str, str]]) -> None:
    home, file = tmp_path / "home", save(tmp_path / "a.csv", sample[:40])
    with unsynced():
        snapshot = built(home, engine.corpora, file, readers={"z": engine.reader}).snapshot
    files = sorted((home / "profiles").rglob("*.bin")) + list((home / "profiles").rglob("meta.json"))
    assert len(files) > 20
    for path in files:
        whole = path.read_bytes()
        for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]) if whole else b"x", b""):
            if damaged == whole:
                continue
            path.write_bytes(damaged)
            assert open_profiles(home, snapshot, engine.reader) is None, path.name
        path.write_bytes(whole)
    assert open_profiles(home, snapshot, engine.reader) is not None
    files[0].unlink()
    with unsynced():
        made = built(home, engine.corpora, add=True, readers={"z": engine.reader})
    assert made.reread == {"z": len(snapshot)}
    assert open_profiles(home, snapshot, engine.reader) is not None


def test_other_rules_or_corpora_are_another_cache(
    first: tuple[Path, Path], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments = list(engine.zone.segments)
    same = key_of(engine.reader)
    costlier = [dataclasses.replace(segments[0], priority=1, need="extend", presence="有"), *segments[1:]]
    assert key_of(ProfileReader(costlier, engine.corpora)) == same
    other = [dataclasses.replace(segments[0], terms=segments[0].terms[1:]), *segments[1:]]
    assert key_of(ProfileReader(other, engine.corpora)) != same
    assert open_profiles(first[0], opened(first[0]), ProfileReader(other, engine.corpora)) is None
    monkeypatch.setattr(module, "code_digest", lambda: "another version of the program")
    assert key_of(engine.reader) != same


class Watched(SegmentSpec):
    seen: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> object:
        Watched.seen.add(name)
        return super().__getattribute__(name)


class WatchedTexts(dict[str, list[str]]):
    def __init__(self, texts: Mapping[str, list[str]]) -> None:
        super().__init__(texts)
        self.seen: set[str] = set()

    def __getitem__(self, field: str) -> list[str]:
        self.seen.add(field)
        return super().__getitem__(field)


def test_what_is_digested_is_what_is_read(engine: Engine, corpora: Corpora) -> None:
    """Of a company and of a segment: nothing that the reader looks at is missing in the digests, and nothing is there for naught."""
    companies = read_files([corpora.sample], corpora).companies.take(range(200))
    texts = WatchedTexts({field: list(cells) for field, cells in companies.text.items()})
    watched = [Watched(**{field.name: getattr(s, field.name) for field in dataclasses.fields(s)}) for s in engine.zone.segments]
    Watched.seen.clear()
    reader = ProfileReader(watched, corpora)
    reader.details(dataclasses.replace(companies, text=texts))
    assert texts.seen == set(READ_FIELDS)
    assert {name for name in Watched.seen if not name.startswith("__")} == set(READ_OF_SEGMENT)


def test_groups_names_are_kept_as_they_are_read(first: tuple[Path, Path], engine: Engine) -> None:
    """And lists of cities, for which only groups near them are looked at, are those of the file, by whatever way the names came."""
    home, file = first
    snapshot = open_current(home)
    assert snapshot is not None
    cache = open_profiles(home, snapshot, engine.reader)
    assert cache is not None
    kept, plain = cache.groups, FamilyFinder(snapshot.companies, engine.corpora).groups
    everybody = np.arange(len(plain))
    assert kept.place.tolist() == plain.place.tolist()
    assert kept.parts(everybody) == plain.parts(everybody)
    assert (kept.begin.tolist(), kept.known.tolist()) == (plain.begin.tolist(), plain.known.tolist())
    assert len(plain) > 10
    intake = read_files([file], engine.corpora)
    for cities in ((), ("青岛",), ("杭州", "绍兴")):
        request = Request(as_of=AS_OF, top=60, cities=cities)
        ranked = engine.rank(intake, request)
        for known in (cache, cache.take(np.arange(len(snapshot))), None):
            again = engine.rank(snapshot.intake(), request, known)
            assert [replace(one, row=0) for one in again.results] == [replace(one, row=0) for one in ranked.results]
            assert (again.folded, again.vetoed, again.considered) == (ranked.folded, ranked.vetoed, ranked.considered)
