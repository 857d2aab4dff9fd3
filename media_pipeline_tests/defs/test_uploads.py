"""Uploads over a real platform, Dagster's own instance and the real sensor: one run each, however they meet."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._daemon.sensor import fetch_existing_runs

from media_pipeline.application import uploading
from media_pipeline.definitions import build
from media_pipeline.defs.arrivals import taken_up
from media_pipeline.defs.asking import MOST_WAITING, asked_at_once
from media_pipeline.defs.partitions import PROFILE_TAG, RUN_KEY_TAG, TENANT_TAG, run_key
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.sensors import new_uploads
from media_pipeline.defs.upkeep import garbage_of
from media_pipeline.domain.errors import Missing, RejectionCode
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.session import Announced, Session, SessionState
from media_pipeline.domain.upload import StoredObject
from media_pipeline.infrastructure.dagster_engine import DagsterEngine
from media_pipeline_tests.builders import announced
from media_pipeline_tests.defs.test_fairness import ORIGIN
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform

SAID = announced(10, profile="fast", title="Holiday", language="de", tags=("beach",))


class Door:
    """What the gateway does of it, beside a sensor that ticks."""

    def __init__(self, here: Platform, instance: dg.DagsterInstance) -> None:
        self.here, self.instance = here, instance
        self.engine = DagsterEngine(instance, graph=build(here).resolve_job_def("process_upload"))
        self.cursor: str | None = None

    def begun(self, said: Announced = SAID, *, hours: float = 1) -> Session:
        h = self.here
        return uploading.begin(
            said, tenant="acme", bucket=h.inbox.bucket, prefix=h.folder("acme"), idempotency_key=None,
            limits=h.settings.limits, profiles=h.recipes.profiles, uploads=h.uploads, intake=h.intake,
            expires_at=h.now() + timedelta(hours=hours), now=h.now(),
        )  # fmt: skip

    def sent(self) -> Session:
        session, h = self.begun(), self.here
        assert h.receiver
        sink = uploading.receive(session, 1, receiver=h.receiver, now=h.now())
        sink.write(b"x" * session.announced.size)
        sink.done()
        sink.close()
        return session

    def complete(self, session: Session, **changes: Callable[..., Any]) -> Session:
        h = self.here
        given: dict[str, Any] = {"take_up": self.take_up, "launch": self.launch} | changes
        return uploading.complete(
            session, {}, uploads=h.uploads, intake=h.intake, store=h.store, catalogue=h.catalogue, now=h.now, **given
        )

    def take_up(self, obj: StoredObject) -> Job:
        return taken_up(obj, self.here, self.engine)

    def launch(self, job: Job) -> str | None:
        return asked_at_once(job, self.instance, self.here, self.engine)

    def tick(self) -> list[dg.RunRequest]:
        """What the sensor asks for, which the daemon then submits."""
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"platform": self.here}
        )  # fmt: skip
        result = new_uploads(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return list(result.run_requests or [])

    def runs(self) -> list[dg.DagsterRun]:
        return list(self.instance.get_runs())


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """With a queue, which nobody works off; what arrives is complete at first sight."""
    queue = {"module": "dagster._core.run_coordinator", "class": "QueuedRunCoordinator"}
    with new_instance(overrides={"run_coordinator": queue}) as instance:
        yield Door(platform(tmp_path, settle_seconds=0), instance)


def test_a_completed_upload_is_in_the_queue_at_once_and_nobody_asks_again(door: Door) -> None:
    session = door.sent()
    assert door.tick() == []
    done = door.complete(session)
    job = door.here.catalogue.job(done.media_id)
    (run,) = door.runs()
    key = run_key(job.media_id, job.version)
    assert run.status is dg.DagsterRunStatus.QUEUED
    assert (run.tags[RUN_KEY_TAG], run.tags[PROFILE_TAG], job.profile) == (key, "fast", "fast")
    assert run.tags[TENANT_TAG] == "acme"
    assert (job.title, job.tenant, job.language, job.tags) == ("Holiday", "acme", "de", ("beach",))
    assert door.instance.has_dynamic_partition("uploads", job.media_id)
    assert list(door.here.settings.receiving.iterdir()) == []
    assert door.tick() == door.tick() == []
    assert door.complete(done) == done
    assert len(door.runs()) == 1
    # Should both ask after all, as when a claim has lapsed meanwhile, Dagster's daemon knows the run by its key.
    sensor: Any = SimpleNamespace(name=new_uploads.name, get_remote_origin=lambda: ORIGIN)
    found = fetch_existing_runs(door.instance, sensor, [dg.RunRequest(run_key=key)])
    assert found[key].run_id == run.run_id


def test_the_gateway_leaves_alone_what_the_sensor_has_asked_for(door: Door) -> None:
    session, requests = door.sent(), []
    put_together = door.here.intake.complete

    def seen_at_once(*args: Any) -> None:
        put_together(*args)
        requests.extend(door.tick())

    door.here.intake.complete = seen_at_once  # type: ignore[method-assign, assignment]
    done = door.complete(session)
    (request,) = requests
    assert request.run_key == run_key(done.media_id, door.here.catalogue.job(done.media_id).version)
    assert request.tags[PROFILE_TAG] == "fast"
    assert door.runs() == []


def test_a_full_queue_is_left_to_the_sensor(door: Door) -> None:
    lane = {"media_pipeline/tenant": "acme", "media_pipeline/size": "small", "media_pipeline/origin": "live"}
    for _ in range(MOST_WAITING):
        waiting = dg.DagsterRun(
            "process_upload", status=dg.DagsterRunStatus.QUEUED, tags=lane, remote_job_origin=ORIGIN
        )  # fmt: skip
        door.instance.add_run(waiting)
    done = door.complete(door.sent())
    assert len(door.runs()) == MOST_WAITING
    assert door.here.catalogue.job(done.media_id).state is JobState.QUEUED


def test_with_tenancy_an_upload_is_in_its_tenants_folder(tmp_path: Path) -> None:
    with new_instance() as instance:
        door = Door(platform(tmp_path, tenancy=True), instance)
        session = door.sent()
    assert session.key == f"acme/{session.id}/clip.mp4"
    assert door.here.tenant(session.key) == "acme"


def test_a_profile_that_is_gone_by_then_costs_no_upload(door: Door) -> None:
    session = door.sent()
    left = {name: p for name, p in door.here.recipes.profiles.items() if name != "fast"}
    door.here = replace(door.here, recipes=replace(door.here.recipes, profiles=left))
    done = door.complete(session, launch=lambda job: None)
    assert door.here.catalogue.job(done.media_id).profile == "default"


def test_what_nobody_completes_is_garbage_in_time(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    here, late, young = door.here, door.begun(hours=-1), door.sent()
    assert [s.media_id for s in garbage_of(here, door.instance, delete=False)] == [late.id]
    assert here.uploads.get(late.id).state is SessionState.OPEN
    assert [s.media_id for s in garbage_of(here, door.instance, delete=True)] == [late.id]
    assert here.uploads.get(late.id).state is SessionState.EXPIRED
    assert [folder.name for folder in here.settings.receiving.iterdir()] == [young.id]
    a_month_on = here.now() + timedelta(days=31)
    monkeypatch.setattr(Platform, "now", lambda _: a_month_on)
    list(garbage_of(here, door.instance, delete=True))
    with pytest.raises(Missing):
        here.uploads.get(late.id)


def test_what_nobody_knows_of_is_garbage_in_time(door: Door) -> None:
    orphan = door.here.settings.receiving / "orphan"
    orphan.mkdir(parents=True)
    os.utime(orphan, (0, 0))
    assert [s.media_id for s in garbage_of(door.here, door.instance, delete=True)] == ["receiving"]
    assert not orphan.exists()


def test_bytes_that_the_gateway_never_saw_are_checked_when_they_are_read(door: Door) -> None:
    """As of a file in several parts on S3: the store could not tell."""
    here, session = door.here, door.begun(replace(SAID, sha256="ab" * 32))
    here.store.write(session.bucket, session.key, b"damaged", content_type="video/mp4")
    job = door.take_up(here.store.head(session.bucket, session.key))
    door.instance.add_dynamic_partitions("uploads", [job.media_id])
    source = build(here).resolve_job_def("process_upload")
    source.execute_in_process(
        partition_key=job.media_id, asset_selection=[dg.AssetKey("source")], instance=door.instance,
        raise_on_error=False, tags={"media_pipeline/version": job.version},
    )  # fmt: skip
    after = here.catalogue.job(job.media_id)
    assert after.state is JobState.REJECTED
    assert after.failure
    assert after.failure.code is RejectionCode.UNREADABLE
    assert "SHA-256" in after.failure.message
