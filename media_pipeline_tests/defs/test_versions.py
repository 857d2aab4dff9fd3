"""Versions, deletes and duplicates over a real S3 server, a real catalogue and real runs."""

import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import dagster as dg
import pytest

from media_pipeline.application.admit import admit
from media_pipeline.application.publish import published
from media_pipeline.application.register import arrived
from media_pipeline.application.remove import remove
from media_pipeline.application.status import shown
from media_pipeline.definitions import build
from media_pipeline.defs.gone_sources import source_gone
from media_pipeline.defs.partitions import tags, uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.sensors import new_uploads
from media_pipeline.domain.job import ERASED, SOURCE_DELETED, SUPERSEDED, Job, JobState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.upload import StoredObject, Upload
from media_pipeline.infrastructure.dagster_engine import DagsterEngine
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline.infrastructure.s3 import S3Store
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.conftest import KEY, SECRET
from media_pipeline_tests.faulty import EXPIRED, faulty
from media_pipeline_tests.instance import QUEUE, new_instance
from media_pipeline_tests.platform import slim

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Counting(Ffmpeg):
    """A MediaTool that counts what it encodes, and lets somebody in before it does."""

    encodes: tuple[list[int], ...] = ([],)
    before: tuple[list[Any], ...] = ([],)

    def encode(self, *given: Any, **more: Any) -> Any:
        self.encodes[0].append(1)
        while self.before[0]:
            self.before[0].pop()()
        return super().encode(*given, **more)


class World:
    """A deployment over buckets, with a ladder of one rung and no extras."""

    def __init__(self, home: Path, s3: "S3Client", instance: dg.DagsterInstance) -> None:
        here = slim(home, a.rung(180, preset="ultrafast"))
        self.tool = Counting(here.settings.ffmpeg_path, here.settings.ffprobe_path, encodes=([],), before=([],))
        self.here = replace(here, store=S3Store(s3), tool=self.tool)
        self.s3, self.instance, self.folder = s3, instance, uuid4().hex
        self.engine = DagsterEngine(instance)

    def upload(self, name: str, data: bytes) -> StoredObject:
        key = f"{self.folder}/{name}"
        self.s3.put_object(Bucket="uploads", Key=key, Body=data)
        return self.here.store.head("uploads", key)

    def multipart(self, name: str, data: bytes) -> StoredObject:
        """The same bytes by another way, which gives another ETag."""
        to = {"Bucket": "uploads", "Key": f"{self.folder}/{name}"}
        begun = self.s3.create_multipart_upload(**to)  # type: ignore[arg-type]
        more = {**to, "UploadId": begun["UploadId"]}
        part = self.s3.upload_part(**more, PartNumber=1, Body=data)  # type: ignore[arg-type]
        done = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        self.s3.complete_multipart_upload(**more, MultipartUpload=done)  # type: ignore[arg-type]
        return self.here.store.head("uploads", to["Key"])

    def delete(self, name: str) -> None:
        self.s3.delete_object(Bucket="uploads", Key=f"{self.folder}/{name}")

    def arrives(self, obj: StoredObject) -> Job:
        return arrived(
            obj, profile=self.here.recipes.profiles["fast"], catalogue=self.here.catalogue, engine=self.engine,
            now=self.here.now(),
        )  # fmt: skip

    def run(self, job: Job, here: Platform | None = None) -> Job:
        """A run of this version, from its first step to its last."""
        self.instance.add_dynamic_partitions(str(uploads.name), [job.media_id])
        build(here or self.here).resolve_job_def("process_upload").execute_in_process(
            instance=self.instance, partition_key=job.media_id, raise_on_error=False,
            tags=tags(job.key, version=job.version, profile="fast"),
        )  # fmt: skip
        return self.here.catalogue.job(job.media_id, job.version)

    def made(self, obj: StoredObject) -> Job:
        job = self.run(self.arrives(obj))
        assert job.state is JobState.READY
        return job

    def out(self, job: Job) -> Manifest:
        """What is published, of which every name resolves."""
        manifest = published(job.media_id, shelf=self.here.shelf, codec=self.here.manifest_codec)
        assert manifest is not None
        for name in (manifest.hls, manifest.dash):
            assert self.here.store.read("media", f"{job.media_id}/{name}")[0]
        return manifest

    def owned(self, job: Job) -> list[str]:
        return [o.key for o in self.here.store.list("media", f"{job.media_id}/")]

    def standing(self, job: Job) -> tuple[str, str] | None:
        found = shown(self.here.catalogue.versions(job.media_id))
        return (found["version"], found["standing"]) if found else None


@pytest.fixture
def world(tmp_path: Path, s3: "S3Client") -> Iterator[World]:
    with new_instance() as instance:
        yield World(tmp_path, s3, instance)


def clip(to: Path, seconds: float = 1) -> bytes:
    return media.clip(to / f"{seconds}.mp4", seconds).read_bytes()


@pytest.mark.slow
def test_the_story_of_one_content_under_two_keys(world: World, tmp_path: Path) -> None:
    data, other = clip(tmp_path), clip(tmp_path, 1.5)
    first = world.made(world.upload("first.mp4", data))
    assert len(world.tool.encodes[0]) == 1

    # The same bytes by another way under another key: nothing is encoded, and the manifest says so.
    second = world.made(world.multipart("second.mp4", data))
    assert len(world.tool.encodes[0]) == 1
    assert second.etag != first.etag
    made = {p.output: p.tool for p in world.out(second).provenance}
    assert all("copied from the same content" in made[n] for n in ("transcodes/180p", "audio", "stream"))
    assert all(key.startswith(f"{second.media_id}/") for key in world.owned(second))

    # Deleting the one leaves the other.
    world.delete("first.mp4")
    assert source_gone(first.media_id, world.instance, world.here)
    assert world.owned(first) == []
    assert world.here.catalogue.job(first.media_id).failure == SOURCE_DELETED
    assert world.out(second).version == second.version

    # An invalid overwrite is refused, and the older version stays.
    bad = world.run(world.arrives(world.upload("second.mp4", b"no video\n" * 100)))
    assert bad.state is JobState.REJECTED
    assert world.out(second).version == second.version
    assert world.standing(second) == (second.version, "superseded-invalid")

    # A valid one takes its place, and the old bytes that come back take it again without an encode.
    third = world.made(world.upload("second.mp4", other))
    assert len(world.tool.encodes[0]) == 2
    back = world.made(world.upload("second.mp4", data))
    assert len(world.tool.encodes[0]) == 2
    assert world.out(back).version == back.version not in {second.version, third.version}
    assert world.out(back).revision == world.here.catalogue.job(back.media_id).revision == 3
    assert world.standing(back) == (back.version, "current")

    # Erased, nothing is left, and the same bytes are not taken up again.
    receipt = erase(world, back)
    assert (receipt.versions, receipt.runs) == (4, 4)
    assert receipt.objects > 20
    assert receipt.bytes > 10_000
    assert world.owned(back) == []
    assert world.instance.get_runs(dg.RunsFilter(tags={"dagster/partition": back.media_id})) == []
    assert not world.instance.has_dynamic_partition(str(uploads.name), back.media_id)
    tombstone = world.here.catalogue.job(back.media_id)
    assert (tombstone.failure, tombstone.title, tombstone.key) == (ERASED, "", "")
    assert world.arrives(world.here.store.head("uploads", f"{world.folder}/second.mp4")) == tombstone
    assert erase(world, back) == receipt
    assert list(world.here.settings.scratch_dir.iterdir()) == []


def erase(world: World, job: Job) -> Any:
    here = world.here
    return remove(
        job.media_id, store=here.store, shelf=here.shelf, catalogue=here.catalogue, uploads=here.uploads,
        engine=world.engine, now=here.now(),
    )  # fmt: skip


@pytest.mark.slow
def test_an_overwrite_while_the_older_version_is_encoded(world: World, tmp_path: Path) -> None:
    old = world.arrives(world.upload("clip.mp4", clip(tmp_path)))
    newer: list[Job] = []
    data = clip(tmp_path, 1.5)
    world.tool.before[0].append(lambda: newer.append(world.arrives(world.upload("clip.mp4", data))))
    stopped = world.run(old)
    assert (stopped.state, stopped.failure) == (JobState.CANCELLED, SUPERSEDED)
    assert published(old.media_id, shelf=world.here.shelf, codec=world.here.manifest_codec) is None
    assert world.run(old).state is JobState.CANCELLED  # a queued run of it ends at once
    assert len(world.tool.encodes[0]) == 1
    assert world.run(newer[0]).state is JobState.READY
    assert world.out(old).version == newer[0].version


@pytest.mark.slow
def test_a_delete_while_it_is_encoded_leaves_nothing(world: World, tmp_path: Path) -> None:
    job = world.arrives(world.upload("clip.mp4", clip(tmp_path)))

    def deleted() -> None:
        world.delete("clip.mp4")
        assert source_gone(job.media_id, world.instance, world.here)

    world.tool.before[0].append(deleted)
    after = world.run(job)
    assert (after.state, after.failure) == (JobState.REMOVED, SOURCE_DELETED)
    assert world.owned(job) == []
    assert list(world.here.settings.scratch_dir.iterdir()) == []


@pytest.mark.slow
def test_a_rename_does_the_work_once_in_either_order_of_its_events(world: World, tmp_path: Path) -> None:
    """A rename is a copy and a delete. Where the copy is noticed first, nothing is encoded again."""
    data = clip(tmp_path)
    old = world.made(world.upload("old.mp4", data))
    moved = world.upload("new.mp4", data)
    world.delete("old.mp4")
    new = world.made(moved)
    assert source_gone(old.media_id, world.instance, world.here)
    assert len(world.tool.encodes[0]) == 1
    assert world.out(new).version == new.version
    world.delete("new.mp4")
    assert source_gone(new.media_id, world.instance, world.here)
    last = world.made(world.upload("last.mp4", data))
    assert (len(world.tool.encodes[0]), world.out(last).version) == (2, last.version)


@pytest.mark.slow
def test_credentials_that_expire_in_the_middle_of_a_run_cost_a_retry_and_nothing_else(
    world: World, tmp_path: Path
) -> None:
    job = world.arrives(world.upload("clip.mp4", clip(tmp_path)))
    with faulty(world.s3.meta.endpoint_url) as proxy:
        client = boto3.client(
            "s3", endpoint_url=proxy.endpoint, region_name="us-east-1", aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )  # fmt: skip
        here = replace(world.here, store=S3Store(client))
        with proxy.doing(EXPIRED, path="/stream/", times=1), proxy.doing(EXPIRED, path="media.json", times=1):
            after = world.run(job, here)
    assert after.state is JobState.READY
    assert world.out(job).revision == after.revision
    named = {p.rsplit("/", 2)[0] for p in world.owned(job) if "/stream/" in p}
    assert len(named) == 1  # what the first try had put is taken back


ODD = [
    "with space.mp4",
    "a//b.mp4",
    "../../up.mp4",
    "new\nline.mp4",
    unicodedata.normalize("NFC", "über café.mp4"),
    unicodedata.normalize("NFD", "über café.mp4"),
    "日本語🎬\u202e4pm.mp4",
    "-i.mp4",
    "%2e%2e+a&b?c#d.mp4",
    "/".join(["x" * 199] * 4) + "/" + "y" * 160 + ".mp4",
]


@pytest.mark.slow
def test_odd_keys_go_through_and_come_back_as_they_are(world: World, tmp_path: Path) -> None:
    """From the upload to the probe, and back. SeaweedFS refuses `..` and makes one slash of two."""
    data = media.make(tmp_path / "a.wav", *media.tone(0.5)).read_bytes()
    for name in ODD:
        with suppress(world.s3.exceptions.ClientError):
            world.upload(name, data)
    taken: dict[str, Job] = {}
    for obj in world.here.store.list("uploads", f"{world.folder}/"):
        job = taken[obj.key] = world.arrives(obj)
        upload = Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)
        scratch = tmp_path / f"odd-{len(taken)}"
        scratch.mkdir()
        source = admit(
            upload, world.here.recipes.profiles["fast"], limits=world.here.settings.limits, store=world.here.store,
            tool=world.tool, scratch=scratch,
        )  # fmt: skip
        world.here.results.save(upload, "source", source)
        assert world.here.results.load(upload, "source", type(source)) == source
    assert taken.keys() >= {f"{world.folder}/{name}" for name in ODD if not {"..", ""} & set(name.split("/"))}
    assert len({j.media_id for j in taken.values()}) == len(taken)
    for job in taken.values():
        world.here.store.delete("uploads", [job.key])
        assert source_gone(job.media_id, world.instance, world.here)
        assert world.owned(job) == []


def test_the_queued_run_of_an_older_version_never_starts(tmp_path: Path) -> None:
    here = slim(tmp_path, settle_seconds=0)
    clip = here.settings.inbox / "clip.mp4"
    clip.write_text("one")
    with new_instance(QUEUE) as dagster:
        context = dg.build_sensor_context(instance=dagster, resources={"platform": here})
        new_uploads(context)
        (old,) = here.catalogue.jobs()
        graph = build(here).resolve_job_def("process_upload")
        engine = DagsterEngine(dagster, graph=graph)
        queued = engine.launch(old.media_id, old.version, assets=None, tags={})
        clip.write_text("another")
        new_uploads(context)
        run = dagster.get_run_by_id(queued)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.CANCELED
    assert here.catalogue.job(old.media_id, old.version).failure == SUPERSEDED
    assert here.catalogue.job(old.media_id).state is JobState.QUEUED
