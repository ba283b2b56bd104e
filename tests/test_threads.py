"""Any number of threads on one engine, or of library threads beneath it, gives the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date

import pytest

from matcher.engine import Engine

pytestmark = pytest.mark.slow

AS_OF = date(2024, 9, 12)
PROFILES = [
    {
        "name": f"甲县虚构第{number}农业机械有限公司",
        "business_scope": "拖拉机制造、销售；饲料加工；酒店管理",
        "reg_capital_raw": f"{500 + number}万元",
    }
    for number in range(40)
]
_SCORE_ALL = """
import json, sys
from dataclasses import asdict
from datetime import date
from matcher.engine import Engine
profiles = json.loads(sys.stdin.read())
answers = Engine(sys.argv[1], processes=1).score(profiles, date(2024, 9, 12))
sys.stdout.write(json.dumps([asdict(answer) for answer in answers]))
"""


def scored(engine: Engine, profiles: list[dict[str, str]]) -> str:
    return json.dumps([asdict(answer) for answer in engine.score(profiles, AS_OF)])


@pytest.mark.parametrize("threads", [2, 8])
def test_python_threads_share_an_engine(engine: Engine, threads: int) -> None:
    alone = [scored(engine, [profile]) for profile in PROFILES]
    with ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(lambda profile: scored(engine, [profile]), PROFILES)) == alone


@pytest.mark.parametrize("threads", ["1", "4"])
def test_library_threads_change_no_bit(engine: Engine, threads: str) -> None:
    variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, "-c", _SCORE_ALL, engine.zone.id],
        input=json.dumps(PROFILES),
        env={**os.environ, **dict.fromkeys(variables, threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == scored(engine, PROFILES)
