"""Any sequence of entries: what is refused changes nothing, the present row is the replay of its history, the milestones follow from it.

Targets become projects, funds come in and are corrected, proofs are added, taken back, and lose what they attest when it is changed. What
is proved is counted by a plain list of proofs, each with all that stood when it was added.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, multiple, rule, run_state_machine_as_test
from sqlalchemy import select

from matcher.errors import ConflictError
from matcher.ledger import tables
from matcher.ledger.books import ALL, ARRIVALS, PROJECTS, TARGETS
from matcher.ledger.counting import agreed, arrived, milestones
from matcher.ledger.entry import entering
from matcher.ledger.money import Money
from matcher.ledger.proofs import attach, withdraw_proof
from matcher.ledger.reading import rows as rows_of
from matcher.store.database import Store
from tests.ledger.offices import TODAY
from tests.ledger.plain_machine import DAYS, FIXED, REASONS, SUMS, Ledgers

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # to shrink a failure on a database takes minutes
TAKEN = ("company", "uscc", "chain", "segment", "group", "department", "town", "owner", "shares")
KINDS = {"意向书": "framework", "投资协议": "signed", "施工许可证": "started"}
FUNDS = {
    "amount": st.tuples(st.integers(1, 10**12), st.sampled_from(["CNY", "USD"])).map(
        lambda sum_: Money(Decimal(sum_[0]).scaleb(-2), sum_[1])
    ),
    "origin": st.sampled_from(["domestic", "foreign"]),
    "arrived_on": DAYS,
}


class Whole(Ledgers):
    """The three ledgers with what hangs on them."""

    funds = Bundle("funds")
    proofs = Bundle("proofs")

    @initialize(target=Ledgers.rows, on=DAYS)
    def begin(self, on: date) -> Any:
        """A target in talks and a signed project, for to come so far by chance takes too long."""
        self.empty()
        self.arrivals: dict[int, dict[str, Any]] = {}
        self.proved: dict[int, dict[str, Any]] = {}
        keys = []
        for book, step in ((TARGETS, "talks"), (PROJECTS, "signed")):
            with entering(self.store, self.setting, by="张三", today=TODAY) as entry:
                id_ = entry.add(book, FIXED[book.name], step=step, on=on, reason="补登").id
            row = {**FIXED[book.name], "state": step, "state_on": on, "state_reason": "补登"}
            self.first_contact(book.name, row)
            keys.append((book.name, id_))
            self.plain[keys[-1]] = {"values": row, "version": 1, "deleted": False, "standing": [(step, on, next(self.lines))]}
        return multiple(*keys)

    def some_project(self, data: st.DataObject) -> int:
        """The number of a project, seldom of one that was deleted."""
        projects = [id_ for book, id_ in self.plain if book == "projects"]
        there = [id_ for id_ in projects if not self.plain["projects", id_]["deleted"]]
        return data.draw(st.sampled_from([*there, *there, *there, *projects]))

    def children(self, key: tuple[str, int]) -> bool:
        if key[0] == "targets":
            return bool(self.projects_of(key[1]))
        return key[0] == "projects" and any(not one["deleted"] and one["project"] == key[1] for one in self.arrivals.values())

    def has_parent(self, key: tuple[str, int]) -> bool:
        target = self.plain[key]["values"].get("target") if key[0] == "projects" else None
        return target is None or not self.plain["targets", target]["deleted"]

    def projects_of(self, target: int) -> list[int]:
        """Of a target: those that are not deleted."""
        return [
            id_ for (book, id_), one in self.plain.items()
            if book == "projects" and one["values"].get("target") == target and not one["deleted"]
        ]  # fmt: skip

    def may_change(self, key: tuple[str, int], values: dict[str, Any]) -> bool:
        """The shares of a target that became a project are the project's."""
        same = values.get("shares") == self.plain[key]["values"].get("shares")
        return key[0] != "targets" or "shares" not in values or same or not self.projects_of(key[1])

    @rule(target=Ledgers.rows, key=Ledgers.rows, on=DAYS, reason=REASONS, behind=st.sampled_from([0, 0, 0, 1]), agreed=SUMS)
    def convert(self, key: Any, on: date, reason: str | None, behind: int, agreed: Money) -> Any:
        plain = self.plain.get(key)
        if plain is None or key[0] != "targets":
            return multiple()
        version = plain["version"] - behind
        values = {"name": "项目", "agreed": agreed}
        if behind and not plain["deleted"]:
            with pytest.raises(ConflictError), entering(self.store, self.setting, by="张三", today=TODAY) as entry:
                entry.convert(key[1], values, on=on, version=version, reason=reason)
            return multiple()
        made: list[int] = []

        def work(entry: Any) -> Any:
            moved, project = entry.convert(key[1], values, on=on, version=version, reason=reason)
            made.append(project.id)
            return moved

        if self.tried(key, work, self.may_step(key, "converted", on, reason)) is None:
            return multiple()
        self.stepped(key, "converted", on, reason)
        row = {name: plain["values"][name] for name in TAKEN if plain["values"].get(name) is not None}
        row |= {**values, "target": key[1], "state": "talks", "state_on": on, "state_reason": None}
        new = ("projects", made[0])
        self.plain[new] = {"values": row, "version": 1, "deleted": False, "standing": [("talks", on, next(self.lines))]}
        return new

    @rule(target=funds, data=st.data(), values=st.fixed_dictionaries(FUNDS))
    def arrive(self, data: st.DataObject, values: dict[str, Any]) -> Any:
        project = self.some_project(data)
        there = not self.plain["projects", project]["deleted"]
        done = self.tried(None, lambda entry: entry.add(ARRIVALS, {"project": project, **values}), there)
        if done is None:
            return multiple()
        self.arrivals[done.id] = {"project": project, **values, "deleted": False}
        return done.id

    @rule(id_=funds, values=st.fixed_dictionaries({}, optional=FUNDS))
    def correct(self, id_: Any, values: dict[str, Any]) -> None:
        plain = self.arrivals.get(id_)
        if plain is not None and self.tried(None, lambda entry: entry.set(ARRIVALS, id_, values), not plain["deleted"]):
            plain |= values

    @rule(id_=funds)
    def delete_or_restore_funds(self, id_: Any) -> None:
        plain = self.arrivals.get(id_)
        if plain is None:
            return
        if not plain["deleted"]:
            assert self.tried(None, lambda entry: entry.delete(ARRIVALS, id_, reason="登错了"), True)
            plain["deleted"] = True
        else:
            there = not self.plain["projects", plain["project"]]["deleted"]
            if self.tried(None, lambda entry: entry.restore(ARRIVALS, id_), there):
                plain["deleted"] = False

    def stood(self, book: str, id_: int, line: int | None) -> tuple[Any, ...]:
        """All that a proof of a row attests, as it is now; the sum last."""
        if book == "arrivals":
            one = self.arrivals[id_]
            return (*(one[name] for name in ("project", *FUNDS)), self.plain["projects", one["project"]]["values"]["company"])
        values = self.plain["projects", id_]["values"]
        days = [on for _, on, other in self.plain["projects", id_]["standing"] if other == line]
        return (*days, values["company"], values.get("agreed"))

    def prove(self, book: str, id_: int, line: int | None, kind: str, digest: str, allowed: bool) -> Any:
        done = self.tried(
            None, lambda entry: attach(entry, ALL[book], id_, kind=kind, digest=digest * 64, size=1, file_name="件"), allowed  # type: ignore[arg-type,return-value]
        )  # fmt: skip
        if done is None:
            return multiple()
        now = self.stood(book, id_, line)
        same = {"book": book, "row": id_, "line": line, "kind": kind, "digest": digest}
        (old,) = [key for key, one in self.proved.items() if same.items() <= one.items()] or [None]
        if old is not None and self.proved[old]["stood"] == now:
            assert done.id == old
            return multiple()
        if old is not None:
            del self.proved[old]  # what is given again attests what stands now, and no more what stood then
        self.proved[done.id] = {**same, "stood": now}
        return done.id

    @rule(target=proofs, data=st.data(), digest=st.sampled_from("ab"))
    def prove_step(self, data: st.DataObject, digest: str) -> Any:
        project = self.some_project(data)
        plain = self.plain["projects", project]
        reached = [kind for kind, of in KINDS.items() if of in [step for step, *_ in plain["standing"]]]
        kind = data.draw(st.sampled_from([*reached, *reached, *reached, *KINDS]))
        lines = [line for step, _, line in plain["standing"] if step == KINDS[kind]]
        allowed = bool(lines) and not plain["deleted"]
        return self.prove("projects", project, lines[0] if lines else None, kind, digest, allowed)

    @rule(data=st.data(), agreed=SUMS, on=DAYS)
    def change_what_is_attested(self, data: st.DataObject, agreed: Money, on: date) -> None:
        """The sum, or the day of the step where the project stands."""
        project = self.some_project(data)
        key, plain = ("projects", project), self.plain["projects", project]
        if data.draw(st.booleans()):
            changed = plain["values"].get("agreed") != agreed
            if self.tried(key, lambda entry: entry.set(PROJECTS, project, {"agreed": agreed}), not plain["deleted"]) is not None:
                plain["values"]["agreed"] = agreed
                plain["version"] += changed
            return
        now = plain["values"]["state"]
        if (
            self.tried(key, lambda entry: entry.step(PROJECTS, project, now, on=on, reason="更正"), not plain["deleted"])
            is not None
        ):
            self.stepped(key, now, on, "更正")

    @rule(target=proofs, id_=funds, digest=st.sampled_from("ab"))
    def prove_funds(self, id_: Any, digest: str) -> Any:
        plain = self.arrivals.get(id_)
        return multiple() if plain is None else self.prove("arrivals", id_, None, "到账凭证", digest, not plain["deleted"])

    @rule(id_=proofs, reason=REASONS)
    def withdraw(self, id_: Any, reason: str | None) -> None:
        work = lambda entry: withdraw_proof(entry, id_, reason=reason or "")  # noqa: E731
        if self.tried(None, work, id_ in self.proved and bool(reason)) is not None:  # type: ignore[arg-type]
            del self.proved[id_]

    @rule(key=Ledgers.rows, company=st.sampled_from(["甲乙有限公司", "丙丁有限公司"]))
    def rename(self, key: Any, company: str) -> None:
        plain = self.plain.get(key)
        if plain is None or "company" not in FIXED[key[0]]:
            return
        changed = plain["values"]["company"] != company
        if self.tried(key, lambda entry: entry.set(ALL[key[0]], key[1], {"company": company}), not plain["deleted"]) is not None:
            plain["values"]["company"] = company
            plain["version"] += changed

    def attests(self, book: str, id_: int, line: int | None, *, whole: bool = False) -> bool:
        """Whether a proof attests what stands: of a step all but the sum, or the sum, too."""
        now = self.stood(book, id_, line)
        upto = len(now) - (book == "projects" and not whole)
        mine = {"book": book, "row": id_, "line": line}
        return any(mine.items() <= one.items() and one["stood"][:upto] == now[:upto] for one in self.proved.values())

    @invariant()
    def what_is_proved_is_what_a_plain_count_says(self) -> None:
        with self.store.reading() as connection:
            stood, funds = milestones(connection, self.setting), arrived(connection, self.setting)
            there = {row.id: row for row in rows_of(connection, self.setting.zone, PROJECTS)}
        sums: dict[int, dict[tuple[str, str], list[Decimal]]] = {}
        for id_, one in self.arrivals.items():
            if not one["deleted"]:
                both = sums.setdefault(one["project"], {}).setdefault((one["origin"], one["amount"].currency), [Decimal(0)] * 2)
                both[0] += one["amount"].amount
                both[1] += one["amount"].amount if self.attests("arrivals", id_, None) else 0
        found = {
            project: {key: [both.filed.amount, both.proved.amount] for key, both in of.items()} for project, of in funds.items()
        }
        assert found == sums
        for id_, project in there.items():
            lines = {step: line for step, _, line in self.plain["projects", id_]["standing"]}
            for one in stood.get(id_, ()):
                if one.needs_proof:
                    assert one.proved == self.attests("projects", id_, lines[one.step]), (id_, one)
            sum_ = agreed(project, stood.get(id_, ()), "signed")
            if sum_ is not None and sum_.filed.amount:
                whole = "signed" in lines and self.attests("projects", id_, lines["signed"], whole=True)
                assert (sum_.proved == sum_.filed) == whole, id_

    @invariant()
    def shares_add_up_to_one(self) -> None:
        with self.store.reading() as connection:
            for book in (TARGETS, PROJECTS):
                for row in rows_of(connection, self.setting.zone, book, deleted=True):
                    assert row.shares is None or sum(share for _, share in row.shares) == 1

    @invariant()
    def funds_are_there_with_their_projects(self) -> None:
        table, projects = ARRIVALS.table, PROJECTS.table
        with self.store.reading() as connection:
            lost = select(table.c.id).join(projects, projects.c.id == table.c.project)
            lost = lost.where(table.c.deleted_at.is_(None), projects.c.deleted_at.is_not(None))
            assert connection.execute(lost).all() == []
            kept = connection.execute(select(tables.proofs.c.id).where(tables.proofs.c.withdrawn_at.is_(None))).scalars()
            assert set(kept) == set(self.proved)


@pytest.mark.slow
def test_any_sequence_of_entries(store: Store) -> None:
    machine = type("Machine", (Whole,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES
        ),
    )
