"""What every Hints promises: the fake, and SQS as an emulator has it."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest

from media_pipeline.application.ports.store import Hints, Message
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.hints import Hint, hints
from media_pipeline.infrastructure import events
from media_pipeline.infrastructure.events import SqsHints, into_bucket, into_queue
from media_pipeline_tests.conftest import KEY, SECRET
from media_pipeline_tests.fakes import MemoryHints, MemoryStore

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

VISIBLE_SECONDS = 1


@dataclass
class Queue:
    """A queue, and a test's way in."""

    hints: Hints
    send: Callable[[str], object]
    lapse: Callable[[], object]
    """the time passes in which a message is nobody else's"""
    aside: Callable[[], list[str]]


def new_queue(sqs: "SQSClient") -> str:
    return sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]


def bodies(sqs: "SQSClient", queue: str) -> list[str]:
    return [m["Body"] for m in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])]


@pytest.fixture(params=["memory", "sqs"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "memory":
        fake = MemoryHints()
        return Queue(fake, fake.send, fake.lapse, lambda: [body for body, _ in fake.aside])
    sqs: SQSClient = request.getfixturevalue("sqs")
    url, dead = new_queue(sqs), new_queue(sqs)
    real = SqsHints(sqs, url, aside=into_queue(sqs, dead), wait_seconds=0, visibility_seconds=VISIBLE_SECONDS)
    return Queue(
        real,
        lambda body: sqs.send_message(QueueUrl=url, MessageBody=body),
        lambda: time.sleep(VISIBLE_SECONDS),  # SQS keeps the time, and tells it to nobody
        lambda: bodies(sqs, dead),
    )


def test_a_message_comes_with_its_body_and_how_often_it_came(queue: Queue) -> None:
    queue.send("ü")
    (message,) = queue.hints.receive()
    assert (message.body, message.received) == ("ü", 1)
    assert queue.hints.receive() == []


def test_what_is_done_never_comes_again(queue: Queue) -> None:
    for number in range(3):
        queue.send(str(number))
    found = queue.hints.receive()
    queue.hints.done([m for m in found if m.body != "1"])
    queue.hints.done([])
    queue.lapse()
    assert [(m.body, m.received) for m in queue.hints.receive()] == [("1", 2)]


def test_what_nobody_has_answered_is_waiting(queue: Queue) -> None:
    assert queue.hints.waiting() == 0
    for number in range(3):
        queue.send(str(number))
    found = queue.hints.receive()
    assert queue.hints.waiting() == 3
    queue.hints.done(found[:1])
    assert queue.hints.waiting() == 2


def test_done_twice_is_done(queue: Queue) -> None:
    queue.send("a")
    found = queue.hints.receive()
    queue.hints.done(found)
    queue.hints.done(found)
    assert queue.hints.receive() == []


def test_a_message_that_nobody_answers_comes_again_as_itself(queue: Queue) -> None:
    queue.send("a")
    (first,) = queue.hints.receive()
    queue.lapse()
    (second,) = queue.hints.receive()
    assert (second.id, second.body, second.received) == (first.id, "a", 2)


def test_a_long_queue_comes_in_tens(queue: Queue) -> None:
    for number in range(25):
        queue.send(str(number))
    counts, found = [], set[str]()
    while messages := queue.hints.receive():
        counts.append(len(messages))
        found |= {m.body for m in messages}
        queue.hints.done(messages)
    assert (max(counts), found) == (10, {str(n) for n in range(25)})


def test_what_is_set_aside_is_kept_and_never_comes_again(queue: Queue) -> None:
    queue.send("{broken")
    (message,) = queue.hints.receive()
    queue.hints.set_aside(message, "it is no JSON")
    queue.lapse()
    assert queue.hints.receive() == []
    assert queue.aside() == ["{broken"]


def test_a_dead_letter_says_why(sqs: "SQSClient") -> None:
    dead = new_queue(sqs)
    into_queue(sqs, dead)(Message("id", "", "receipt", 3), "it is no JSON")
    (kept,) = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert kept["Body"] == "(empty)"
    assert kept["MessageAttributes"]["reason"]["StringValue"] == "it is no JSON"


def test_without_a_dead_letter_queue_a_message_is_set_aside_in_a_bucket_once() -> None:
    store = MemoryStore()
    for _ in range(2):
        into_bucket(store, "media")(Message("id-1", "{broken", "receipt", 3), "it is no JSON")
    (kept,) = store.list("media")
    assert kept.key == "set-aside/id-1.json"
    assert json.loads(store.read("media", kept.key)[0])["body"] == "{broken"


def test_what_cannot_be_kept_stays_in_the_queue(sqs: "SQSClient") -> None:
    url = new_queue(sqs)
    aside = into_queue(sqs, f"{url}-that-is-not-there")
    real = SqsHints(sqs, url, aside=aside, wait_seconds=0, visibility_seconds=0)
    sqs.send_message(QueueUrl=url, MessageBody="{broken")
    (message,) = real.receive()
    with pytest.raises(Unavailable):
        real.set_aside(message, "it is no JSON")
    assert [m.body for m in real.receive()] == ["{broken"]


def test_a_queue_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    nobody = events.client("http://127.0.0.1:9", "us-east-1", wait_seconds=0)  # the discard port
    real = SqsHints(nobody, "http://127.0.0.1:9/1/q", aside=into_queue(nobody, "q"), wait_seconds=0,
                    visibility_seconds=1)  # fmt: skip
    for ask in (real.receive, real.waiting, lambda: real.done([Message("id", "", "receipt", 1)])):
        with pytest.raises(Unavailable) as caught:
            ask()
        assert caught.value.code is QuarantineCode.STORE_UNAVAILABLE
        assert "127.0.0.1" not in caught.value.message


def test_a_bucket_that_tells_a_queue_is_understood(aws: str, sqs: "SQSClient") -> None:
    s3 = boto3.client(
        "s3", endpoint_url=aws, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )
    url, key = new_queue(sqs), "Holiday 2026/a+b ü%20.mp4"
    bucket = uuid.uuid4().hex
    s3.create_bucket(Bucket=bucket)
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [told]}  # type: ignore[list-item]
    )  # fmt: skip
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.delete_object(Bucket=bucket, Key=key)
    found = [hints(body) for body in bodies(sqs, url)]
    assert [h for h in found if h] == [[Hint(bucket, key)], [Hint(bucket, key)]]


def test_a_queue_without_a_region_is_told_by_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(ValueError, match="MEDIA_PIPELINE_EVENTS_REGION"):
        events.client(None, None, wait_seconds=1)
