"""What the gateway tells of its requests."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from media_pipeline.domain.caller import Scope
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.watched import Numbers
from media_pipeline.infrastructure import tracing
from media_pipeline_tests.collector import collecting
from media_pipeline_tests.gateway.tenants import Tenants, tenants

CANCEL = "/v1/media/{media_id}/cancel"
ABOVE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def here(tmp_path: Path) -> Tenants:
    return tenants(tmp_path, None)


@pytest.fixture
def client(here: Tenants) -> Iterator[TestClient]:
    with TestClient(create_app(here.front), raise_server_exceptions=False) as client:
        yield client


def count(client: TestClient, name: str, **labels: str) -> float | None:
    numbers: Numbers = client.app.state.numbers  # type: ignore[attr-defined]
    return numbers.registry.get_sample_value(f"media_pipeline_gateway_{name}", labels)


def test_requests_are_counted_by_the_pattern_of_their_route(client: TestClient, here: Tenants) -> None:
    route = {"method": "GET", "route": "/v1/media/{media_id}"}
    answer = client.get(f"/v1/media/{here.anna}", headers=here.key("anna"))
    client.get("/v1/media/My%20Secret%20Film", headers=here.key("anna"))
    client.get("/v1/media/My%20Secret%20Film")
    assert count(client, "requests_total", **route, status="200") == 1
    assert count(client, "requests_total", **route, status="404") == 1
    assert count(client, "requests_total", **route, status="401") == 1
    assert count(client, "request_seconds_count", **route) == 3
    assert (count(client, "sent_bytes_total", **route) or 0) > len(answer.content)
    assert count(client, "requests_in_progress") == 0


def test_what_anybody_may_type_makes_no_label(client: TestClient) -> None:
    for number in range(20):
        client.request(f"METHOD{number}", f"/path/{number}")
    numbers: Numbers = client.app.state.numbers  # type: ignore[attr-defined]
    (family,) = numbers.requests.collect()
    told = [s.labels for s in family.samples if s.name.endswith("_total")]
    assert told == [{"method": "other", "route": "other", "status": "404"}]


def test_a_request_is_a_span_that_says_no_path_and_believes_no_caller(
    here: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        tracing.start()
        try:
            with TestClient(create_app(here.front), raise_server_exceptions=False) as client:
                headers = here.key("anna", Scope.UPLOAD) | {"traceparent": ABOVE}
                client.post(f"/v1/media/{here.anna}/cancel", headers=headers)
                client.post("/v1/media/My%20Secret%20Film/cancel", headers=headers)
                client.get("/healthz")
                client.get(f"/v1/play/{here.anna}/a-token/poster")
        finally:
            tracing.stop()
    good, bad = sorted(collector.spans, key=lambda s: str(s.facts["http.response.status_code"]))
    assert good.name == bad.name == f"POST {CANCEL}"
    assert (good.parent, good.links) == ("", (ABOVE[3:35],))
    assert good.trace != ABOVE[3:35]
    told = {"http.request.method": "POST", "http.route": CANCEL, "url.scheme": "http"}
    assert good.facts == {**told, "http.response.status_code": 200, tracing.MEDIA_ID: here.anna}
    assert bad.facts == {**told, "http.response.status_code": 404}
    assert not good.error
    assert not bad.error


def test_what_changed_something_or_failed_is_in_the_log(
    client: TestClient, here: Tenants, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "media_pipeline.gateway")
    client.get(f"/v1/media/{here.anna}", headers=here.key("anna"))
    client.post(f"/v1/media/{here.anna}/cancel", headers=here.key("anna", Scope.UPLOAD))
    client.get("/v1/media/My%20Secret%20Film", headers=here.key("anna"))
    lines = [vars(record) for record in caplog.records if record.message == "answered"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", CANCEL, 200), ("GET", "/v1/media/{media_id}", 404)
    ]  # fmt: skip
    assert [line.get("media_id") for line in lines] == [here.anna, None]


def test_an_error_of_ours_is_counted_as_one(client: TestClient, here: Tenants) -> None:
    object.__setattr__(here.front, "platform", None)
    assert client.get("/readyz").status_code == 500
    assert count(client, "requests_total", method="GET", route="/readyz", status="500") == 1
