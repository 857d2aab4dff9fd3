"""Messages about uploads from an SQS queue, and the place for those that nobody can read."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from media_pipeline.application.ports.store import Message, Store
from media_pipeline.domain import keys
from media_pipeline.domain.errors import QuarantineCode, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10  # the most that SQS hands out or takes at once
_REASON_CHARACTERS = 200


class Aside(Protocol):
    """Keeps a message that is taken off the queue. Keeping it twice is no error. Raises Unavailable."""

    def __call__(self, message: Message, reason: str) -> None: ...


class SqsHints:
    """Hints over one queue. It may be shared between threads."""

    def __init__(
        self, client: "SQSClient", queue: str, *, aside: Aside, wait_seconds: int, visibility_seconds: int
    ) -> None:
        self._client = client
        self._queue = queue
        self._aside = aside
        self._wait = wait_seconds
        self._visibility = visibility_seconds

    def receive(self) -> list[Message]:
        with _translated(self._queue):
            answer = self._client.receive_message(
                QueueUrl=self._queue,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=self._wait,
                VisibilityTimeout=self._visibility,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return [
            Message(
                found["MessageId"],
                found.get("Body", ""),
                found["ReceiptHandle"],
                int(found.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for found in answer.get("Messages", [])
        ]

    def done(self, messages: Sequence[Message]) -> None:
        """What SQS does not delete after all comes again."""
        for start in range(0, len(messages), _BATCH):
            batch = messages[start : start + _BATCH]
            entries = [{"Id": str(place), "ReceiptHandle": m.receipt} for place, m in enumerate(batch)]
            with _translated(self._queue):
                self._client.delete_message_batch(QueueUrl=self._queue, Entries=entries)  # type: ignore[arg-type]

    def set_aside(self, message: Message, reason: str) -> None:
        self._aside(message, reason)
        self.done([message])

    def waiting(self) -> int:
        with _translated(self._queue):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._queue,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )
        return sum(map(int, answer["Attributes"].values()))


def into_queue(client: "SQSClient", queue: str) -> Aside:
    """Into a dead-letter queue, the reason as an attribute."""

    def keep(message: Message, reason: str) -> None:
        why = reason[:_REASON_CHARACTERS]
        with _translated(queue):
            client.send_message(
                QueueUrl=queue,
                MessageBody=message.body or "(empty)",  # SQS takes no empty ones
                MessageAttributes={"reason": {"DataType": "String", "StringValue": why}},
            )

    return keep


def into_bucket(store: Store, bucket: str) -> Aside:
    """Into a bucket, one object a message."""

    def keep(message: Message, reason: str) -> None:
        kept = {"id": message.id, "reason": reason, "received": message.received, "body": message.body}
        store.write(bucket, keys.set_aside(message.id), json.dumps(kept).encode(), content_type="application/json")

    return keep


def client(endpoint: str | None, region: str | None, *, wait_seconds: int) -> "SQSClient":
    """By the usual AWS chain. A queue that is silent for some seconds more than a long poll takes is down. Raises
    ValueError where nobody names a region."""
    patience = Config(connect_timeout=5, read_timeout=wait_seconds + 10, retries={"total_max_attempts": 2})
    try:
        return boto3.client("sqs", endpoint_url=endpoint, region_name=region, config=patience)
    except NoRegionError as error:
        raise ValueError("MEDIA_PIPELINE_EVENTS_REGION: of the queue; neither it nor the AWS chain says") from error


@contextmanager
def _translated(queue: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise Unavailable(
            QuarantineCode.STORE_UNAVAILABLE, "The queue of events does not answer.", detail=f"{queue}: {error}"
        ) from error
