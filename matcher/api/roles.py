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
KEEPERS = frozenset({PLANNER, ADMIN})
SENDERS = frozenset({TRACKER, ADMIN})


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
        inner: A door of its own stands behind this one and asks who it is, with bodies of its own; here only whence and by which name.
    """

    scope: str | None
    roles: frozenset[str] = frozenset()
    audited: bool = False
    changes: bool = False
    heavy: bool = False
    pages: bool = False
    inner: bool = False


UI = "ui"
"""The pages as one operation (网页)."""
OPEN = Operation(None)
PAGE = Operation("read", EVERYBODY, pages=True)
READ = Operation("read", EVERYBODY)
MATCH = Operation("resolve", EVERYBODY)
BOOK = Operation("ledger", EVERYBODY)
TRIP = Operation("trips", PEOPLE, audited=True, changes=True, heavy=True)
ENTRY = Operation("ledger", KEEPERS, audited=True, changes=True)

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
    # tools of agents: every one of them is a request of its own, which passes the doors again
    "mcp": READ,
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
    "keep_scores": Operation("score", EVERYBODY, audited=True, changes=True),
    # runs: a list that is made again, or compared, is a ranking asked
    "list_runs": Operation("runs", EVERYBODY),
    "get_run": Operation("runs", EVERYBODY),
    "get_run_results": Operation("runs", PEOPLE, audited=True, heavy=True),
    "explain_run_company": Operation("runs", EVERYBODY, heavy=True),
    "replay_run": Operation("runs", ANALYSTS, audited=True, heavy=True),
    "diff_runs": Operation("runs", ANALYSTS, audited=True, heavy=True),
    # the ledgers: a group sees and changes its own rows, leaders see all, administrators change all (``ledger``)
    "receive_events": Operation("ledger", SENDERS, audited=True, changes=True),
    "list_events": Operation("ledger", KEEPERS | SENDERS),
    "settle_events": ENTRY,
    "list_hooks": Operation("ledger", ADMINS),
    "add_hook": Operation("ledger", ADMINS, audited=True),  # its answer holds a secret and is not kept for whoever repeats it
    "end_hook": Operation("ledger", ADMINS, audited=True, changes=True),
    "list_letters": Operation("ledger", ADMINS),
    "revive_letters": Operation("ledger", ADMINS, audited=True, changes=True),
    "list_collisions": BOOK,
    "list_rows": BOOK,
    "get_row": BOOK,
    "add_row": ENTRY,
    "change_row": ENTRY,
    "step_row": ENTRY,
    "convert_target": ENTRY,
    "delete_row": ENTRY,
    "restore_row": ENTRY,
    "get_workbook": Operation("ledger", EVERYBODY, heavy=True),
    "import_workbook": Operation("ledger", KEEPERS, audited=True, changes=True, heavy=True),
    "attach_proof": ENTRY,
    "get_proof": BOOK,
    "withdraw_proof": ENTRY,
    "get_report": Operation("ledger", PEOPLE, heavy=True),
    # trips
    "plan_trip": TRIP,
    "replan_trip": TRIP,
    "list_trips": Operation("trips", PEOPLE),
    "get_trip": Operation("trips", PEOPLE),
    "enter_trip": ENTRY,
    # the pages, where they are mounted: sessions in place of keys (`matcher/web/gate.py`)
    UI: Operation(None, inner=True),
}
"""Operation id → who may (操作权限表)."""

ON_PAGES: dict[str, Operation] = {
    # rules, as an analyst tries, writes and publishes them
    "try_rules": Operation("rank", ANALYSTS, heavy=True),
    "draft_rules": Operation("rank", ANALYSTS, audited=True, changes=True),
    "check_rules": Operation("rank", ANALYSTS, heavy=True),
    "publish_rules": Operation("rank", ANALYSTS, audited=True, changes=True, heavy=True),
    "retire_rules": Operation("rank", ANALYSTS, audited=True, changes=True),
    # what is there already, by a register of the zone's own
    "save_register": Operation("read", ANALYSTS, audited=True, changes=True, heavy=True),
    # the companies: files come in, a snapshot is built, takes the place of the current one
    "list_snapshots": Operation("read", PEOPLE),
    "build_snapshot": Operation("read", ANALYSTS, audited=True, changes=True),
    "switch_snapshot": Operation("read", ANALYSTS, audited=True, changes=True, heavy=True),
    "prune_snapshots": Operation("read", ADMINS, audited=True, changes=True),
}
"""What is done on the pages and has no address of its own (只在网页上做的): asked for in the same way."""
OPERATIONS |= ON_PAGES

assert {one.scope for one in OPERATIONS.values()} <= {None, *SCOPES}


_AGAIN: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "一天之内同一个词、同样的内容再来，得到上次的应答，不再做一遍；内容不同的 422",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def secured(document: dict[str, Any]) -> None:
    """Lets an OpenAPI document say which operations take a key (声明认证); none must, as at one's own machine it needs none."""
    for methods in document["paths"].values():
        for operation in methods.values():
            wanted = OPERATIONS.get(operation["operationId"])
            if wanted is not None and wanted.changes:
                operation.setdefault("parameters", []).append(_AGAIN)
            operation["security"] = [] if wanted is not None and wanted.scope is None else [{"key": []}, {}]
