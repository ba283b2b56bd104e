"""One file → ranking (由文件直接排名): its texts are read while its further rows are still being taken out of the file.

``read_files`` and ``Engine.rank`` behind one another give the same, to the byte, and take all rows out of the file first, in one process.
Here a worker takes a piece of the file apart and finds at once what its rows bring to the lists, each row being taken for a company. What
turns out otherwise when all rows are there (rows of one company, codes that are not trusted, persons) is dropped or read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.engine import Engine
from matcher.intake import Intake
from matcher.intake.blocks import Block, BlockReader, Job, blocks_made
from matcher.intake.gathering import Packed, companies_in, gathered, packed
from matcher.intake.sources import look_over
from matcher.listing import Part
from matcher.matching.profiles import CHUNK
from matcher.processes import in_chunks
from matcher.runs import Request
from matcher.storage import collector_paused
from matcher.types import Ranking


class _Read(NamedTuple):
    """A block; ``part`` counts its rows that are of the request's cities, which stand at ``places``."""

    rows: Packed
    places: NDArray[np.int64]
    part: Part


def rank_file(engine: Engine, path: str | Path, request: Request, *, dated: date | None = None) -> tuple[Intake, Ranking]:
    """Reads a company file and ranks it (读入并排名).

    Args:
        engine: Of the zone.
        path: As ``read_files`` takes it.
        request: As in ``Engine.rank``.
        dated: As for ``read_files``.

    Returns:
        What ``read_files`` and ``Engine.rank`` return.

    Raises:
        InputError: The file cannot be read or holds no company.
        RequestError: The request names an unknown city, chain, group or need.
    """
    engine.check(request)
    source = look_over(path, engine.corpora)
    reader = BlockReader(replace(source, dated=dated), engine.corpora)

    def make(_job: Job, block: Block) -> _Read:
        companies = companies_in(block)
        chosen, places = engine.cities.chosen(companies, request.cities)
        return _Read(packed(block, companies), places, engine.part(chosen, request))

    engine.placer.prepare(reads=True)
    with collector_paused():
        read = [made for _, made in blocks_made(reader, make, engine.processes)]
        found = gathered(source, [one.rows for one in read], dated)
        every = found.intake.companies
        companies, places = engine.cities.chosen(every, request.cities)
        wanted = np.full(len(every), -1, dtype=np.int64)
        wanted[places] = np.arange(len(places))
        as_read = np.append(wanted, -1)  # a row that is none's first row has company -1
        as_read[found.changed] = -1
        again = found.changed[wanted[found.changed] >= 0]
        parts = _as_read(read, as_read[found.company])
        parts += _again(engine, found.intake, again, wanted[again], request)
        return found.intake, engine.ranked(found.intake, request, companies, places, _in_order(parts), None)


def _as_read(read: Sequence[_Read], company: NDArray[np.int64]) -> list[Part]:
    """What the blocks bring; ``company``: of each row its place among those of the request's cities, -1 to drop it."""
    first = np.cumsum([0, *(len(one.rows.like_persons) for one in read)]).tolist()
    return [one.part.renumbered(company[begin + one.places]) for one, begin in zip(read, first[:-1], strict=True)]


def _again(engine: Engine, intake: Intake, changed: NDArray[np.int64], company: NDArray[np.int64], request: Request) -> list[Part]:
    """What companies that are not as they were read bring."""
    if not len(changed):
        return []
    companies = intake.companies.take(changed)
    return in_chunks(
        lambda chunk: engine.part(companies.take(chunk), request).renumbered(company[chunk.start : chunk.stop]),
        len(changed),
        CHUNK,
        engine.processes,
    )


def _in_order(parts: Sequence[Part]) -> Part:
    """All parts by company, as if all had been read in order."""
    whole = Part.joined(parts)
    chains, beside = (side.take(np.argsort(side.company, kind="stable")) for side in (whole.of_chains, whole.beside))
    return Part(chains, beside, dict(sorted(whole.names.items())))
