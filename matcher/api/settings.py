"""What the service runs with (服务设置): read from the environment once, then handed on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from matcher.errors import OptionError
from matcher.locate import home
from matcher.store.scores import Bounds

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What clients may ask for (限额).

    Attributes:
        body: Most bytes of a request's body.
        depth: Deepest nesting of JSON.
        in_flight: Most bytes of bodies that one process holds at a time.
        per_minute: Most requests of one key in a minute; 0 for no limit.
        attempts: Most requests without a valid key from one address in a minute.
        heavy: How many rankings and the like one process works on at a time.
        waiting: How many more may wait for their turn.
        patience: Seconds that they wait.
    """

    body: int = 8 * MEBIBYTE
    depth: int = 32
    in_flight: int = 64 * MEBIBYTE
    per_minute: int = 600
    attempts: int = 30
    heavy: int = 2
    waiting: int = 32
    patience: float = 30.0


@dataclass(frozen=True)
class Settings:
    """Settings of one service (服务设置).

    Attributes:
        home: ``LIANZHAO_HOME``: snapshots, copies of rules.
        database: Address of the database; None for the file in ``home``.
        rules, corpora: Other folders than the installed ones.
        needs_keys: Every request must carry an API key. Without, only this machine is answered.
        hosts: Names under which the service may be called, beside those of this machine; without keys all others are refused.
        origins: Web pages (``https://host``; OpenRefine's is ``http://127.0.0.1:3333``) whose requests are answered.
        log: How requests are logged: ``json``, ``plain``, ``off``, or ``auto`` for plain on a terminal.
        limits: What clients may ask for.
        scores: How much of what was scored is kept, where somebody wants it kept.
        look_every: Seconds between two looks for a new snapshot or new rules; 0 for none but those asked for.
    """

    home: Path
    database: str | None = None
    rules: Path | None = None
    corpora: Path | None = None
    needs_keys: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    log: str = "auto"
    limits: Limits = field(default_factory=Limits)
    scores: Bounds = field(default_factory=Bounds)
    look_every: float = 1.0

    @classmethod
    def from_environment(cls) -> Settings:
        """The settings that ``LIANZHAO_…`` variables name (由环境变量).

        Raises:
            OptionError: A value cannot be read.
        """
        usual = Limits()
        return cls(
            home=home(),
            database=os.environ.get("LIANZHAO_DATABASE") or None,
            needs_keys=_yes("LIANZHAO_REQUIRE_KEYS"),
            hosts=_several("LIANZHAO_HOSTS"),
            origins=_several("LIANZHAO_ORIGINS"),
            log=_one_of("LIANZHAO_LOG", ("auto", "json", "plain", "off")),
            limits=Limits(
                body=_number("LIANZHAO_BODY_LIMIT", usual.body // 1024, 1) * 1024,
                depth=_number("LIANZHAO_DEPTH_LIMIT", usual.depth, 1),
                in_flight=_number("LIANZHAO_IN_FLIGHT", usual.in_flight // MEBIBYTE, 1) * MEBIBYTE,
                per_minute=_number("LIANZHAO_PER_MINUTE", usual.per_minute, 0),
                attempts=_number("LIANZHAO_ATTEMPTS", usual.attempts, 1),
                heavy=_number("LIANZHAO_HEAVY", usual.heavy, 1),
                waiting=_number("LIANZHAO_WAITING", usual.waiting, 0),
            ),
            scores=Bounds(
                days=_number("LIANZHAO_SCORE_DAYS", Bounds.days, 1, 36_500),
                most=_number("LIANZHAO_SCORES_KEPT", Bounds.most, 1),
                bytes_=_number("LIANZHAO_SCORES_MB", Bounds.bytes_ // MEBIBYTE, 1) * MEBIBYTE,
            ),
        )

    @property
    def address(self) -> str:
        """The database's address (数据库地址)."""
        return self.database or f"sqlite:///{self.home / 'ledger.db'}"


def _several(name: str) -> tuple[str, ...]:
    return tuple(one.rstrip("/") for one in os.environ.get(name, "").replace(",", " ").split())


def _yes(name: str) -> bool:
    given = os.environ.get(name, "").strip().lower()
    if given not in ("", "0", "1", "true", "false", "yes", "no"):
        raise OptionError(f"{name} 应为 1 或 0，写的是 {given[:40]!r}")
    return given in ("1", "true", "yes")


def _one_of(name: str, known: tuple[str, ...]) -> str:
    given = os.environ.get(name) or known[0]
    if given not in known:
        raise OptionError(f"{name} 应为 {'、'.join(known)} 之一，写的是 {given[:40]!r}")
    return given


def _number(name: str, usual: int, least: int, most: int = 1_000_000) -> int:
    given = os.environ.get(name) or str(usual)
    if not (given.isascii() and given.isdigit()) or not least <= int(given[:9]) <= most:
        raise OptionError(f"{name} 应为 {least} 到 {most} 的整数，写的是 {given[:40]!r}")
    return int(given)
