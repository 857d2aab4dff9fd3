"""What we sign, so that whoever shows it needs no other proof: a purpose, its details, and until when it holds."""

import base64
import hashlib
import hmac

from media_pipeline.domain.errors import RefusalCode, Refused


def sign(secret: bytes, *parts: str, expires: int) -> str:
    """43 characters that go into a URL as they are. `parts` are the purpose, such as "part", and what it is about;
    order and boundaries count. `expires`: in seconds since 1970.

    >>> sign(b"secret", "part", "u1", "7", expires=1_800_000_000)
    'bQNIbVZ4iWN98uO_mVaSsoc39Q2flreOCRWuTihqnQk'
    """
    told = [part.encode("utf-8", "surrogatepass") for part in (*parts, str(expires))]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in told)
    digest = hmac.digest(secret, message, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def verify(secret: bytes, signature: str, *parts: str, expires: int, now: float) -> None:
    """Raises Refused URL_TAMPERED for what we never signed, URL_EXPIRED for what held once. `now`: in seconds since
    1970."""
    ours = sign(secret, *parts, expires=expires)
    if not hmac.compare_digest(ours.encode(), signature.encode("utf-8", "surrogatepass")):
        raise Refused(RefusalCode.URL_TAMPERED, "The URL is not one that was signed here.")
    if now >= expires:
        raise Refused(RefusalCode.URL_EXPIRED, "The URL has expired: ask for a new one.")
