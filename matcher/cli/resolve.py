"""``lianzhao resolve``: a list of names → which companies are meant (企业归一), one line per row of the list, in its order."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from matcher.cli import saved
from matcher.cli.bases import company_base
from matcher.cli.files import write_bytes, written
from matcher.corpora import open_corpora
from matcher.intake.queries import BLANK, STDIN, QueryRow, read_brands, read_queries
from matcher.matching.name_files import index_of
from matcher.matching.resolution import DECISION_LABELS, Candidate, Known, Resolution, Resolver
from matcher.outputs.cells import as_json, safe
from matcher.resolving import answer_data, resolve_all
from matcher.rules.resolution import load_resolution

COLUMNS = ("query", "decision", "uscc", "name", "confidence", "candidates", "why", "parent", "parent_uscc", "former_name")
"""Columns of the CSV (列)."""
_NO_CODE = "-"


@dataclass(frozen=True)
class Line:
    """A row of the list and its answer (一行答案)."""

    asked: QueryRow
    answer: Resolution

    @property
    def company(self) -> Candidate | None:
        """The one that is meant or likeliest."""
        return self.answer.company


def resolve(options: argparse.Namespace) -> int:
    """Runs the verb (执行归一)."""
    corpora = open_corpora(options.corpora)
    rules = load_resolution(options.rules_folder)
    asked = read_queries(options.queries, corpora, stdin=sys.stdin.buffer.read() if options.queries == STDIN else b"")
    if not asked.has_header:
        print(f"名单没有表头，从第 1 行起都当名称（{len(asked.rows):,} 行）", file=sys.stderr)
    brands = read_brands(options.brands, corpora) if options.brands else {}
    base = company_base(options.against, corpora)
    processes, text = os.cpu_count() or 1, base.companies.text
    index = base.index or index_of(text["name"], text["former_names"], processes)
    resolver = Resolver(base.companies, corpora, rules, Known(brands, {} if options.no_store else saved.judged()), index)
    lines = list(_answers(asked.rows, resolver, processes))
    _report(options.queries, lines)
    _write(options, lines)
    if not options.against and base.index is None:
        print("以上按随附样例归一。换成自己的企业库：--against 企业.csv", file=sys.stderr)
    return 0


def _answers(asked: Sequence[QueryRow], resolver: Resolver, processes: int) -> Iterator[Line]:
    answers = iter(resolve_all(resolver, [(row.query, row.uscc) for row in asked if not row.flaw], processes))
    for row in asked:
        yield Line(row, Resolution(row.query, "none", None, row.flaw) if row.flaw else next(answers))


def _report(file: str, lines: Sequence[Line]) -> None:
    """What became of the rows, and each that is no query; blank ones are counted only."""
    counts = [f"{label} {sum(line.answer.decision == decision for line in lines):,}" for decision, label in DECISION_LABELS.items()]
    blank = sum(line.asked.flaw == BLANK for line in lines)
    print(f"名单：{len(lines):,} 行，{'，'.join(counts)}" + (f"（其中空行 {blank:,}）" if blank else ""), file=sys.stderr)
    for line in lines:
        if line.asked.flaw not in ("", BLANK):
            print(
                f"{'标准输入' if file == STDIN else file} 第 {line.asked.row} 行 [{line.asked.field}]：{line.asked.flaw}",
                file=sys.stderr,
            )


def candidates_cell(candidates: Sequence[Candidate]) -> str:
    """Candidates in one cell (候选格): ``confidence code name`` in the order of the answer, ``|`` between two, ``-`` for no code."""
    return " | ".join(f"{one.confidence:.3f} {one.uscc or _NO_CODE} {one.name.replace('|', '／')}" for one in candidates)


def cells(line: Line) -> dict[str, str | float]:
    """The answer by column (按列的答案)."""
    told = answer_data(line.asked.query, line.answer)
    confidence = line.company.confidence if line.company else ""
    return {**told, "confidence": confidence, "candidates": candidates_cell(line.answer.candidates)}


def _json(line: Line) -> dict[str, Any]:
    return {"row": line.asked.row, **answer_data(line.asked.query, line.answer)}


def _write(options: argparse.Namespace, lines: Sequence[Line]) -> None:
    if options.format == "xlsx":
        from matcher.cli.xlsx import resolved_xlsx

        write_bytes(options.out, resolved_xlsx([cells(line) for line in lines], DECISION_LABELS))
        return
    with written(options.out, bom=options.format == "csv") as stream:
        if options.format == "json":
            stream.write(as_json([_json(line) for line in lines]) + "\n")
        elif options.format == "csv":
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(COLUMNS)
            writer.writerows([safe(cell) for cell in cells(line).values()] for line in lines)
        else:
            for line in lines:
                _print(line, stream)


def _print(line: Line, stream: TextIO) -> None:
    """For reading: the answer, and under an open one its candidates."""
    answer, company = line.answer, line.company
    told = f"{company.name}（{company.uscc or '代码不详'}，把握 {company.confidence:.2f}）" if company else ""
    shown = "；".join(filter(None, (told if answer.decision == "same" else "", answer.why)))
    stream.write(f"{line.asked.query or f'（第 {line.asked.row} 行）'}　{DECISION_LABELS[answer.decision]}：{shown}\n")
    if answer.parent:
        stream.write(f"    上级 {answer.parent.name}（{answer.parent.uscc or '代码不详'}）\n")
    for one in answer.candidates if answer.decision == "unsure" else ():
        stream.write(f"    {one.confidence:.2f}　{one.name}（{one.uscc or '代码不详'}）\n")
