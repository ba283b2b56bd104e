"""What counts (算数的): beside every figure as it was filed stands the one that is proved (填报与有证明)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, exists, func, select

from matcher.ledger import reading, tables
from matcher.ledger.attesting import SUM, none_of, outdated, proves_nothing
from matcher.ledger.books import ARRIVALS, PAPERS, PROJECTS
from matcher.ledger.money import Money
from matcher.ledger.records import Project
from matcher.ledger.setting import Setting
from matcher.ledger.standing import moved_after, stood

_AT_ONCE = 500


@dataclass(frozen=True)
class Milestone:
    """A step that stands, and whether it counts (一个里程碑).

    Attributes:
        id: Of ``ledger_steps``.
        proved: It has a proof that attests what stands, or needs none.
        sum_proved: Such a proof attests the agreed investment, too.
        outdated: Its proof was added for something else: another day, another company (证明待更新).
    """

    id: int
    step: str
    on: date
    needs_proof: bool
    proved: bool
    sum_proved: bool
    outdated: bool


class Proved(NamedTuple):
    """What the proofs of a step come to (一步的证明): as of ``Milestone``."""

    proved: bool = False
    sum_proved: bool = False
    outdated: bool = False


@dataclass(frozen=True)
class Both:
    """A sum as it was filed, and as far as it is proved (填报与有证明)."""

    filed: Money
    proved: Money


def milestones(
    connection: Connection, setting: Setting, ids: Sequence[int] | None = None, as_of: date | None = None
) -> dict[int, tuple[Milestone, ...]]:
    """Project → the steps that stand, in the order of the rules (各项目的里程碑).

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        ids: Only of these projects; None for all.
        as_of: Those that stood at the end of this day; None for those that stand.
    """
    asked = {step.id: bool(step.proofs) for step in setting.steps("projects")}
    order = {step: number for number, step in enumerate(asked)}
    proofs = proofs_of_steps(connection, setting, ids)
    found: dict[int, tuple[Milestone, ...]] = {}
    for row, lines_of in _standing(connection, setting, ids, as_of).items():
        lines = [
            Milestone(one.id, one.step, one.on, needs, *(proofs.get(one.id, Proved()) if needs else Proved(True, True)))
            for one, needs in ((one, asked.get(one.step, False)) for one in lines_of)
        ]
        found[row] = tuple(sorted(lines, key=lambda one: (order.get(one.step, len(order)), one.id)))
    return found


def _standing(
    connection: Connection, setting: Setting, ids: Sequence[int] | None, as_of: date | None
) -> dict[int, list[reading.Step]]:
    """The steps that stand, or stood; only of projects that moved after that day all steps are gone through again."""
    found = reading.steps(connection, setting.zone, PROJECTS, ids)
    if as_of is None:
        return found
    moved = set(connection.execute(moved_after(setting, PROJECTS, as_of)).scalars())
    again = sorted(moved if ids is None else moved & set(ids))
    then = stood(connection, setting, PROJECTS, again, as_of)
    for row, lines in reading.steps(connection, setting.zone, PROJECTS, again, undone=True).items():
        stands = set(then[row].standing.values()) if row in then else set()
        found[row] = [line for line in lines if line.id in stands]
    return found


def furthest(stood: Sequence[Milestone]) -> str | None:
    """The furthest step that counts (有证明的进展): the last of the milestones that is proved."""
    counted = [one.step for one in stood if one.proved]
    return counted[-1] if counted else None


def proofs_of_steps(connection: Connection, setting: Setting, ids: Sequence[int] | None = None) -> dict[int, Proved]:
    """Line of ``ledger_steps`` that has proofs → what they come to (各步的证明).

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        ids: Only of these projects; None for all.
    """
    proofs, steps = tables.proofs, tables.steps
    changed = outdated(connection, setting.zone, PROJECTS.name, ids)
    nothing = set(proves_nothing(changed))
    wanted = (
        select(proofs.c.id, proofs.c.step, proofs.c.kind, steps.c.step.label("made"))
        .join(steps, steps.c.id == proofs.c.step)
        .where(proofs.c.zone == setting.zone, proofs.c.book == "projects", proofs.c.withdrawn_at.is_(None))
    )
    parts: list[Sequence[int] | None] = [None] if ids is None else [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
    found: dict[int, Proved] = {}
    for part in parts:
        for row in connection.execute(wanted if part is None else wanted.where(proofs.c.row.in_(part))):
            if row.kind in setting.proofs_of(PROJECTS.name, row.made):
                so_far = found.get(row.step, Proved())
                proved = so_far.proved or row.id not in nothing
                of_sum = so_far.sum_proved or (row.id not in nothing and SUM not in changed.get(row.id, ()))
                found[row.step] = Proved(proved, of_sum, not proved)
    return found


def arrived(
    connection: Connection,
    setting: Setting,
    *,
    since: date | None = None,
    until: date | None = None,
    projects: Collection[int] | None = None,
) -> dict[int, dict[tuple[str, str], Both]]:
    """Project → (origin, currency) → funds that arrived (到位资金), 内资 and 外资 apart, summed by the database in whole 分.

    Args:
        connection: In a transaction.
        setting: The zone's rules.
        since: From this day on.
        until: Up to and with this day.
        projects: Only of these.
    """
    table, proofs = ARRIVALS.table, tables.proofs
    proof = exists().where(
        proofs.c.book == "arrivals", proofs.c.row == table.c.id, proofs.c.zone == table.c.zone, proofs.c.withdrawn_at.is_(None),
        proofs.c.kind.in_(setting.rules.file.arrivals), none_of(proves_nothing(outdated(connection, setting.zone, ARRIVALS.name))),
    )  # fmt: skip
    wanted = (
        select(
            table.c.project, table.c.origin, table.c.amount_currency, func.sum(table.c.amount).label("filed"),
            func.sum(case((proof, table.c.amount), else_=Decimal(0))).label("proved"),
        )
        .where(table.c.zone == setting.zone, table.c.deleted_at.is_(None))
        .group_by(table.c.project, table.c.origin, table.c.amount_currency)
        .order_by(table.c.project, table.c.origin, table.c.amount_currency)
    )  # fmt: skip
    if since is not None:
        wanted = wanted.where(table.c.arrived_on >= since)
    if until is not None:
        wanted = wanted.where(table.c.arrived_on <= until)
    found: dict[int, dict[tuple[str, str], Both]] = {}
    for row in connection.execute(wanted):
        if projects is None or row.project in projects:
            both = Both(Money(row.filed, row.amount_currency), Money(row.proved, row.amount_currency))
            found.setdefault(row.project, {})[row.origin, row.amount_currency] = both
    return found


def arrived_in_all(of_projects: Mapping[int, Mapping[tuple[str, str], Both]]) -> dict[tuple[str, str], Both]:
    """The same of all projects together (合计), exact; currencies are never added."""
    found: dict[tuple[str, str], Both] = {}
    for sums in of_projects.values():
        for (origin, currency), both in sums.items():
            so_far = found.get((origin, currency))
            filed, proved = both.filed.amount, both.proved.amount
            if so_far is not None:
                filed, proved = filed + so_far.filed.amount, proved + so_far.proved.amount
            found[origin, currency] = Both(Money(filed, currency), Money(proved, currency))
    return found


def agreed(project: Project, stood: Sequence[Milestone], step: str) -> Both | None:
    """A project's agreed investment (协议投资), proved if a proof of the step that makes it binding attests it; None if none was filed.

    Args:
        project: The project.
        stood: Its milestones.
        step: Id of the step that makes it binding, such as the signing.
    """
    if project.agreed is None:
        return None
    proved = any(one.step == step and one.sum_proved for one in stood)
    return Both(project.agreed, project.agreed if proved else Money(Decimal("0.00"), project.agreed.currency))


def papers_proved(connection: Connection, setting: Setting, project: int) -> dict[str, tuple[date, bool]]:
    """Paper → when it was given, and whether it is proved (手续办到哪一步)."""
    found: dict[str, tuple[date, bool]] = {}
    for paper in reading.rows(connection, setting.zone, PAPERS, PAPERS.table.c.project == project):
        spec = setting.papers.get(paper.paper)
        kinds: Sequence[str] = spec.proofs if spec else ()
        found[paper.paper] = (paper.issued_on, _has_proof(connection, setting, paper.id, kinds))
    return found


def _has_proof(connection: Connection, setting: Setting, paper: int, kinds: Sequence[str]) -> bool:
    proofs: Any = tables.proofs
    of_paper = (proofs.c.zone == setting.zone) & (proofs.c.book == "papers") & (proofs.c.row == paper)
    nothing = proves_nothing(outdated(connection, setting.zone, PAPERS.name, [paper]))
    wanted = select(proofs.c.id).where(of_paper, proofs.c.withdrawn_at.is_(None), proofs.c.kind.in_(kinds))
    return not set(connection.execute(wanted).scalars()) <= set(nothing)
