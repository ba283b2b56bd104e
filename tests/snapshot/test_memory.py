"""Building does not take the file into memory: four times the rows take no more than the few bytes of each that are kept.

So it is with the workers that read texts, once each takes few companies at a time, as any takes 20,000 of a large file.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.snapshot.small import HEADER, code

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss 的单位各系统不同")]
ROWS = 40_000
KEPT = 150
"""Bytes of a row in memory, as docs/snapshots.md has them."""
SLACK = 24 << 20
"""What allocators keep, and buffers that the smaller file does not fill."""
_WORDS = (
    "拖拉机制造",
    "蔬菜种植",
    "软件开发",
    "医疗器械销售",
    "会议服务",
    "货物进出口",
    "糕点加工",
    "体育场馆经营",
    "速冻食品生产",
    "种子生产",
)
_BUILD = """
import json, resource, sys
from pathlib import Path
from matcher.engine import Engine
from matcher.snapshot import build
engine = Engine("liaocheng-resort", processes=2)
made = build([Path(sys.argv[1])], engine.corpora, Path(sys.argv[2]), readers={}, processes=2)
print(json.dumps([len(made.snapshot), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10]))
"""

_READ = """
import json, resource, sys
from pathlib import Path
from matcher.intake import pieces
from matcher.matching import profiles as reading
from matcher.snapshot import profiles as kept, write
pieces.BLOCK_ROWS = write._WINDOW = kept._WINDOW = reading.CHUNK = int(sys.argv[3])
from matcher.engine import Engine
from matcher.snapshot import build
engine = Engine("liaocheng-resort", processes=2)
made = build([Path(sys.argv[1])], engine.corpora, Path(sys.argv[2]), readers={"z": engine.reader}, processes=2)
print(json.dumps([len(made.snapshot), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10]))
"""
READ_ROWS, AT_ONCE = 6_000, 1_500


def _written(path: Path, count: int, words: int = 40) -> Path:
    """Companies of codes and names of their own, with long scopes."""
    choose = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as stream:
        sheet = csv.DictWriter(stream, HEADER, restval="")
        sheet.writeheader()
        for number in range(count):
            name = f"青岛{chr(0x4E00 + number % 20_000)}{chr(0x4E00 + number // 7 % 20_000)}{choose.choice(_WORDS)[:2]}有限公司"
            scope = "；".join(choose.choices(_WORDS, k=words))
            sheet.writerow({"企业名称": name, "统一社会信用代码": code(number), "经营范围": scope, "所属城市": "青岛市"})
    return path


def _peak(folder: Path, count: int, program: str = _BUILD, words: int = 40, *given: str) -> int:
    """Most bytes that the building process, or its largest worker, had at once, as the operating system counts them."""
    file = _written(folder / f"{count}.csv", count, words)
    command = [sys.executable, "-c", program, str(file), str(folder / f"home{count}"), *given]
    rows, peak = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert rows == count
    return int(peak)


def test_memory_grows_by_no_more_than_what_is_kept_of_a_row(tmp_path: Path) -> None:
    """Without reading texts, for which workers take 20,000 companies each at a time: only hundreds of thousands would fill these."""
    few, many = _peak(tmp_path, ROWS), _peak(tmp_path, 4 * ROWS)
    granted = 3 * ROWS * KEPT + SLACK
    assert many - few <= granted
    more = (tmp_path / f"{4 * ROWS}.csv").stat().st_size - (tmp_path / f"{ROWS}.csv").stat().st_size
    assert more > 2 * granted, "the rows are too short for one that is kept whole to be noticed"


def test_memory_of_a_worker_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A worker begins with what its parent has, so as many bytes of a row are granted as above; all take few rows at a time here."""
    few, many = (_peak(tmp_path, count, _READ, 150, str(AT_ONCE)) for count in (READ_ROWS, 4 * READ_ROWS))
    granted = 3 * READ_ROWS * KEPT + SLACK // 2
    assert many - few <= granted
    more = (tmp_path / f"{4 * READ_ROWS}.csv").stat().st_size - (tmp_path / f"{READ_ROWS}.csv").stat().st_size
    assert more > 2 * granted, "the rows are too short for one that is kept whole to be noticed"
