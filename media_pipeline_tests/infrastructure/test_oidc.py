"""Tokens of an issuer: one that this machine is, over HTTP."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from media_pipeline.domain.caller import Caller, Scope
from media_pipeline.domain.errors import Denied, Unavailable
from media_pipeline.infrastructure.oidc import IssuerKeys, Oidc
from media_pipeline.infrastructure.settings import Settings

AUDIENCE = "media"
PRIVATE: dict[str, Any] = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ed": ed25519.Ed25519PrivateKey.generate(),
}
ALGORITHM = {"rsa": "RS256", "ec": "ES256", "ed": "EdDSA"}


@dataclass
class Issuer:
    """Its document and its keys, as long as it answers."""

    url: str = ""
    answers: bool = True
    published: dict[str, Any] = field(default_factory=lambda: {kid: key.public_key() for kid, key in PRIVATE.items()})
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> Any:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {"jwks_uri": f"{self.url}/keys"}
        return {"keys": [_jwk(kid, key) for kid, key in self.published.items()]}

    def token(self, kid: str = "rsa", *, key: Any = None, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        usual = {
            "iss": self.url, "aud": AUDIENCE, "sub": "anna", "exp": now + 60, "iat": now, "tenant": "acme",
            "scope": "openid read upload",
        }  # fmt: skip
        told = {name: value for name, value in (usual | claims).items() if value is not None}
        signing = PRIVATE[kid] if key is None else key
        shown = {name: value for name, value in ({"kid": kid} | (headers or {})).items() if value is not None}
        return jwt.encode(told, signing, ALGORITHM[kid], headers=shown)


def _jwk(kid: str, key: Any) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "rsa": jwt.algorithms.RSAAlgorithm,
        "ec": jwt.algorithms.ECAlgorithm,
        "ed": jwt.algorithms.OKPAlgorithm,
    }
    found: dict[str, Any] = kinds[kid.partition("-")[0]].to_jwk(key, as_dict=True)
    return found | {"kid": kid, "use": "sig"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    found = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if found.answers else 503)
            self.end_headers()
            self.wfile.write(json.dumps(found.answer(self.path)).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def oidc(issuer: Issuer, **changes: Any) -> Oidc:
    made = Oidc.of(Settings(oidc_issuer=issuer.url, oidc_audience=AUDIENCE, **changes))
    assert made is not None
    return made


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("kid", PRIVATE)
def test_a_good_token_says_who_it_is_and_what_they_may(issuer: Issuer, kid: str) -> None:
    expected = Caller("anna", "acme", frozenset({Scope.READ, Scope.UPLOAD}))
    assert oidc(issuer).caller(issuer.token(kid)) == expected
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_claims_have_the_names_that_are_configured(issuer: Issuer) -> None:
    ours = oidc(
        issuer, oidc_jwks_url=f"{issuer.url}/keys", oidc_tenant_claim="https://a.example/org", oidc_scopes_claim="roles"
    )  # fmt: skip
    claims: dict[str, Any] = {"https://a.example/org": "rival", "roles": ["admin", "viewer", {"odd": 1}, 7]}
    token = issuer.token(**claims)
    assert ours.caller(token) == Caller("anna", "rival", frozenset({Scope.ADMIN}))
    assert issuer.asked == ["/keys"]
    assert ours.caller(issuer.token(**claims | {"roles": 7})).scopes == frozenset()


WRONG: dict[str, dict[str, Any]] = {
    "issuer": {"iss": "https://evil.example"},
    "audience": {"aud": "another"},
    "no audience": {"aud": None},
    "expired": {"exp": 1},
    "for ever": {"exp": None},
    "not yet": {"nbf": int(time.time()) + 3600},
    "nobody": {"sub": None},
    "no tenant": {"tenant": None},
    "a tenant that cannot be": {"tenant": "../x"},
    "a tenant that is none": {"tenant": ["acme"]},
    "no key": {"headers": {"kid": "unknown"}},
    "no id of a key": {"headers": {"kid": None}},
    "an odd id of a key": {"headers": {"kid": ""}},
    "a key of another kind": {"headers": {"kid": "ec"}},
    "somebody's own key": {"key": rsa.generate_private_key(65537, 2048)},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_token_that_does_not_hold_is_denied(issuer: Issuer, name: str) -> None:
    with pytest.raises(Denied) as denied:
        oidc(issuer).caller(issuer.token(**WRONG[name]))
    assert "127.0.0.1" not in denied.value.message


def test_whoever_signs_with_nothing_or_with_the_public_key_is_denied(issuer: Issuer) -> None:
    ours = oidc(issuer)
    claims = issuer.token().split(".")[1]
    public = PRIVATE["rsa"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    forged = [_forged({"alg": "none", "kid": "rsa"}, claims, b"")]
    for algorithm in ("HS256", "hs256", "RS256", "ES256", "none"):
        forged.append(_forged({"alg": algorithm, "kid": "rsa"}, claims, pem))
    for token in [*forged, "", "a", "a.b.c", "....", f"{claims}.{claims}.", "é.é.é", "\udce9"]:
        with pytest.raises(Denied):
            ours.caller(token)


def _forged(header: dict[str, str], claims: str, secret: bytes) -> str:
    head = _text(json.dumps(header).encode())
    signature = hmac.new(secret, f"{head}.{claims}".encode(), hashlib.sha256).digest() if secret else b""
    return f"{head}.{claims}.{_text(signature)}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_an_issuer_that_does_not_answer_is_ours_to_mend(issuer: Issuer) -> None:
    issuer.answers = False
    with pytest.raises(Unavailable):
        oidc(issuer).caller(issuer.token())
    nobody = Settings(oidc_issuer="http://127.0.0.1:9", oidc_audience=AUDIENCE)
    made = Oidc.of(nobody)
    assert made is not None
    with pytest.raises(Unavailable):
        made.caller(issuer.token())


@pytest.mark.parametrize("answer", [[], {"keys": 1}, {"keys": []}, {"nothing": 1}, {"keys": [{"kty": "oct"}]}])
def test_keys_that_are_none_are_ours_to_mend(issuer: Issuer, answer: Any) -> None:
    issuer.answer = lambda path: answer  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        oidc(issuer, oidc_jwks_url=f"{issuer.url}/keys").caller(issuer.token())


def test_keys_are_kept_and_fetched_anew_in_time(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.url, f"{issuer.url}/keys", clock=clock)
    for clock.now in (0, 1, 599):
        keys.find("rsa")
    assert len(issuer.asked) == 1
    del issuer.published["rsa"]
    clock.now = 601
    with pytest.raises(Denied):
        keys.find("rsa")
    assert len(issuer.asked) == 2


def test_a_new_key_is_found_but_unknown_ones_do_not_make_us_ask_all_the_time(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.url, f"{issuer.url}/keys", clock=clock)
    keys.find("rsa")
    issuer.published["rsa-2"] = issuer.published["rsa"]
    for _ in range(20):
        with pytest.raises(Denied):
            keys.find("rsa-2")
    assert len(issuer.asked) == 1
    clock.now = 11
    keys.find("rsa-2")
    for clock.now in (12, 13, 22):
        for _ in range(20):
            with pytest.raises(Denied):
                keys.find("made up")
            keys.find("rsa")
    assert len(issuer.asked) == 3


def test_an_issuer_that_is_away_is_not_asked_by_everybody(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.url, f"{issuer.url}/keys", clock=clock)
    issuer.answers = False
    for _ in range(5):
        with pytest.raises(Unavailable):
            keys.find("rsa")
    assert len(issuer.asked) == 1
    issuer.answers, clock.now = True, 10
    keys.find("rsa")
    issuer.answers, clock.now = False, 300
    keys.find("rsa")  # it is known for a while
    with pytest.raises(Unavailable):
        keys.find("made up")
    keys.find("rsa")


def test_an_issuer_and_an_audience_belong_together() -> None:
    assert Oidc.of(Settings()) is None
    for half in ({"oidc_issuer": "https://a.example"}, {"oidc_audience": "media"}):
        with pytest.raises(ValueError, match="belong together"):
            Oidc.of(Settings(**half))  # type: ignore[arg-type]
