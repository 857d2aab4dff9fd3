"""Tokens of an OpenID Connect issuer: who shows one is whom its claims name."""

from functools import cached_property
from typing import Any

import httpx
import jwt

from media_pipeline.domain.caller import Caller, Scope, checked_tenant
from media_pipeline.domain.errors import Denied, QuarantineCode, Unavailable
from media_pipeline.infrastructure.settings import Settings

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""no HMAC: a public key would be its secret"""
_LEEWAY_SECONDS = 30
_PATIENCE_SECONDS = 5
_KEYS_KEPT_SECONDS = 600


class Oidc:
    """Access tokens (JWT) of one issuer for one audience. Its keys are fetched when first needed, kept for ten minutes,
    and fetched again for a key id that is new."""

    def __init__(
        self, issuer: str, audience: str, *, jwks_url: str | None, tenant_claim: str, scopes_claim: str
    ) -> None:
        self._issuer, self._audience = issuer, audience
        self._given_jwks_url = jwks_url
        self._tenant_claim, self._scopes_claim = tenant_claim, scopes_claim

    @classmethod
    def of(cls, settings: Settings) -> "Oidc | None":
        """None where no issuer is configured. Raises ValueError for one without an audience, and for the reverse."""
        if settings.oidc_issuer is None and settings.oidc_audience is None:
            return None
        if settings.oidc_issuer is None or settings.oidc_audience is None:
            raise ValueError("MEDIA_PIPELINE_OIDC_ISSUER and MEDIA_PIPELINE_OIDC_AUDIENCE belong together: set both")
        return cls(
            settings.oidc_issuer, settings.oidc_audience, jwks_url=settings.oidc_jwks_url,
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
            key = self._keys.get_signing_key_from_jwt(token).key
            return jwt.decode(
                token, key, algorithms=_ALGORITHMS, issuer=self._issuer, audience=self._audience,
                leeway=_LEEWAY_SECONDS, options={"require": ["exp", "iss", "aud", "sub"]},
            )  # fmt: skip
        except jwt.PyJWKClientConnectionError as error:
            raise _unreachable(error) from error
        except (jwt.PyJWTError, ValueError) as error:
            raise Denied("The token is not valid.", detail=str(error)) from error

    @cached_property
    def _keys(self) -> jwt.PyJWKClient:
        return jwt.PyJWKClient(self._jwks_url(), lifespan=_KEYS_KEPT_SECONDS, timeout=_PATIENCE_SECONDS)

    def _jwks_url(self) -> str:
        if self._given_jwks_url is not None:
            return self._given_jwks_url
        try:
            found = httpx.get(
                f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", timeout=_PATIENCE_SECONDS
            ).raise_for_status()
            return str(found.json()["jwks_uri"])
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise _unreachable(error) from error


def _scopes(claim: object) -> frozenset[Scope]:
    """The scopes among the words of a claim, which is a text or a list; other words are somebody else's."""
    words = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return frozenset(Scope(word) for word in words if word in set(Scope))


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The issuer of tokens does not answer.", detail=str(error))
