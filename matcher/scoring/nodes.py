"""What expressions are made of (求值节点): a small algebra of numbers and truths, the same part always the same node.

Numbers   number(v)  column(f)  add sub mul ratio(a, b)  ramp(a; lo, hi)  years(a)
Truths    truth(v)  flag(f)  has(f; mask)  less at_most equal(a, b)  not(t)  and(t …)

All else is said with these: ``a > b`` is ``less(b, a)``, ``OR`` is ``not(and(not …))``, ``IN`` an OR of ``equal``, ``−a`` is ``−1 × a``.
In three-valued logic each of these is the same as what it stands for, whatever is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Node(NamedTuple):
    """A part of an expression (节点).

    Attributes:
        kind: One of those above.
        of: The parts that it is made of.
        given: What is written there: a number, a field's name, a mask.
    """

    kind: str
    of: tuple[Node, ...] = ()
    given: tuple[float | str, ...] = ()


def number(value: float) -> Node:
    """A number that is written there (数字)."""
    return Node("number", given=(value,))


def truth(value: bool) -> Node:
    """TRUE or FALSE (真假)."""
    return Node("truth", given=(float(value),))


def opposite(node: Node) -> Node:
    """NOT (非)."""
    return node.of[0] if node.kind == "not" else Node("not", (node,))


def all_of(parts: Sequence[Node]) -> Node:
    """AND (且), of any number: those within are taken out of their brackets."""
    flat = dict.fromkeys(one for part in parts for one in (part.of if part.kind == "and" else (part,)))
    return next(iter(flat)) if len(flat) == 1 else Node("and", tuple(flat))


def any_of(parts: Sequence[Node]) -> Node:
    """OR (或), of any number."""
    return opposite(all_of([opposite(part) for part in parts]))


def same(one: Node, other: Node) -> Node:
    """Whether two truths are the same (相同); unknown if either is."""
    return any_of([all_of([one, other]), all_of([opposite(one), opposite(other)])])


def among(node: Node, choices: Sequence[float]) -> Node:
    """Whether a number or code is one of a few (是不是其中之一)."""
    return any_of([Node("equal", (node, number(choice))) for choice in choices])
