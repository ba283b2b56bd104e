"""A workbook as text, read in a process of its own (工作簿读取进程); run by path, imports nothing of the project.

The reading library may end the whole process: two cells far apart make it ask for half a terabyte, and some damaged .xls files make it
abort. Here that costs this process only, within a limit of memory and time. Macros, links and formulas are never followed: the library
reads the values that the spreadsheet program stored.

Standard input: a line with the number of bytes, the workbook, then commands, one a line. Standard output: JSON, one line an answer.
``sheets`` lists them, ``head N`` gives the first lines of sheet N, ``rest`` the lines after those until ``null``.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

MOST_MEMORY = 4 * 1024**3
"""Address space of the process (内存上限): 800,000 rows of registry text in nine columns take 1.7 GB."""
MOST_SECONDS, MOST_SECONDS_PER_MB = 20, 5
"""Processor time (时间上限), for any file and for each megabyte of it: one megabyte takes 0.1 to 0.2 s."""
HEAD = 24
"""Lines in which the header and what belongs to it are looked for (开头行数)."""
_BATCH = 4000
_MOST_MERGES = 200_000  # merged ranges beyond which none is filled: no table made by people has so many


def shown(value: Any) -> str:
    """A cell's value as the text that a person sees (单元格的文本): 5000.0 is 5000, a date ISO, TRUE 是.

    A number of 16 digits or more is given with its exponent: a spreadsheet keeps 15, the others are not what was once typed.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:.15g}" if abs(value) < 1e15 else f"{value:.14E}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds") if value.time() != time() else value.date().isoformat()
    return value.isoformat() if isinstance(value, (date, time)) else "" if value is None else str(value)


def lines_of(sheet: CalamineSheet) -> list[list[str]]:
    """A sheet as text from its first row and column on (一张表的文本).

    A range merged down says the same of all its rows. One merged over half of the sheet or more is a title: it fills the line, so that it
    cannot be taken for a company; a narrower one is no other column's cell.
    """
    lines = [[cell if type(cell) is str else shown(cell) for cell in row] for row in sheet.iter_rows()]
    ranges = sheet.merged_cell_ranges or []
    if not lines or len(ranges) > _MOST_MERGES:
        return lines
    for (top, left), (bottom, right) in ranges:
        if top >= len(lines) or left >= len(lines[top]):
            continue
        text, width = lines[top][left], len(lines[top])
        last = right if right - left + 1 >= width / 2 else left
        for line in lines[top : bottom + 1] if text else ():
            for place in range(left, min(last + 1, len(line))):
                line[place] = line[place] or text
    return lines


def answers(book: CalamineWorkbook, commands: Iterator[str]) -> Iterator[Any]:
    """What each command asks for (应答)."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    seen = [sheet for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    names = [sheet.name for sheet in seen if sheet.typ == SheetTypeEnum.WorkSheet]
    rest: list[list[str]] = []
    for command in commands:
        verb, _, number = command.strip().partition(" ")
        if verb == "sheets":
            yield names
        elif verb == "head":
            lines = lines_of(book.get_sheet_by_name(names[int(number)]))
            yield lines[:HEAD]
            rest = lines[HEAD:]
        else:
            for start in range(0, len(rest), _BATCH):
                yield rest[start : start + _BATCH]
            yield None


def main() -> None:
    """Serves one workbook until the commands end."""
    given, out = sys.stdin.buffer, sys.stdout.buffer
    size = int(given.readline())
    with contextlib.suppress(ImportError, ValueError, OSError):  # a system without such limits
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        seconds = MOST_SECONDS + MOST_SECONDS_PER_MB * (size >> 20)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    content = BytesIO(given.read(size))
    try:
        book = CalamineWorkbook.from_filelike(content)
        for answer in answers(book, (line.decode() for line in given)):
            out.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            out.flush()
    except PasswordError:
        raise SystemExit(3) from None
    except (CalamineError, ValueError, OSError):
        raise SystemExit(4) from None
    except MemoryError:
        raise SystemExit(5) from None


if __name__ == "__main__":
    main()
