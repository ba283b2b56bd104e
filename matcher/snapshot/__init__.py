"""Snapshots (快照): the immutable, versioned base of runs, on disk."""

from matcher.snapshot.building import Built, build, switch_to
from matcher.snapshot.opened import Provenance, Snapshot, open_current
from matcher.snapshot.profiles import ProfileCache, groups_of, open_profiles, read_of

__all__ = [
    "Built",
    "ProfileCache",
    "Provenance",
    "Snapshot",
    "build",
    "groups_of",
    "open_current",
    "open_profiles",
    "read_of",
    "switch_to",
]
