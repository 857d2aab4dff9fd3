"""Tokens of an OpenID Connect issuer: who shows one is whom its claims name."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt

from media_pipeline.domain.caller import Caller, Scope, checked_tenant
from media_pipeline.domain.errors import Denied, QuarantineCode, Unavailable
from media_pipeline.infrastructure.settings import Settings

_ALGORITHMS = {
    "RSA": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    "EC": ["ES256", "ES384", "ES512"],
    "OKP": ["EdDSA"],
}
"""by the type of the key: a token does not choose what its key is taken for. No HMAC: a public key would be its
secret."""
_LEEWAY_SECONDS = 30
_PATIENCE_SECONDS = 5
_KEYS_KEPT_SECONDS = 600.0
_REST_SECONDS = 10.0
"""between two questions to the issuer, whatever tokens are shown: anybody may show one of a key that there is not"""


class Oidc:
    """Access tokens (JWT) of one issuer for one audience."""

    def __init__(self, keys: "IssuerKeys", audience: str, *, tenant_claim: str, scopes_claim: str) -> None:
        self._keys, self._audience = keys, audience
        self._tenant_claim, self._scopes_claim = tenant_claim, scopes_claim

    @classmethod
    def of(cls, settings: Settings) -> "Oidc | None":
        """None where no issuer is configured. Raises ValueError for one without an audience, and for the reverse."""
        if settings.oidc_issuer is None and settings.oidc_audience is None:
            return None
        if settings.oidc_issuer is None or settings.oidc_audience is None:
            raise ValueError("MEDIA_PIPELINE_OIDC_ISSUER and MEDIA_PIPELINE_OIDC_AUDIENCE belong together: set both")
        return cls(
            IssuerKeys(settings.oidc_issuer, settings.oidc_jwks_url), settings.oidc_audience,
            tenant_claim=settings.oidc_tenant_claim, scopes_claim=settings.oidc_scopes_claim,
        )  # fmt: skip

    def caller(self, token: str) -> Caller:
        """Raises Denied for a token that does not hold, or that names no tenant; Unavailable when the issuer's keys
        cannot be had."""
        claims = self._claims(token)
        tenant = claims.get(self._tenant_claim)
        if not isinstance(tenant, str):
            raise Denied(f"The token has no claim {self._tenant_claim!r} that names a tenant.")
        try:
            return Caller(str(claims["sub"]), checked_tenant(tenant), _scopes(claims.get(self._scopes_claim)))
        except ValueError as error:
            raise Denied("The token's tenant is none that can be.", detail=str(error)) from error

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            key = self._keys.find(jwt.get_unverified_header(token).get("kid"))
            return jwt.decode(
                token, key.key, algorithms=_ALGORITHMS[key.key_type or ""], issuer=self._keys.issuer,
                audience=self._audience, leeway=_LEEWAY_SECONDS, options={"require": ["exp", "iss", "aud", "sub"]},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError) as error:
            raise Denied("The token is not valid.", detail=str(error)) from error


class IssuerKeys:
    """The public keys of an issuer: fetched when first needed, kept for ten minutes, fetched again for an id that is
    new. Threads may share it."""

    def __init__(self, issuer: str, jwks_url: str | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self._jwks_url, self._clock = jwks_url, clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._asked_at = -1e9
        self._one_at_a_time = threading.Lock()

    def find(self, kid: object) -> jwt.PyJWK:
        """The key of an id. Raises Denied where the issuer has none, Unavailable where it does not answer."""
        with self._one_at_a_time:
            fresh = self._clock() - self._fetched_at < _KEYS_KEPT_SECONDS
            if not (fresh and kid in self._keys) and self._clock() - self._asked_at >= _REST_SECONDS:
                self._asked_at = self._clock()
                self._keys = self._fetched()
                self._fetched_at = self._clock()
            elif not fresh:
                raise _unreachable("it did not a moment ago")
            if not isinstance(kid, str) or kid not in self._keys:
                raise Denied("The token is not valid.", detail=f"the issuer has no key {kid!r}")
            return self._keys[kid]

    def _fetched(self) -> dict[str, jwt.PyJWK]:
        try:
            discovery = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            url = self._jwks_url or str(_document(discovery)["jwks_uri"])
            found = jwt.PyJWKSet.from_dict(_document(url)).keys
        except (httpx.HTTPError, jwt.PyJWTError, KeyError, ValueError) as error:
            raise _unreachable(str(error)) from error
        return {key.key_id: key for key in found if key.key_id and key.key_type in _ALGORITHMS}


def _document(url: str) -> dict[str, Any]:
    """Raises httpx.HTTPError, ValueError."""
    found = httpx.get(url, timeout=_PATIENCE_SECONDS).raise_for_status().json()
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _scopes(claim: object) -> frozenset[Scope]:
    """The scopes among the words of a claim, which is a text or a list; other words are somebody else's."""
    words = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return frozenset(Scope(word) for word in words if isinstance(word, str) and word in set(Scope))


def _unreachable(detail: str) -> Unavailable:
    return Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The issuer of tokens does not answer.", detail=detail)
