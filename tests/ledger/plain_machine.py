"""The rows of the three ledgers as a plain list keeps them, beside the ledgers themselves: what may be entered, and what then stands.

The reference is a plain list that knows the rules by looking at ``rules/ledger.yaml`` itself. ``test_machine`` adds what hangs on rows.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from sqlalchemy import select

from matcher.errors import ConflictError, LedgerError, RequestError
from matcher.ledger import reading, tables
from matcher.ledger.books import ALL, Book
from matcher.ledger.entry import Entry, entering
from matcher.ledger.money import Money
from matcher.ledger.records import Written
from matcher.locate import folder
from matcher.store.database import Store
from tests.ledger.offices import DEPARTMENTS, TODAY, emptied, listed

STEPS = yaml.safe_load((folder("rules") / "ledger.yaml").read_text(encoding="utf-8"))["steps"]
DAYS = st.dates(date(2024, 1, 1), TODAY)
REASONS = st.sampled_from([None, None, "说明"])
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), max_size=12)
SUMS = st.integers(0, 10**13).map(lambda hundredths: Money(Decimal(hundredths).scaleb(-2)))
SHARES = st.sampled_from(
    [(("甲局", Fraction(1, 3)), ("乙局", Fraction(2, 3))), (("甲局", Fraction(1, 2)), ("丙局", Fraction(1, 2)))]
)
COMMON = {"owner": TEXT, "note": TEXT, "department": st.sampled_from(DEPARTMENTS), "shares": SHARES, "next_on": DAYS}
VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "targets": {**COMMON, "city": TEXT, "run_rank": st.integers(0, 10**9)},
    "projects": {
        **COMMON,
        "agreed": SUMS,
        "land": st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-2)),
        "jobs": st.integers(0, 99),
    },
    "activities": {**COMMON, "result": TEXT, "cost": SUMS},
}
FIXED = {
    "targets": {"kind": "enterprise", "company": "甲乙有限公司"},
    "projects": {"name": "项目", "company": "甲乙有限公司"},
    "activities": {"kind": "visit", "name": "拜访", "starts_on": date(2024, 1, 1)},
}


def after(book: str, step: str) -> set[str]:
    """Steps that can follow, by walking until nothing new is found."""
    following = {one["id"]: set(one.get("next", ())) for one in STEPS[book]}
    found = set(following[step])
    while True:
        more = found | {further for one in found for further in following[one]}
        if more == found:
            return found
        found = more


def spec(book: str, step: str) -> dict[str, Any]:
    return next(one for one in STEPS[book] if one["id"] == step)


class Ledgers(RuleBasedStateMachine):
    rows = Bundle("rows")
    store: Store

    def empty(self) -> None:
        """Nothing is in the ledgers, and nothing in the plain list."""
        emptied(self.store)
        self.setting = listed()
        self.plain: dict[tuple[str, int], dict[str, Any]] = {}
        self.lines = count()

    def tried(self, key: tuple[str, int] | None, work: Callable[[Entry], Written], allowed: bool) -> Written | None:
        """Does it if the reference allows it; otherwise it must be refused."""
        try:
            with entering(self.store, self.setting, by="张三", source="test", today=TODAY) as entry:
                done = work(entry)
        except (LedgerError, RequestError):
            assert not allowed, key
            return None
        assert allowed, key
        return done

    @rule(target=rows, book=st.sampled_from(sorted(VALUES)), data=st.data(), on=DAYS, reason=REASONS)
    def add(self, book: str, data: st.DataObject, on: date, reason: str | None) -> Any:
        values = data.draw(st.fixed_dictionaries({}, optional=VALUES[book]))
        step = data.draw(st.sampled_from([STEPS[book][0]["id"]] * 5 + [one["id"] for one in STEPS[book]]))
        over = [one["id"] for one in STEPS[book] if one.get("never_skipped") and step in after(book, one["id"])]
        needs = step != STEPS[book][0]["id"]
        allowed = bool(not over or spec(book, step).get("aside")) and bool(reason or not needs)
        done = self.tried(
            None, lambda entry: entry.add(ALL[book], {**FIXED[book], **values}, step=step, on=on, reason=reason), allowed
        )
        if done is None:
            return multiple()
        row = {name: value for name, value in {**FIXED[book], **values}.items() if value != ""}
        row |= {"state": step, "state_on": on, "state_reason": reason}
        self.first_contact(book, row)
        key = (book, done.id)
        self.plain[key] = {"values": row, "version": 1, "deleted": False, "standing": [(step, on, next(self.lines))]}
        return key

    def children(self, key: tuple[str, int]) -> bool:
        """Whether something hangs on a row that is not deleted."""
        return False

    def has_parent(self, key: tuple[str, int]) -> bool:
        """Whether what a row hangs on is there."""
        return True

    def may_change(self, key: tuple[str, int], values: dict[str, Any]) -> bool:
        """Whether these values may be written into a row, apart from what each row says of itself."""
        return True

    @rule(key=rows, data=st.data(), reason=REASONS, behind=st.integers(0, 1))
    def change(self, key: Any, data: st.DataObject, reason: str | None, behind: int) -> None:
        plain = self.plain.get(key)
        if plain is None:
            return
        values = data.draw(st.fixed_dictionaries({}, optional=VALUES[key[0]]))
        allowed = not plain["deleted"] and not behind and self.may_change(key, values)
        work = lambda entry: entry.set(ALL[key[0]], key[1], values, version=plain["version"] - behind, reason=reason)  # noqa: E731
        if behind and not plain["deleted"]:
            with pytest.raises(ConflictError), entering(self.store, self.setting, by="", today=TODAY) as entry:
                work(entry)
            return
        if self.tried(key, work, allowed) is not None:
            before = dict(plain["values"])
            for name, value in values.items():
                plain["values"].pop(name, None)
                if value != "":
                    plain["values"][name] = value
            plain["version"] += before != plain["values"]

    @rule(key=rows, data=st.data(), on=DAYS, ahead=st.sampled_from([False, False, False, True]), reason=REASONS)
    def step(self, key: Any, data: st.DataObject, on: date, ahead: bool, reason: str | None) -> None:
        plain = self.plain.get(key)
        if plain is None:
            return
        following = spec(key[0], plain["values"]["state"]).get("next", ())
        to = data.draw(st.sampled_from([*following, *following, *following, *(one["id"] for one in STEPS[key[0]])]))
        day = TODAY + timedelta(days=1) if ahead else on
        allowed = not ahead and not spec(key[0], to).get("makes_project") and self.may_step(key, to, day, reason)
        if self.tried(key, lambda entry: entry.step(ALL[key[0]], key[1], to, on=day, reason=reason), allowed) is not None:
            self.stepped(key, to, day, reason)

    def may_step(self, key: tuple[str, int], to: str, day: date, reason: str | None) -> bool:
        """Whether a row may go to a step."""
        book, plain = key[0], self.plain[key]
        now, since = plain["values"]["state"], plain["values"]["state_on"]
        standing = [step for step, *_ in plain["standing"]]
        needs = bool(spec(book, to).get("reason")) or to not in spec(book, now).get("next", ()) or day < since
        start = STEPS[book][0]["id"] if spec(book, now).get("aside") else now
        over = [
            one["id"] for one in STEPS[book]
            if one.get("never_skipped") and one["id"] not in (start, *standing) and to in after(book, one["id"])
            and one["id"] in after(book, start)
        ]  # fmt: skip
        same = to == now and day == since
        return not (plain["deleted"] or (over and to != now)) and (same or bool(reason) or not needs)

    def stepped(self, key: tuple[str, int], to: str, day: date, reason: str | None) -> None:
        """What stands once a row went to a step."""
        book, plain = key[0], self.plain[key]
        values, now = plain["values"], plain["values"]["state"]
        if to == now and day == values["state_on"]:
            return
        before = deepcopy(values)
        values |= {"state": to, "state_on": day, "state_reason": reason}
        self.first_contact(book, values)
        plain["version"] += before != values
        if to == now:
            if plain.get("returned") is None:
                plain["standing"] = [(step, day if step == to else when, line) for step, when, line in plain["standing"]]
            return
        aside = spec(book, to).get("aside")
        kept = [
            (step, when, line) for step, when, line in plain["standing"]
            if (aside and step != to) or (not aside and not spec(book, step).get("aside") and (step == to or to in after(book, step)))
        ]  # fmt: skip
        plain["returned"] = to if to in [step for step, *_ in kept] else None
        plain["standing"] = kept if plain["returned"] else [*kept, (to, day, next(self.lines))]

    @rule(key=rows, reason=REASONS)
    def delete(self, key: Any, reason: str | None) -> None:
        plain = self.plain.get(key)
        if plain is not None:
            work = lambda entry: entry.delete(ALL[key[0]], key[1], reason=reason or "")  # noqa: E731
            if self.tried(key, work, not plain["deleted"] and bool(reason) and not self.children(key)):
                plain["deleted"], plain["version"] = True, plain["version"] + 1

    @rule(key=rows)
    def restore(self, key: Any) -> None:
        plain = self.plain.get(key)
        if plain is None:
            return
        allowed = plain["deleted"] and self.has_parent(key)
        if self.tried(key, lambda entry: entry.restore(ALL[key[0]], key[1]), allowed):
            plain["deleted"], plain["version"] = False, plain["version"] + 1

    @rule(key=rows, data=st.data())
    def refuse(self, key: Any, data: st.DataObject) -> None:
        """A wrong value within a transaction takes back all of it."""
        plain = self.plain.get(key)
        if plain is None or plain["deleted"]:
            return
        wrong = data.draw(st.sampled_from([{"next_on": "2024-13-01"}, {"nothing": "x"}, {"state": "x"}, {"shares": "甲局:1/2"}]))
        with pytest.raises(LedgerError), entering(self.store, self.setting, by="", today=TODAY) as entry:
            entry.set(ALL[key[0]], key[1], {"owner": "不该留下"})
            entry.set(ALL[key[0]], key[1], wrong)

    def first_contact(self, book: str, values: dict[str, Any]) -> None:
        first = [one["id"] for one in STEPS[book] if one.get("first_contact")]
        if any(values["state"] == one or values["state"] in after(book, one) for one in first) and "first_on" not in values:
            values["first_on"], values["first_by"] = values["state_on"], values.get("department") or "张三"

    @invariant()
    def rows_are_those_of_the_reference_and_the_replay_of_their_history(self) -> None:
        with self.store.reading() as connection:
            for name in VALUES:
                book: Book[Any] = ALL[name]
                there = reading.rows(connection, self.setting.zone, book, deleted=True)
                assert [row.id for row in there] == sorted(id_ for one, id_ in self.plain if one == name)
                listed_rows = reading.rows(connection, self.setting.zone, book)
                assert [row.id for row in listed_rows] == [row.id for row in there if row.deleted_at is None]
                stood = reading.steps(connection, self.setting.zone, book)
                for row in there:
                    plain = self.plain[name, row.id]
                    values = {key: value for key, value in book.values(row).items() if value is not None}
                    assert values == {key: value for key, value in plain["values"].items() if value is not None}
                    assert (row.version, row.deleted_at is not None) == (plain["version"], plain["deleted"])
                    changes = reading.history(connection, self.setting.zone, book, row.id)
                    assert [change.version for change in changes] == list(range(1, row.version + 1))
                    again = reading.replayed(changes)
                    assert again.pop("deleted") == plain["deleted"]
                    assert {key: value for key, value in again.items() if value is not None} == values
                    assert (changes[-1].by, changes[-1].at) == (row.changed_by, row.changed_at)
                    assert [(one.step, one.on) for one in stood.get(row.id, [])] == [
                        (step, on) for step, on, _ in plain["standing"]
                    ]

    @invariant()
    def nothing_is_ever_taken_out_of_a_history(self) -> None:
        with self.store.reading() as connection:
            entries = connection.execute(select(tables.history.c.book, tables.history.c.row, tables.history.c.version)).all()
        assert len([one for one in entries if one.book in VALUES]) == sum(plain["version"] for plain in self.plain.values())
