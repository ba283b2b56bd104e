"""Watching a plan being made (看着排): how far it is, and a word to end it."""

from __future__ import annotations

from matcher.errors import CalledOffError


class Watch:
    """What whoever waits for a plan sees and may say (旁观); one thread plans, another looks on.

    Attributes:
        doing: What is being done, in Chinese.
        enough: Whoever waits takes the best plan so far.
        off: He wants none any more.
    """

    def __init__(self) -> None:
        self.doing, self.enough, self.off = "", False, False

    def tell(self, doing: str) -> None:
        """Says what comes next (说到哪一步), unless it is called off.

        Raises:
            CalledOffError: It is.
        """
        self.check()
        self.doing = doing

    def check(self) -> None:
        """Raises if it is called off (是否叫停).

        Raises:
            CalledOffError: It is.
        """
        if self.off:
            raise CalledOffError
