"""A comparison of two rulesets in words (名单对比的说法)."""

from __future__ import annotations

from matcher.rules import Zone
from matcher.tuning.diff import Effect, Kind, Move, Part, Share, Side
from matcher.types import NEED_LABELS

KIND_LABELS: dict[Kind, str] = {"entered": "进入", "left": "退出", "moved": "换位", "kept": "原位"}
"""Kind of move → Chinese term."""


def places(move: Move) -> str:
    """From which place to which (位次变化)."""
    return f"{place_words(move.old)} → {place_words(move.new)}"


def place_words(side: Side) -> str:
    """A place, or why there is none (位次)."""
    if side.fate == "listed":
        return f"第 {side.place} 位"
    said = {"vetoed": f"否决：{side.because}", "folded": f"并入 {side.because}", "beside": NEED_LABELS["none"]}
    return said[side.fate]


def part_words(part: Part) -> str:
    """A part with its sign (分差的一项)."""
    return f"{part.label} {part.change:+g}"


def segment_words(side: Side, zone: Zone) -> str:
    """A side's segment in words (环节)."""
    names = {(segment.chain, segment.id): segment.name for segment in zone.segments}
    return names.get((side.chain, side.segment or ""), "无")


def effect_words(effect: Effect) -> str:
    """What one rule did in all (一条规则的总影响)."""
    sums = [f"{effect.up:+g}"] * (effect.up != 0) + [f"{effect.down:+g}"] * (effect.down != 0)
    return f"{effect.label}：{'，'.join(sums)} 分，{effect.companies} 家"


def share_words(share: Share) -> str:
    """Places of a chain or group before and after (名额变化)."""
    changes = [f"进 {share.entered}"] * (share.entered > 0) + [f"出 {share.left}"] * (share.left > 0)
    return f"{share.name} {share.old} → {share.new}" + (f"（{'，'.join(changes)}）" if changes else "")
