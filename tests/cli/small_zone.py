"""A zone of one chain and two segments, written to disk: read in an instant, so that it can be broken in many ways."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

ZONE = """\
id: small
name: 小园
place: {province: 山东省, city: 聊城市, longitude: 116.0, latitude: 36.4, ground: {source: assumed, reason: 测试用}}
groups:
  - {id: toy-group, name: 玩具组, chains: [toys], ground: {source: assumed, reason: 测试用}}
"""
CHAIN = """\
id: toys
name: 玩具
segments:
  - id: toy-making
    name: 玩具制造
    position: midstream
    kind: maker
    need: complement
    priority: 8
    ground: {source: assumed, reason: 测试用}
    description: 做玩具
    terms:
      10: [积木, 布偶]
      4: [礼品]
  - id: toy-parks
    name: 玩具乐园
    position: downstream
    kind: service
    need: extend
    priority: 5
    ground: {source: assumed, reason: 测试用}
    description: 玩玩具
    terms:
      10: [主题乐园, 游乐园]
"""
SCORING = """\
order:
  least_affinity: 250
  opportunity_margin: 150
  fill: {complement: [1000, 900], strengthen: [1000], extend: [1000, 800], none: [1000]}
bands: {A: 70, B: 55, C: 40}
need_strength: {complement: 1000, strengthen: 900, extend: 800}
groups:
  - {id: core, label: 主业, cap: [0, 60]}
  - {id: scale, label: 规模, cap: [0, 40]}
vetoes:
  - {id: outlet, label: 分支网点, when: "outlet <> 'none'", why: 找总部}
rules:
  - id: fits
    group: core
    label: 契合
    weight: 60
    value: ramp(affinity, 250, 850)
    evidence: "契合度 {affinity}"
    why: 测试用
  - id: capital
    group: scale
    label: 注册资本
    weight: 40
    value: ramp(capital_log, 2700, 4500)
    if_unknown: 0.2
    evidence: "注册资本 {capital}"
    why: 测试用
"""


def write(rules: Path, *, zone: str | bytes = ZONE, chain: str | bytes = CHAIN, scoring: str | bytes = SCORING) -> Path:
    """Writes the zone ``small`` under ``rules`` and returns ``rules``."""
    root = rules / "small"
    (root / "chains").mkdir(parents=True)
    for file, content in ((root / "zone.yaml", zone), (root / "chains" / "toys.yaml", chain), (root / "scoring.yaml", scoring)):
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return rules


def forget_copies(database: str = "home/ledger.db") -> None:
    """As if no copy of a ruleset had ever been kept in the database."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM ruleset_files")


def line_of(content: str, part: str) -> int:
    """The line, from 1, on which ``part`` stands."""
    return content[: content.index(part)].count("\n") + 1
