"""Who asks, for whom, and what they may."""

import re
from dataclasses import dataclass
from enum import StrEnum

_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Scope(StrEnum):
    """What a caller may do with the media of its tenant; *admin* is all of it, and the operator's view."""

    READ = "read"
    UPLOAD = "upload"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved who they are."""

    name: str
    tenant: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes


def checked_tenant(name: str) -> str:
    """A name that can be the first folder of a key. Raises ValueError that says what can."""
    if not _TENANT.fullmatch(name):
        raise ValueError(f"{name!r} is no tenant: at most 63 of a-z, 0-9, - and _, the first no - or _")
    return name
