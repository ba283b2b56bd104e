"""A zone's rules (园区规则): the only reader of the folder ``rules/``."""

from matcher.rules.load import load_zone, open_zone, zone_ids
from matcher.rules.zone import Zone

__all__ = ["Zone", "load_zone", "open_zone", "zone_ids"]
