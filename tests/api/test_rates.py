"""Shared rates against a plain list of moments, and over processes."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.api import rates
from matcher.api.rates import Buckets, Rate
from tests.api import children


class Plain:
    """A bucket as one would write it down: what is in it leaks away evenly."""

    def __init__(self, most: int) -> None:
        self.most, self.inside, self.at = most, 0.0, 0.0

    def take(self, now: float) -> bool:
        self.inside = max(0.0, self.inside - (now - self.at) * self.most / 60)
        self.at = now
        if self.inside + 1 > self.most + 1e-6:
            return False
        self.inside += 1
        return True


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4000).map(lambda n: n / 64)), max_size=60)


@given(STEPS, st.integers(1, 20))
def test_buckets_do_as_a_plain_list_does(steps: list[tuple[str, float]], most: int) -> None:
    clock = 1000.0
    plain = {name: Plain(most) for name in "abc"}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "time", type("Clock", (), {"monotonic": staticmethod(lambda: clock)}))
        buckets = Buckets(Path(folder) / "rates")
        for name, passes in steps:
            clock += passes
            looked = buckets.look(name, Rate(most))
            room = buckets.take(name, Rate(most))
            assert room.allowed == plain[name].take(clock)
            assert looked.allowed == room.allowed
            assert room.left == int(most - plain[name].inside + 1e-6)
            if not room.allowed:
                assert 0 < room.wait <= 60 / most + 1e-6
        buckets.close()


def test_what_a_dying_process_or_a_restart_left_locks_nobody_out(tmp_path: Path) -> None:
    buckets = Buckets(tmp_path / "rates")
    for _ in range(3):
        assert buckets.take("a", Rate(3)).allowed
    assert not buckets.take("a", Rate(3)).allowed
    buckets.close()
    content = bytearray((tmp_path / "rates").read_bytes())
    for until in (float("nan"), float("inf"), 1e300, -1.0):
        for place in range(0, len(content), 16):
            if struct.unpack_from("<Q", content, place)[0]:
                struct.pack_into("<d", content, place + 8, until)
        (tmp_path / "rates").write_bytes(content)
        again = Buckets(tmp_path / "rates")
        assert again.look("a", Rate(3)).wait <= 20  # the time of one step, and not for ever
        again.close()


def test_many_names_do_not_make_the_file_grow(tmp_path: Path) -> None:
    buckets = Buckets(tmp_path / "rates")
    for number in range(5000):
        assert buckets.take(f"address {number}", Rate(1)).allowed
    size = (tmp_path / "rates").stat().st_size
    assert size < 1 << 21
    assert sum(not buckets.look(f"address {number}", Rate(1)).allowed for number in range(5000)) == 5000
    buckets.close()


def test_processes_share_what_is_left(tmp_path: Path) -> None:
    barrier, told = children.context().Barrier(3), children.context().SimpleQueue()
    running = [children.start(children.take_often, tmp_path / "rates", barrier, 100, 90, told) for _ in range(3)]
    allowed = sum(told.get() for _ in running)
    for process in running:
        process.join(60)
    assert 100 <= allowed <= 110  # of 270; some leak away meanwhile
