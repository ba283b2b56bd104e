"""Companies of one family are one line (归并集团): who stays, who decides, who folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matcher.corpora import Corpora
from matcher.intake import Companies
from matcher.matching.families import FamilyFinder
from matcher.scoring.ranking import Placed, fold
from matcher.types import Family


def families_among(finder: FamilyFinder, placed: Placed, at: Sequence[int]) -> list[list[int]]:
    """The families of those that could be listed, by the chains that they are placed on (名单上的集团家族); arguments as below."""
    return finder.find(dict(zip(at, placed.chain.tolist(), strict=True)))


def fold_families(
    found: Sequence[Sequence[int]], everywhere: Companies, placed: Placed, at: Sequence[int], corpora: Corpora
) -> tuple[dict[int, Family], dict[int, int]]:
    """The families of a list (归并), by the companies' places among all of the file.

    Args:
        found: Families as ``families_among`` finds them.
        everywhere: All companies of the file: a head may sit in a city that was not asked for.
        placed: Those that could be listed.
        at: Where each of them stands among all.
        corpora: The known groups.

    Returns:
        Family of each company that has one and stays, and for each company that folds the one of its family that stays.
    """
    scores = dict(zip(at, placed.score.tolist(), strict=True))
    groups = dict(zip(at, placed.known_group.tolist(), strict=True))
    keys = {place: everywhere.key(place) for family in found for place in family if place in scores}
    families = {place: _known(number, corpora) for place, number in groups.items() if number}
    folded: dict[int, int] = {}
    for present, head in fold(found, scores, keys):
        if len(present) > 1 or present[0] != head:
            number = groups.get(head, 0)
            family = _known(number, corpora) if number else _headed(everywhere, head)
            families[present[0]] = replace(family, others=tuple(everywhere.text["name"][place] for place in present[1:]))
        folded.update(dict.fromkeys(present[1:], present[0]))
    return families, folded


def _known(number: int, corpora: Corpora) -> Family:
    group = corpora.known_groups[number - 1]
    return Family(group.name, None, group.city, ())


def _headed(companies: Companies, head: int) -> Family:
    text = companies.text
    return Family(text["name"][head], text["uscc"][head] or None, text["city"][head] or None, ())
