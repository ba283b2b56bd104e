"""Candidates for names of a spreadsheet (表格匹配的候选): resolved as ``lianzhao resolve`` does, then scored by the zone's rules.

A property of a query filters: ``city`` and ``chain`` leave only companies there; ``uscc`` is the code that stands beside the name. Where
the best candidates of all companies are elsewhere, those of the city are asked alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from matcher.api.companies import resolved
from matcher.api.reconcile_models import ReconcileQuery
from matcher.api.service import Service
from matcher.api.state import Base, State
from matcher.engine import Engine
from matcher.errors import RequestError
from matcher.matching.resolution import Candidate, Resolution
from matcher.runs import Request, today
from matcher.types import RankedCompany

TYPE = {"id": "company", "name": "企业"}
"""The one type of entity (类型)."""
FILTERS = {"city": "城市", "chain": "产业链", "uscc": "统一社会信用代码"}
"""Properties that a query may have (查询的属性)."""


def candidates(service: Service, state: State, engine: Engine, batch: Mapping[str, ReconcileQuery]) -> dict[str, Any]:
    """The answer to a batch (一批结果), by the keys of the queries.

    Args:
        service: Of the application.
        state: Of the request.
        engine: Of the zone, with what lists say.
        batch: The queries.
    """
    finder = _Finder(service, state, engine)
    found = {key: finder.find(query) for key, query in batch.items()}
    scores = finder.scored({one.place for answers in found.values() for one in answers.shown})
    return {
        key: {"result": [_told(state.companies(), one, answers, scores) for one in answers.shown]} for key, answers in found.items()
    }


class _Answers:
    """What a query found: its answer, and the candidates that are shown."""

    def __init__(self, answer: Resolution | None, shown: Sequence[Candidate]) -> None:
        self.answer, self.shown = answer, shown


class _Finder:
    """Finds candidates for the queries of one batch."""

    def __init__(self, service: Service, state: State, engine: Engine) -> None:
        self.service, self.base, self.engine = service, state.companies(), engine
        self.resolver = service.resolver(self.base, {})
        self._scores: dict[int, RankedCompany] = {}

    def find(self, query: ReconcileQuery) -> _Answers:
        """The candidates of one query, filtered and cut."""
        wanted = [query.type] if isinstance(query.type, str) else query.type
        if wanted and TYPE["id"] not in wanted:
            return _Answers(None, ())
        asked: dict[str, list[str]] = {pid: [] for pid in FILTERS}
        for one in query.properties:
            if one.pid in asked:
                asked[one.pid] += one.words
        code = asked["uscc"][0] if asked["uscc"] else ""
        answer = resolved(self.resolver, query.query, code)
        shown = self._inside(answer, asked)
        if not shown and asked["city"] and query.query.strip():
            answer, shown = self._of_cities(query.query, code, asked)
        return _Answers(answer, shown[: query.limit])

    def _inside(self, answer: Resolution, asked: Mapping[str, list[str]]) -> list[Candidate]:
        """Candidates of the answer that the filters leave, who is meant before all."""
        first = [answer.company] if answer.company else []
        every = first + [one for one in answer.candidates if not first or one.place != first[0].place]
        places = np.array([one.place for one in every], dtype=np.int64)
        keep = self._of(places, asked)
        return [one for one in every if one.place in keep]

    def _of(self, places: Any, asked: Mapping[str, list[str]]) -> set[int]:
        left = set(places.tolist())
        if asked["city"] and left:
            left &= {int(places[n]) for n in self._in_cities(self.base.companies.take(places), asked["city"])}
        if asked["chain"] and left:
            chains = self._chains(asked["chain"])
            left &= {place for place, one in self.scored(left).items() if one.chain in chains}
        return left

    def _in_cities(self, companies: Any, cities: Sequence[str]) -> Iterator[int]:
        for city in cities:
            try:
                yield from self.engine.cities.places(companies, [city]).tolist()
            except RequestError:  # the protocol has no error of one query: nobody is in a city that does not exist
                continue

    def _chains(self, words: Sequence[str]) -> set[str]:
        """Chains by id or name."""
        return {chain for chain, name in self.engine.zone.chain_names.items() if chain in words or name in words}

    def _of_cities(self, query: str, code: str, asked: Mapping[str, list[str]]) -> tuple[Resolution, list[Candidate]]:
        """The same among the companies of the cities alone; places are those of all companies."""
        cities = tuple(sorted(set(asked["city"])))
        there = np.array(sorted(set(self._in_cities(self.base.companies, cities))), dtype=np.int64)
        resolver = self.service.resolver_of(self.base, cities, there)
        answer = resolved(resolver, query, code)
        moved = _moved(answer, there)
        return moved, self._inside(moved, {**asked, "city": []})

    def scored(self, places: set[int]) -> dict[int, RankedCompany]:
        """What the zone's rules say of companies, each scored once."""
        missing = sorted(places - set(self._scores))
        if missing:
            results = self.engine.score_companies(self.base.companies.take(np.array(missing)), Request(as_of=today()))
            self._scores.update(zip(missing, results, strict=True))
        return {place: self._scores[place] for place in places}


def _moved(answer: Resolution, there: Any) -> Resolution:
    def at(one: Candidate) -> Candidate:
        return replace(one, place=int(there[one.place]))

    return replace(answer, company=at(answer.company) if answer.company else None, candidates=tuple(map(at, answer.candidates)))


def _told(base: Base, one: Candidate, answers: _Answers, scores: Mapping[int, RankedCompany]) -> dict[str, Any]:
    answer, result = answers.answer, scores[one.place]
    match = answer is not None and answer.decision == "same" and answer.company is not None and answer.company.place == one.place
    features = [{"id": f"name:{name}", "value": value} for name, value in one.features.items()]
    features += [{"id": f"points:{part.rule}", "value": part.points} for part in result.contributions]
    features += [{"id": "score", "value": result.score}, {"id": "affinity", "value": result.affinity}]
    return {
        "id": base.id_of(one.place),
        "name": one.name,
        "description": "，".join(filter(None, (result.city, f"曾用名 {one.former}" if one.former else "", result.reason))),
        "score": round(one.confidence * 100, 1),
        "match": match,
        "type": [TYPE],
        "features": features,
    }
