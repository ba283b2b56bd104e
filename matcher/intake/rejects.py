"""Records that were not taken in (拒收), told by place and reason and never by what they hold."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matcher.storage import whole_file


@dataclass(frozen=True)
class Reject:
    """A record that was not taken in (拒收); it never holds the cell's content, which may be a person's name.

    Attributes:
        source: Number of the file among those read.
        file: Its name.
        row: Spreadsheet row.
        field: The column at fault.
        reason: What was expected.
    """

    source: int
    file: str
    row: int
    field: str
    reason: str


def write_rejects(rejects: Iterable[Reject], path: Path) -> None:
    """Writes ``file,row,field,reason``, whole or not at all (写拒收清单)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, bom=True) as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "row", "field", "reason"])
        for reject in rejects:
            file = f"'{reject.file}" if reject.file.startswith(("=", "+", "-", "@")) else reject.file
            writer.writerow([file, reject.row, reject.field, reject.reason])
