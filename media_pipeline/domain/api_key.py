"""Keys that programs show: `mp_<id>_<secret>`. Of the secret only a hash is kept."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from media_pipeline.domain.caller import Scope

PREFIX = "mp_"
"""so that a key is known for one wherever it turns up, and for no token"""
SECRET_CHARACTERS = 43
"""of base64: 256 random bits, which need no slow hash"""
_TEXT = re.compile(rf"{PREFIX}([a-z0-9]{{12}})_([A-Za-z0-9_-]{{{SECRET_CHARACTERS}}})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: enough to know it again, not enough to show it."""

    id: str
    name: str
    """what it is for, in a person's words"""
    tenant: str
    scopes: frozenset[Scope]
    digest: str
    created_at: datetime
    revoked_at: datetime | None = None

    def is_of(self, secret: str) -> bool:
        return hmac.compare_digest(self.digest, digest(secret))


def shown(id: str, secret: str) -> str:
    """A key as its owner gets it, once."""
    return f"{PREFIX}{id}_{secret}"


def parts(text: str) -> tuple[str, str]:
    """Id and secret of a key. Raises ValueError for what is no key at all."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError("not an API key")
    return found[1], found[2]


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
