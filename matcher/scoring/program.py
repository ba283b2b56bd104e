"""Expressions evaluated together (求值程序): all rules of a zone in a few operations, for one company as for thousands.

A rule alone is a dozen operations on arrays. Seventy rules on one company are a thousand, and each of them costs more than its arithmetic.
So parts of one kind that stand equally deep are rows of one matrix and are evaluated by one operation, and a part that several rules share
is evaluated once. Every row is computed as it would be alone, so it does not matter with what others an expression is evaluated.

A truth is two rows, known to be true and known to be false: NOT then reads them the other way round, and AND is an AND of the first and
an OR of the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.nodes import Node
from matcher.scoring.values import DAYS_PER_YEAR, Column

_BLOCK = 2048  # pairs at once: what they need stays in the processor's cache
_ENDS = ("number", "column")  # numbers that are made of no others, in the order of their rows
_LEAVES = ("truth", "flag", "has", "equal", "less", "at_most")  # truths that are made of no others
_COMPARISONS: dict[str, np.ufunc] = {"equal": np.equal, "less": np.less, "at_most": np.less_equal}

_Places = NDArray[np.int64]
_Numbers = tuple[NDArray[np.float64], NDArray[np.bool_]]  # rows of values, and whether each is known


@dataclass(frozen=True)
class _Made:
    """Numbers of one kind, equally deep: rows ``begin`` … ``end``, made of rows ``of``; ``given``: what is written there."""

    kind: str
    begin: int
    end: int
    of: tuple[_Places, ...]
    given: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True)
class _Joined:
    """ANDs that are equally deep: rows ``begin`` … ``end``; each joins some of ``true``, from its place in ``first`` on."""

    begin: int
    end: int
    true: _Places
    false: _Places
    first: _Places


class Program:
    """Some expressions, to be evaluated together (求值程序).

    Args:
        nodes: What each expression comes to, and whether it is a truth.
    """

    def __init__(self, nodes: Sequence[tuple[Node, bool]]) -> None:
        numbers: dict[Node, int] = {}
        truths: dict[Node, int] = {}
        for node, is_truth in nodes:
            _truth_depth(node, truths, numbers) if is_truth else _number_depth(node, numbers)
        in_order = sorted(numbers, key=lambda node: (numbers[node], node.kind != "number", node.kind))
        self._rows = {node: row for row, node in enumerate(in_order)}
        self._constants = np.array([node.given[0] for node in in_order if node.kind == "number"], dtype=np.float64)
        self._read = [str(node.given[0]) for node in in_order if node.kind == "column"]
        self._made = [self._make(group) for group in _grouped(in_order, lambda node: (numbers[node], node.kind)) if group[0].of]
        self._truths(truths)
        self._of_numbers = self._outputs(nodes, lambda node: self._rows[node], is_truth=False)
        self._of_truths = self._outputs(nodes, self._ref, is_truth=True)
        self._size = len(nodes)

    def _make(self, group: Sequence[Node]) -> _Made:
        rows = [self._rows[node] for node in group]
        of = tuple(_places(self._rows[part] for part in parts) for parts in zip(*(node.of for node in group), strict=True))
        given = tuple(np.array(words, dtype=np.float64)[:, None] for words in zip(*(node.given for node in group), strict=True))
        return _Made(group[0].kind, rows[0], rows[-1] + 1, of, given)

    def _truths(self, truths: Mapping[Node, int]) -> None:
        in_order = sorted(truths, key=lambda node: (truths[node], _LEAVES.index(node.kind) if node.kind in _LEAVES else 0))
        self._truth_rows = {node: row for row, node in enumerate(in_order)}
        self._count = len(in_order)
        leaves = {kind: [node for node in in_order if node.kind == kind] for kind in _LEAVES}
        self._leaves = sum(map(len, leaves.values()))
        self._written = np.array([node.given[0] for node in leaves["truth"]], dtype=np.bool_)[:, None]
        self._flags = [str(node.given[0]) for node in leaves["flag"]]
        self._lists = list(dict.fromkeys(str(node.given[0]) for node in leaves["has"]))
        self._listed = _places(self._lists.index(str(node.given[0])) for node in leaves["has"])
        self._masks = np.array([node.given[1] for node in leaves["has"]], dtype=np.int64)[:, None]
        compared = [node for kind in _COMPARISONS for node in leaves[kind]]
        self._left, self._right = (_places(self._rows[node.of[side]] for node in compared) for side in (0, 1))
        ends = np.cumsum([0, *(len(leaves[kind]) for kind in _COMPARISONS)]).tolist()
        self._compare = [
            (compare, slice(*ends[n : n + 2])) for n, compare in enumerate(_COMPARISONS.values()) if ends[n] < ends[n + 1]
        ]
        groups = _grouped([node for node in in_order if node.kind == "and"], lambda node: truths[node])
        self._joined = [self._join(group) for group in groups]

    def _join(self, group: Sequence[Node]) -> _Joined:
        rows = [self._truth_rows[node] for node in group]
        true = _places(self._ref(part) for node in group for part in node.of)
        sizes = [len(node.of) for node in group]
        first = np.cumsum([0, *sizes[:-1]]).astype(np.int64)
        return _Joined(rows[0], rows[-1] + 1, true, self._turned(true), first)

    def _ref(self, node: Node) -> int:
        """The row that says where a truth is known to hold; those for known not to are ``_count`` further on."""
        return self._truth_rows[node.of[0]] + self._count if node.kind == "not" else self._truth_rows[node]

    def _turned(self, refs: _Places) -> _Places:
        return np.where(refs < self._count, refs + self._count, refs - self._count)

    def _outputs(
        self, nodes: Sequence[tuple[Node, bool]], row: Callable[[Node], int], *, is_truth: bool
    ) -> tuple[_Places, _Places]:
        """Which of the expressions are of this kind, and the row of each."""
        which = [number for number, (_, kind) in enumerate(nodes) if kind == is_truth]
        return _places(which), _places(row(nodes[number][0]) for number in which)

    def __call__(self, columns: Mapping[str, Column], as_of: int, size: int) -> _Numbers:
        """Expressions × rows (求值): values, nought where unknown and truths as 0 and 1, and whether each is known.

        Args:
            columns: The fields read, all of one length.
            as_of: The run's date in days since 1970.
            size: How many rows.
        """
        if size <= _BLOCK:
            with np.errstate(all="ignore"):
                return self._evaluated(columns, as_of, size)
        values, known = np.empty((self._size, size)), np.empty((self._size, size), dtype=np.bool_)
        for at, of_block, known_there in self.blocks(columns, as_of, size):
            values[:, at], known[:, at] = of_block, known_there
        return values, known

    def blocks(
        self, columns: Mapping[str, Column], as_of: int, size: int
    ) -> Iterator[tuple[slice, NDArray[np.float64], NDArray[np.bool_]]]:
        """The same piece by piece (逐段求值): which rows, and what calling it says of them."""
        read = {*self._read, *self._flags, *self._lists}
        for begin in range(0, size, _BLOCK):
            at = slice(begin, min(begin + _BLOCK, size))
            part = {name: Column(columns[name].values[at], columns[name].known[at]) for name in read}
            with np.errstate(all="ignore"):
                values, known = self._evaluated(part, as_of, at.stop - begin)
            yield at, values, known

    def _evaluated(self, columns: Mapping[str, Column], as_of: int, size: int) -> _Numbers:
        numbers, there = self._numbers(columns, as_of, size)
        values, known = np.empty((self._size, size)), np.empty((self._size, size), dtype=np.bool_)
        at, rows = self._of_numbers
        if len(at):
            of_numbers = there.take(rows, axis=0)
            known[at], values[at] = of_numbers, np.where(of_numbers, numbers.take(rows, axis=0), 0.0)
        at, rows = self._of_truths
        if len(at):
            truths = self._decided(columns, numbers, there, size)
            holds = truths.take(rows, axis=0)
            known[at], values[at] = holds | truths.take(self._turned(rows), axis=0), holds
        return values, known

    def _numbers(self, columns: Mapping[str, Column], as_of: int, size: int) -> _Numbers:
        """All numbers; what lies where one is unknown means nothing."""
        values, known = np.empty((len(self._rows), size)), np.empty((len(self._rows), size), dtype=np.bool_)
        begin, end = len(self._constants), len(self._constants) + len(self._read)
        values[:begin], known[:begin] = self._constants[:, None], True
        for row, name in enumerate(self._read, begin):
            values[row], known[row] = columns[name].values, columns[name].known
        known[begin:end] &= np.isfinite(values[begin:end])
        for made in self._made:
            at = slice(made.begin, made.end)
            values[at], known[at] = _MAKERS[made.kind](made, values, known, as_of)
        return values, known

    def _decided(
        self, columns: Mapping[str, Column], numbers: NDArray[np.float64], there: NDArray[np.bool_], size: int
    ) -> NDArray[np.bool_]:
        """Where each truth is known to hold, then where each is known not to."""
        holds, known = (np.empty((self._leaves, size), dtype=np.bool_) for _ in range(2))
        begin = len(self._written)
        row = begin + len(self._flags)
        holds[:begin], known[:begin] = self._written, True
        for flag, name in enumerate(self._flags, begin):
            column = columns[name]
            holds[flag], known[flag] = column.values, column.known
            if column.values.dtype.kind == "f":  # whole numbers and truths are finite
                known[flag] &= np.isfinite(column.values.astype(np.float64))
        if len(self._listed):
            at = slice(row, row + len(self._listed))
            bits, whole = np.empty((len(self._lists), size), dtype=np.int64), np.empty((len(self._lists), size), dtype=np.bool_)
            for number, name in enumerate(self._lists):
                bits[number], whole[number] = columns[name].values, columns[name].known
            np.not_equal(bits.take(self._listed, axis=0) & self._masks, 0, out=holds[at])
            np.logical_or(holds[at], whole.take(self._listed, axis=0), out=known[at])
            row = at.stop
        if len(self._left):
            left, right, found = numbers.take(self._left, axis=0), numbers.take(self._right, axis=0), holds[row:]
            np.logical_and(there.take(self._left, axis=0), there.take(self._right, axis=0), out=known[row:])
            for compare, at in self._compare:
                compare(left[at], right[at], out=found[at])
        words = np.zeros((2 * self._count, -(-size // 8)), dtype=np.uint64)  # eight truths are joined at once
        truths = words.view(np.bool_)[:, :size]
        np.logical_and(holds, known, out=truths[: self._leaves])
        np.greater(known, holds, out=truths[self._count : self._count + self._leaves])
        for one in self._joined:
            true, false = slice(one.begin, one.end), slice(self._count + one.begin, self._count + one.end)
            np.bitwise_and.reduceat(words.take(one.true, axis=0), one.first, axis=0, out=words[true])
            np.bitwise_or.reduceat(words.take(one.false, axis=0), one.first, axis=0, out=words[false])
        return truths


def _number_depth(node: Node, found: dict[Node, int]) -> int:
    """How deep a number is made of others; all that it is made of are in ``found`` afterwards."""
    depth = found.get(node)
    if depth is None:
        depth = 0 if node.kind in _ENDS else 1 + max(_number_depth(part, found) for part in node.of)
        found[node] = depth
    return depth


def _truth_depth(node: Node, found: dict[Node, int], numbers: dict[Node, int]) -> int:
    if node.kind == "not":
        return _truth_depth(node.of[0], found, numbers)
    depth = found.get(node)
    if depth is None:
        if node.kind == "and":
            depth = 1 + max(_truth_depth(part, found, numbers) for part in node.of)
        else:
            depth = 0
            for part in node.of:
                _number_depth(part, numbers)
        found[node] = depth
    return depth


def _grouped(nodes: Iterable[Node], key: Callable[[Node], object]) -> list[list[Node]]:
    """Nodes with the same key together, in the order in which they first come."""
    groups: dict[object, list[Node]] = {}
    for node in nodes:
        groups.setdefault(key(node), []).append(node)
    return list(groups.values())


def _places(rows: Iterable[int]) -> _Places:
    return np.array(list(rows), dtype=np.int64)


def _combined(operate: np.ufunc) -> Callable[[_Made, NDArray[np.float64], NDArray[np.bool_], int], _Numbers]:
    """Sums and products: an infinite one is unknown."""

    def make(made: _Made, values: NDArray[np.float64], known: NDArray[np.bool_], _as_of: int) -> _Numbers:
        left, right = made.of
        found = operate(values.take(left, axis=0), values.take(right, axis=0))
        return found, known.take(left, axis=0) & known.take(right, axis=0) & np.isfinite(found)

    return make


def _ratio(made: _Made, values: NDArray[np.float64], known: NDArray[np.bool_], _as_of: int) -> _Numbers:
    top, bottom = made.of
    under = values.take(bottom, axis=0)
    found = values.take(top, axis=0) / under
    return found, known.take(top, axis=0) & known.take(bottom, axis=0) & (under != 0) & np.isfinite(found)


def _ramp(made: _Made, values: NDArray[np.float64], known: NDArray[np.bool_], _as_of: int) -> _Numbers:
    low, high = made.given
    found = np.minimum(np.maximum((values.take(made.of[0], axis=0) - low) / (high - low), 0.0), 1.0)
    return found, known.take(made.of[0], axis=0)


def _years(made: _Made, values: NDArray[np.float64], known: NDArray[np.bool_], as_of: int) -> _Numbers:
    days = values.take(made.of[0], axis=0)
    return (as_of - days) / DAYS_PER_YEAR, known.take(made.of[0], axis=0) & (days <= as_of)  # a day to come is a mistake: unknown


_MAKERS: dict[str, Callable[[_Made, NDArray[np.float64], NDArray[np.bool_], int], _Numbers]] = {
    "add": _combined(np.add),
    "sub": _combined(np.subtract),
    "mul": _combined(np.multiply),
    "ratio": _ratio,
    "ramp": _ramp,
    "years": _years,
}
