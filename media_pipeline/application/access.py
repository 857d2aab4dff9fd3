"""API keys: given out, shown by programs, taken back."""

import base64
import secrets
from collections.abc import Collection
from datetime import datetime

from media_pipeline.application.ports.keys import Keys
from media_pipeline.domain.api_key import ApiKey, digest, parts, shown
from media_pipeline.domain.caller import Caller, Scope, checked_tenant
from media_pipeline.domain.errors import Denied, Missing

_ID_BYTES, _SECRET_BYTES = 7, 32


def issue(name: str, *, tenant: str, scopes: Collection[Scope], keys: Keys, now: datetime) -> tuple[ApiKey, str]:
    """A new key, and its text, which nobody can show again. Raises ValueError for a tenant that cannot be."""
    id = base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower()[:12]
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey(id, name, checked_tenant(tenant), frozenset(scopes), digest(secret), now)
    keys.add(key)
    return key, shown(id, secret)


def adopt(text: str, name: str, *, tenant: str, scopes: Collection[Scope], keys: Keys, now: datetime) -> None:
    """Make a key known whose text somebody keeps, such as the development key of a machine; known, it stays as it is.
    Raises ValueError for a text that is no key."""
    id, secret = parts(text)
    try:
        keys.find(id)
    except Missing:
        keys.add(ApiKey(id, name, checked_tenant(tenant), frozenset(scopes), digest(secret), now))


def identify(text: str, *, keys: Keys) -> Caller:
    """Whose key this is. Raises Denied, in the same words for a key that is wrong, unknown or revoked."""
    try:
        id, secret = parts(text)
        key = keys.find(id)
    except (ValueError, Missing) as unknown:
        raise Denied("The API key is not valid.") from unknown
    if not key.is_of(secret) or key.revoked_at is not None:
        raise Denied("The API key is not valid.", detail=key.id)
    return Caller(key.name, key.tenant, key.scopes)
