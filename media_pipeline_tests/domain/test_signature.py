from itertools import combinations

import pytest

from media_pipeline.domain.errors import RefusalCode, Refused
from media_pipeline.domain.signature import sign, verify

SECRET = b"s" * 32
UNTIL = 1_800_000_000


def refused(signature: str, *parts: str, secret: bytes = SECRET, expires: int = UNTIL, now: float = 0.0) -> RefusalCode:
    with pytest.raises(Refused) as caught:
        verify(secret, signature, *parts, expires=expires, now=now)
    return caught.value.code


def test_what_was_signed_holds_until_it_expires() -> None:
    signature = sign(SECRET, "part", "u1", "7", expires=UNTIL)
    verify(SECRET, signature, "part", "u1", "7", expires=UNTIL, now=UNTIL - 0.1)
    assert refused(signature, "part", "u1", "7", now=UNTIL) is RefusalCode.URL_EXPIRED


def test_whatever_is_changed_was_never_signed() -> None:
    signature = sign(SECRET, "part", "u1", "7", expires=UNTIL)
    for parts in (("play", "u1", "7"), ("part", "u1", "8"), ("part", "u17"), ("part", "u1", "7", ""), ()):
        assert refused(signature, *parts) is RefusalCode.URL_TAMPERED
    assert refused(signature, "part", "u1", "7", expires=UNTIL + 1) is RefusalCode.URL_TAMPERED
    assert refused(signature, "part", "u1", "7", secret=b"t" * 32) is RefusalCode.URL_TAMPERED
    for forged in ("", signature[:-1], f"{signature}=", "ü", "\ud800"):
        assert refused(forged, "part", "u1", "7") is RefusalCode.URL_TAMPERED


def test_a_forged_url_does_not_learn_whether_it_has_expired() -> None:
    assert refused("forged", "part", now=UNTIL + 1) is RefusalCode.URL_TAMPERED


def test_the_same_text_cut_otherwise_is_signed_otherwise() -> None:
    cuts = [("a", "bc"), ("ab", "c"), ("abc",), ("", "abc"), ("abc", ""), ("a", "b", "c")]
    signed = [sign(SECRET, *parts, expires=UNTIL) for parts in cuts]
    assert all(one != other for one, other in combinations(signed, 2))


def test_a_signature_goes_into_a_url_as_it_is() -> None:
    for number in range(50):
        signature = sign(SECRET, str(number), "\ud83d", expires=UNTIL)
        assert len(signature) == 43
        assert set(signature) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
