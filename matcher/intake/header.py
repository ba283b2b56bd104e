"""The header of a table (表头): which line it is, what its columns are, in what unit its amounts stand.

Exports of 企查查, 天眼查 and the registers put titles and disclaimers above the header, let group titles stand over the column names
(two lines, cells merged), write the unit into the header, and give one field several columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matcher.text.normalise import normalise

HEADER_WITHIN = 20
"""Lines among which the header is looked for; titles and disclaimers stand above it (表头应在前几行内)."""
AMOUNTS = ("reg_capital_raw", "paid_capital_raw")
DATES = ("founded_date", "as_of")
_FINEST_FIRST = frozenset({"industry", "as_of"})
"""Fields whose several columns say different things: the order in ``columns.yaml`` decides, elsewhere the leftmost is first."""
_WITH_UNIT = re.compile(
    r"(?P<base>.+?)[(:/]?(?:单位:?)?(?P<unit>(?:人民币)?[百千]?[万亿]?(?:美|港|日|欧)?元(?:人民币)?|[万亿]|(?:万元?)?人民币(?:万元?)?|人)\)?"
)
_UNIT_ABOVE = re.compile(r"单位:?(?P<unit>(?:人民币)?[百千]?[万亿]?元)")
_LONGEST_WORD = 20  # characters; a longer cell is no name of a column


@dataclass(frozen=True)
class Header:
    """Where the header stands and what its columns are (表头).

    Attributes:
        place: Its last line among the lines looked at, from 0.
        columns: Field → places in a record; the first that is filled counts.
        units: Place → what a bare number there is an amount of, e.g. 万元.
        lines: The header's own lines as keys: a pasted page repeats them.
        words: How the company's column is called there, just as it is written.
        titles: What stood above it.
    """

    place: int
    width: int
    columns: dict[str, tuple[int, ...]]
    units: dict[int, str]
    lines: frozenset[tuple[str, ...]]
    words: frozenset[str]
    titles: frozenset[str]

    @property
    def name(self) -> int:
        """The column that names the company (企业名称列)."""
        return self.columns["name"][0]


def key(cell: str) -> str:
    """A header's cell as it is compared (表头写法的规范): half width, simplified, lower case, without spaces."""
    return normalise(cell).replace(" ", "").replace("\n", "").replace("\r", "")


def line_key(cells: Sequence[str]) -> tuple[str, ...]:
    """A line as it is compared with the header's (整行的规范)."""
    keys = [key(cell) for cell in cells]
    while keys and not keys[-1]:
        keys.pop()
    return tuple(keys)


def find_header(lines: Sequence[Sequence[str]], names: Mapping[str, str], wan: frozenset[str] = frozenset()) -> Header | None:
    """The first line with a column that names a company (找表头), joined with group titles above or a second line below it.

    Args:
        lines: The first lines of the file.
        names: Header as written → field.
        wan: Headers whose bare numbers are 万元 whatever they are called.
    """
    keyed = [line_key(cells) for cells in lines[: HEADER_WITHIN + 1]]
    for place, words in enumerate(keyed[:HEADER_WITHIN]):
        if not any(names.get(word) == "name" for word in words):
            continue
        below = keyed[place + 1] if place + 1 < len(keyed) else ()
        joined = _joined(words, below, names, downwards=True)
        if _is_second_line(words, below, joined, names):
            used, written = [place, place + 1], joined
        else:
            used, written = [place], _joined(keyed[place - 1] if place else (), words, names, downwards=False)
        above = [cell for line in keyed[: used[0]] for cell in line]
        unit = next((found["unit"] for found in map(_UNIT_ABOVE.search, above) if found), "")
        columns, units = _columns(written, names, wan, unit)
        titles = frozenset(cell.strip() for cells in lines[: used[0]] for cell in cells if cell.strip())
        width = max(len(lines[n]) for n in used)
        name = columns["name"][0]
        called = frozenset(lines[n][name] for n in used if name < len(lines[n])) - {""}
        return Header(used[-1], width, columns, units, frozenset(keyed[n] for n in used), called, titles)
    return None


def known_words(lines: Sequence[Sequence[str]], names: Mapping[str, str]) -> list[str]:
    """The line that looks most like a header (最像表头的一行), for a message; empty if none does.

    A line none of whose cells is a known name of a column, or that holds a digit, may be a company's: it must not be printed.
    """
    counts = [sum(field_of(key(cell), names)[0] is not None for cell in cells) for cells in lines[:HEADER_WITHIN]]
    best = max(range(len(counts)), key=counts.__getitem__, default=0)
    if not counts or not counts[best] or any(char.isdigit() for cell in lines[best] for char in cell):
        return []
    return [cell.strip()[:12] for cell in lines[best] if cell.strip()][:8]


def field_of(word: str, names: Mapping[str, str]) -> tuple[str | None, str]:
    """The field that a header's cell names, and the unit it states (字段与单位)."""
    found = _WITH_UNIT.fullmatch(word)
    if found:
        field = names.get(found["base"])
        if (field in AMOUNTS and found["unit"] != "人") or (field == "insured_count" and found["unit"] == "人"):
            return field, found["unit"] if field in AMOUNTS else ""
    return names.get(word), ""


def _joined(upper: Sequence[str], lower: Sequence[str], names: Mapping[str, str], *, downwards: bool) -> list[str]:
    """Column names of two lines: 国标行业 over 门类 is 国标行业门类; ``downwards``: an upper cell over nothing is merged down."""
    written, group = [], ""
    for place in range(max(len(upper), len(lower))):
        up = upper[place] if place < len(upper) else ""
        low = lower[place] if place < len(lower) else ""
        group = up or group  # a title merged across stands in its first cell
        if not low:
            written.append(up if downwards else "")
        else:
            written.append(group + low if field_of(group + low, names)[0] else low)
    return written


def _is_second_line(words: Sequence[str], below: Sequence[str], joined: Sequence[str], names: Mapping[str, str]) -> bool:
    """Whether ``below`` goes on with the header: it names more columns, and the company's name has no cell of its own in it."""
    name = next(place for place, word in enumerate(words) if names.get(word) == "name")
    if (below[name] if name < len(below) else "") not in ("", words[name]):
        return False
    if any(len(word) > _LONGEST_WORD or any(map(str.isdigit, word)) for word in below):
        return False
    return _known(joined, names) > _known(words, names)


def _known(words: Sequence[str], names: Mapping[str, str]) -> int:
    return sum(field_of(word, names)[0] is not None for word in words)


def _columns(
    written: Sequence[str], names: Mapping[str, str], wan: frozenset[str], unit_above: str
) -> tuple[dict[str, tuple[int, ...]], dict[int, str]]:
    places: dict[str, list[int]] = {}
    units: dict[int, str] = {}
    for place, word in enumerate(written):
        field, unit = field_of(word, names)
        if field is None:
            continue
        places.setdefault(field, []).append(place)
        if field in AMOUNTS and (unit or word in wan or unit_above):
            units[place] = unit or ("万元" if word in wan else unit_above)
    rank = {word: number for number, word in enumerate(names)}
    for field in _FINEST_FIRST & places.keys():
        places[field].sort(key=lambda place: (rank.get(written[place], len(rank)), place))
    return {field: tuple(found) for field, found in places.items()}, units
