"""Other words over texts that were read (换词重读): only the chains whose words changed are matched again.

A segment's affinities depend on the texts, on its own words and on those of the other segments of its chain, and on no other chain. So
columns of chains whose words stand as they stood are taken over, and the others are matched over the scopes' items and the names' parts,
which are the same for any words and are kept.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np

from matcher.intake import Companies
from matcher.matching.affinity import Texts
from matcher.matching.profiles import CHUNK, OF_SEGMENTS, ProfileReader, Profiles
from matcher.processes import in_chunks
from matcher.snapshot import read_of
from matcher.storage import collector_paused


class TextsRead:
    """The texts of some companies, cut into items and name parts (读好的文本); read when they are first asked for."""

    def __init__(self) -> None:
        self._parts: list[tuple[range, Texts]] = []

    def matched(
        self, companies: Companies, profiles: Profiles, old: ProfileReader, new: ProfileReader, processes: int = 1
    ) -> Profiles:
        """Profiles by other words (换词后的画像), as if ``new`` had read the companies.

        Args:
            companies: The same at every call.
            profiles: What they say by the words of ``old``.
            old: A reader over the same corpora.
            new: The reader of other segments.
            processes: Most processes used.
        """
        sources = _sources(old, new)
        changed = [number for number, source in enumerate(sources) if source < 0]
        kept = np.array([max(source, 0) for source in sources], dtype=np.int64)
        made = {name: getattr(profiles, name)[:, kept] for name in OF_SEGMENTS}
        if changed:
            if not self._parts:
                self._parts = in_chunks(lambda chunk: (chunk, _texts(old, companies, chunk)), len(companies), CHUNK, processes)
            reader = ProfileReader([new.segments[number] for number in changed], new.corpora)
            parts = self._parts
            found = in_chunks(lambda some: [reader.of_segments(parts[n][1]) for n in some], len(parts), 1, processes)
            for (rows, _), matrices in zip(parts, chain(*found), strict=True):
                for name in OF_SEGMENTS:
                    made[name][rows.start : rows.stop, changed] = matrices[name]
        return replace(profiles, **made)


@collector_paused()
def _texts(reader: ProfileReader, companies: Companies, chunk: range) -> Texts:
    return reader.texts(companies.take(chunk))[0]


def _sources(old: ProfileReader, new: ProfileReader) -> list[int]:
    """For each new segment, the old one of the same words in a chain of the same words, or -1."""
    chains: dict[str, dict[str | None, list[tuple[int, list[object]]]]] = {}
    for side, reader in (("old", old), ("new", new)):
        of_chain = chains.setdefault(side, {})
        for number, (segment, read) in enumerate(zip(reader.segments, read_of(reader.segments), strict=True)):
            of_chain.setdefault(segment.chain, []).append((number, read))
    sources = [-1] * len(new.segments)
    for name, members in chains["new"].items():
        before = chains["old"].get(name, [])
        if [read for _, read in before] == [read for _, read in members]:
            for (source, _), (number, _) in zip(before, members, strict=True):
                sources[number] = source
    return sources
