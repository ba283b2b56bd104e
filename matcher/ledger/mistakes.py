"""All that is wrong with a row at once (一行的各处错误): whoever corrects a sheet wants to correct each row once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from matcher.errors import LedgerError


@contextlib.contextmanager
def noted(wrong: list[LedgerError]) -> Iterator[None]:
    """Puts down what is wrong, and goes on (记下错误).

    Args:
        wrong: Mistakes are added here.
    """
    try:
        yield
    except LedgerError as error:
        wrong += [error, *error.more]


def raise_first(wrong: list[LedgerError]) -> None:
    """Raises the first mistake with the others in ``more``, if there is one (报第一处，带上其余).

    Raises:
        LedgerError: Something is wrong.
    """
    if wrong:
        wrong[0].more = tuple(wrong[1:])
        raise wrong[0]
