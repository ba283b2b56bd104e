"""Other words, the same companies (换词重读)."""

from __future__ import annotations

from dataclasses import replace

from matcher.engine import Engine
from matcher.tuning.outcome import Reading


def reworded(engine: Engine, reading: Reading) -> Reading:
    """The reading as an engine's words give it (换词重读); itself if they are the same."""
    if engine.reader is reading.reader:
        return reading
    return replace(reading, profiles=engine.reader.read(reading.companies, engine.processes), reader=engine.reader)
