"""The recommended companies of two weeks compared (推荐名单的变化): why one is new, why one is gone.

The last run of the week and the last before it that was asked for the same are made again from what they kept; nothing is ranked with
anything else than they had. Over the same companies the difference is that of ``diff``, rule by rule; over others it is told as such.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path

from matcher.ledger.reports_changes import Change, Recommended
from matcher.runs import CHINA_TIME
from matcher.store.database import Store
from matcher.store.runs import last_run
from matcher.tuning.diff import Move, Side, diff
from matcher.tuning.outcome import read_companies
from matcher.tuning.replay import Materials, Restored, restore
from matcher.types import RankedCompany

_MOST_PARTS = 2


def changes_of_week(
    store: Store,
    zone: str,
    since: date,
    until: date,
    home: Path,
    rules: str | Path | None = None,
    corpora: str | Path | None = None,
) -> Recommended | None:
    """What became of the recommended companies since last week (推荐名单的变化), None if no run was made in the week.

    Args:
        store: The database.
        zone: Whose list.
        since: The week's first day.
        until: Its last.
        home: ``LIANZHAO_HOME``.
        rules: As ``Engine``.
        corpora: Likewise.

    Raises:
        CorporaError: The corpora cannot be read.
        StoreError: The database cannot be read.
    """
    begins = datetime.combine(since, time(), CHINA_TIME)
    now = last_run(store, zone, datetime.combine(until + timedelta(days=1), time(), CHINA_TIME))
    if now is None or datetime.fromisoformat(now.run.created_at) < begins:
        return None
    before = last_run(store, zone, begins, now.run)
    if before is None:
        return Recommended("", now.run.id, problem=f"批次 {now.run.id[:12]} 以前没有同样请求的批次，无从比较。")
    both = [restore(store, kept, Materials(home, rules=rules, corpora=corpora)) for kept in (before, now)]
    problems = [problem for one in both if isinstance(one, tuple) for problem in one]
    if problems:
        return Recommended(before.run.id, now.run.id, problem=f"比较不了：{'；'.join(dict.fromkeys(problems))}")
    old, new = (one for one in both if isinstance(one, Restored))
    if before.run.snapshot == now.run.snapshot:
        entered, left = _over_the_same(old, new)
    else:
        entered, left = _over_others(old, new)
    return Recommended(before.run.id, now.run.id, tuple(entered), tuple(left))


def _over_the_same(old: Restored, new: Restored) -> tuple[list[Change], list[Change]]:
    reading = read_companies(new.engine, new.intake, new.request.cities, new.known)
    found = diff(old.engine, new.engine, reading, new.request, old.request)
    entered = [_change(move, entered=True) for move in found.of("entered")]
    left = [_change(move, entered=False) for move in found.of("left")]
    return entered, left


def _change(move: Move, *, entered: bool) -> Change:
    return Change(entered, move.uscc or "", move.name, move.city or "", move.old.place, move.new.place, _why(move))


def _why(move: Move) -> str:
    if move.new.fate == "vetoed":
        return f"否决：{move.new.because}"
    if move.old.fate == "vetoed":
        return f"原先被否决（{move.old.because}），现在没有"
    for side, word in ((move.new, "现在并入"), (move.old, "原先并入")):
        if side.fate == "folded":
            return f"{word}同集团的{side.because}"
    if move.new.fate == "beside" or move.old.fate == "beside":
        return "转到机会型名单" if move.new.fate == "beside" else "原先在机会型名单"
    if not move.change:
        return f"得分没有变（{move.new.score:.1f}），别家进退让出或占去了位次"
    parts = sorted(move.parts, key=lambda part: (-abs(part.change), part.id))[:_MOST_PARTS]
    told = "、".join(f"{part.label} {part.change:+.1f}" for part in parts)
    return f"得分 {move.old.score:.1f} → {move.new.score:.1f}：{told}{_elsewhere(move.old, move.new)}"


def _elsewhere(old: Side, new: Side) -> str:
    return "；改按另一个环节评" if old.segment != new.segment else ""


def _over_others(old: Restored, new: Restored) -> tuple[list[Change], list[Change]]:
    """Companies that were imported since, or that the new data has no more, are told as such."""
    was, is_ = (
        {one.uscc or one.name: one for one in made.engine.rank(made.intake, made.request, made.known).results}
        for made in (old, new)
    )
    there, here = (_keys(made) for made in (old, new))
    entered = [
        _listed(is_[key], entered=True, why="企业资料更新后新有的" if key not in there else "企业资料更新后得分、位次有变")
        for key in is_
        if key not in was
    ]
    left = [
        _listed(was[key], entered=False, why="新的企业资料里没有" if key not in here else "企业资料更新后得分、位次有变")
        for key in was
        if key not in is_
    ]
    return entered, left


def _keys(made: Restored) -> set[str]:
    text = made.intake.companies.text
    return set(_either(zip(text["uscc"], text["name"], strict=True)))


def _either(pairs: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (code or name for code, name in pairs)


def _listed(one: RankedCompany, *, entered: bool, why: str) -> Change:
    place = one.rank
    return Change(entered, one.uscc or "", one.name, one.city or "", None if entered else place, place if entered else None, why)
