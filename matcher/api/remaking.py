"""Lists, kept as they are made and made again from what was kept (批次的名单).

A run keeps digests and no lines. Its list is at hand in the process that made it, for a while; elsewhere it is made again, from the states
that are open if these are the ones it was made with, else from what is on disk, and proved by the digest of its results.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from matcher.api.models import MOST
from matcher.api.problems import RefusedError
from matcher.api.service import Made, Prepared, Service
from matcher.api.state import Base, State
from matcher.errors import RequestError, RunDiffersError, StoreError
from matcher.keeping import called, keep_run
from matcher.ledger.webhooks import note_bands
from matcher.runs import CHINA_TIME, Request
from matcher.store.rulesets import versions
from matcher.store.runs import KeptRun, load_run
from matcher.tuning.replay import NAMES, Materials, Remade, remake, request_of
from matcher.types import RankedCompany, Ranking

_OF_A_RESULT = [field.name for field in fields(RankedCompany) if field.name != "rank"]


def listed(service: Service, state: State, prepared: Prepared, request: Request, register: str | None) -> Made:
    """Ranks, and keeps the run (排序并留存批次); a run that cannot be kept is told, and the list given all the same.

    Args:
        service: Of the application.
        state: Of the HTTP request.
        prepared: Rules, register and lists.
        request: What is asked.
        register: The register's name as it was asked for.

    Raises:
        RequestError: The request names an unknown city, chain, group or need.
        RunDiffersError: The same run had other results before.
    """
    base, engine = state.companies(), prepared.engine
    asked = (state.number, engine, request)
    before = service.runs.find(service.asked.find(asked))
    if before is not None and before.stored:  # made a moment ago; the same inputs have the same results
        return replace(before, called=called(versions(service.store, engine.zone.id), engine.zone.digest))
    known = state.known(engine)
    ranking = engine.rank(base.intake, request, known)
    files = sorted(Path(file).name for file in base.intake.files)
    given = {"files": files, "data_date": None, "local": [], "register": register}
    name, stored = "", True
    try:
        name = keep_run(
            service.store, service.settings.home, ranking.run, results_of(ranking), engine.zone, given, engine.tracked
        ).called
        if engine.tracked:
            note_bands(service.store, service.setting(engine.zone.id), ranking)
    except RunDiffersError:
        raise
    except StoreError:
        stored = False
    made = Made(ranking, engine, base, known, request, name, stored)
    service.let_go()
    service.runs.put(ranking.run.id, made)
    service.asked.put(asked, ranking.run.id)
    return made


def results_of(ranking: Ranking) -> str:
    """The digest that ``results_digest`` gives, in a twentieth of its time (结果摘要)."""
    told = {field.name: getattr(ranking, field.name) for field in fields(Ranking) if field.name != "run"}
    return hashlib.sha256(orjson.dumps(told)).hexdigest()


def kept_run(service: Service, id_: str, zone: str | None = None) -> KeptRun:
    """A run that is kept (查批次), its time in Asia/Shanghai.

    Raises:
        RequestError: There is none, or none of this zone.
    """
    kept = load_run(service.store, id_)
    if kept is None or zone not in (None, kept.run.zone):
        raise RequestError("批次", id_, hint="" if kept is None else f"它是园区 {kept.run.zone} 的")
    return in_china(kept)


def in_china(kept: KeptRun) -> KeptRun:
    """A run whose time is told in Asia/Shanghai, as it was when it was made (北京时间)."""
    at = datetime.fromisoformat(kept.run.created_at).astimezone(CHINA_TIME)
    return kept._replace(run=replace(kept.run, created_at=at.isoformat(timespec="seconds")))


def made_again(service: Service, id_: str, *, zone: str | None = None) -> Made:
    """The list of a run (批次的名单), at hand or made again and proved.

    Raises:
        RequestError: There is no such run.
        RefusedError: An input of then is gone or differs.
    """
    kept = kept_run(service, id_, zone)
    return service.runs.get(id_, lambda: _from_open(service, kept) or _from_disk(service, kept))


def _from_open(service: Service, kept: KeptRun) -> Made | None:
    run, request = kept.run, request_of(kept.run)
    for state in service.keeper.states:
        base = state.base
        if base is None or base.version != run.snapshot or run.zone not in state.engines:
            continue
        engine = service.engine_of(state, run)
        if engine is None or engine.corpora.digest != run.corpora:
            return None
        known = state.known(engine)
        ranking = engine.rank(base.intake, request, known)
        if ranking.run.id == run.id and results_of(ranking) == kept.results:
            return Made(replace(ranking, run=run), engine, base, known, request, _called(service, kept), stored=True)
    return None


def _from_disk(service: Service, kept: KeptRun) -> Made:
    found = remake(service.store, kept, materials(service))
    if not found.replay.equal or found.ranking is None or found.engine is None:
        raise RefusedError("gone", f"批次 {kept.run.id[:12]} 不能照原样再算：{_why(found)}")
    base = Base.of_snapshot(found.snapshot) if found.snapshot is not None else Base.of_sample(found.engine.corpora)
    return Made(
        replace(found.ranking, run=kept.run), found.engine, base, None, request_of(kept.run), _called(service, kept), stored=True
    )


def materials(service: Service) -> Materials:
    """Where to look for the inputs of a run (回放的材料)."""
    settings = service.settings
    return Materials(settings.home, rules=settings.rules, corpora=settings.corpora)


def _why(found: Remade) -> str:
    told = [f"{NAMES[one.name]}：{one.problem}" for one in found.replay.inputs if one.problem]
    return "；".join(told) or "各项输入都相同，结果却不同，程序版本与当时不同"


def _called(service: Service, kept: KeptRun) -> str:
    return called(versions(service.store, kept.run.zone), kept.run.ruleset)


def page_of(made: Made, offset: int, limit: int | None) -> dict[str, Any]:
    """A list, or a page of it (名单的一页).

    Args:
        made: The list.
        offset: Lines before the page, of the list and of the opportunities beside it.
        limit: Lines of the page; None for all that are left.
    """
    ranking, end = made.ranking, offset + (limit or MOST)
    more = end < max(len(ranking.results), len(ranking.opportunities))
    return {
        "run": ranking.run,
        "results": ranking.results[offset:end],
        "considered": ranking.considered,
        "vetoed": ranking.vetoed,
        "folded": ranking.folded,
        "opportunities": ranking.opportunities[offset:end],
        "unserved": ranking.unserved,
        "ruleset": made.called,
        "stored": made.stored,
        "next": {"run": ranking.run.id, "offset": end} if more else None,
    }


def unranked(result: RankedCompany) -> dict[str, Any]:
    """A result without ``rank``, as ``lianzhao score`` gives it (评分结果)."""
    return {name: getattr(result, name) for name in _OF_A_RESULT}
