from datetime import UTC, datetime, timedelta

import pytest

from media_pipeline.domain.signature import Expired, Tampered, check, signed

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = b"s" * 32
UNTIL = NOW + timedelta(hours=1)


def test_a_token_is_good_for_what_it_was_made_for_until_its_time_is_over() -> None:
    token = signed(SECRET, "play", "clip-1", expires_at=UNTIL)
    check(SECRET, token, "play", "clip-1", now=UNTIL - timedelta(seconds=1))
    with pytest.raises(Expired):
        check(SECRET, token, "play", "clip-1", now=UNTIL)


@pytest.mark.parametrize(
    ("secret", "parts"),
    [
        (SECRET, ("play", "clip-2")),
        (SECRET, ("put", "clip-1")),
        (SECRET, ("playclip-1",)),
        (b"t" * 32, ("play", "clip-1")),
    ],
    ids=["another thing", "another purpose", "parts that read alike", "another secret"],
)
def test_a_token_is_good_for_nothing_else(secret: bytes, parts: tuple[str, ...]) -> None:
    with pytest.raises(Tampered):
        check(secret, signed(SECRET, "play", "clip-1", expires_at=UNTIL), *parts, now=NOW)


@pytest.mark.parametrize("token", ["", ".", "9999999999.", "x.y", f"{int(UNTIL.timestamp())}", "٣.abc", "1" * 5000])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(Tampered):
        check(SECRET, token, "play", "clip-1", now=NOW)


def test_a_later_time_needs_a_new_signature() -> None:
    until, tag = signed(SECRET, "play", expires_at=UNTIL).split(".")
    with pytest.raises(Tampered):
        check(SECRET, f"{int(until) + 1}.{tag}", "play", now=NOW)
