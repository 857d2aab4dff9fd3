"""POST /graphql: what is on the list, about what is the caller's, and nothing else."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from media_pipeline.domain.caller import Scope
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.graphql import OPERATIONS
from media_pipeline_tests.gateway.tenants import Tenants, tenants
from media_pipeline_tests.gateway.upstream import Upstream


def status_of(media_id: str, **more: Any) -> dict[str, Any]:
    return {"operationName": "UploadStatus", "variables": {"mediaId": media_id}, **more}


def test_a_listed_operation_is_answered(client: TestClient, here: Tenants, upstream: Upstream) -> None:
    answer = client.post("/graphql", json=status_of(here.anna), headers=here.key("anna"))
    assert answer.status_code == 200
    assert answer.json() == {"data": upstream.data}
    assert upstream.asked == [{"query": OPERATIONS["UploadStatus"].text, "variables": {"mediaId": here.anna}}]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed-graphql"),
        (b"[]", 400, "malformed-graphql"),
        (b'{"query": "{"}', 400, "malformed-graphql"),
        (b"[" * 9000, 400, "malformed-graphql"),
        (b" " * 20_000, 413, "request-too-large"),
        (b'{"query": "{__schema {types {name}}}"}', 403, "operation-not-allowed"),
        (b'{"query": "mutation {deleteRun(runId: 1) {__typename}}"}', 403, "operation-not-allowed"),
        (b'{"operationName": "UploadStatus"}', 400, "wrong-variables"),
        (b'{"operationName": "LiveProgress", "variables": {"runId": "r"}}', 400, "operation-not-allowed"),
    ],
)
def test_anything_else_is_a_problem(
    client: TestClient, here: Tenants, upstream: Upstream, body: bytes, status: int, code: str
) -> None:
    answer = client.post("/graphql", content=body, headers=here.key("anna"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert upstream.asked == []


def test_the_refusal_of_an_operation_lists_those_there_are(client: TestClient, here: Tenants) -> None:
    answer = client.post("/graphql", json={"operationName": "Everything"}, headers=here.key("anna"))
    assert answer.json()["operations"] == list(OPERATIONS)


def test_without_a_key_there_is_no_answer(client: TestClient, here: Tenants, upstream: Upstream) -> None:
    assert client.post("/graphql", json=status_of(here.anna)).status_code == 401
    assert client.get("/graphql").status_code == 405
    assert upstream.asked == []


def test_somebody_elses_media_is_answered_as_an_unknown_one(
    client: TestClient, here: Tenants, upstream: Upstream
) -> None:
    berta = client.post("/graphql", json=status_of(here.berta), headers=here.key("anna"))
    nobody = client.post("/graphql", json=status_of("nobody"), headers=here.key("anna"))
    assert berta.status_code == nobody.status_code == 404
    assert berta.json() == nobody.json()
    assert upstream.asked == []


def test_an_answer_to_one_tenant_is_not_given_to_another(client: TestClient, here: Tenants) -> None:
    """Though it is kept for a second."""
    assert client.post("/graphql", json=status_of(here.anna), headers=here.key("anna")).status_code == 200
    assert client.post("/graphql", json=status_of(here.anna), headers=here.key("berta")).status_code == 404


def test_a_run_is_its_medias(client: TestClient, here: Tenants, upstream: Upstream) -> None:
    upstream.tags |= {"of-nobody": {"dagster/partition": "nobody"}, "of-the-house": {}}

    def asked(run_id: str) -> tuple[int, Any]:
        body = {"operationName": "RunProgress", "variables": {"runId": run_id}}
        answer = client.post("/graphql", json=body, headers=here.key("anna"))
        return answer.status_code, answer.json()

    assert asked("a")[0] == 200
    answers = [asked(run_id) for run_id in ("b", "of-nobody", "of-the-house", "unknown")]
    assert [status for status, _ in answers] == [404] * 4
    assert all(problem == answers[0][1] for _, problem in answers)


def test_a_backfill_is_for_operators(client: TestClient, here: Tenants) -> None:
    body = {"operationName": "BackfillState", "variables": {"backfillId": "b"}}
    refused = client.post("/graphql", json=body, headers=here.key("anna"))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
    assert client.post("/graphql", json=body, headers=here.key("anna", Scope.ADMIN)).status_code == 200
    assert client.post("/graphql", json=body, headers=here.key("anna", Scope.UPLOAD)).status_code == 403


def test_errors_of_dagster_are_a_problem_without_its_words(
    client: TestClient, here: Tenants, upstream: Upstream
) -> None:
    upstream.errors = [{"message": "/home/operator", "extensions": {"errorInfo": "stack"}}]
    answer = client.post("/graphql", json=status_of(here.anna), headers=here.key("anna"))
    assert (answer.status_code, answer.json()["code"]) == (502, "dagster-unavailable")
    assert "/home" not in answer.text
    upstream.errors = []
    assert client.post("/graphql", json=status_of(here.anna), headers=here.key("anna")).status_code == 200


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:9"])
def test_without_a_webserver_there_is_a_problem(tmp_path: Path, url: str | None) -> None:
    here = tenants(tmp_path, url)
    with TestClient(create_app(here.front)) as client:
        answer = client.post("/graphql", json=status_of(here.anna), headers=here.key("anna"))
    assert (answer.status_code, answer.json()["code"]) == (502, "dagster-unavailable")


def test_many_who_ask_the_same_cost_few_questions(client: TestClient, here: Tenants, upstream: Upstream) -> None:
    upstream.seconds = 0.2
    headers = here.key("anna")

    def ask(_: int) -> int:
        return client.post("/graphql", content=json.dumps(status_of(here.anna)), headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {200}
    assert len(upstream.asked) < 8
