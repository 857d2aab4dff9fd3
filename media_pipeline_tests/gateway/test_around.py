"""Headers, origins and sizes, whatever the route; and errors nobody foresaw."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.gateway.around import BODY_BYTES, HEADERS
from media_pipeline_tests.gateway.house import House, house
from media_pipeline_tests.gateway.test_media import code

PAGE = "https://app.example.com"


def broken(home: House, error: Exception) -> None:
    """Whatever is asked of the catalogue from now on fails."""

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise error

    catalogue: Catalogue = Broken()  # type: ignore[assignment]
    object.__setattr__(home.platform, "catalogue", catalogue)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/v1/media", "/nowhere", "/v1/play/a/b/c"])
def test_every_answer_is_nosniff_and_kept_by_nobody(client: TestClient, path: str) -> None:
    found = client.get(path).headers
    assert {name: found[name] for name in HEADERS} == HEADERS


def test_an_error_of_ours_tells_nothing_and_has_its_headers_all_the_same(home: House, client: TestClient) -> None:
    key = home.key()
    broken(home, RuntimeError("secret detail"))
    answer = client.get("/v1/media", headers=key | {"Origin": PAGE})
    assert code(answer) == (500, "internal")
    assert "secret" not in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_a_catalogue_that_is_away_is_told_as_such(home: House, client: TestClient) -> None:
    key = home.key()
    assert client.get("/readyz").json() == {"status": "ok"}
    broken(home, Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The catalogue does not answer.", detail="host:5432"))
    for path in ("/readyz", "/v1/media"):
        answer = client.get(path, headers=key)
        assert code(answer) == (503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        assert "5432" not in answer.text
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, "not-found")),
        ("GET", "/v1/play/a", (404, "not-found")),
        ("PATCH", "/v1/media", (405, "method-not-allowed")),
        ("POST", "/v1/media", (405, "method-not-allowed")),
    ],
)
def test_what_there_is_not_is_a_problem_too(
    client: TestClient, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert code(client.request(method, path)) == expected


@pytest.fixture
def abroad(tmp_path: Path, empty: bytes) -> Iterator[TestClient]:
    """Of a gateway that pages of one other origin may call."""
    with TestClient(house(tmp_path / "home", empty, gateway_origins=(PAGE,)).app) as client:
        yield client


def test_pages_of_configured_origins_may_call_and_no_others(client: TestClient, abroad: TestClient) -> None:
    for origin in (PAGE, "https://app.example.com.evil.org", "http://app.example.com", "null"):
        allowed = {client: None, abroad: PAGE if origin == PAGE else None}
        for each, expected in allowed.items():
            answer = each.get("/v1/media", headers={"Origin": origin})
            assert answer.headers.get("access-control-allow-origin") == expected
            assert "access-control-allow-credentials" not in answer.headers


def test_a_browser_learns_beforehand_what_a_page_may_send(abroad: TestClient) -> None:
    asked = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    allowed = abroad.options("/v1/media/a", headers={"Origin": PAGE} | asked)
    assert allowed.status_code == 200
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    assert abroad.options("/v1/media/a", headers={"Origin": "https://evil.org"} | asked).status_code == 400


def test_a_body_is_read_up_to_a_size_whoever_sends_it(client: TestClient) -> None:
    for body in (b"{" * (BODY_BYTES + 1), iter([b"{" * BODY_BYTES, b"{"])):
        answer = client.post("/v1/webhooks", content=body)
        assert code(answer) == (413, "request-too-large")


def test_a_problem_says_what_does_not_fit_also_where_it_is_no_text(home: House, client: TestClient) -> None:
    body = json.dumps({"url": 1, "half \ud800": 2}).encode()
    answer = client.post("/v1/webhooks", content=body, headers=home.key() | {"Content-Type": "application/json"})
    assert code(answer) == (422, "invalid-request")
    assert [fault["where"].partition(".")[0] for fault in answer.json()["errors"]] == ["body"]
