"""Addresses that are good for a while: signed by us, checked without looking anything up."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

_BYTES = 16  # of the tag: 128 bits


class Expired(ValueError):
    """The signature was good once."""


class Tampered(ValueError):
    """The signature is none of ours, or of something else."""


def signed(secret: bytes, *parts: str, expires_at: datetime) -> str:
    """A token that stands for these parts until then: letters, digits, `-` and `_`, and one `.` after the time.

    `parts` are what is allowed, with its purpose first, so that a token of one kind is none of another. Whole seconds
    count.
    """
    until = str(int(expires_at.timestamp()))
    return f"{until}.{_tag(secret, (*parts, until))}"


def check(secret: bytes, token: str, *parts: str, now: datetime) -> datetime:
    """Until when a token is good. Raises Tampered for one that `signed` did not make of these parts, Expired for one
    whose time is over."""
    until, _, tag = token.partition(".")
    if not hmac.compare_digest(tag.encode(), _tag(secret, (*parts, until)).encode()):
        raise Tampered("The signature does not fit.")
    if now.timestamp() >= int(until):
        raise Expired("The address has expired: ask for a new one.")
    return datetime.fromtimestamp(int(until), UTC)


def _tag(secret: bytes, parts: tuple[str, ...]) -> str:
    # Each part with its length before it: no two lists of parts read alike.
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    message = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
    digest = hmac.new(secret, message, hashlib.sha256).digest()[:_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
