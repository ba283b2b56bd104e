"""How a row moves from step to step (步骤): what kind of move it is, what it needs, which milestones it takes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matcher.rules.ledger import StepSpec

Move = Literal["first", "next", "skip", "back", "aside", "return", "turn", "same"]
"""The first step, the next one, one over others, back, to a side-track, from one, to another branch, the same again (步骤走法)."""
_WITHOUT_REASON = ("first", "next")
SAID: dict[Move, str] = {
    "skip": "越过了{skipped}", "back": "是退回", "aside": "是转到旁支", "return": "是从旁支回来", "turn": "不是下一步",
    "same": "是更正日期", "first": "", "next": "",
}  # fmt: skip
"""What is said of a move that needs a reason (走法的说法)."""


@dataclass(frozen=True)
class Way:
    """What kind of move a step is (走法).

    Attributes:
        skipped: Steps that it goes over.
        refused: One of those that must never be gone over; None if there is none.
    """

    move: Move
    skipped: tuple[str, ...] = ()
    refused: str | None = None

    def needs_reason(self, after: StepSpec) -> bool:
        """Whether it needs a reason (要不要理由)."""
        return after.reason or self.move not in _WITHOUT_REASON


def way(steps: Sequence[StepSpec], before: str | None, after: StepSpec, standing: Sequence[str] = ()) -> Way:
    """The way from one step to another (怎样走到).

    Args:
        steps: Of the book.
        before: Where the row stands; None for a new row, or a step that the rules know no more.
        after: Where it goes.
        standing: Milestones that it has reached.
    """
    known = {step.id: step for step in steps}
    if before == after.id:
        return Way("same")
    if after.aside:
        return Way("aside")
    if before is not None and before in known and known[before].aside:
        over = _over(steps, steps[0].id, after.id)
        return Way("return", (), _refused(known, over, standing))
    start = before if before in known else None
    if start is None:
        over = (*((steps[0].id,) if after.id != steps[0].id else ()), *_over(steps, steps[0].id, after.id))
        refused = _refused(known, over, standing)
        return Way("skip" if over else "first", over, refused)
    if after.id in known[start].next:
        return Way("next")
    if after.id in reachable(steps, start):
        over = _over(steps, start, after.id)
        return Way("skip", over, _refused(known, over, standing))
    return Way("back" if start in reachable(steps, after.id) else "turn")


def reachable(steps: Sequence[StepSpec], start: str) -> set[str]:
    """Every step that can follow, sooner or later (之后各步)."""
    known = {step.id: step for step in steps}
    found: set[str] = set()
    waiting = list(known[start].next) if start in known else []
    while waiting:
        step = waiting.pop()
        if step not in found:
            found.add(step)
            waiting += known[step].next
    return found


def spoken(steps: Sequence[StepSpec]) -> set[str]:
    """Steps at which somebody has spoken with the company (谈过的各步): a first contact, and all that may follow it."""
    first = {one.id for one in steps if one.first_contact}
    return first | {later for one in first for later in reachable(steps, one)}


def undone(steps: Sequence[StepSpec], standing: Sequence[str], after: StepSpec) -> list[str]:
    """Milestones that stand no more once the row is there (撤去的里程碑): those that do not come before it. A side-track takes none."""
    if after.aside:
        return [step for step in standing if step == after.id]
    asides = {step.id for step in steps if step.aside}
    return [
        step for step in standing if step in asides or (step != after.id and after.id not in reachable(steps, step))
    ]  # fmt: skip


def _over(steps: Sequence[StepSpec], start: str, end: str) -> tuple[str, ...]:
    """Steps between the two on the shortest way; the earliest in the file of several."""
    known = {step.id: step for step in steps}
    came: dict[str, str] = {}
    waiting = deque([start])
    while waiting and end not in came:
        step = waiting.popleft()
        for following in known[step].next:
            if following not in came and following != start:
                came[following] = step
                waiting.append(following)
    found: list[str] = []
    while end in came and came[end] != start:
        end = came[end]
        found.append(end)
    return tuple(reversed(found))


def _refused(known: dict[str, StepSpec], over: Sequence[str], standing: Sequence[str]) -> str | None:
    return next((step for step in over if known[step].never_skipped and step not in standing), None)
