"""A word of an address that an operation does not read is refused by its name, never passed over: ``month=`` is not ``on=``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.ledgers import Office, office


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = office(tmp_path_factory.mktemp("words"))
    with made.client:
        yield made


@pytest.mark.parametrize("kind", ["weekly", "monthly", "annual"])
def test_reports_refuse_words_that_they_do_not_read(here: Office, kind: str) -> None:
    answer = here.ask("admin", "GET", f"/reports/{kind}?month=2024-08")
    assert answer.status_code == 422
    told = answer.json()
    assert told["field"] == "month" and "不认得参数 month" in told["detail"] and "on、as_of" in told["expected"]
    near = here.ask("admin", "GET", f"/reports/{kind}?on=2024-08-28&asof=2024-08-31").json()
    assert near["field"] == "asof" and "是不是想写 as_of" in near["detail"]
    assert here.ask("admin", "GET", f"/reports/{kind}?on=2024-08-28&as_of=2024-08-31&format=json").status_code == 200


def test_every_operation_does(here: Office) -> None:
    asked = 0
    paths = here.client.app.openapi()["paths"]  # type: ignore[attr-defined]
    for path, operations in paths.items():
        if not path.startswith("/v1/zones/{zone}/"):
            continue
        there = path.removeprefix("/v1/zones/{zone}").replace("{id}", "1").replace("{book}", "targets")
        for method in operations:
            answer = here.ask("admin", method.upper(), there.replace("{kind}", "weekly") + "?nobodyreadsthis=1")
            assert answer.status_code == 422 and answer.json()["field"] == "nobodyreadsthis", (method, path, answer.text)
            asked += 1
    assert asked > 20
    assert here.client.get("/healthz?probe=1").status_code == 200
