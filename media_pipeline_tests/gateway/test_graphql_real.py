"""The gateway before a real webserver, as it is started in production, over real runs."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
from starlette.testclient import TestClient

from media_pipeline.domain.caller import Scope
from media_pipeline.gateway import dagster_view
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.graphql import OPERATIONS
from media_pipeline.infrastructure.dagster_webserver import Webserver
from media_pipeline_tests.gateway.tenants import Tenants, tenants
from media_pipeline_tests.gateway.toy import BACKFILL, SECRET, Toy, webserver
from media_pipeline_tests.gateway.upstream import until

pytestmark = pytest.mark.slow
MUTATION = 'mutation {{deletePipelineRun(runId: "{}") {{__typename}}}}'


class World:
    """Two tenants with a media each, both processed, behind a real webserver."""

    def __init__(self, here: Tenants, client: TestClient, toy: Toy, url: str) -> None:
        self.here, self.client, self.toy, self.url = here, client, toy, url
        self.runs = {media: toy.run(media) for media in (here.anna, here.berta, here.bad)}
        toy.backfill("x-1", "bad-2")

    def asked(self, operation: str, variables: dict[str, str], scope: Scope = Scope.READ) -> Any:
        body = {"operationName": operation, "variables": variables}
        return self.client.post("/graphql", json=body, headers=self.here.key("anna", scope))

    def data(self, operation: str, scope: Scope = Scope.READ, **variables: str) -> Any:
        answer = self.asked(operation, variables, scope)
        assert answer.status_code == 200, answer.text
        assert SECRET not in answer.text
        return answer.json()["data"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # On disk, unlike other tests' instances: the webserver is a process of its own, and reads what this one writes.
    with dg.instance_for_test() as instance, webserver(Path(instance.root_directory)) as url:
        here = tenants(tmp_path_factory.mktemp("home"), url)
        with TestClient(create_app(here.front)) as client:
            yield World(here, client, Toy(instance), url)


def test_the_status_of_an_upload(world: World) -> None:
    (run,) = world.data("UploadStatus", mediaId=world.here.anna)["runsOrError"]["results"]
    assert (run["runId"], run["status"]) == (world.runs[world.here.anna], "SUCCESS")
    assert {(step["stepKey"], step["status"]) for step in run["stepStats"]} == {
        ("source", "SUCCESS"), ("subtitles", "SUCCESS"), ("stream", "SUCCESS"),
    }  # fmt: skip
    made = ["/".join(each["assetKey"]["path"]) for each in run["assetMaterializations"]]
    assert sorted(made) == ["source", "stream", "subtitles"]


def test_what_was_made_and_measured(world: World) -> None:
    nodes = world.data("Materializations", mediaId=world.here.anna)["assetsOrError"]["nodes"]
    made = {"/".join(node["key"]["path"]): node["assetMaterializations"] for node in nodes}
    assert made.keys() == {"source", "stream", "subtitles"}
    (source,) = made["source"]
    assert source["runId"] == world.runs[world.here.anna]
    assert {entry["label"] for entry in source["metadataEntries"]} == {"bytes", "container", "duration_seconds"}
    assert {"__typename": "IntMetadataEntry", "label": "bytes", "intValue": 12, "intRepr": "12"} in source[
        "metadataEntries"
    ]


def test_what_failed_and_why(world: World) -> None:
    (run,) = world.data("Failures", mediaId=world.here.bad)["runsOrError"]["results"]
    (failure,) = (e for e in run["eventConnection"]["events"] if e["__typename"] == "ExecutionStepFailureEvent")
    assert failure["stepKey"] == "subtitles"
    told = {entry["label"]: entry["text"] for entry in failure["failureMetadata"]["metadataEntries"]}
    assert told == {"code": "NOT_MEDIA", "sentence": "The file is no media."}


def test_how_far_a_run_is(world: World) -> None:
    run = world.data("RunProgress", runId=world.runs[world.here.bad])["runOrError"]
    assert (run["__typename"], run["status"]) == ("Run", "FAILURE")
    assert {step["stepKey"]: (step["status"], len(step["attempts"])) for step in run["stepStats"]} == {
        "source": ("SUCCESS", 1), "stream": ("SUCCESS", 1), "subtitles": ("FAILURE", 1),
    }  # fmt: skip


def test_how_a_backfill_stands(world: World) -> None:
    data = world.data("BackfillState", Scope.ADMIN, backfillId=BACKFILL)
    assert data["partitionBackfillOrError"]["status"] == "REQUESTED"
    assert (data["succeeded"]["count"], data["failed"]["count"]) == (1, 1)
    unknown = world.data("BackfillState", Scope.ADMIN, backfillId="unknown")
    assert unknown["partitionBackfillOrError"]["__typename"] == "BackfillNotFoundError"


@pytest.mark.parametrize("asked_again", [0, 3])
def test_a_run_is_followed_live(world: World, monkeypatch: pytest.MonkeyPatch, asked_again: int) -> None:
    """What was, what is and that it is over: by what Dagster tells, while the run goes on. Asking again in between
    neither loses nor doubles anything."""
    asked: list[str | None] = []
    subscribe = Webserver.subscribe

    def counted(self: Webserver, query: str, variables: Mapping[str, str]) -> AsyncGenerator[dict[str, Any], None]:
        asked.append(variables.get("cursor"))
        return subscribe(self, query, variables)

    monkeypatch.setattr(Webserver, "subscribe", counted)
    if asked_again:
        monkeypatch.setattr(dagster_view, "_SILENCE_SECONDS", 0.5)
    headers = world.here.key("anna")
    with (
        ThreadPoolExecutor(1) as pool,
        world.client.websocket_connect("/graphql", subprotocols=["graphql-transport-ws"], headers=headers) as socket,
    ):
        world.toy.hold()
        going_on = pool.submit(world.toy.run, world.here.anna)
        run_id = world.toy.begun()
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        payload = {"operationName": "LiveProgress", "variables": {"runId": run_id}}
        socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
        first = socket.receive_json()
        assert "RunSuccessEvent" not in str(first)
        until(lambda: len(asked) > asked_again)
        world.toy.release()
        told = [first]
        while told[-1]["type"] == "next":
            told.append(socket.receive_json())
        going_on.result()
    assert told[-1] == {"type": "complete", "id": "1"}
    messages = [m for each in told[:-1] for m in each["payload"]["data"]["pipelineRunLogs"]["messages"]]
    kinds = [message["__typename"] for message in messages]
    assert kinds[-1] == "RunSuccessEvent"
    made = ["/".join(m["assetKey"]["path"]) for m in messages if m["__typename"] == "MaterializationEvent"]
    assert sorted(made) == ["source", "stream", "subtitles"]
    assert kinds.count("RunStartEvent") == 1
    assert SECRET not in str(told)
    assert len(told) > 3  # not all at once


@pytest.mark.parametrize(("operation", "variable"), [(o.name, o.about) for o in OPERATIONS.values() if not o.live])
def test_a_tenant_hears_nothing_of_another(world: World, operation: str, variable: str) -> None:
    theirs = {"mediaId": world.here.berta, "runId": world.runs[world.here.berta], "backfillId": BACKFILL}
    refused = world.asked(operation, {variable: theirs[variable]})
    if variable == "backfillId":
        assert refused.status_code == 403
    else:
        unknown = world.asked(operation, {variable: "unknown"})
        assert (refused.status_code, refused.json()) == (404, unknown.json())


def test_a_mutation_is_refused_by_the_gateway_and_behind_it(world: World) -> None:
    run_id = world.runs[world.here.anna]
    mutation = {"query": MUTATION.format(run_id)}
    refused = world.client.post("/graphql", json=mutation, headers=world.here.key("anna", Scope.ADMIN))
    assert (refused.status_code, refused.json()["code"]) == (403, "operation-not-allowed")
    behind = httpx.post(f"{world.url}/graphql", json=mutation).json()
    assert behind["data"]["deletePipelineRun"]["__typename"] == "UnauthorizedError"
    assert world.data("RunProgress", runId=run_id)["runOrError"]["__typename"] == "Run"


@pytest.mark.parametrize("query", ["{__schema {types {name}}}", "{instance {info}}", '{__type(name: "Run") {name}}'])
def test_introspection_is_refused(world: World, query: str) -> None:
    refused = world.client.post("/graphql", json={"query": query}, headers=world.here.key("anna", Scope.ADMIN))
    assert (refused.status_code, refused.json()["code"]) == (403, "operation-not-allowed")
