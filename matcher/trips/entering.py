"""A plan into the ledgers (行程登记): one activity for each team, a target for everybody whom nobody works on yet; in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matcher.errors import LedgerError
from matcher.intake.fields import check_codes
from matcher.ledger import reading
from matcher.ledger.books import ACTIVITIES, TARGETS
from matcher.ledger.company import claims_on
from matcher.ledger.entry import Entry
from matcher.ledger.records import Written
from matcher.trips.plans import PlannedDay, PlannedVisit, TeamTrip, TripPlan
from matcher.trips.words import gone_to

_TARGET_KINDS = {"company": "enterprise", "chamber": "chamber", "association": "chamber", "park": "park"}
_LONGEST_NAME, _LONGEST_PLACE, _LONGEST_WHOM, _LONGEST_WHY = 120, 120, 500, 1000


@dataclass(frozen=True)
class Whose:
    """Whose the trip is (谁的行程), as the rows of the ledgers have it; what is None is left open."""

    group: str | None = None
    department: str | None = None
    owner: str | None = None

    def values(self) -> dict[str, str | None]:
        """As fields of a row (各列)."""
        return {"group": self.group, "department": self.department, "owner": self.owner}


@dataclass(frozen=True)
class Entered:
    """What a plan became (行程登记的结果).

    Attributes:
        activities: One a team.
        targets: Those that are new.
        known: Companies that somebody works on already, and who, in Chinese.
    """

    activities: tuple[Written, ...]
    targets: tuple[Written, ...]
    known: tuple[str, ...]


def enter(entry: Entry, plan: TripPlan, whose: Whose, *, targets: bool = True) -> Entered:
    """Enters a plan (行程登记): nobody has been met yet, so the activities are planned and the targets wait.

    Args:
        entry: The transaction.
        plan: The plan.
        whose: Whose the rows are; without a group a target is of the group that goes for its chain.
        targets: Enter the companies as targets, with the run and the rank that they were chosen by.

    Raises:
        LedgerError: The plan was entered before, or a value cannot be.
    """
    there = reading.rows(entry.connection, entry.setting.zone, ACTIVITIES, ACTIVITIES.table.c.trip == plan.id, most=1)
    if there:
        raise LedgerError(f"这份计划已经登记过：第 {there[0].id} 号{entry.setting.called('activities')}；先删除它再登记")
    made = [entry.add(ACTIVITIES, _activity(plan, team) | whose.values()) for team in plan.teams]
    added: list[Written] = []
    known: list[str] = []
    for day, visit in _visits(plan):
        if not targets or visit.kind not in _TARGET_KINDS:
            continue
        values = _target(plan, day, visit) | whose.values()
        if whose.group is None and visit.result is not None:  # a target of nobody is in no report
            values["group"] = entry.setting.rules.group_of.get(visit.result.chain or "")
        claims = [claim for claim in claims_on(entry.connection, entry.setting, values) if not claim.by_family]
        if claims:
            first = claims[0]
            called = entry.setting.called(first.book)
            known.append(f"{visit.name} 已有第 {first.id} 号{called}（{first.whose or '未写责任部门'}）")
        else:
            added.append(entry.add(TARGETS, values))
    return Entered(tuple(made), tuple(added), tuple(known))


def _visits(plan: TripPlan) -> Iterator[tuple[PlannedDay, PlannedVisit]]:
    for team in plan.teams:
        for day in team.days:
            for visit in day.visits:
                yield day, visit


def _activity(plan: TripPlan, team: TeamTrip) -> dict[str, Any]:
    visits = [visit for day in team.days for visit in day.visits]
    cities = list(dict.fromkeys(visit.city for visit in visits)) or gone_to(plan)
    called = f"第 {team.team} 队，" if len(plan.teams) > 1 else ""
    return {
        "kind": "trip", "name": f"{'、'.join(cities)[:60]}招商（{called}{plan.start}）"[:_LONGEST_NAME],
        "starts_on": team.days[0].date, "ends_on": team.days[-1].date, "place": "、".join(cities)[:_LONGEST_PLACE],
        "whom": _listed([visit.name for visit in visits]), "trip": plan.id,
    }  # fmt: skip


def _listed(names: list[str]) -> str:
    """As many names as the field holds, and how many there are."""
    kept = list(names)
    while kept and len(told := "、".join(kept) + ("" if len(kept) == len(names) else f" 等 {len(names)} 家")) > _LONGEST_WHOM:
        kept.pop()
    return told if kept else ""


def _target(plan: TripPlan, day: PlannedDay, visit: PlannedVisit) -> dict[str, Any]:
    result = visit.result
    code = result.uscc if result and result.uscc and check_codes([result.uscc])[0] else None
    values: dict[str, Any] = {"kind": _TARGET_KINDS[visit.kind], "company": visit.name, "uscc": code, "city": visit.city[:20]}
    if result is not None:
        values |= {
            "province": (result.province or "")[:20] or None, "chain": result.chain, "segment": result.segment,
            "run": plan.run.id, "run_rank": result.rank, "why": result.reason[:_LONGEST_WHY],
        }  # fmt: skip
    if visit.state == "agreed":  # what the company has not agreed to yet is no next step: the ranking would take it for one
        values |= {"next_step": f"{visit.begins} 登门拜访", "next_on": day.date}
    return values
