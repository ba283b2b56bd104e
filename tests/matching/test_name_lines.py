"""What is found in many names at once is what is found in each by itself."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.matching.name_hashes import hashed
from matcher.matching.name_lines import Lines

PIECES = ("公", "司", "公司", "集团", "控股", "股份有限公司", "有限公司", "北京", "北", "京", "深圳", "蓝溪", "a1", "é", "𠮷")
NAMES = st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map("".join), min_size=1, max_size=20)


def standing(name: str) -> int:
    if "公司" in name and not name.endswith("公司"):
        return -3
    first_tier = name.startswith(("北京", "上海", "广州", "深圳"))
    if name.endswith("股份有限公司"):
        return 3 + first_tier
    return first_tier + (2 if "集团" in name or "控股" in name else 0)


def heads(names: list[str]) -> list[str]:
    ends = [(name, name.find("公司") + 2) for name in names]
    return sorted({name[:end] for name, end in ends if 2 < end < len(name)})


@given(NAMES)
@settings(deadline=None)
def test_all_at_once_is_each_by_itself(names: list[str]) -> None:
    lines = Lines.of_text("\n".join(names))
    found, leading = lines.hashes()
    assert found.tolist() == hashed(names).tolist()
    assert leading.tolist() == np.unique(hashed(heads(names))).tolist()
    assert lines.standing().tolist() == [standing(name) for name in names]
    text, ends = lines.encoded()
    assert text.tobytes() == "".join(names).encode()
    assert ends.tolist() == np.cumsum([len(name.encode()) for name in names]).tolist()


@given(NAMES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_names_are_taken_in_any_order(names: list[str], chance: random.Random) -> None:
    order = list(range(len(names)))
    chance.shuffle(order)
    taken = Lines.of_text("\n".join(names)).take(np.array(order))
    wanted = Lines.of_text("\n".join(names[place] for place in order))
    assert all(np.array_equal(one, other) for one, other in zip(taken, wanted, strict=True))
