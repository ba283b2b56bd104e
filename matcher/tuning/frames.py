"""Tidy tables for notebooks (整齐的表): one observation a row, one variable a column, as pandas frames.

``Engine.rank`` and its like take a frame of companies as it is; ``of`` makes a frame of what they give.

Every function says in its docstring what its columns are; ``COLUMNS`` holds their types, and a test holds the two together. Points are in
points (分), affinities and shares in [0, 1]. What is unknown is ``<NA>``, never 0 or an empty text.

    company     a company's place in the reading, from 0: it tells companies apart whatever file they come from
    row         its spreadsheet row
    rank        place on a list, from 1; ``list`` is ``chains`` (产业链) or ``beside`` (机会型)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from matcher.engine import Engine
from matcher.intake import Intake
from matcher.intake.companies import TEXT_FIELDS
from matcher.intake.fields import EPOCH, UNKNOWN, UNKNOWN_DAY
from matcher.matching.gaps import Gaps
from matcher.runs import Match, Request
from matcher.scoring.evidence import NO_SEGMENT
from matcher.scoring.formula import UNIT
from matcher.scoring.ranking import ORDER_UNIT
from matcher.tuning.certainty import Certainty
from matcher.tuning.diff import Diff
from matcher.tuning.frame_columns import COLUMNS
from matcher.tuning.outcome import Outcome, Reading
from matcher.tuning.standing import Standing
from matcher.tuning.why_not import Remedy, WhyNot
from matcher.types import RankedCompany, Ranking

_Row = Sequence[object]


def _frame(kind: str, rows: Iterable[_Row]) -> pd.DataFrame:
    """A frame of the columns of its kind, in their types."""
    columns = COLUMNS[kind]
    return pd.DataFrame(list(rows), columns=list(columns)).astype(columns)


def of(found: Ranking | Diff | Certainty | WhyNot | Gaps | Intake | Iterable[Match]) -> pd.DataFrame:
    """The main frame of whatever was found (结果的主表): ``results`` of a ranking, ``matches`` of what ``match`` yields, …"""
    for kind, made in _MAIN.items():
        if isinstance(found, kind):
            return made(found)
    return matches(cast("Iterable[Match]", found))


def companies(intake: Intake) -> pd.DataFrame:
    """All companies as they were read (企业). Key: company.

    Columns:
        company, file, row: Where it stands and where it came from.
        name … capital_currency: As text, ``<NA>`` where the file says nothing (``TEXT_FIELDS``).
        founded_date, as_of: Dates.
        capital, paid_capital: In 元.
        insured_count: Headcount (人).
        code_ok: Whether the credit code is valid.
    """
    one = intake.companies
    made = pd.DataFrame({"company": np.arange(len(one)), "file": [intake.files[n] for n in one.file.tolist()], "row": one.row})
    for field in TEXT_FIELDS:
        made[field] = [cell or None for cell in one.text[field]]
    for field, dates in (("founded_date", one.founded), ("as_of", one.as_of)):
        days = dates.astype("int64")
        made[field] = (np.datetime64(EPOCH) + days.astype("timedelta64[D]")).astype("datetime64[s]")
        made.loc[days == UNKNOWN_DAY, field] = pd.NaT
    numbers = {"capital": one.capital, "paid_capital": one.paid_capital, "insured_count": one.insured.astype(np.int64)}
    for field, values in numbers.items():
        made[field] = pd.array(values, dtype="Int64")
        made.loc[values == UNKNOWN, field] = pd.NA
    made["code_ok"] = one.code_ok
    return made[list(COLUMNS["companies"])].astype(COLUMNS["companies"])


def results(ranking: Ranking) -> pd.DataFrame:
    """The lines of both lists of a ranking (名单). Key: list, rank.

    Columns:
        list, rank: Which list, and the place on it.
        row, uscc, name, province, city, county: Who it is.
        score, low, high: Score and the interval for what is unknown (分).
        order_value: Score × fill; the list is sorted by it.
        band, need, chain, segment: As in the ranking.
        affinity: With its segment, in [0, 1].
        matched_terms, unknown: Words joined by 、; empty if there are none.
        next_question: The field to ask for first.
        family, folded: The group's deciding company, and how many others folded into this line.
        reason: The sentence.
    """
    return _frame("results", (
        (
            list_, one.rank, one.row, one.uscc, one.name, one.province, one.city, one.county, one.score, *one.interval, one.order_value,
            one.band, one.need, one.chain, one.segment, one.affinity, "、".join(one.matched_terms), "、".join(one.unknown),
            one.next_question, one.family and one.family.head, len(one.family.others) if one.family else 0, one.reason,
        )
        for list_, lines in _lists(ranking) for one in lines
    ))  # fmt: skip


def contributions(ranking: Ranking) -> pd.DataFrame:
    """What every rule gave to every line (逐条得分): one row a company × rule. Key: list, rank, rule.

    Columns:
        list, rank, row, uscc, name: As in ``results``.
        rule, group, label: Which rule, of which rule group, its Chinese name.
        value: In [0, 1]; ``if_unknown`` where it is not known.
        weight, points: Points are weight × value (分), before caps.
        known: Whether the value is known.
        evidence: What the rule read, in words.
    """
    return _frame("contributions", (
        (
            list_, one.rank, one.row, one.uscc, one.name, part.rule, part.group, part.label, part.value, part.weight, part.points,
            part.known, part.evidence,
        )
        for list_, lines in _lists(ranking) for one in lines for part in one.contributions
    ))  # fmt: skip


def parts(ranking: Ranking) -> pd.DataFrame:
    """The score of every line taken apart (得分构成): its points add up to the score. Key: list, rank, kind, id.

    Columns:
        list, rank, name: Whose.
        kind: ``rule``, or ``cap`` for what a group's cap cuts off, or ``clamp`` for what the bounds 0 and 100 cut off.
        id, label, group: Of the rule or group; ``score`` for the bounds.
        points: What it adds (分); rules that gave nothing are there with 0, caps and bounds only where they cut.
    """

    def of_lines() -> Iterable[_Row]:
        for list_, lines in _lists(ranking):
            for one in lines:
                for part in one.contributions:
                    yield list_, one.rank, one.name, "rule", part.rule, part.label, part.group, part.points
                for group in one.groups:
                    if cut := _units(group.points) - _units(group.raw):
                        yield list_, one.rank, one.name, "cap", group.group, "封顶", group.group, cut / UNIT
                if over := _units(one.score) - sum(_units(group.points) for group in one.groups):
                    yield list_, one.rank, one.name, "clamp", "score", "截到 0–100", "", over / UNIT

    return _frame("parts", of_lines())


def everybody(engine: Engine, reading: Reading, outcome: Outcome) -> pd.DataFrame:
    """What became of every company (每家企业的结果). Key: company.

    Columns:
        company, row, uscc, name, city: Who it is.
        fate: ``listed``, ``vetoed``, ``folded`` or ``beside`` (机会型).
        place: On the list of the chains; ``<NA>`` if it is not on it.
        score, low, high: In its segment (分).
        order_value: Of those on the list.
        chain, segment: Where it is placed; ``<NA>`` if it fits none.
        veto: The veto that takes it off.
    """
    found, text = outcome.scored, reading.companies.text
    placed, scores, size = found.placed, found.scores, len(reading.companies)
    place, value, fate = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64), np.full(size, "folded", dtype=object)
    place[outcome.chains.company] = np.arange(1, len(outcome.chains.company) + 1)
    value[outcome.chains.company] = outcome.chains.order_value
    fate[outcome.chains.company] = "listed"
    fate[outcome.vetoed], fate[outcome.beside] = "vetoed", "beside"
    segments = [None if n == NO_SEGMENT else engine.zone.segments[n] for n in placed.segment.tolist()]
    vetoes = [veto.id for veto in engine.ruleset.vetoes]
    return _frame("everybody", (
        (
            n, reading.companies.row[n], text["uscc"][n] or None, text["name"][n], text["city"][n] or None, fate[n], place[n] or None,
            scores.score[n] / UNIT, scores.low[n] / UNIT, scores.high[n] / UNIT, value[n] / ORDER_UNIT if place[n] else None,
            segment and segment.chain, segment and segment.id, vetoes[placed.veto[n]] if fate[n] == "vetoed" else None,
        )
        for n, segment in enumerate(segments)
    ))  # fmt: skip


def evidence(engine: Engine, reading: Reading, request: Request, company: Sequence[int], segment: Sequence[int]) -> pd.DataFrame:
    """All that rules may read of companies (依据): one row a company × field, known or not. Key: company, field.

    Args:
        engine: The rules.
        reading: The companies, read by this engine.
        request: For its date.
        company: Whose, by place in the reading.
        segment: Number of the segment that each is looked at for; see ``InOrder`` and ``Placed``.

    Columns:
        company, row, uscc, name: Who it is.
        chain, segment: For which segment; ``<NA>`` for none.
        field, label: What, and its Chinese name.
        known: Whether it is known; of a list, whether all of it is.
        value: In Chinese words, as the results tell it; ``<NA>`` where nothing is known.
        number: Numbers, and truths as 0 and 1; ``<NA>`` for other kinds and where it is not known.
    """
    at, of = np.asarray(company, dtype=np.int64), np.asarray(segment, dtype=np.int64)
    standing = engine.evidence.standing(reading.companies, reading.profiles, (request.as_of - EPOCH).days)
    read, text = engine.evidence.read(reading.profiles, standing, at, of), reading.companies.text

    def of_pair(pair: int, place: int, number: int) -> Iterable[_Row]:
        one = None if number == NO_SEGMENT else engine.zone.segments[number]
        who = (
            place,
            reading.companies.row[place],
            text["uscc"][place] or None,
            text["name"][place],
            one and one.chain,
            one and one.id,
        )
        for name, field in engine.evidence.fields.items():
            column = read.columns[name]
            known, raw = bool(column.known[pair]), column.values[pair]
            told = known or (field.kind == "list" and bool(raw))
            value = engine.describer.value(name, read, pair) if told else None
            yield *who, name, field.label, known, value, float(raw) if known and field.kind in ("number", "truth") else None

    pairs = enumerate(zip(at.tolist(), of.tolist(), strict=True))
    return _frame("evidence", (row for pair, (place, number) in pairs for row in of_pair(pair, place, number)))


def affinities(engine: Engine, reading: Reading, *, least: float = 0.001) -> pd.DataFrame:
    """How well companies fit segments (契合度): one row a company × segment. Key: company, segment_number.

    Args:
        engine: Whose segments.
        reading: The companies, read by this engine.
        least: Pairs below it are left out; nearly all are 0.

    Columns:
        company, row, uscc, name, city: Who it is.
        segment_number, chain, segment, segment_name: Which segment; ``chain`` is ``<NA>`` for themes (机会型方向).
        affinity: In [0, 1].
    """
    matrix, text, row = reading.profiles.affinity, reading.companies.text, reading.companies.row
    company, segment = np.nonzero(matrix >= round(least * 1000))
    places, segments = company.tolist(), [engine.zone.segments[number] for number in segment.tolist()]
    who = {field: [text[field][n] or None for n in places] for field in ("uscc", "name", "city")}
    made = pd.DataFrame({
        "company": company, "row": row[company], **who, "segment_number": segment, "chain": [one.chain for one in segments],
        "segment": [one.id for one in segments], "segment_name": [one.name for one in segments],
        "affinity": matrix[company, segment] / 1000,
    })  # fmt: skip
    return made[list(COLUMNS["affinities"])].astype(COLUMNS["affinities"])


def matches(found: Iterable[Match]) -> pd.DataFrame:
    """The best segment of every chain for every row (匹配), as ``Engine.match`` yields them. Key: file, row, chain.

    Columns:
        file, row, uscc, name: Who it is; nothing is merged.
        chain, segment: The chain, and its best segment; ``<NA>`` where none fits.
        affinity: In [0, 1], 0 where none fits.
        matched_terms: Words joined by 、; empty if there are none.
    """
    return _frame("matches", (
        (one.file, one.row, one.uscc or None, one.name, one.chain, one.segment or None, one.affinity / 1000, "、".join(one.matched_terms))
        for one in found
    ))  # fmt: skip


def gaps(found: Gaps) -> pd.DataFrame:
    """What each segment has in a local register, and which need follows (缺口). Key: chain, segment.

    Columns:
        chain, segment, name, position: Which segment.
        level: ``unknown``, ``absent``, ``thin``, ``present`` or ``strong``.
        companies, effective, sure, capital: How many, counted by size, the share sure by name, their capital in 元.
        leaders, anchors: Names joined by 、; empty if there are none.
        derived, certain, why: The need that follows, whether for certain, and why.
        declared, declared_by, need: What the rules say, on what ground, and what counts.
    """
    return _frame("gaps", (
        (
            one.chain, one.segment, one.name, one.position, one.level, one.companies, one.effective, one.sure, one.capital,
            "、".join(leader.name for leader in one.leaders), "、".join(one.anchors), one.derived, one.certain, one.why, one.declared,
            one.declared_by, one.need,
        )
        for one in found.segments
    ))  # fmt: skip


def moves(diff: Diff) -> pd.DataFrame:
    """Who enters, leaves and moves (进退). Key: move.

    Columns:
        move: Number, from 1, in the diff's order.
        kind: ``entered``, ``left``, ``moved`` or ``kept``.
        row, uscc, name, city: Who it is.
        old_place, new_place: On the whole list; ``<NA>`` if it is not on it.
        old_score, new_score, change: Score before, after, and the difference (分).
        old_fate, new_fate, old_chain, new_chain, old_segment, new_segment: On either side.
    """
    return _frame("moves", (
        (
            number, one.kind, one.row, one.uscc, one.name, one.city, one.old.place, one.new.place, one.old.score, one.new.score,
            one.change, one.old.fate, one.new.fate, one.old.chain, one.new.chain, one.old.segment, one.new.segment,
        )
        for number, one in enumerate(diff.moves, start=1)
    ))  # fmt: skip


def move_parts(diff: Diff) -> pd.DataFrame:
    """Every change of a score taken apart (分差逐条): the changes of a move add up to its own. Key: move, kind, id.

    Columns:
        move, name: Of ``moves``.
        kind, id, label, group: A rule, a cap, or the bounds, as in ``parts``.
        old, new: Points on either side (分); ``<NA>`` where the ruleset lacks the rule.
        change: New less old.
    """
    return _frame("move_parts", (
        (number, one.name, part.kind, part.id, part.label, part.group, part.old, part.new, part.change)
        for number, one in enumerate(diff.moves, start=1) for part in one.parts
    ))  # fmt: skip


def chances(certainty: Certainty) -> pd.DataFrame:
    """How certain places are (把握). Key: number.

    Columns:
        number: From 1, the surest first.
        row, uscc, name: Who it is.
        place: Now; ``<NA>`` if it is not on the list.
        share: Of the completions in which it is among the first.
        best, worst: Its places over all of them; ``worst`` is ``<NA>`` if it is not among the first in one.
        open: Unknown fields, joined by 、.
    """
    return _frame("chances", (
        (number, *_who(one.standing), one.standing.place, one.share, one.best, one.worst, "、".join(one.open))
        for number, one in enumerate(certainty.chances, start=1)
    ))  # fmt: skip


def questions(certainty: Certainty) -> pd.DataFrame:
    """What to ask, and where each answer would put the company (该问什么): one row a question × answer. Key: number, answer.

    Columns:
        number: Of the question, from 1, the one that moves most first.
        row, uscc, name, field, label: Whom to ask for what.
        moved: Lines of the first places that would change on average.
        answer, place: One answer, and the place with it; ``<NA>`` if not among the first.
    """
    return _frame("questions", (
        (number, one.row, one.uscc, one.name, one.field, one.label, one.moved, answer, place)
        for number, one in enumerate(certainty.questions, start=1) for answer, place in one.answers
    ))  # fmt: skip


def remedies(why_not: WhyNot) -> pd.DataFrame:
    """What would bring a company among the first (改什么能进): one row a change of a remedy. Key: kind, number, field.

    Columns:
        kind, number: ``answer`` (问到) or ``change`` (改了), and which, from 1, the easiest first.
        cost, place, score: Of the whole remedy: difficulty, the place and score then.
        field, label, before, after: One thing of it; ``before`` is empty where it was unknown.
    """

    def of(kind: str, found: Sequence[Remedy]) -> Iterable[_Row]:
        for number, one in enumerate(found, start=1):
            for change in one.changes:
                yield kind, number, one.cost, one.place, one.score, change.field, change.label, change.before, change.after

    return _frame("remedies", (*of("answer", why_not.answers), *of("change", why_not.changes)))


_MAIN: dict[type, Callable[[Any], pd.DataFrame]] = {
    Ranking: results, Diff: moves, Certainty: chances, WhyNot: remedies, Gaps: gaps, Intake: companies,
}  # fmt: skip


def _lists(ranking: Ranking) -> tuple[tuple[str, tuple[RankedCompany, ...]], ...]:
    return ("chains", ranking.results), ("beside", ranking.opportunities)


def _units(points: float) -> int:
    return round(points * UNIT)


def _who(standing: Standing) -> tuple[int, str | None, str]:
    return standing.row, standing.uscc, standing.name
