"""The fair-competition check of promises (公平竞争核对): it warns, and on what ground; whether one is lawful is for those who review it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.ledger.records import Promise
from matcher.rules.compliance import Compliance, LegalSource
from matcher.text.normalise import normalise


@dataclass(frozen=True)
class Warned:
    """One warning about a promise (一条提醒).

    Attributes:
        label: What the promise looks like.
        found: The words that say so; empty where its kind alone does.
        unless: What would make it lawful.
        instead: What to do instead.
        settled: The ground is written down and the review is done.
    """

    label: str
    found: tuple[str, ...]
    unless: str
    instead: str
    sources: tuple[LegalSource, ...]
    settled: bool

    def __str__(self) -> str:
        by = f"（写了「{'、'.join(self.found)}」）" if self.found else ""
        done = "已写依据并做过公平竞争审查" if self.settled else f"{self.instead}，并先做公平竞争审查"
        return f"这项承诺像是{self.label}{by}：{self.unless}，见{'、'.join(map(str, self.sources))}；{done}"


def warnings(promise: Promise, compliance: Compliance) -> list[Warned]:
    """What a promise is warned of (承诺的提醒), in the order of the list.

    Args:
        promise: As it is entered.
        compliance: The list of the rules folder in use.
    """
    return warnings_of(promise.kind, promise.what, compliance, settled=bool(promise.ground and promise.reviewed_on))


def warnings_of(kind: str, what: str, compliance: Compliance, *, settled: bool = False) -> list[Warned]:
    """The same of a promise's kind and words (按类型和内容).

    Args:
        kind: Its kind.
        what: What was promised.
        compliance: The list.
        settled: Its ground is written down and the review is done.
    """
    text = normalise(what).replace(" ", "")
    found: list[Warned] = []
    for one in compliance.promises:
        words = _longest(tuple(word for word in one.words if normalise(word).replace(" ", "") in text))
        if words or kind in one.kinds:
            found.append(Warned(one.label, words, one.unless, one.instead, tuple(one.sources), settled))
    return found


def _longest(words: Sequence[str]) -> tuple[str, ...]:
    """Without words that stand within others."""
    return tuple(word for word in words if not any(word != other and word in other for other in words))
