"""What a run is asked for, what its answer is called, and its record (批次): digests of all that went in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import Corpora
from matcher.errors import OptionError, RequestError
from matcher.rules import Zone
from matcher.types import NEED_LABELS, Run

CHINA_TIME = timezone(timedelta(hours=8), "Asia/Shanghai")  # no daylight saving since 1991
_LIBRARIES = ("numpy", "scipy", "rjieba", "ahocorasick-rs", "rapidfuzz", "opencc", "sqlglot")
Asked = dict[str, str | int | list[str] | None]
"""A request as a run's record holds it (请求记录)."""


def today() -> date:
    """Today in Asia/Shanghai (今天): the default ``as_of`` of a run, and the only reading of the clock besides ``created_at``."""
    return datetime.now(CHINA_TIME).date()


@dataclass(frozen=True)
class Request:
    """What a ranking is asked for (排名请求).

    Attributes:
        cities: As the user names them; empty for everywhere.
        chains: Restrict the segments to these chains; empty for all.
        group: To those of this recruitment group.
        need: To those with this need.
        as_of: The run's clock.
        top: Length of the list.
    """

    as_of: date
    cities: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()
    group: str | None = None
    need: str | None = None
    top: int = 20

    @property
    def everything(self) -> bool:
        """No segment is left out, so that there is room for the list beside the chains (不限环节)."""
        return not self.chains and self.group is None and self.need is None


def wanted_segments(zone: Zone, request: Request) -> NDArray[np.bool_]:
    """For each segment, whether the request wants it (所求环节); themes are never left out.

    Raises:
        RequestError: The request names an unknown chain, group or need.
        OptionError: Its group has no chains.
    """
    chains = set(zone.chain_names)
    for chain in request.chains:
        if chain not in chains:
            raise RequestError("产业链", chain, chains)
    if request.chains:
        chains = set(request.chains)
    if request.group is not None:
        groups = {group.id: group for group in zone.file.groups}
        if request.group not in groups:
            raise RequestError("产业招商小组", request.group, groups)
        if not groups[request.group].chains:
            raise OptionError(f"小组 {request.group} 还没有指定产业链（见 {zone.id}/zone.yaml）")
        chains &= set(groups[request.group].chains)
    if request.need is not None and (request.need not in NEED_LABELS or request.need == "none"):
        raise RequestError("需求", request.need, [need for need in NEED_LABELS if need != "none"])
    return np.array([s.chain is None or (s.chain in chains and request.need in (None, s.need)) for s in zone.segments])


Problem = dict[str, str]
"""What is wrong with one profile, in the shape of RFC 9457 (问题说明)."""


def problem(field: str, detail: str) -> Problem:
    """The problem of a profile that cannot be scored (无法评分的原因)."""
    return {"type": "urn:lianzhao:problem:profile-rejected", "title": "企业资料无法评分", "field": field, "detail": detail}


@dataclass(frozen=True)
class Match:
    """The best segment of one chain for one input row (匹配结果); affinity in thousandths, 0 where nothing fits."""

    source: int
    file: str
    row: int
    uscc: str
    name: str
    chain: str
    segment: str
    affinity: int
    matched_terms: tuple[str, ...]


def asked_of(request: Request, cities: Iterable[str]) -> Asked:
    """The request as a run tells it (请求的记录); ``cities``: by their full names."""
    return {
        "cities": sorted(set(cities)),
        "chains": sorted(set(request.chains)),
        "group": request.group,
        "need": request.need,
        "as_of": request.as_of.isoformat(),
        "top": request.top,
    }


def record(zone: Zone, corpora: Corpora, snapshot: str, asked: Asked) -> Run:
    """The record of a run (批次清单); its id is the digest of all but the time of making.

    Args:
        zone: The rules.
        corpora: The reference data.
        snapshot: Digest of the companies.
        asked: The request.
    """
    run = Run(
        id="",
        created_at=datetime.now(CHINA_TIME).isoformat(timespec="seconds"),
        zone=zone.id,
        snapshot=snapshot,
        ruleset=zone.digest,
        corpora=corpora.digest,
        versions=library_versions(),
        request=asked,
    )
    return replace(run, id=run_id(run))


def run_id(run: Run) -> str:
    """The id that follows from a record (批次号): the digest of all but the time of making."""
    told = {key: value for key, value in vars(run).items() if key not in ("id", "created_at")}
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def library_versions() -> dict[str, str]:
    """Versions of what may move a bit of the result (相关程序版本)."""
    found = {}
    for name in ("lianzhao", *_LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
