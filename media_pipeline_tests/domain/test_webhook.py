"""What a message to a webhook is, and when it is sent again."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import Failure, JobState
from media_pipeline.domain.webhook import (
    MOST_TRIES,
    Delivery,
    DeliveryState,
    answered,
    body,
    headers,
    pause,
    secret,
    unanswered,
)
from media_pipeline_tests.builders import NOW


def delivery(tries: int = 1, failure: Failure | None = None) -> Delivery:
    due = NOW + timedelta(minutes=1)
    return Delivery("d1", "w1", "clip-a", "v1", JobState.READY, failure, NOW, DeliveryState.WAITING, tries, due)


def test_a_message_says_what_to_ask_for() -> None:
    crashed = Failure(QuarantineCode.TOOL_CRASH, "A tool crashed.")
    assert json.loads(body(delivery(failure=crashed))) == {
        "type": "media.ready",
        "timestamp": "2026-01-02T03:04:05+00:00",
        "data": {
            "id": "clip-a",
            "version": "v1",
            "state": "ready",
            "error": {"code": "TOOL_CRASH", "message": "A tool crashed."},
        },
    }
    assert json.loads(body(delivery()))["data"]["error"] is None


def test_a_signature_is_over_id_time_and_content() -> None:
    # The example of the standard's own specification has this shape; the digest is computed here by hand.
    key = bytes(range(32))
    shown = secret(key)
    made = headers(shown, "d1", b'{"a":1}', at=NOW)
    digest = hmac.new(key, b"d1.1767323045." + b'{"a":1}', hashlib.sha256).digest()
    assert made == {
        "webhook-id": "d1",
        "webhook-timestamp": "1767323045",
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    assert shown == "whsec_" + base64.b64encode(key).decode()


@pytest.mark.parametrize(("status", "state"), [(200, "delivered"), (204, "delivered"), (299, "delivered")])
def test_every_success_is_one(status: int, state: str) -> None:
    after = answered(delivery(), status, at=NOW, luck=0.5)
    assert (after.state, after.answer, after.trouble) == (state, status, None)


@pytest.mark.parametrize("status", [100, 199, 301, 307, 400, 404, 410, 429, 500, 503])
def test_every_other_answer_is_tried_again(status: int) -> None:
    after = answered(delivery(), status, at=NOW, luck=0.5)
    assert (after.state, after.answer, after.trouble) == ("waiting", status, f"The answer was {status}.")
    assert after.due_at == NOW + timedelta(seconds=5)


def test_tries_are_further_and_further_apart_for_about_a_day() -> None:
    pauses = [pause(tries, 0.5) for tries in range(1, MOST_TRIES)]
    assert [p.total_seconds() for p in pauses[:4]] == [5, 15, 45, 135]
    assert pauses == sorted(pauses)
    assert timedelta(hours=20) < sum(pauses, timedelta()) < timedelta(hours=26)
    assert pause(3, 0.0) < pause(3, 0.5) < pause(3, 1.0) < pause(4, 0.0)


def test_after_the_last_try_it_is_given_up() -> None:
    assert unanswered(delivery(MOST_TRIES - 1), "no", at=NOW, luck=0).state is DeliveryState.WAITING
    after = unanswered(delivery(MOST_TRIES), "no", at=NOW, luck=0)
    assert (after.state, after.trouble) == (DeliveryState.FAILED, "no")
