"""Fields, suggestions and previews of companies for a spreadsheet (表格匹配的数据): all that is not a query."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from matcher.api.reconcile_models import Extension
from matcher.api.reconcile_queries import FILTERS, TYPE
from matcher.api.service import Service
from matcher.api.state import Base, State
from matcher.engine import Engine
from matcher.errors import RequestError
from matcher.matching.resolution import LONGEST
from matcher.runs import Request, today
from matcher.snapshot.cards import LABELS
from matcher.types import RankedCompany

_MOST_SUGGESTED = 20
_SHOWN = ("uscc", "city", "founded", "capital", "status", "business_scope")
_LONGEST = 200  # characters of a field on the small page
_OF_SCORE: dict[str, tuple[str, Callable[[RankedCompany], Any]]] = {
    "score": ("得分", lambda result: result.score),
    "band": ("档次", lambda result: result.band),
    "chain": ("产业链", lambda result: result.chain or ""),
    "segment": ("环节", lambda result: result.segment or ""),
    "affinity": ("契合度", lambda result: result.affinity),
    "reason": ("推荐理由", lambda result: result.reason),
}
NAMES = {**LABELS, **{name: label for name, (label, _) in _OF_SCORE.items()}}
"""What can be fetched of a company (可取的属性)."""


def proposed(type_: str, limit: int) -> dict[str, Any]:
    """Properties that can be fetched (可扩充的属性)."""
    found = [{"id": name, "name": label} for name, label in NAMES.items()] if type_ == TYPE["id"] else []
    return {"type": type_, "limit": limit, "properties": found[:limit]}


def extended(state: State, engine: Engine, wanted: Extension) -> dict[str, Any]:
    """Fields of companies (数据扩充); of one that is not known every field is empty.

    Args:
        state: Of the request.
        engine: Of the zone, with what lists say.
        wanted: Ids and properties.

    Raises:
        RequestError: There is no such property.
    """
    for one in wanted.properties:
        if one.id not in NAMES:
            raise RequestError("属性", one.id, NAMES)
    base, names = state.companies(), list(dict.fromkeys(one.id for one in wanted.properties))
    at = {id_: base.with_id(id_) for id_ in wanted.ids}
    there = sorted({place for place in at.values() if place is not None})
    results: dict[int, RankedCompany] = {}
    if there and any(name in _OF_SCORE for name in names):
        scored = engine.score_companies(base.companies.take(np.array(there)), Request(as_of=today()))
        results = dict(zip(there, scored, strict=True))
    cards = {place: base.card(place)["fields"] for place in there}
    rows = {
        id_: {name: [] if place is None else _cells(name, cards[place], results.get(place)) for name in names}
        for id_, place in at.items()
    }
    return {"meta": [{"id": name, "name": NAMES[name]} for name in names], "rows": rows}


def _cells(name: str, card: dict[str, Any], result: RankedCompany | None) -> list[dict[str, Any]]:
    of_score = _OF_SCORE[name][1] if name in _OF_SCORE and result is not None else None
    value = of_score(result) if of_score is not None and result is not None else card.get(name, {}).get("value")
    if value is None or value == "":
        return []
    if name == "founded":
        return [{"date": f"{value}T00:00:00Z"}]
    kind = "float" if isinstance(value, float) else "int" if isinstance(value, int) else "str"
    return [{kind: value}]


def suggested_entities(service: Service, base: Base, prefix: str) -> list[dict[str, Any]]:
    """Companies for what was typed so far (企业补全): whose names begin so, then those that it may mean."""
    start = prefix.strip()
    if not start:
        return []
    places = base.beginning(start, _MOST_SUGGESTED)
    if len(places) < _MOST_SUGGESTED and len(start) <= LONGEST:
        answer = service.resolver(base, {}).resolve(start)
        places += [one.place for one in answer.candidates]
        places += [answer.company.place] if answer.company else []
    text = base.companies.text
    return [
        {
            "id": base.id_of(place),
            "name": text["name"][place],
            "description": "，".join(filter(None, (text["city"][place], text["uscc"][place]))),
            "notable": [TYPE],
        }
        for place in list(dict.fromkeys(places))[:_MOST_SUGGESTED]
    ]


def suggested_properties(prefix: str) -> list[dict[str, str]]:
    """Properties for what was typed so far (属性补全): those that filter queries first."""
    start = prefix.strip().lower()
    every = {**FILTERS, **NAMES}
    return [{"id": name, "name": label} for name, label in every.items() if name.startswith(start) or label.startswith(start)]


def preview_of(state: State, engine: Engine, id_: str) -> str:
    """A company on a small page (企业预览); nothing in it is run, and nothing is loaded.

    Raises:
        RequestError: There is no such company.
    """
    base = state.companies()
    place = base.with_id(id_)
    if place is None:
        raise RequestError("企业", id_)
    card = base.card(place)["fields"]
    result = engine.score_companies(base.companies.take(np.array([place])), Request(as_of=today()))[0]
    lines = [
        f"<tr><th>{escape(LABELS[name])}</th><td>{escape(_short(card[name]['value']))}</td></tr>" for name in _SHOWN if name in card
    ]
    segments = {(one.chain, one.id): f"{one.chain_name} / {one.name}" for one in engine.zone.segments}
    where = segments.get((result.chain, result.segment or ""), "不属于任何环节")
    name = escape(str(card["name"]["value"]))
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{name}</title>'
        "<style>body{font:13px/1.5 sans-serif;margin:8px}h1{font-size:15px;margin:0 0 4px}th{text-align:left;color:#555;"
        "white-space:nowrap;vertical-align:top;font-weight:normal;padding-right:8px}</style></head>"
        f"<body><h1>{name}</h1><p>{result.score:.1f} 分，{escape(result.band)} 档；{escape(where)}</p>"
        f"<table>{''.join(lines)}</table></body></html>"
    )


def _short(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "……"
