import os
import time
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.application.register import register
from media_pipeline.defs.asking import MOST_A_TICK
from media_pipeline.defs.partitions import KEY_TAG
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.sensors import new_uploads, reconciled, settle_cancelled, settle_failed
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import Job, JobState, TaskState
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform

OLD = time.time() - 3600


@pytest.fixture
def here(tmp_path: Path) -> Platform:
    return platform(tmp_path)


def drop(here: Platform, name: str, content: bytes = b"x", *, modified: float = OLD) -> Path:
    path = here.settings.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (modified, modified))
    return path


def tick(here: Platform, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"platform": here})
    result = new_uploads(context)
    assert isinstance(result, dg.SensorResult)
    return result


def test_a_dropped_file_becomes_a_partition_and_a_run_of_its_version(here: Platform) -> None:
    drop(here, "Holiday 2026/clip one.mp4")
    with new_instance() as instance:
        result = tick(here, instance)
    (request,) = result.run_requests or []
    job = here.catalogue.job(str(request.partition_key))
    assert request.run_key == f"{job.media_id}:{job.version}"
    assert request.tags[VERSION_TAG] == job.version
    assert request.tags[KEY_TAG] == "Holiday 2026/clip one.mp4"
    assert job.state is JobState.QUEUED
    assert [r.partition_keys for r in result.dynamic_partitions_requests or []] == [[job.media_id]]


def test_a_file_that_is_still_written_waits_for_the_next_listing(here: Platform) -> None:
    path = drop(here, "clip.mp4", modified=time.time())
    with new_instance() as instance:
        first = tick(here, instance)
        assert not first.run_requests
        path.write_bytes(b"more")
        second = tick(here, instance, first.cursor)
        assert not second.run_requests
        third = tick(here, instance, second.cursor)
        assert len(third.run_requests or []) == 1


def test_an_overwrite_is_a_new_run_of_the_same_media(here: Platform) -> None:
    drop(here, "clip.mp4", b"one")
    with new_instance() as instance:
        (first,) = tick(here, instance).run_requests or []
        drop(here, "clip.mp4", b"two!")
        requests = tick(here, instance).run_requests or []
    assert {r.partition_key for r in requests} == {first.partition_key}
    assert first.run_key != requests[-1].run_key


def test_an_upload_whose_tick_died_is_asked_for_again(here: Platform) -> None:
    drop(here, "clip.mp4")
    obj = here.store.head("uploads", "clip.mp4")
    register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())
    with new_instance() as instance:
        assert len(tick(here, instance).run_requests or []) == 1


def test_what_has_a_run_is_not_asked_for_twice(here: Platform) -> None:
    drop(here, "clip.mp4")
    with new_instance() as instance:
        (request,) = tick(here, instance).run_requests or []
        tags = {"dagster/run_key": str(request.run_key)}
        made = instance.add_run(dg.DagsterRun(job_name="process_upload", tags=tags))
        (again,) = tick(here, instance).run_requests or []  # it is not queued: whoever made it died, and takes it up
        assert again.run_key == request.run_key
        instance.delete_run(made.run_id)
        instance.add_run(dg.DagsterRun(job_name="process_upload", tags=tags, status=dg.DagsterRunStatus.STARTED))
        assert not tick(here, instance).run_requests


def test_a_full_inbox_is_worked_off_in_portions(here: Platform) -> None:
    for number in range(MOST_A_TICK + 5):
        drop(here, f"{number:03}.mp4", str(number).encode())
    with new_instance() as instance:
        assert len(tick(here, instance).run_requests or []) == MOST_A_TICK


def test_hidden_and_unfinished_files_are_not_uploads(here: Platform) -> None:
    for name in (".DS_Store", "clip.mp4.part", "clip.crdownload"):
        drop(here, name)
    with new_instance() as instance:
        result = tick(here, instance)
    assert not result.run_requests
    assert result.skip_reason is not None


def begun(here: Platform, run_id: str) -> Job:
    """The job of a run that has admitted its source and works on the rest."""
    drop(here, "clip.mp4")
    obj = here.store.head("uploads", "clip.mp4")
    job = register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())
    here.catalogue.restart(
        job.media_id, job.version, run_id=run_id, profile="default", tasks=["source", "stream"], at=here.now()
    )
    here.catalogue.task(job.media_id, job.version, "source", TaskState.DONE, at=here.now())
    here.catalogue.task(job.media_id, job.version, "stream", TaskState.RUNNING, at=here.now())
    return job


def ended(
    instance: dg.DagsterInstance, here: Platform, job: Job, run_id: str, status: dg.DagsterRunStatus,
    *, said: str = "the worker was lost", reason: str = "UNKNOWN",
) -> None:  # fmt: skip
    """Dagster tells that a run of the job is over, and how."""
    run = dg.DagsterRun(
        job_name="process_upload",
        run_id=run_id,
        status=status,
        tags={"dagster/partition": job.media_id, VERSION_TAG: job.version, "dagster/failure_reason": reason},
    )
    event = dg.DagsterEvent("PIPELINE_FAILURE", "process_upload", message=said)
    context = dg.build_run_status_sensor_context(
        sensor_name="settle", dagster_instance=instance, dagster_run=run, dagster_event=event,
        partition_key=job.media_id,
    )  # fmt: skip
    if status is dg.DagsterRunStatus.CANCELED:
        settle_cancelled(context, platform=here)
    else:
        settle_failed(context.for_run_failure(), platform=here)


@pytest.mark.parametrize(
    ("said", "reason", "code"),
    [
        ("the worker was lost", "UNKNOWN", QuarantineCode.WORKER_LOST),
        ("it did not start", "START_TIMEOUT", QuarantineCode.WORKER_LOST),
        ("the pod was OOMKilled", "UNKNOWN", QuarantineCode.OUT_OF_MEMORY),
        ("steps failed", "STEP_FAILURE", QuarantineCode.INTERNAL),
    ],
)
def test_a_run_that_died_leaves_no_task_open_and_says_why(
    here: Platform, said: str, reason: str, code: QuarantineCode
) -> None:
    job = begun(here, "run-1")
    with new_instance() as instance:
        ended(instance, here, job, "run-1", dg.DagsterRunStatus.FAILURE, said=said, reason=reason)
    after = here.catalogue.job(job.media_id)
    assert after.state is JobState.QUARANTINED
    assert after.failure is not None
    assert after.failure.code is code
    assert after.task("source").state is TaskState.DONE
    assert after.task("stream").state is TaskState.FAILED


def test_a_run_that_was_ended_by_a_person_cancels_the_job(here: Platform) -> None:
    job = begun(here, "run-1")
    with new_instance() as instance:
        ended(instance, here, job, "run-1", dg.DagsterRunStatus.CANCELED)
    after = here.catalogue.job(job.media_id)
    assert after.state is JobState.CANCELLED
    assert after.task("stream").state is TaskState.SKIPPED


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_the_end_of_an_older_run_does_not_touch_the_job_of_a_newer(here: Platform, status: dg.DagsterRunStatus) -> None:
    job = begun(here, "run-2")
    before = here.catalogue.job(job.media_id)
    with new_instance() as instance:
        ended(instance, here, job, "run-1", status)
    assert here.catalogue.job(job.media_id) == before


def reconcile(here: Platform, instance: dg.DagsterInstance) -> None:
    context = dg.build_sensor_context(instance=instance, resources={"platform": here})
    assert isinstance(reconciled(context), dg.SkipReason)


def remember(instance: dg.DagsterInstance, job: Job, run_id: str, status: dg.DagsterRunStatus) -> None:
    tags = {"dagster/partition": job.media_id, VERSION_TAG: job.version}
    instance.add_run(dg.DagsterRun(job_name="process_upload", run_id=run_id, status=status, tags=tags))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (dg.DagsterRunStatus.FAILURE, JobState.QUARANTINED),
        (dg.DagsterRunStatus.SUCCESS, JobState.QUARANTINED),  # of which nothing says that it made anything
        (dg.DagsterRunStatus.CANCELED, JobState.CANCELLED),
        (dg.DagsterRunStatus.STARTED, JobState.PROCESSING),
        (dg.DagsterRunStatus.STARTING, JobState.PROCESSING),
        (dg.DagsterRunStatus.CANCELING, JobState.PROCESSING),
        (None, JobState.QUARANTINED),
    ],
)
def test_a_run_whose_end_nobody_noticed_is_noticed(
    here: Platform, status: dg.DagsterRunStatus | None, state: JobState
) -> None:
    job = begun(here, "run-1")
    with new_instance() as instance:
        if status:
            remember(instance, job, "run-1", status)
        reconcile(here, instance)
        after = here.catalogue.job(job.media_id)
        assert after.state is state
        assert (after.task("stream").state is TaskState.RUNNING) == (state is JobState.PROCESSING)
        reconcile(here, instance)
    assert here.catalogue.job(job.media_id) == after


def test_a_run_that_died_before_its_first_step_is_noticed_and_a_queued_job_without_one_is_left(here: Platform) -> None:
    for name in ("one.mp4", "two.mp4"):
        drop(here, name)
        register(here.store.head("uploads", name), profile=here.profile, catalogue=here.catalogue, now=here.now())
    one = next(j for j in here.catalogue.jobs() if j.key == "one.mp4")
    with new_instance() as instance:
        remember(instance, one, "run-1", dg.DagsterRunStatus.FAILURE)
        reconcile(here, instance)
    assert {j.key: j.state for j in here.catalogue.jobs()} == {
        "one.mp4": JobState.QUARANTINED, "two.mp4": JobState.QUEUED
    }  # fmt: skip
