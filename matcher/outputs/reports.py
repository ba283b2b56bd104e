"""The three reports (三种通报), each as plain data and as what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from matcher.ledger.reports_changes import Recommended
from matcher.ledger.reports_monthly import annual, monthly
from matcher.ledger.reports_told import Document, Teller
from matcher.ledger.reports_weekly import weekly
from matcher.ledger.setting import Setting
from matcher.outputs.report_links import Kind, with_sources
from matcher.rules.assessment import Assessment
from matcher.store.database import Store

KINDS: dict[Kind, str] = {"weekly": "周调度", "monthly": "月通报", "annual": "年考核"}
"""Report → Chinese term (通报种类)."""
SOURCED = ("xlsx", "docx", "html")
"""Forms that show the rows behind figures (列出处的格式)."""
_PLACES = 6


@dataclass(frozen=True)
class Wanted:
    """Which report (哪一份通报).

    Attributes:
        kind: Weekly, monthly, annual.
        on: Any day of the week, month or year.
        as_of: What is later does not count.
        home: ``LIANZHAO_HOME``, for what changed on the recommended list; None leaves that out.
        rules, corpora: As ``Engine``.
        sources: Whether the document shows the rows behind its figures; they are read only for that.
        proofs: ``LIANZHAO_HOME``, whose files of proofs are looked at; None looks at none.
    """

    kind: Kind
    on: date
    as_of: date
    home: Path | None = None
    rules: str | Path | None = None
    corpora: str | Path | None = None
    sources: bool = True
    proofs: Path | None = None


def report(store: Store, setting: Setting, scales: Assessment, wanted: Wanted) -> tuple[dict[str, Any], Document]:
    """A report as plain data, and what is told of it (一份通报).

    Args:
        store: The database.
        setting: The zone's rules.
        scales: How measures are counted.
        wanted: Which report.

    Raises:
        CorporaError: The corpora cannot be read.
        StoreError: The database cannot be read.
    """
    teller = Teller(setting)
    if wanted.kind == "monthly":
        of_month = monthly(store, setting, scales, wanted.on, wanted.as_of, wanted.proofs)
        told, document = as_plain(of_month), teller.monthly(of_month)
        return told, _sourced(store, setting, wanted, told, document)
    if wanted.kind == "annual":
        of_year = annual(store, setting, scales, wanted.on.year, wanted.as_of, wanted.proofs)
        told, document = as_plain(of_year), teller.annual(of_year)
        return told, _sourced(store, setting, wanted, told, document)
    of_week = weekly(store, setting, scales, wanted.on, wanted.as_of, wanted.proofs)
    changes: Recommended | None = None
    if wanted.home is not None:
        from matcher.tuning.weeks import changes_of_week

        changes = changes_of_week(
            store, setting.zone, of_week.since, of_week.until, wanted.home, wanted.rules, wanted.corpora
        )  # fmt: skip
    told = {**as_plain(of_week), "recommended": as_plain(changes)}
    return told, _sourced(store, setting, wanted, told, teller.weekly(of_week, changes))


def _sourced(store: Store, setting: Setting, wanted: Wanted, told: dict[str, Any], document: Document) -> Document:
    return with_sources(store, setting, wanted.kind, told, document) if wanted.sources else document


def as_plain(value: Any) -> Any:
    """A report as JSON holds it (通报的 JSON): sums as text, parts of a whole as numbers, days as text."""
    if is_dataclass(value):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: as_plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(one) for one in value]
    if isinstance(value, Fraction):
        return round(float(value), _PLACES)
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value
