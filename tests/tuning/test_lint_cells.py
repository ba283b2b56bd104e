"""What the lint calls impossible is impossible: what its cells say holds for all evidence."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine import Engine
from matcher.intake.fields import EPOCH
from matcher.scoring.evidence import EvidenceReader
from matcher.scoring.expressions import compile_expression
from matcher.scoring.values import Column
from matcher.tuning.grid import Cells, Grid
from tests.tuning.trials import AS_OF

pytestmark = pytest.mark.slow

DAY = (AS_OF - EPOCH).days

ATOMS = st.one_of(
    st.builds(
        lambda field, sign, number: f"{field} {sign} {number}",
        st.sampled_from(["affinity", "main_business", "need_strength", "capital", "capital_log", "insured_count", "breadth"]),
        st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]),
        st.sampled_from([0, 3, 250, 450, 500, 720, 1000, 2000, 3000.5]),
    ),
    st.builds(lambda a, b: f"capital BETWEEN {a} AND {b}", st.sampled_from([1, 500]), st.sampled_from([500, 9000])),
    st.builds(lambda years: f"years_since(founded) < {years}", st.sampled_from([3, 10])),
    st.sampled_from(
        [
            "founded >= '2014-03-01'", "mode IN ('produce', 'sell')", "mode <> 'sell'", "kind = 'maker'", "need = 'none'", "is_group",
            "listed = FALSE", "has(marks, 'bank')", "has_any(marks, 'golf', 'bank')", "has(qualifications, 'high_tech')",
            "legal_form = 'joint_stock'", "chain = 'none'", "needs_chemical_park = TRUE", "NOT wants_group",
        ]
    ),
)  # fmt: skip
TRUTHS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda a, b, word: f"({a} {word} {b})", inner, inner, st.sampled_from(["AND", "OR"])),
        st.builds(lambda a: f"(NOT {a})", inner),
    ),
    max_leaves=4,
)
NUMBERS = st.builds(
    lambda a, b, sign: f"{a} {sign} {b}",
    st.sampled_from(["ramp(affinity, 250, 850)", "ramp(capital_log, 3700, 2700)", "ramp(years_since(founded), 0, 5)"]),
    st.sampled_from(["ramp(insured_count, 10, 300)", "0.5 * ramp(years_since(founded), 30, 45)", "ramp(need_strength, 0, 1000)"]),
    st.sampled_from(["*", "+", "-"]),
)


@pytest.fixture(scope="module")
def reader(engine: Engine) -> EvidenceReader:
    return EvidenceReader(engine.zone, engine.corpora)


def evidence(reader: EvidenceReader, seed: int, size: int = 4000) -> dict[str, Column]:
    """Random evidence as companies may have it, near the numbers that the expressions name and far from them."""
    draw = np.random.default_rng(seed)
    near = np.array([0, 1, 3, 249, 250, 251, 449, 450, 499, 500, 501, 720, 999, 1000, 1999, 2000, 3000, 3001, 2999])
    segment = draw.integers(-1, len(reader.zone.segments), size)
    columns = {name: Column(table[segment], np.ones(size, dtype=np.bool_)) for name, table in reader.of_segments.items()}
    for name, field in reader.fields.items():
        if name in columns:
            continue
        known = draw.random(size) < 0.8
        if field.kind == "number":
            values = np.where(draw.random(size) < 0.7, draw.choice(near, size), draw.integers(0, 30_000, size)).astype(np.float64)
            if name in ("affinity", "main_business"):
                values = np.minimum(values, 1000)
            if name == "affinity":
                values = np.where(values < reader.zone.scoring.order.least_affinity, 0, values)
            if name in ("capital", "paid_capital"):
                values = values / draw.choice([1, 1, 10_000], size) + 0.0001
            columns[name] = Column(values, known)
        elif field.kind == "truth":
            columns[name] = Column(draw.random(size) < 0.5, known)
        elif field.kind == "date":
            columns[name] = Column(draw.integers(DAY - 20_000, DAY, size), known)
        elif field.kind == "text":
            codes = draw.integers(0, len(field.names), size)
            unknown = {"mode": "none", "legal_form": "unknown"}.get(name)
            columns[name] = Column(codes, known & (codes != (field.names.index(unknown) if unknown else -1)))
        else:
            bits = draw.integers(0, 2 ** len(field.names), size)
            columns[name] = Column(bits, known & (name == "marks"))
    return columns


@settings(deadline=None)
@given(text=st.one_of(TRUTHS, NUMBERS), seed=st.integers(0, 10**6))
def test_what_no_cell_shows_no_company_shows(reader: EvidenceReader, text: str, seed: int) -> None:
    expression = compile_expression(text, reader.fields)
    cells = Grid(reader, DAY).cells([expression])
    if cells is None:
        return
    assert cells.exact
    values, known = expression(evidence(reader, seed), DAY)
    there, readable = cells.read(expression, DAY)
    shown = np.clip(there[readable], 0, 1)
    if known.any():
        seen = np.clip(values[known], 0, 1)
        assert len(shown)
        assert shown.min() - 1e-9 <= seen.min() and seen.max() <= shown.max() + 1e-9
    assert readable.all() <= known.all() or not readable.all()


@pytest.mark.parametrize(
    "text",
    [
        "ratio(paid_capital, capital) > 0.5", "capital > paid_capital", "affinity + breadth > 500", "ramp(affinity, 250, 850) > 0.5",
        "capital - 5 > 9", "affinity * 2 = 900",
    ],
)  # fmt: skip
def test_what_is_beyond_the_cells_is_not_decided(reader: EvidenceReader, text: str) -> None:
    cells = Grid(reader, DAY).cells([compile_expression(text, reader.fields)])
    assert cells is not None and not cells.exact


def test_too_many_cells_are_not_made(reader: EvidenceReader) -> None:
    draw = random.Random(1)
    fields = ["capital", "paid_capital", "insured_count", "breadth", "affinity", "main_business", "capital_log"]
    text = " AND ".join(f"{field} > {draw.randrange(1, 900)}" for field in fields)
    assert Grid(reader, DAY).cells([compile_expression(text, reader.fields)]) is None
    few = Grid(reader, DAY).cells([compile_expression("capital > 5", reader.fields)])
    assert isinstance(few, Cells) and few.size < 20
