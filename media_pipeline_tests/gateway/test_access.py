"""Who gets in, and how often. Every route there is has its line in the matrix."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from media_pipeline.domain.caller import Caller, Scope
from media_pipeline.domain.errors import Denied, QuarantineCode, Unavailable
from media_pipeline.domain.job import JobState
from media_pipeline.domain.search import Filter
from media_pipeline.domain.signature import signed
from media_pipeline.domain.webhook import Webhook
from media_pipeline.gateway.access import Limiter
from media_pipeline.gateway.problems import Problem
from media_pipeline_tests import builders as a
from media_pipeline_tests.gateway.house import OTHER, SECRET, TENANT, House, house, of
from media_pipeline_tests.gateway.test_media import code

OPEN, SIGNED, SOCKET = "open", "signed", "socket"
EXPECTED: dict[str, str | Scope] = {
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /openapi.json": OPEN,
    "GET /": OPEN,
    "GET /assets/{name}": OPEN,
    "POST /v1/uploads": Scope.UPLOAD,
    "GET /v1/uploads/{upload_id}": Scope.UPLOAD,
    "GET /v1/uploads/{upload_id}/parts": Scope.UPLOAD,
    "POST /v1/uploads/{upload_id}/complete": Scope.UPLOAD,
    "DELETE /v1/uploads/{upload_id}": Scope.UPLOAD,
    "PUT /v1/uploads/{upload_id}/parts/{number}": SIGNED,
    "GET /v1/media": Scope.READ,
    "GET /v1/media/{media_id}": Scope.READ,
    "GET /v1/media/{media_id}/events": Scope.READ,
    "GET /v1/media/{media_id}/original": Scope.READ,
    "GET /v1/media/{media_id}/mp4": Scope.READ,
    "POST /v1/media/{media_id}/cancel": Scope.UPLOAD,
    "POST /v1/media/{media_id}/redrive": Scope.UPLOAD,
    "DELETE /v1/media/{media_id}": Scope.UPLOAD,
    "POST /v1/webhooks": Scope.ADMIN,
    "GET /v1/webhooks": Scope.ADMIN,
    "DELETE /v1/webhooks/{webhook_id}": Scope.ADMIN,
    "GET /v1/webhooks/{webhook_id}/deliveries": Scope.ADMIN,
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": Scope.ADMIN,
    "POST /graphql": Scope.READ,
    "APIWebSocketRoute /graphql": SOCKET,
    "GET /v1/play/{media_id}/{token}/original": SIGNED,
    "GET /v1/play/{media_id}/{token}/download.mp4": SIGNED,
    "GET /v1/play/{media_id}/{token}/poster": SIGNED,
    "GET /v1/play/{media_id}/{token}/{path:path}": SIGNED,
}
"""what each route asks for: nothing, a signed address, or a key with this scope. The socket takes its key as its first
message: test_graphql_socket.py."""
BODIES: dict[str, Any] = {
    "POST /v1/webhooks": {"url": "https://127.0.0.1/"},
    "POST /v1/uploads": {"filename": "clip.mp4", "size": 1},
    "POST /graphql": {},
}
NAMES_NOTHING = {"GET /v1/media", "GET /v1/webhooks", "POST /v1/webhooks", "POST /v1/uploads", "POST /graphql"}
"""routes with a key whose address names nobody's: they answer everybody with what is theirs. What an operation of
GraphQL names is in test_graphql.py."""


def routes(home: House) -> set[str]:
    """Every address that answers, with its method."""
    found = set()
    for route in iter_route_contexts(home.app.routes):
        methods = (route.methods or set()) - {"HEAD"} or {type(route.original_route).__name__}
        found |= {f"{method} {route.path}" for method in methods}
    return found


def test_every_route_is_in_the_matrix(home: House) -> None:
    assert routes(home) == set(EXPECTED)


KEYED = [name for name, needed in EXPECTED.items() if isinstance(needed, Scope)]


def ask(client: TestClient, name: str, names: dict[str, str], headers: dict[str, str]) -> Any:
    """Ask for a route with these in the places of its path."""
    method, path = name.split()
    return client.request(method, path.format_map(names), headers=headers, json=BODIES.get(name))


def everything(home: House) -> dict[str, str]:
    """One of each thing that a path can name, all of them a tenant's."""
    home.platform.webhooks.add(Webhook("hook", TENANT, "https://127.0.0.1/", "whsec_", frozenset(JobState), a.NOW))
    job = home.media()
    (delivery,) = home.platform.webhooks.deliveries("hook")
    session = home.platform.uploads.open(a.session("upload", tenant=TENANT))
    names = {"media_id": job.media_id, "webhook_id": "hook", "delivery_id": delivery.id, "upload_id": session.id}
    return names | {"number": "1", "name": "index.html"}


def kept(home: House) -> list[Any]:
    """What nobody else may change."""
    webhooks = home.platform.webhooks
    states = [(d.id, d.event) for d in webhooks.deliveries("hook")]
    jobs = home.platform.catalogue.jobs(Filter(tenant=TENANT))
    return [jobs, webhooks.of(TENANT), states, home.platform.uploads.get("upload")]


@pytest.mark.parametrize("name", KEYED)
def test_without_a_key_that_holds_nobody_gets_in(home: House, client: TestClient, name: str) -> None:
    names = everything(home)
    id, revoked = home.issued(TENANT)
    home.platform.keys.revoke(id, at=a.NOW)
    other_secret = revoked[:-1] + ("A" if revoked[-1] != "A" else "B")
    shown = ["", "Bearer", "Bearer ", "Basic YTpi", *(f"Bearer {t}" for t in (revoked, other_secret, "mp_", "a.b.c"))]
    for text in shown:
        answer = ask(client, name, names, {"Authorization": text})
        assert code(answer) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert code(ask(client, name, names, {})) == (401, "unauthenticated")


@pytest.mark.parametrize("name", KEYED)
def test_a_key_opens_what_its_scopes_say(home: House, client: TestClient, name: str) -> None:
    names, needed = everything(home), EXPECTED[name]
    for scope in sorted(Scope, key=lambda scope: scope in {needed, Scope.ADMIN}):  # who may, may delete it
        if scope not in {needed, Scope.ADMIN}:
            assert code(ask(client, name, names, home.key(TENANT, scope))) == (403, "scope-missing")
        elif _ends(name):
            assert ask(client, name, names, home.key(TENANT, scope)).status_code not in {401, 403}


def _ends(name: str) -> bool:
    """A stream has no end that a client without a server could wait for."""
    return not name.endswith("/events")


@pytest.mark.parametrize("name", [name for name in KEYED if name not in NAMES_NOTHING])
def test_what_is_another_tenants_is_as_what_never_was(home: House, client: TestClient, name: str) -> None:
    names, key = everything(home), home.key(OTHER)
    before = kept(home)
    theirs = ask(client, name, names, key)
    nobodys = ask(client, name, dict.fromkeys(names, "never-aaaaaaaaaaaa"), key)
    assert code(theirs) == code(nobodys) == (404, "not-found")
    assert theirs.json() == nobodys.json()
    assert kept(home) == before


def test_another_tenants_media_is_neither_listed_nor_found(home: House, client: TestClient) -> None:
    job = home.media(title="beach")
    home.platform.catalogue.describe(job.media_id, ["secret words"])
    for asked in ({}, {"q": "beach"}, {"q": "secret"}, {"state": "queued"}, {"since": "2020-01-01T00:00:00Z"}):
        assert client.get("/v1/media", params=asked, headers=home.key(OTHER)).json() == {"items": [], "next": None}
        assert len(client.get("/v1/media", params=asked, headers=home.key()).json()["items"]) == 1


@pytest.mark.parametrize("name", [name for name, needed in EXPECTED.items() if needed == SIGNED])
def test_no_key_opens_what_is_signed(home: House, client: TestClient, name: str) -> None:
    names = everything(home)
    method, path = name.replace("{path:path}", "aaaaaaaaaaaa/stream/a1/x.mp4").split()
    later = home.platform.now() + timedelta(hours=1)
    elsewhere = signed(SECRET, "play", home.media(tenant=OTHER).media_id, expires_at=later)
    for token in ("x", elsewhere):
        url = path.format_map(names | {"token": token})
        answer = client.request(method, url, params={"token": token}, headers=home.key())
        assert code(answer) == (403, "address-tampered")


@pytest.mark.parametrize("name", [name for name, needed in EXPECTED.items() if needed == OPEN])
def test_what_is_open_needs_no_key(client: TestClient, name: str) -> None:
    method, path = name.split()
    assert client.request(method, path.format(name="nothing")).status_code in {200, 404}


# Tokens of an issuer: which answer each end of it has. What makes a token hold is in infrastructure/test_oidc.py.


@pytest.fixture
def with_issuer(home: House) -> Iterator[TestClient]:
    def caller(token: str) -> Caller:
        if token == "away":
            raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The issuer of tokens does not answer.")
        if token == "bad":
            raise Denied("The token is not valid.", detail="why")
        return Caller("somebody", token, frozenset({Scope.READ}))

    with TestClient(of(home.platform, oidc=caller).app) as client:
        yield client


def test_a_token_opens_what_its_claims_say(home: House, with_issuer: TestClient) -> None:
    job = home.media()
    url = f"/v1/media/{job.media_id}"
    assert with_issuer.get(url, headers={"Authorization": f"Bearer {TENANT}"}).json()["id"] == job.media_id
    assert code(with_issuer.get(url, headers={"Authorization": f"Bearer {OTHER}"})) == (404, "not-found")
    assert code(with_issuer.delete(url, headers={"Authorization": f"Bearer {TENANT}"})) == (403, "scope-missing")
    assert code(with_issuer.get(url, headers={"Authorization": "Bearer bad"})) == (401, "unauthenticated")
    assert code(with_issuer.get(url, headers={"Authorization": "Bearer away"})) == (503, "unavailable")


def test_keys_work_beside_an_issuer(home: House, with_issuer: TestClient) -> None:
    assert with_issuer.get("/v1/media", headers=home.key()).status_code == 200
    assert code(with_issuer.get("/v1/media", headers={"Authorization": "Bearer mp_bad"})) == (401, "unauthenticated")


# How often.


def test_a_tenant_may_ask_so_often_and_no_more(tmp_path: Path, empty: bytes) -> None:
    home = house(tmp_path / "home", empty, requests_per_minute=20)
    client = TestClient(home.app)
    keys = [home.key(), home.key()]
    answers = [client.get("/v1/media", headers=keys[n % 2]) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert code(answers[2]) == (429, "too-many-requests")
    assert 1 <= int(answers[2].headers["retry-after"]) <= 3
    assert client.get("/v1/media", headers=home.key(OTHER)).status_code == 200


def test_patience_is_enough() -> None:
    now = 0.0
    limiter = Limiter(60, clock=lambda: now)
    for _ in range(6):
        limiter.take(TENANT)
    with pytest.raises(Problem) as refused:
        limiter.take(TENANT)
    assert refused.value.headers == {"Retry-After": "1"}
    now += 1
    limiter.take(TENANT)
    with pytest.raises(Problem):
        limiter.take(TENANT)
