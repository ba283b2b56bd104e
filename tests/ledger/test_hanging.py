"""What hangs on another row must fit it: shares are the project's once there is one, a meeting is of the company of its row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.errors import FieldError, SheetError
from matcher.ledger import reading
from matcher.ledger.books import ACTIVITIES, MEETINGS, PROJECTS, TARGETS
from matcher.ledger.company import credit
from matcher.ledger.entry import Entry, entering
from matcher.ledger.importing import import_workbook
from matcher.ledger.setting import Setting
from matcher.ledger.sheets import cells_of
from matcher.outputs.ledger_xlsx import workbook
from matcher.store.database import Store
from tests.ledger.offices import TODAY, a_target, emptied
from tests.snapshot.small import code

CODES = (code(1), code(2))


def writing(store: Store, setting: Setting) -> Any:
    return entering(store, setting, by="张三", today=TODAY)


def converted(entry: Entry, **values: Any) -> tuple[int, int]:
    target = a_target(entry, **values)
    entry.step(TARGETS, target, "洽谈", reason="补登")
    _, project = entry.convert(target, {"name": "项目"})
    return target, project.id


def test_shares_are_carried_over_and_then_set_on_the_project_only(store: Store, setting: Setting) -> None:
    emptied(store)
    with writing(store, setting) as entry:
        target, project = converted(entry, shares="甲局:1/2、乙局:1/2")
        for given_ in ("甲局:1/3、丙局:2/3", ""):
            with pytest.raises(FieldError, match=rf"已转项目.*请改第 {project} 号项目的份额") as refused:
                entry.set(TARGETS, target, {"shares": given_}, reason="说明")
            assert refused.value.field == "shares"
        assert not entry.set(TARGETS, target, {"shares": "甲局:1/2、乙局:1/2"}).changes  # nothing changes: nothing is refused
        entry.set(TARGETS, target, {"note": "其他各列照改"})
        entry.set(PROJECTS, project, {"shares": "甲局:1/3、丙局:2/3"})
    with store.reading() as connection:
        assert set(credit(reading.row(connection, setting, PROJECTS, project))) == {"甲局", "丙局"}
    with writing(store, setting) as entry:  # once its project is gone, they are the next one's again
        entry.delete(PROJECTS, project, reason="登错了")
        entry.set(TARGETS, target, {"shares": "乙局:1/3、丙局:2/3"})


def test_a_workbook_says_so_by_row(store: Store, setting: Setting) -> None:
    emptied(store)
    with writing(store, setting) as entry:
        target, _ = converted(entry)
    with store.reading() as connection:
        cells = cells_of(setting, TARGETS, reading.row(connection, setting, TARGETS, target))
    import_workbook(store, setting, workbook(setting, [TARGETS], {"targets": [cells]}), "台账.xlsx", by="张三", today=TODAY)
    changed = workbook(setting, [TARGETS], {"targets": [{**cells, "shares": "甲局:1/2、乙局:1/2"}]})
    with pytest.raises(SheetError, match=r"联合招引.*已转项目"):
        import_workbook(store, setting, changed, "台账.xlsx", by="张三", today=TODAY)


NAMES = ("甲乙有限公司", "甲乙（山东）有限公司", "丙丁有限公司")


@pytest.mark.slow
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    of=st.tuples(st.sampled_from(NAMES), st.sampled_from([*CODES, None])),
    met=st.tuples(st.sampled_from([*NAMES, "甲乙 有限公司"]), st.sampled_from([*CODES, None])),
    reason=st.sampled_from([None, "代为接待"]),
    by_project=st.booleans(),
)
def test_a_meeting_is_of_the_company_of_its_row(
    store: Store, setting: Setting, of: tuple[str, str | None], met: tuple[str, str | None], reason: str | None, by_project: bool
) -> None:
    """Codes decide where both are known, else names as they are compared; a reason lets any stand."""
    emptied(store)
    with writing(store, setting) as entry:
        activity = entry.add(ACTIVITIES, {"kind": "拜访", "name": "拜访", "starts_on": TODAY}).id
        row, project = converted(entry, company=of[0], uscc=of[1])
        hangs = {"project": project} if by_project else {"target": row}
        values = {"activity": activity, "company": met[0], "uscc": met[1], "met_on": TODAY, **hangs}
        same = of[1] == met[1] if of[1] and met[1] else of[0].replace(" ", "") == met[0].replace(" ", "")
        if same or reason:
            made = entry.add(MEETINGS, values, reason=reason)
            assert reading.history(entry.connection, setting.zone, MEETINGS, made.id)[0].reason == reason
            entry.set(MEETINGS, made.id, {"result": "谈得好"})  # what was let stand stands
        else:
            with pytest.raises(FieldError, match="不是一家的应写明理由"):
                entry.add(MEETINGS, values)
            free = entry.add(MEETINGS, values | dict.fromkeys(hangs, None)).id
            with pytest.raises(FieldError, match="不是一家的应写明理由"):
                entry.set(MEETINGS, free, hangs)


@pytest.mark.parametrize(
    ("days", "reason", "said"),
    [(0, None, ""), (365, None, ""), (366, None, "一年多以前"), (366, "补录", ""), (-1, "补录", "还没有到")],
)
def test_the_day_of_a_meeting(store: Store, setting: Setting, days: int, reason: str | None, said: str) -> None:
    emptied(store)
    day = TODAY - timedelta(days=days)
    with writing(store, setting) as entry:
        activity = entry.add(ACTIVITIES, {"kind": "拜访", "name": "拜访", "starts_on": min(day, TODAY)}).id
        values = {"activity": activity, "company": "甲乙有限公司", "met_on": day}
        if said:
            with pytest.raises(FieldError, match=said):
                entry.add(MEETINGS, values, reason=reason)
        else:
            assert entry.add(MEETINGS, values, reason=reason).told == ()


def test_a_day_outside_the_activity_is_told(store: Store, setting: Setting) -> None:
    """A trip may be planned for a day to come; who is met before it was met on another."""
    emptied(store)
    with writing(store, setting) as entry:
        days = {"starts_on": TODAY + timedelta(days=5), "ends_on": TODAY + timedelta(days=7)}
        activity = entry.add(ACTIVITIES, {"kind": "外出招商", "name": "青岛", **days}).id
        (told,) = entry.add(MEETINGS, {"activity": activity, "company": "甲乙有限公司", "met_on": TODAY}).told
        assert f"不在第 {activity} 号活动的日期（2024-09-17 至 2024-09-19）之内" in told
        with pytest.raises(FieldError, match="还没有到，不能是已开展"):
            entry.step(ACTIVITIES, activity, "已开展", on=TODAY)
