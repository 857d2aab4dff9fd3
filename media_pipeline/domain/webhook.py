"""Who is told when a media changes its state, when they are told again, and how they know that it was us.

Messages are signed as Standard Webhooks (standardwebhooks.com) has it, so that receivers find a library that checks
them.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from media_pipeline.domain.job import Failure, JobState

SECRET_BYTES = 32
_PREFIX = "whsec_"
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=3)
_GROWTH = 3
MOST_TRIES = 15
"""over about a day, see `pause`"""
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_WITH_IPV4_INSIDE = ipaddress.IPv6Network("2002::/16")


class DeliveryState(StrEnum):
    WAITING = "waiting"
    """for its first try, or the next"""
    DELIVERED = "delivered"
    FAILED = "failed"
    """and not tried again, unless somebody asks"""


class NotSent(Exception):
    """Why nobody answered, in one sentence."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of a tenant's media."""

    id: str
    tenant: str
    url: str
    secret: str
    """as receivers get it: `whsec_` and base64"""
    events: frozenset[JobState]
    """into which states"""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One change of one version of a media, for one webhook."""

    id: str
    """the same each time it is sent: a receiver that knows it already has had it"""
    webhook_id: str
    media_id: str
    version: str
    event: JobState
    failure: Failure | None
    happened_at: datetime
    state: DeliveryState
    tries: int
    due_at: datetime
    """when it is tried next; while somebody does, when that has taken too long"""
    answer: int | None = None
    """the HTTP status of the last try"""
    trouble: str | None = None
    """what the last try met with, where it was no success"""

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands in the list of all deliveries."""
        return self.happened_at, self.id


def secret(random: bytes) -> str:
    """Random bytes as a receiver gets them."""
    return _PREFIX + base64.b64encode(random).decode()


def body(delivery: Delivery) -> bytes:
    """What is sent: enough to know what to ask for, not what it is about."""
    failure = delivery.failure
    told = {
        "id": delivery.media_id,
        "version": delivery.version,
        "state": str(delivery.event),
        "error": {"code": str(failure.code), "message": failure.message} if failure else None,
    }
    message = {"type": f"media.{delivery.event}", "timestamp": delivery.happened_at.isoformat(), "data": told}
    return json.dumps(message, separators=(",", ":")).encode()


def headers(secret: str, id: str, content: bytes, *, at: datetime) -> dict[str, str]:
    """The signature of one try. Its time is a part of it, so that nobody can send it again later as if it were new."""
    time = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.new(key, f"{id}.{time}.".encode() + content, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": id, "webhook-timestamp": time, "webhook-signature": signature}


def answered(delivery: Delivery, answer: int, *, at: datetime, luck: float) -> Delivery:
    """The delivery after a try that was answered with this status: 2xx is success, everything else is not."""
    if 200 <= answer < 300:
        return replace(delivery, state=DeliveryState.DELIVERED, answer=answer, trouble=None)
    return unanswered(replace(delivery, answer=answer), f"The answer was {answer}.", at=at, luck=luck)


def unanswered(delivery: Delivery, trouble: str, *, at: datetime, luck: float) -> Delivery:
    """The delivery after a try that came to nothing: tried again later, or given up."""
    if delivery.tries >= MOST_TRIES:
        return replace(delivery, state=DeliveryState.FAILED, trouble=trouble)
    return replace(delivery, due_at=at + pause(delivery.tries, luck), trouble=trouble)


def pause(tries: int, luck: float) -> timedelta:
    """How long to wait after so many tries: 5 s, then three times as long each time, up to 3 h; a fifth more or less,
    as `luck` has it (0 to 1), so that what failed together does not come back together."""
    whole: timedelta = min(_FIRST_PAUSE * _GROWTH ** (tries - 1), _LONGEST_PAUSE)
    return whole * (0.8 + 0.4 * luck)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, and not of this machine, its network, or a tunnel into one.

    >>> [is_public(a) for a in ("93.184.216.34", "169.254.169.254", "::ffff:10.0.0.1", "2606:2800:220:1::1")]
    [True, False, False, True]
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        return found in _GLOBAL_IPV6 and found not in _WITH_IPV4_INSIDE and found.is_global
    return found.is_global and not found.is_multicast
