"""Who may ask for which operation (角色与操作): one table, by operation id.

What is not in it is refused; a test finds a route that is missing. Without keys the service answers
only this machine, and everything (``access``). With keys a key may do what its role may, unless its scopes or zones cut that down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matcher.store.keys import ROLES, SCOPES

PLANNER, ANALYST, TRACKER, ADMIN = ROLES
EVERYBODY = frozenset(ROLES)
PEOPLE = frozenset({PLANNER, ANALYST, ADMIN})
ANALYSTS = frozenset({ANALYST, ADMIN})
ADMINS = frozenset({ADMIN})


@dataclass(frozen=True)
class Operation:
    """What an operation asks of whoever calls it (操作).

    Attributes:
        scope: The scope of a key that opens it; None is open to all, without a key.
        roles: Roles that may.
        audited: It is noted in the audit log.
        changes: It changes or stores something: noted before and after, and ``Idempotency-Key`` counts.
        heavy: Only a few are worked on at a time.
        pages: A browser opens it, so the key may come as the password of HTTP Basic.
    """

    scope: str | None
    roles: frozenset[str] = frozenset()
    audited: bool = False
    changes: bool = False
    heavy: bool = False
    pages: bool = False


OPEN = Operation(None)
PAGE = Operation("read", EVERYBODY, pages=True)
READ = Operation("read", EVERYBODY)
MATCH = Operation("resolve", EVERYBODY)

OPERATIONS: dict[str, Operation] = {
    # the service itself
    "healthz": OPEN,
    "readyz": OPEN,
    "metrics": Operation("admin", ADMINS),
    "list_audit": Operation("admin", ADMINS),
    "openapi": PAGE,
    "docs": PAGE,
    "docs_document": PAGE,
    "docs_start": PAGE,
    "docs_file": PAGE,
    # zones and what is declared of them
    "list_zones": READ,
    "get_zone": READ,
    "get_chains": READ,
    "get_rules": READ,
    "get_gaps": Operation("rank", PEOPLE, heavy=True),
    # companies
    "list_companies": READ,
    "get_company": READ,
    "resolve_names": MATCH,
    # names matched to companies; the protocol's own pages and batches
    "reconcile": MATCH,
    "reconcile_batch": MATCH,
    "suggest_entity": MATCH,
    "suggest_property": MATCH,
    "suggest_type": MATCH,
    "propose_properties": MATCH,
    "preview_entity": Operation("resolve", EVERYBODY, pages=True),
    # lists and scores
    "rank_companies": Operation("rank", PEOPLE, audited=True, heavy=True),
    "score_companies": Operation("score", EVERYBODY),
    # runs: a list that is made again, or compared, is a ranking asked
    "list_runs": Operation("runs", EVERYBODY),
    "get_run": Operation("runs", EVERYBODY),
    "get_run_results": Operation("runs", PEOPLE, audited=True, heavy=True),
    "explain_run_company": Operation("runs", EVERYBODY, heavy=True),
    "replay_run": Operation("runs", ANALYSTS, audited=True, heavy=True),
    "diff_runs": Operation("runs", ANALYSTS, audited=True, heavy=True),
}
"""Operation id → who may (操作权限表)."""

assert {one.scope for one in OPERATIONS.values()} <= {None, *SCOPES}


def secured(document: dict[str, Any]) -> None:
    """Lets an OpenAPI document say which operations take a key (声明认证); none must, as at one's own machine it needs none."""
    for methods in document["paths"].values():
        for operation in methods.values():
            wanted = OPERATIONS.get(operation["operationId"])
            operation["security"] = [] if wanted is not None and wanted.scope is None else [{"key": []}, {}]
