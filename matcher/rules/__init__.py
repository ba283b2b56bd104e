"""A zone's rules (园区规则): the only reader of the folder ``rules/``."""

from matcher.rules.load import Zone, load_zone, open_zone, zone_ids

__all__ = ["Zone", "load_zone", "open_zone", "zone_ids"]
