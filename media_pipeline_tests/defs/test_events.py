"""From a message to published media and back: objects in SeaweedFS, messages in an emulator of SQS."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from media_pipeline.application.inbox import Place
from media_pipeline.application.publish import published
from media_pipeline.definitions import build
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform, prepare, production
from media_pipeline.defs.sensors import new_uploads
from media_pipeline.domain.job import JobState
from media_pipeline_tests import media
from media_pipeline_tests.conftest import KEY, SECRET
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass
class World:
    here: Platform
    instance: dg.DagsterInstance
    sqs: "SQSClient"
    queue: str
    dead: str
    cursor: str | None = None

    def tell(self, key: str, kind: str = "create") -> None:
        """As SeaweedFS says it by its webhook."""
        body = {"key": f"/buckets/uploads/{key}", "event_type": kind, "message": {"delete_chunks": False}}
        self.send(json.dumps(body))

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def tick(self, *, listing: bool = False) -> list[dg.RunRequest]:
        if not listing:
            self.cursor = Place(list_at="9999-01-01T00:00:00+00:00").as_text()
        context = dg.build_sensor_context(
            instance=self.instance, cursor=None if listing else self.cursor, resources={"platform": self.here}
        )
        result = new_uploads(context)
        assert isinstance(result, dg.SensorResult)
        for request in result.run_requests or []:
            self.instance.add_dynamic_partitions(str(uploads.name), [str(request.partition_key)])
        return list(result.run_requests or [])

    def left(self, queue: str) -> int:
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=wanted)["Attributes"]  # type: ignore[arg-type]
        return sum(map(int, found.values()))


@pytest.fixture
def world(
    tmp_path: Path, s3: "S3Client", sqs: "SQSClient", aws: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    environment = {
        "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": s3.meta.endpoint_url,
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    queue, dead = (sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"] for _ in range(2))
    chosen = settings(
        tmp_path, resources="production", database=f"sqlite:///{tmp_path / 'catalogue.db'}", profile="fast",
        events_queue=queue, events_dead_letters=dead, events_endpoint=aws, events_wait_seconds=0,
        uploads_prefixes=(f"{uuid.uuid4().hex}/",),
    )  # fmt: skip
    prepare(chosen)
    with new_instance() as instance:
        yield World(production(chosen), instance, sqs, queue, dead)


def test_an_upload_that_is_told_of_is_asked_for_at_the_first_tick_and_once(world: World, s3: "S3Client") -> None:
    (prefix,) = world.here.inbox.prefixes
    key = f"{prefix}Holiday 2026/a+b ü%20.mp4"
    s3.put_object(Bucket="uploads", Key=key, Body=b"not media")
    for _ in range(3):
        world.tell(key)
    world.send("{broken")
    (request,) = world.tick()
    assert world.here.catalogue.job(str(request.partition_key)).key == key
    assert (world.left(world.queue), world.left(world.dead)) == (0, 1)
    of = {"dagster/run_key": str(request.run_key)}
    world.instance.add_run(dg.DagsterRun("process_upload", tags=of, status=dg.DagsterRunStatus.STARTED))
    world.tell(key)
    assert world.tick() == []
    assert len(world.here.catalogue.jobs()) == 1


def test_a_message_that_was_lost_is_made_good_by_the_first_listing(world: World, s3: "S3Client") -> None:
    (prefix,) = world.here.inbox.prefixes
    for name in ("a.mp4", "b.mp4.part", "folder/"):
        s3.put_object(Bucket="uploads", Key=f"{prefix}{name}", Body=b"")
    assert len(world.tick(listing=True)) == 1


def test_what_was_deleted_before_anybody_looked_leaves_nothing(world: World) -> None:
    (prefix,) = world.here.inbox.prefixes
    world.tell(f"{prefix}a.mp4")
    assert world.tick() == []
    assert (world.left(world.queue), world.here.catalogue.jobs()) == (0, [])


@pytest.mark.slow
def test_a_message_makes_media_and_a_message_takes_it_back(world: World, s3: "S3Client", tmp_path: Path) -> None:
    (prefix,) = world.here.inbox.prefixes
    key = f"{prefix}clip.mp4"
    s3.upload_file(str(media.clip(tmp_path / "clip.mp4", 2)), "uploads", key)
    world.tell(key)
    (request,) = world.tick()
    result = (
        build(world.here)
        .resolve_job_def("process_upload")
        .execute_in_process(instance=world.instance, partition_key=request.partition_key, tags=request.tags)
    )
    assert result.success
    here, media_id = world.here, str(request.partition_key)
    assert here.catalogue.job(media_id).state is JobState.READY
    assert published(media_id, shelf=here.shelf, codec=here.manifest_codec) is not None
    s3.delete_object(Bucket="uploads", Key=key)
    world.tell(key, "delete")
    world.tick()
    assert here.catalogue.job(media_id).state is JobState.REMOVED
    assert published(media_id, shelf=here.shelf, codec=here.manifest_codec) is None
    assert list(here.store.list("media", f"{media_id}/")) == []
    assert world.left(world.queue) == 0
