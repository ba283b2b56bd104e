"""Which companies a list of names means, for programs and notebooks (归一用例); the command ``resolve`` adds files and formats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matcher.corpora import open_corpora
from matcher.intake import Intake
from matcher.matching.name_files import index_of
from matcher.matching.name_index import NameIndex
from matcher.matching.resolution import Known, Resolution, Resolver
from matcher.processes import in_chunks
from matcher.rules.resolution import load_resolution

_AT_ONCE = 250  # queries that are worth a worker


def resolve_names(
    queries: Iterable[str | tuple[str, str]],
    base: Intake,
    known: Known | None = None,
    *,
    index: NameIndex | None = None,
    rules: str | Path | None = None,
    processes: int = 1,
) -> list[Resolution]:
    """Which companies are meant, in the order of the queries (归一).

    Example::

        base = read_files(["企业.csv"], open_corpora())
        for answer in resolve_names(["娃哈哈", ("青岛啤酒", "91370200163615667J")], base):
            print(answer.query, answer.decision, answer.company and answer.company.name, answer.why)

    Args:
        queries: Names, brands or credit codes, or pairs of a name with the code that stands beside it.
        base: The companies that may be meant, of files (``read_files``) or of a snapshot (``Snapshot.intake``).
        known: The user's brands and judgements.
        index: Of the base's names, if it was built before (``Snapshot.names``).
        rules: Another folder than the installed one.
        processes: Most at work at once; no answer depends on it.

    Raises:
        RulesError: The rules hold mistakes.
        ValueError: The index is of another base.
    """
    text, settings = base.companies.text, load_resolution(rules)
    index = index or index_of(text["name"], text["former_names"], processes)
    resolver = Resolver(base.companies, open_corpora(), settings, known, index)
    return resolve_all(resolver, [(query, "") if isinstance(query, str) else query for query in queries], processes)


def resolve_all(resolver: Resolver, asked: Sequence[tuple[str, str]], processes: int = 1) -> list[Resolution]:
    """The resolver's answers to a list, in its order (整张名单的归一).

    Args:
        resolver: Is asked.
        asked: Names, each with the code that stands beside it, or "".
        processes: Most at work at once; each name is answered by itself, so no answer depends on it.
    """
    if coded := next((one for one in asked if one[1]), None):
        resolver.resolve(*coded)  # what is made for the first code, workers share
    answered = in_chunks(lambda chunk: [resolver.resolve(*asked[place]) for place in chunk], len(asked), _AT_ONCE, processes)
    return [answer for part in answered for answer in part]


def answer_data(query: str, answer: Resolution) -> dict[str, Any]:
    """An answer as plain data (平实的答案): who is meant or likeliest, why, and the candidates.

    Args:
        query: As it was asked.
        answer: What was found.
    """
    company, parent = answer.company, answer.parent
    candidates = [{key: value for key, value in asdict(one).items() if key != "place"} for one in answer.candidates]
    return {
        "query": query,
        "decision": answer.decision,
        "uscc": company.uscc if company else "",
        "name": company.name if company else "",
        "confidence": (company.confidence or None) if company else None,
        "candidates": candidates,
        "why": answer.why,
        "parent": parent.name if parent else "",
        "parent_uscc": parent.uscc if parent else "",
        "former_name": company.former if company else "",
    }
