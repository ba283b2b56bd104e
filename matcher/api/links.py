"""What an answer leads on to (链接): OpenAPI links, so that programs, and tests, go on with what they were given."""

from __future__ import annotations

from typing import Any

_RUN = "$response.body#/run/id"
_CODE = "$response.body#/results/0/uscc"
_ZONE = "$request.path.zone"
_ROW = {"zone": _ZONE, "book": "$request.path.book", "id": "$response.body#/id"}
_TRIP = {"zone": _ZONE, "trip": "$response.body#/kept/id"}

LINKS: dict[str, dict[str, dict[str, str]]] = {
    "rank_companies": {
        "get_run": {"run": _RUN},
        "get_run_results": {"run": _RUN},
        "replay_run": {"run": _RUN},
        "explain_run_company": {"run": _RUN, "uscc": _CODE},
        "get_company": {"uscc": _CODE},
    },
    "keep_scores": {
        "get_run": {"run": _RUN},
        "get_run_results": {"run": _RUN},
        "replay_run": {"run": _RUN},
        "explain_run_company": {"run": _RUN, "uscc": _CODE},
    },
    "add_row": {"get_row": _ROW},
    "plan_trip": {"get_trip": _TRIP},
}
"""Operation → the operations that its answer leads to → their parameters (链接表)."""


def linked(document: dict[str, Any]) -> None:
    """Lets an OpenAPI document say what leads where (写入链接)."""
    for methods in document["paths"].values():
        for operation in methods.values():
            leads = LINKS.get(operation["operationId"])
            if leads is not None:
                done = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
                done["links"] = {name: {"operationId": name, "parameters": dict(given)} for name, given in leads.items()}
