"""The WebSocket of /graphql, in both protocols."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from media_pipeline.gateway import dagster_view, graphql_socket
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.graphql import OPERATIONS
from media_pipeline_tests.gateway.tenants import Tenants, tenants
from media_pipeline_tests.gateway.upstream import Upstream, serving, until

NEW, OLD = "graphql-transport-ws", "graphql-ws"
SAYS = {NEW: ("subscribe", "next", "complete"), OLD: ("start", "data", "stop")}
STARTED: dict[str, Any] = {"pipelineRunLogs": {"cursor": "1", "messages": [{"__typename": "RunStartEvent"}]}}
OVER: dict[str, Any] = {"pipelineRunLogs": {"cursor": "2", "messages": [{"__typename": "RunSuccessEvent"}]}}
ALL: dict[str, Any] = {
    "pipelineRunLogs": {
        "cursor": "2",
        "messages": [*STARTED["pipelineRunLogs"]["messages"], *OVER["pipelineRunLogs"]["messages"]],
    }
}
both = pytest.mark.parametrize("protocol", [NEW, OLD])


@contextmanager
def greeted(client: TestClient, here: Tenants, protocol: str = NEW) -> Iterator[WebSocketTestSession]:
    with client.websocket_connect("/graphql", subprotocols=[protocol]) as socket:
        payload = {"authorization": here.key("anna")["Authorization"]}
        socket.send_json({"type": "connection_init", "payload": payload})
        assert socket.receive_json() == {"type": "connection_ack"}
        yield socket


def following(run_id: str, protocol: str = NEW, id: str = "1", **more: Any) -> dict[str, Any]:
    payload = {"operationName": "LiveProgress", "variables": {"runId": run_id}, **more}
    return {"type": SAYS[protocol][0], "id": id, "payload": payload}


@both
def test_a_run_is_followed_until_it_is_over(
    client: TestClient, here: Tenants, upstream: Upstream, protocol: str
) -> None:
    upstream.events = [STARTED, OVER]
    event = SAYS[protocol][1]
    with greeted(client, here, protocol) as socket:
        assert socket.accepted_subprotocol == protocol
        socket.send_json(following("a", protocol))
        assert socket.receive_json() == {"type": event, "id": "1", "payload": {"data": STARTED}}
        assert socket.receive_json() == {"type": event, "id": "1", "payload": {"data": OVER}}
        assert socket.receive_json() == {"type": "complete", "id": "1"}
        until(lambda: upstream.following == 0)
    assert upstream.asked == [{"query": OPERATIONS["LiveProgress"].text, "variables": {"runId": "a"}}]


def test_what_dagster_forgets_to_tell_is_asked_for(
    client: TestClient, here: Tenants, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dagster_view, "_SILENCE_SECONDS", 0.1)
    upstream.events = [STARTED]
    with greeted(client, here) as socket:
        socket.send_json(following("a"))
        assert socket.receive_json()["payload"] == {"data": STARTED}
        until(lambda: upstream.asked[-1]["variables"] == {"runId": "a", "cursor": "1"})
        upstream.events = [STARTED, OVER]
        assert socket.receive_json()["payload"] == {"data": OVER}
        assert socket.receive_json()["type"] == "complete"


@pytest.mark.parametrize(("past", "told"), [([STARTED], [OVER]), ([ALL], [])])
def test_who_asks_for_news_only_is_not_told_the_past(
    client: TestClient, here: Tenants, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, past: Any, told: Any
) -> None:
    monkeypatch.setattr(dagster_view, "_SILENCE_SECONDS", 0.1)
    upstream.events = past
    with greeted(client, here) as socket:
        socket.send_json(following("a", variables={"runId": "a", "cursor": "HEAD"}))
        until(lambda: upstream.asked)
        if told:
            until(lambda: upstream.asked[-1]["variables"].get("cursor") == "1")
            upstream.events = [*past, *told]
        for each in told:
            assert socket.receive_json()["payload"] == {"data": each}
        assert socket.receive_json() == {"type": "complete", "id": "1"}


@both
def test_what_a_client_ends_is_ended_at_dagster(
    client: TestClient, here: Tenants, upstream: Upstream, protocol: str
) -> None:
    upstream.events = [STARTED]
    with greeted(client, here, protocol) as socket:
        for id in "12":
            socket.send_json(following("a", protocol, id))
            assert socket.receive_json()["id"] == id
        until(lambda: upstream.following == 2)
        socket.send_json({"type": SAYS[protocol][2], "id": "1"})
        until(lambda: upstream.following == 1)
    until(lambda: upstream.following == 0)


@both
@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"operationName": "LiveProgress", "variables": {"runId": "b"}}, "not-found"),
        ({"operationName": "LiveProgress", "variables": {"runId": "unknown"}}, "not-found"),
        ({"operationName": "LiveProgress"}, "wrong-variables"),
        ({"operationName": "UploadStatus", "variables": {"mediaId": "x"}}, "operation-not-allowed"),
        ({"query": 'subscription {capturedLogs(logKey: ["x"]) {stdout}}'}, "operation-not-allowed"),
        ({"query": "{"}, "malformed-graphql"),
        (None, "malformed-graphql"),
    ],
)
def test_anything_else_is_refused(
    client: TestClient, here: Tenants, upstream: Upstream, protocol: str, payload: Any, code: str
) -> None:
    with greeted(client, here, protocol) as socket:
        socket.send_json({"type": SAYS[protocol][0], "id": "1", "payload": payload})
        refusal = socket.receive_json()
        assert (refusal["type"], refusal["id"]) == ("error", "1")
        error = refusal["payload"][0] if protocol == NEW else refusal["payload"]
        assert error["extensions"]["code"] == code
        socket.send_json(following("a", protocol, "1"))  # it goes on
        until(lambda: upstream.following == 1)
    assert len(upstream.asked) == 1


def test_somebody_elses_run_is_answered_as_an_unknown_one(client: TestClient, here: Tenants) -> None:
    with greeted(client, here) as socket:
        refusals = []
        for run_id in ("b", "unknown"):
            socket.send_json(following(run_id))
            refusals.append(socket.receive_json())
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "connection_init"}, 4403),
        ({"type": "connection_init", "payload": {"authorization": "Bearer mp_none"}}, 4403),
        ({"type": "connection_init", "payload": "key"}, 4403),
        ({"type": "subscribe", "id": "1"}, 4401),
        ([], 4400),
    ],
)
def test_without_a_key_a_socket_is_closed(client: TestClient, message: Any, code: int) -> None:
    with client.websocket_connect("/graphql", subprotocols=[NEW]) as socket:
        socket.send_json(message)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == code


def test_a_key_may_come_with_the_request(client: TestClient, here: Tenants) -> None:
    with client.websocket_connect("/graphql", subprotocols=[NEW], headers=here.key("anna")) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}


def test_who_says_nothing_is_sent_away(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_socket, "_INIT_SECONDS", 0.01)
    connecting = client.websocket_connect("/graphql", subprotocols=[NEW])
    with connecting as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_json()
    assert closed.value.code == 4408


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("x" * 20_000, 1009),
        ("{", 4400),
        ('{"type": "nonsense"}', 4400),
        ('{"type": "subscribe"}', 4400),
        ('{"type": "connection_init"}', 4400),
    ],
)
def test_nonsense_closes_the_socket(client: TestClient, here: Tenants, said: str, code: int) -> None:
    with greeted(client, here) as socket:
        socket.send_text(said)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == code


def test_a_socket_has_few_subscriptions(client: TestClient, here: Tenants, upstream: Upstream) -> None:
    upstream.events = [STARTED]
    with greeted(client, here) as socket:
        for n in range(graphql_socket.SUBSCRIPTIONS):
            socket.send_json(following("a", id=str(n)))
            assert socket.receive_json()["type"] == "next"
        socket.send_json(following("a", id="one-more"))
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 4429
    until(lambda: upstream.following == 0)


def test_an_id_is_used_once_at_a_time(client: TestClient, here: Tenants, upstream: Upstream) -> None:
    upstream.events = [STARTED]
    with greeted(client, here) as socket:
        socket.send_json(following("a"))
        assert socket.receive_json()["type"] == "next"
        socket.send_json(following("a"))
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 4409


def test_there_are_so_many_places(here: Tenants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dagster_view, "SOCKETS", 1)
    with TestClient(create_app(here.front)) as client:
        with greeted(client, here), pytest.raises(WebSocketDisconnect):
            client.websocket_connect("/graphql", subprotocols=[NEW]).__enter__()
        with greeted(client, here):
            pass


def test_a_socket_of_another_protocol_is_not_taken(client: TestClient) -> None:
    for protocols in ([], ["soap"]):
        with pytest.raises(WebSocketDisconnect):
            client.websocket_connect("/graphql", subprotocols=protocols).__enter__()


def test_pings_are_answered(client: TestClient, here: Tenants) -> None:
    with greeted(client, here) as socket:
        socket.send_json({"type": "pong"})
        socket.send_json({"type": "ping"})
        assert socket.receive_json() == {"type": "pong"}
        socket.send_json({"type": "connection_terminate"})
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1000


def test_dagster_gone_is_an_error_of_the_subscription(tmp_path: Path) -> None:
    """Not of the socket."""
    upstream = Upstream()
    with serving(upstream.app) as url:
        here = tenants(tmp_path, url)
        upstream.tags = {"a": {"dagster/partition": here.anna}}
        with TestClient(create_app(here.front)) as client, greeted(client, here) as socket:
            upstream.events = [STARTED]
            socket.send_json(following("a"))
            assert socket.receive_json()["type"] == "next"
            upstream.hang_up()
            refusal = socket.receive_json()
            assert refusal["type"] == "error"
            assert refusal["payload"][0]["extensions"]["code"] == "dagster-unavailable"
            socket.send_json({"type": "ping"})
            assert socket.receive_json() == {"type": "pong"}
