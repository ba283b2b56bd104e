"""The OpenAPI document that is checked in is the application's own; whatever it allows is answered as it declares.

What fits a schema is accepted, or there is no such thing (404), but for what ``REFUSING`` tells.
"""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.specs.openapi.checks import positive_data_acceptance

from matcher.api.app import create_app
from matcher.api.links import LINKS
from matcher.api.openapi import FILE, in_older_words, text_of
from matcher.api.problems import KINDS, urn
from matcher.api.settings import Settings
from matcher.ledger.books import ALL
from tests.api.conftest import small
from tests.api.local import TestClient, at_this_machine


def document() -> dict[str, Any]:
    return create_app(Settings(home=Path("unused"))).openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_document_that_is_checked_in_is_the_applications() -> None:
    assert FILE.read_text(encoding="utf-8") == text_of(document()), "run `make schemas`"


@pytest.mark.slow
def test_every_operation_has_a_name_words_and_declared_mistakes() -> None:
    seen = set()
    for path, method, operation in operations():
        name = operation["operationId"]
        assert name not in seen, name
        assert f"_{method}" not in name
        assert "（" not in operation["description"] or "）" in operation["description"]
        assert {"401", "403", "429", "500", "503"} <= set(operation["responses"]), (path, method)
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and status != "503":
                assert "application/problem+json" in answer["content"], (path, status)
                assert int(status) in {known for known, _ in KINDS.values()}
        seen.add(name)
    assert len(seen) > 20


def test_bodies_have_examples_that_their_own_schemas_accept() -> None:
    import jsonschema

    whole = document()
    for name, schema in whole["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            jsonschema.validate(example, {**schema, "components": whole["components"]}, cls=jsonschema.Draft202012Validator)
        assert name


@pytest.mark.slow
def test_the_pages_get_words_that_they_can_read() -> None:
    older = in_older_words(document())

    def check(node: Any, where: str) -> None:
        if isinstance(node, dict):
            assert node.get("type") != "null", where
            assert not isinstance(node.get("type"), list), where
            assert not {"const", "prefixItems", "propertyNames"} & set(node) or where.endswith("properties"), where
            for key, value in node.items():
                if key not in ("example", "examples", "default", "enum"):
                    check(value, f"{where}/{key}")
        elif isinstance(node, list):
            for value in node:
                check(value, where)

    check(older, "")
    assert older["openapi"] == "3.0.3"
    assert set(older["paths"]) == set(document()["paths"])
    json.dumps(older, allow_nan=False)


ZONE = "small"
COLUMNS = frozenset(field.name for book in ALL.values() for field in book.everything)
VALUES = {"invalid-request": COLUMNS | {"values", "step", "on", "reason"}}
VERSIONED = {"precondition-failed": {"If-Match"}, "version-needed": {"version"}}
POSTED = {"not-json": {"queries 或 extend"}, "invalid-request": {"queries", "extend", "ids", "properties", "请求体"}}
REFUSING: dict[str, dict[str, Collection[str | None]]] = {
    "add_hook": {"invalid-request": {"url"}},
    "list_companies": {"gone": {"snapshot"}},
    "get_company": {"gone": {"snapshot"}},
    "rank_companies": {"invalid-request": {"请求体"}},
    "receive_events": {
        "invalid-request": {"事件", "source", "id", "type", "time", "company", "data", "specversion", "datacontenttype"}
    },
    "add_row": VALUES,
    "change_row": VALUES | VERSIONED,
    "step_row": VALUES | VERSIONED,
    "convert_target": VALUES | VERSIONED,
    "delete_row": VERSIONED,
    "restore_row": VERSIONED,
    "list_rows": {"invalid-request": COLUMNS | {"where", "search"}},
    "import_workbook": {"invalid-request": {None}},
    "attach_proof": {"invalid-request": {"kind", "step", "X-Content-SHA256"}},
    "get_report": {"invalid-request": {"on", "as_of"}},
    "plan_trip": {"invalid-request": {"start", "days", "cities", "must", "hours", "visit"}},
    "replan_trip": {"invalid-request": {"请求体"}},
    "enter_trip": {"invalid-request": {"group", "department", "owner"}},
    "reconcile": POSTED,
    "reconcile_batch": POSTED,
}
"""Operation → kinds of problem by which it refuses what no schema can forbid → the fields that they are about; docs/service.md says why."""
BOUNDED = settings(
    derandomize=True,
    database=None,
    max_examples=30,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def of_the_small_zone(tmp_path: Path) -> Any:
    """The document with the one zone that there is, so that requests get beyond its name."""
    app = create_app(replace(small(tmp_path), log="off"))
    schema = schemathesis.openapi.from_asgi("/openapi.json", at_this_machine(app))
    raw = schema.raw_schema
    raw["paths"] = {path.replace("{zone}", ZONE): methods for path, methods in raw["paths"].items()}
    for methods in raw["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [one for one in operation.get("parameters", ()) if one["name"] != "zone"]
            for answer in operation["responses"].values():
                for link in answer.get("links", {}).values():
                    link["parameters"].pop("zone", None)
    return schema


def asked_once(case: Any) -> Any:
    """A case that repeats no other's ``Idempotency-Key``."""
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    return case


def excluded(case: Any, response: Any) -> list[Any]:
    """The check that what fits is accepted, if this refusal is one of those that are told."""
    if not 400 <= response.status_code < 500:
        return []
    told = response.json()
    fields = REFUSING.get(case.operation.definition.raw["operationId"], {}).get(told["type"].removeprefix(urn("")), ())
    return [positive_data_acceptance] if told.get("field") in fields else []


def test_what_no_schema_can_forbid_is_told() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    known = {operation["operationId"] for _, _, operation in operations()}
    told: dict[str, dict[str, set[str]]] = {}
    for line in guide.partition("| 操作 | 种类 |")[2].partition("\n\n")[0].splitlines()[2:]:
        _, names, kind, fields, _, _ = line.split("|")
        for name in re.findall("`([^`]+)`", names):
            told.setdefault(name, {})[kind.strip(" `")] = {one.strip("`") for one in fields.strip().split("、")}
    assert set(REFUSING) <= known
    assert told == {name: {kind: shown(fields) for kind, fields in kinds.items()} for name, kinds in REFUSING.items()}


def shown(fields: Collection[str | None]) -> set[str]:
    """Fields as the guide has them: the columns of the ledgers in one word."""
    columns = set(fields) >= COLUMNS
    return {str(field or "—") for field in fields if not columns or field not in COLUMNS} | ({"列"} if columns else set())


@pytest.mark.slow
def test_whatever_the_document_allows_is_answered_as_it_declares(tmp_path: Path) -> None:
    asked = answered = 0
    for found in of_the_small_zone(tmp_path).get_all_operations():
        operation = found.ok()

        @BOUNDED
        @given(case=operation.as_strategy())
        def of_one(case: Any) -> None:
            nonlocal asked, answered
            response = asked_once(case).call()
            asked, answered = asked + 1, answered + (response.status_code < 300)
            case.validate_response(response, excluded_checks=excluded(case, response))

        of_one()
    assert asked > 500
    assert answered > 300


GROUNDED: dict[str, dict[str, Any]] = {
    "rank_companies": {"as_of": "2024-08-27"},
    "keep_scores": {"profiles": [{"name": "青岛某某玩具有限公司", "business_scope": "积木的生产", "uscc": "91370200MA3TESTA0X"}]},
    "add_row": {"values": {"kind": "企业", "company": "某某玩具有限公司", "department": "甲局"}},
    "plan_trip": {
        "start": "2024-08-27", "days": 1, "cities": ["青岛"], "seconds": 5,
        "targets": [{"name": "虚构商会", "kind": "chamber", "city": "青岛", "score": 60}],
    },
}  # fmt: skip
"""Operations that lead on → a body that they take; chance rarely writes one."""
BOOK = "targets"
_TRIES = 8
CHAINED = settings(
    max_examples=40, stateful_step_count=10, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)  # fmt: skip


def handles(name: str, told: dict[str, Any], case: Any) -> Iterator[tuple[str, frozenset[Any]]]:
    """What an answer leads to: the operations of its links, with the parameters that they name."""
    for target, parameters in LINKS[name].items():
        with contextlib.suppress(LookupError, TypeError):  # a list without companies leads to none
            given_ = {**case.path_parameters, "zone": ZONE}
            found = {one: _pointed(expression, told, given_) for one, expression in parameters.items() if one != "zone"}
            if all(found.values()):
                yield target, frozenset((one, str(value)) for one, value in found.items())


@pytest.mark.slow
def test_answers_lead_on_to_answers_as_declared(tmp_path: Path) -> None:
    """Chains of requests: what answers lead to is gone on with, every link of the table, and all is answered as declared.

    Every second body of an operation that leads on is one that it takes, and every second request that a link may lead to goes where one
    led that was not gone on with yet; the rest is chance, as is what follows what. So chains are drawn until every link was gone on with.
    """
    given_: dict[tuple[str, frozenset[Any]], set[str]] = {}
    followed = Counter[tuple[str, str]]()

    class Chain(of_the_small_zone(tmp_path).as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            name = case.operation.definition.raw["operationId"]
            if name in GROUNDED and case.meta.generation.mode.is_positive and crc32(repr(case.body).encode()) % 2:
                case.body = GROUNDED[name]
                if "book" in case.path_parameters:
                    case.path_parameters["book"] = BOOK
            if case.path_parameters and case.meta.generation.mode.is_positive and crc32(repr(case.path_parameters).encode()) % 2:
                open_ = [handle for handle, sources in given_.items() if any((source, name) not in followed for source in sources)]
                case.path_parameters.update(next((dict(handle) for to, handle in open_ if to == name), {}))
            asked_once(case)

        def after_call(self, response: Any, case: Any) -> None:
            name = case.operation.definition.raw["operationId"]
            if name in LINKS and response.status_code in (200, 201):
                for handle in handles(name, response.json(), case):
                    given_.setdefault(handle, set()).add(name)
            if response.status_code in (200, 304):
                handle = name, frozenset((one, str(value)) for one, value in (case.path_parameters or {}).items())
                followed.update((source, name) for source in given_.get(handle, ()))

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            case.validate_response(response, excluded_checks=excluded(case, response))

    links = {(source, target) for source, targets in LINKS.items() for target in targets}
    for drawn in range(_TRIES):
        with contextlib.suppress(FlakyStrategyDefinition):  # it draws from constants of modules too, and one was loaded meanwhile
            seed(drawn)(Chain).run(settings=CHAINED)
        if set(followed) == links:
            break
    assert set(followed) == links, followed


@pytest.mark.slow
@pytest.mark.parametrize("source", LINKS)
def test_every_link_leads_to_what_is_there(tmp_path: Path, source: str) -> None:
    paths = {operation["operationId"]: path for path, _, operation in operations()}
    given_ = {"zone": ZONE, "book": BOOK}
    with TestClient(create_app(small(tmp_path))) as client:
        told = client.post(paths[source].format(**given_), json=GROUNDED[source]).json()
        for target, parameters in LINKS[source].items():
            found = {name: _pointed(expression, told, given_) for name, expression in parameters.items()}
            assert client.get(paths[target].format(**found)).status_code == 200, target


def _pointed(expression: str, told: Any, given_: dict[str, str]) -> Any:
    """What a runtime expression of OpenAPI means."""
    if expression.startswith("$request.path."):
        return given_[expression.removeprefix("$request.path.")]
    for part in expression.removeprefix("$response.body#/").split("/"):
        told = told[int(part) if isinstance(told, list) else part]
    return told


def test_links_lead_to_operations_with_such_parameters() -> None:
    known = {operation["operationId"]: operation for _, _, operation in operations()}
    for source, targets in LINKS.items():
        linked = next(answer for status, answer in known[source]["responses"].items() if status[0] == "2")["links"]
        assert set(linked) == set(targets)
        for target, parameters in targets.items():
            wanted = {one["name"] for one in known[target]["parameters"] if one["in"] == "path"}
            assert wanted == set(parameters), (source, target)
