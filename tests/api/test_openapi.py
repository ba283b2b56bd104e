"""The OpenAPI document that is checked in is the application's own; whatever it allows is answered as it declares.

One check of schemathesis is left out: that whatever fits a schema is accepted. No schema says which zones, cities or versions there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from matcher.api.app import create_app
from matcher.api.openapi import FILE, in_older_words, text_of
from matcher.api.problems import KINDS
from matcher.api.settings import Settings
from tests.api.conftest import small
from tests.api.local import at_this_machine


def document() -> dict[str, Any]:
    return create_app(Settings(home=Path("unused"))).openapi()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_document_that_is_checked_in_is_the_applications() -> None:
    assert FILE.read_text(encoding="utf-8") == text_of(document()), "run `make schemas`"


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


BOUNDED = settings(max_examples=30, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])


@pytest.mark.slow
def test_whatever_the_document_allows_is_answered_as_it_declares(tmp_path: Path) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", at_this_machine(create_app(small(tmp_path))))
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @BOUNDED
        @given(case=operation.as_strategy())
        def of_one(case: Any) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        of_one()
    assert asked > 500


@pytest.mark.slow
def test_answers_lead_on_to_answers_as_declared(tmp_path: Path) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", at_this_machine(create_app(small(tmp_path))))

    class Chain(schema.as_state_machine()):  # type: ignore[misc]
        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            case.validate_response(response, excluded_checks=[positive_data_acceptance])

    Chain.run(settings=settings(max_examples=15, stateful_step_count=6, deadline=None, suppress_health_check=list(HealthCheck)))
