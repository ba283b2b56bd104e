"""Companies that follow one another, by columns (一段企业): as they are written, and what nearly all builds do with them, many at a time.

A newer row over a company that was there is what a month's file is made of. What ``members.merged`` makes of any rows, one company after
the other, ``renewed`` makes of these alone, and ``is_renewal`` tells which they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import NUMBER_COLUMNS
from matcher.snapshot.members import FIELDS, NOBODY, NUMBERS, Member, Origin, content_of, nothing_in

OWN = ("file", "row", "as_of")
"""Of a row, beside its values (行的出处)."""


class Origins(NamedTuple):
    """The rows of companies of more than one (来源).

    Attributes:
        place: Where these companies stand, ascending.
        many: How many rows each has.
        rows: ``Origin`` of each row of the first, then of the second, …
        choice: Of each company, for each field the number of its origin, or ``NOBODY``.
    """

    place: NDArray[np.int64]
    many: NDArray[np.int64]
    rows: NDArray[np.int64]
    choice: NDArray[np.int64]

    @classmethod
    def of(cls, place: Any, many: Any, rows: Any, choice: Any) -> Origins:
        """From whatever holds them; of nothing, too."""
        given = [np.asarray(values, dtype=np.int64) for values in (place, many, rows, choice)]
        return cls(given[0], given[1], given[2].reshape(-1, len(Origin._fields)), given[3].reshape(-1, len(FIELDS)))


@dataclass(frozen=True)
class Window:
    """Some companies (一段企业).

    Attributes:
        texts: Of ``TEXT_FIELDS``.
        numbers: Of ``NUMBER_COLUMNS``; ``file``, ``row`` and ``as_of`` are the first origin's.
        origins: Of those of more than one row.
    """

    texts: dict[str, Sequence[str]]
    numbers: dict[str, NDArray[np.int64]]
    origins: Origins

    def __len__(self) -> int:
        return len(self.numbers["row"])

    def take(self, places: NDArray[np.int64]) -> Window:
        """Some of them, in that order (选取)."""
        at = places.tolist()
        texts: dict[str, Sequence[str]] = {field: [cells[place] for place in at] for field, cells in self.texts.items()}
        numbers = {name: column[places] for name, column in self.numbers.items()}
        number = np.full(len(self), -1)
        number[self.origins.place] = np.arange(len(self.origins.place))
        several = np.flatnonzero(number[places] >= 0)
        chosen = number[places[several]]
        count = self.origins.many[chosen]
        rows = self.origins.rows[spread(np.cumsum(self.origins.many)[chosen] - count, count)]
        return Window(texts, numbers, Origins(several, count, rows, self.origins.choice[chosen]))


def joined(parts: Sequence[tuple[NDArray[np.int64], Window]]) -> Window:
    """Companies of several windows, each with the places of its own (合并各段)."""
    sizes = np.cumsum([0, *(len(part) for _, part in parts)])[:-1].tolist()
    texts: dict[str, Sequence[str]] = {
        field: [*chain.from_iterable(part.texts[field] for _, part in parts)] for field in TEXT_FIELDS
    }
    numbers = {name: np.concatenate([part.numbers[name] for _, part in parts]) for name in NUMBER_COLUMNS}
    origins = [part.origins._replace(place=part.origins.place + size) for (_, part), size in zip(parts, sizes, strict=True)]
    whole = Window(texts, numbers, Origins(*(np.concatenate(columns) for columns in zip(*origins, strict=True))))
    order = np.concatenate([places for places, _ in parts])
    return whole if (order[1:] > order[:-1]).all() else whole.take(np.argsort(order))


def of_cells(cells: Sequence[Sequence[str]], own: NDArray[np.int64]) -> Window:
    """Staged rows (暂存的行).

    Args:
        cells: As ``Staged.cells`` tells them.
        own: Their ``OWN``, a row of the array each.
    """
    names = (*FIELDS, "code_ok")
    columns = dict(zip(names, zip(*cells, strict=True), strict=True)) if cells else dict.fromkeys(names, ())
    numbers = dict(zip(OWN, own, strict=True))
    numbers |= {name: np.fromiter(map(int, columns[name]), np.int64, len(cells)) for name in (*NUMBERS, "code_ok")}
    return Window({field: columns[field] for field in TEXT_FIELDS}, numbers, Origins.of((), (), (), ()))


def of_members(members: Sequence[Member]) -> Window:
    """Companies that were merged one by one (逐家归并的企业)."""
    values = list(zip(*(member.values for member in members), strict=True)) or [()] * len(FIELDS)
    columns = dict(zip(FIELDS, values, strict=True))
    numbers = {name: np.array(columns[name], dtype=np.int64) for name in NUMBERS}
    numbers |= {name: np.array([getattr(one, name) for one in members], dtype=np.int64) for name in (*OWN, "code_ok")}
    several = [(place, one) for place, one in enumerate(members) if len(one.origins) > 1]
    origins = Origins.of(
        [place for place, _ in several],
        [len(one.origins) for _, one in several],
        list(chain.from_iterable(one.origins for _, one in several)),
        [one.choice for _, one in several],
    )
    return Window({field: [str(cell) for cell in columns[field]] for field in TEXT_FIELDS}, numbers, origins)


def is_renewal(old: Window, new: Window) -> NDArray[np.bool_]:
    """Where a later row of the same name stands over a company, and nobody tells of former names (是否只是更新的一行)."""
    same = np.fromiter(map(str.__eq__, old.texts["name"], new.texts["name"]), np.bool_, len(old))
    told = (old.texts["former_names"], new.texts["former_names"])
    former = np.fromiter((bool(one or other) for one, other in zip(*told, strict=True)), np.bool_, len(old))
    return same & ~former & (new.numbers["as_of"] > old.numbers["as_of"])


def renewed(old: Window, new: Window) -> Window:
    """Each company with a later row over it (更新): what the row lacks is as it was; ``is_renewal`` of all."""
    texts: dict[str, Sequence[str]] = {
        field: [one or other for one, other in zip(new.texts[field], old.texts[field], strict=True)] for field in TEXT_FIELDS
    }
    numbers = {name: new.numbers[name] for name in (*OWN, "code_ok")}
    for name in NUMBERS:
        numbers[name] = np.where(new.numbers[name] != nothing_in(name), new.numbers[name], old.numbers[name])
    before = _all_origins(old)
    count = before.many + 1
    first = np.cumsum(count) - count
    rows = np.empty((int(count.sum()), len(Origin._fields)), dtype=np.int64)
    rows[first] = _origins(new)
    rows[spread(first + 1, before.many)] = before.rows
    choice = np.where(_filled(new), 0, np.where(before.choice == NOBODY, NOBODY, before.choice + 1))
    return Window(texts, numbers, Origins(np.arange(len(old)), count, rows, choice))


def _all_origins(window: Window) -> Origins:
    """Of all companies, also those of a single row."""
    count = np.ones(len(window), dtype=np.int64)
    count[window.origins.place] = window.origins.many
    single = np.ones(len(window), dtype=np.bool_)
    single[window.origins.place] = False
    first = np.cumsum(count) - count
    rows = np.empty((int(count.sum()), len(Origin._fields)), dtype=np.int64)
    rows[first[single]] = _origins(window.take(np.flatnonzero(single)))
    rows[spread(first[window.origins.place], window.origins.many)] = window.origins.rows
    choice = np.where(_filled(window), 0, NOBODY)
    choice[window.origins.place] = window.origins.choice
    return Origins(np.arange(len(window)), count, rows, choice)


def _origins(window: Window) -> NDArray[np.int64]:
    """The origin of each of these rows."""
    numbers = [window.numbers[name].tolist() for name in (*NUMBERS, "as_of")]
    cells = zip(*(window.texts[field] for field in TEXT_FIELDS), strict=True)
    told = [content_of(texts, *rest) for texts, *rest in zip(cells, *numbers, strict=True)]
    emptiness, content = np.array(told, dtype=np.int64).reshape(-1, 2).T
    return np.stack([-window.numbers["as_of"], emptiness, content, window.numbers["file"], window.numbers["row"]], axis=1)


def _filled(window: Window) -> NDArray[np.bool_]:
    """Which fields each of the companies has (companies × ``FIELDS``)."""
    texts = [np.fromiter(map(bool, window.texts[field]), np.bool_, len(window)) for field in TEXT_FIELDS]
    return np.stack([*texts, *(window.numbers[name] != nothing_in(name) for name in NUMBERS)], axis=1)


def spread(first: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """``first``, ``first + 1``, … of each, so many as it has (逐段展开)."""
    ends = np.cumsum(count)
    return np.repeat(first - ends + count, count) + np.arange(int(ends[-1]) if len(ends) else 0)
