"""Until when permits last, as scopes say it."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.text.permits import permits_until

NONE = -1


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        ("茶叶生产（有效期至2018年6月30日）", date(2018, 6, 30)),
        ("茶叶生产（有效期限：2015.1.2-2018.6.30）", date(2018, 6, 30)),
        ("茶叶经营（许可证至2017年12月19日止）", date(2017, 12, 19)),
        # two permits one behind the other: the second is read although it stands within reach of the first
        ("茶叶（许可证有效期以许可证为准，自核发之日起）糕点（有效期见许可证，至2016-03-04）" + "，" * 30, date(2016, 3, 4)),
        ("茶叶（有效期至2016年3月4日）、糕点加工零售批发配送仓储运输（有效期至2019年5月6日）", date(2019, 5, 6)),
        ("茶叶（有效期至2016年13月4日）", None),
        ("2016年3月4日起生产茶叶", None),
        ("", None),
    ],
)
def test_last_day_of_a_permit(scope: str, wanted: date | None) -> None:
    found = permits_until([scope, "红茶"], NONE)
    assert found.tolist() == [NONE if wanted is None else (wanted - date(1970, 1, 1)).days, NONE]
