"""Upkeep over a real instance: what leaves Dagster and what stays, and runs that the instance alone starts."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableRepository

from media_pipeline.application.register import register
from media_pipeline.application.status import described
from media_pipeline.definitions import build
from media_pipeline.defs.partitions import TENANT_TAG, lane, uploads
from media_pipeline.defs.redrive import Wanted, redriven
from media_pipeline.defs.resources import Platform, from_environment
from media_pipeline.defs.upkeep import archived, collect_garbage, garbage_of, watchdog
from media_pipeline.domain.attempt import BUDGET, LOST
from media_pipeline.domain.errors import Missing, QuarantineCode
from media_pipeline.domain.job import Failure, Job, JobState, Origin, TaskState
from media_pipeline.domain.run import RunState
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG, DagsterEngine, is_over, stopped
from media_pipeline_tests.instance import QUEUE, new_instance
from media_pipeline_tests.platform import slim

DOWN = Failure(QuarantineCode.STORE_UNAVAILABLE, "The store does not answer.")


@pytest.fixture
def here(tmp_path: Path) -> Platform:
    return slim(tmp_path, live_partitions=3, keep_runs_days=0)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with new_instance(QUEUE) as made:
        yield made


def graph(here: Platform) -> dg.JobDefinition:
    return build(here).resolve_job_def("process_upload")


def engine(here: Platform, instance: dg.DagsterInstance) -> DagsterEngine:
    return DagsterEngine(instance, graph=graph(here))


def a_job(here: Platform, name: str, state: JobState = JobState.QUEUED) -> Job:
    """A job in a state, all of whose tasks are over as long as nobody is to work on it."""
    path = here.settings.inbox / name
    path.write_bytes(name.encode())
    job = register(here.store.head("uploads", name), profile=here.profile, catalogue=here.catalogue, now=here.now())
    if state is not JobState.QUEUED:
        of = job.media_id, job.version
        for task in job.tasks:
            here.catalogue.task(*of, task.name, TaskState.FAILED, at=here.now())
        here.catalogue.move(*of, JobState.PROCESSING, at=here.now())
        here.catalogue.move(*of, state, failure=DOWN if state is JobState.QUARANTINED else None, at=here.now())
    return here.catalogue.job(job.media_id)


def runs_of(instance: dg.DagsterInstance, job: Job) -> list[dg.DagsterRun]:
    return list(instance.get_runs(dg.RunsFilter(tags={"dagster/partition": job.media_id})))


def remember(instance: dg.DagsterInstance, job: Job, status: dg.DagsterRunStatus, **more: str) -> None:
    tags = {"dagster/partition": job.media_id, VERSION_TAG: job.version, **more}
    instance.add_run(dg.DagsterRun(job_name="process_upload", status=status, tags=tags))


def tick(sensor: dg.SensorDefinition, here: Platform, instance: dg.DagsterInstance, **more: Any) -> Any:
    repository = build(here).get_repository_def()
    return sensor(
        dg.build_sensor_context(
            instance=instance, resources={"platform": here}, repository_def=repository, cursor=more.get("cursor")
        )
    )


def test_the_media_finished_longest_ago_leave_and_their_runs_are_forgotten_and_the_catalogue_knows_them(
    here: Platform, instance: dg.DagsterInstance
) -> None:
    states = [JobState.READY, JobState.QUARANTINED, JobState.QUEUED, JobState.READY, JobState.READY, JobState.READY]
    jobs = [a_job(here, f"{number}.mp4", state) for number, state in enumerate(states)]
    instance.add_dynamic_partitions(str(uploads.name), [job.media_id for job in jobs] + ["stray"])
    for job in jobs[:-1]:
        remember(instance, job, dg.DagsterRunStatus.SUCCESS)
    remember(instance, jobs[3], dg.DagsterRunStatus.STARTED)  # somebody redoes a part of it
    told = [described(job, []) for job in jobs]
    (request,) = tick(archived, here, instance).dynamic_partitions_requests
    assert request.partition_keys == [jobs[n].media_id for n in (0, 1, 4, 5)]
    instance.delete_dynamic_partition(str(uploads.name), jobs[0].media_id)
    instance.delete_dynamic_partition(str(uploads.name), jobs[1].media_id)
    tick(archived, here, instance)
    assert [len(runs_of(instance, job)) for job in jobs] == [0, 0, 1, 2, 1, 0]
    assert [described(here.catalogue.job(job.media_id), []) for job in jobs] == told


def test_nothing_leaves_a_set_that_is_small_enough_and_no_young_run_is_forgotten(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    here = slim(tmp_path, live_partitions=2, keep_runs_days=1)
    jobs = [a_job(here, f"{number}.mp4", JobState.READY) for number in range(3)]
    instance.add_dynamic_partitions(str(uploads.name), [job.media_id for job in jobs[:2]])
    remember(instance, jobs[2], dg.DagsterRunStatus.SUCCESS)
    assert tick(archived, here, instance).dynamic_partitions_requests == []
    assert len(runs_of(instance, jobs[2])) == 1


def test_runs_over_no_media_are_forgotten_like_those_of_media_that_have_left(
    here: Platform, instance: dg.DagsterInstance
) -> None:
    for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED):
        instance.add_run(dg.DagsterRun(job_name="collect_garbage", status=status))
    tick(archived, here, instance)
    assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.STARTED]


def test_runs_are_forgotten_in_portions(
    here: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media_pipeline.infrastructure.dagster_engine._FORGOTTEN_AT_ONCE", 2)
    live, gone = a_job(here, "live.mp4", JobState.READY), a_job(here, "gone.mp4", JobState.READY)
    instance.add_dynamic_partitions(str(uploads.name), [live.media_id])
    for job in (live, gone, live, gone, live, gone, gone):
        remember(instance, job, dg.DagsterRunStatus.SUCCESS)
    cursor: str | None = None
    for _ in range(5):
        cursor = tick(archived, here, instance, cursor=cursor).cursor
    assert (len(runs_of(instance, live)), len(runs_of(instance, gone))) == (3, 0)


def test_a_redriven_media_is_back_with_a_run_in_the_queue_that_a_daemon_can_start(
    here: Platform, instance: dg.DagsterInstance
) -> None:
    job = a_job(here, "clip.mp4", JobState.QUARANTINED)
    (answer,) = redriven(Wanted(all=True), here, instance, graph(here))
    (run,) = runs_of(instance, job)
    assert (run.run_id, run.status) == (answer.run_id, dg.DagsterRunStatus.QUEUED)
    assert instance.has_dynamic_partition(str(uploads.name), job.media_id)
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == "media_pipeline"
    assert run.tags[VERSION_TAG] == job.version
    assert here.catalogue.job(job.media_id).state is JobState.PROCESSING
    (again,) = redriven(Wanted(ids=[job.media_id]), here, instance, graph(here))
    assert (again.run_id, again.sentence) == (None, "it is under way")
    for nobody in (Wanted(ids=["nobody"]), Wanted(code="STORE_UNAVAIL")):
        with pytest.raises(Missing):
            redriven(nobody, here, instance, graph(here))


def test_what_is_redriven_by_name_has_its_turn_and_all_others_wait_behind_live_work(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    here = slim(tmp_path, tenancy=True)
    jobs = [a_job(here, f"{number}.mp4", JobState.QUARANTINED) for number in range(3)]
    redriven(Wanted(ids=[jobs[1].media_id], all=True), here, instance, graph(here))
    tags = [run.tags for job in jobs for run in runs_of(instance, job)]
    assert [t["dagster/priority"] for t in tags] == ["-1001", "2", "-998"]
    assert [lane(t).origin for t in tags] == [Origin.IMPORT, Origin.LIVE, Origin.IMPORT]
    assert {t[TENANT_TAG] for t in tags} == {"default"}


def test_one_that_cannot_be_redriven_says_why_and_the_others_are(
    here: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [a_job(here, f"{number}.mp4", JobState.QUARANTINED) for number in range(2)]
    launch = DagsterEngine.launch

    def failing(self: DagsterEngine, media_id: str, *more: Any, **named: Any) -> str:
        if media_id == jobs[0].media_id:
            raise Missing("It is not there.")
        return launch(self, media_id, *more, **named)

    monkeypatch.setattr(DagsterEngine, "launch", failing)
    answers = {a.media_id: a for a in redriven(Wanted(all=True), here, instance, graph(here))}
    assert answers[jobs[0].media_id].sentence == "It is not there."
    assert answers[jobs[1].media_id].run_id


def test_a_part_of_the_graph_is_asked_for_alone(here: Platform, instance: dg.DagsterInstance) -> None:
    job = a_job(here, "clip.mp4")
    asked = ["transcodes/720p", "stream", "publication"]
    gone = "transcodes/of-older-recipes"
    engine(here, instance).launch(job.media_id, job.version, assets=[*asked, gone], tags={})
    with pytest.raises(Missing, match="recipes"):
        engine(here, instance).launch(job.media_id, job.version, assets=[gone], tags={})
    (run,) = runs_of(instance, job)
    assert {"/".join(key.path) for key in run.asset_selection or ()} == set(asked)
    assert set(run.step_keys_to_execute or ()) == {"transcodes", "stream", "publication"}


@dg.definitions
def deployed() -> dg.Definitions:
    """The code location as a worker loads it."""
    return build(from_environment())


def test_the_operators_button_does_the_same(
    here: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_HOME", str(here.settings.home))
    job = a_job(here, "clip.mp4", JobState.QUARANTINED)
    button = ReconstructableRepository.for_module(__name__, "deployed").get_reconstructable_job("redrive")
    config = {"ops": {"redrive_failed": {"config": {"code": "STORE_UNAVAILABLE"}}}}
    assert dg.execute_job(button, instance, run_config=config).success
    assert len(runs_of(instance, job)) == 1


def test_a_run_whose_worker_cannot_be_reached_is_stopped_and_is_no_persons_doing(
    here: Platform, instance: dg.DagsterInstance
) -> None:
    job = a_job(here, "clip.mp4")
    remember(instance, job, dg.DagsterRunStatus.STARTED)
    (run,) = runs_of(instance, job)
    for _ in range(2):
        engine(here, instance).stop(run.run_id)
    (told,) = engine(here, instance).runs([job.media_id])[job.media_id]
    assert told.state is RunState.STOPPED
    (ended,) = runs_of(instance, job)
    assert stopped(ended)
    again = dg.DagsterRun(job_name="process_upload", status=ended.status, tags=ended.tags)
    assert not stopped(again)  # which a person ended: a re-execution has the tags of its parent


def test_the_watchdog_takes_up_what_a_dead_daemon_left(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    here = slim(tmp_path, stall_seconds=0)
    job = a_job(here, "clip.mp4")
    remember(instance, job, dg.DagsterRunStatus.STARTED)
    (dead,) = runs_of(instance, job)
    of = job.media_id, job.version
    here.catalogue.restart(
        *of, run_id=dead.run_id, profile=job.profile, tasks=[t.name for t in job.tasks], at=here.now()
    )
    for number in range(BUDGET - 1):
        here.catalogue.begin(*of, "source", run_id=f"run-{number}", at=here.now() - timedelta(minutes=1))
    here.catalogue.task(*of, "source", TaskState.RUNNING, at=here.now() - timedelta(minutes=1))
    assert "taken up again" in str(tick(watchdog, here, instance).skip_message)
    new, old = sorted(runs_of(instance, job), key=lambda r: r.status is dg.DagsterRunStatus.CANCELED)
    assert (new.status, old.run_id) == (dg.DagsterRunStatus.QUEUED, dead.run_id)
    assert [t.failure for t in here.catalogue.attempts(*of)] == [LOST, None]
    assert all(t.counted for t in here.catalogue.attempts(*of))
    assert "taken up again" not in str(tick(watchdog, here, instance).skip_message)


@pytest.mark.parametrize(("reason", "taken_up"), [("START_TIMEOUT", True), ("STEP_FAILURE", False)])
def test_the_watchdog_takes_up_a_lost_run_that_dagster_could_not_start_again(
    here: Platform, reason: str, taken_up: bool
) -> None:
    """Before its first step, too: then the job is in the queue, and its run is not asked for a second time."""
    job = a_job(here, "clip.mp4")
    with new_instance({**QUEUE, "run_retries": {"enabled": True}}) as instance:
        remember(
            instance, job, dg.DagsterRunStatus.FAILURE,
            **{"dagster/will_retry": "false", "dagster/failure_reason": reason},
        )  # fmt: skip
        (told,) = engine(here, instance).runs([job.media_id])[job.media_id]
        assert told.state is (RunState.LOST if taken_up else RunState.FAILED)
        assert ("taken up again" in str(tick(watchdog, here, instance).skip_message)) is taken_up
        assert len(runs_of(instance, job)) == 1 + taken_up


def test_a_run_that_failed_is_not_over_before_dagster_says_whether_it_retries_it(here: Platform) -> None:
    job = a_job(here, "clip.mp4")
    with new_instance({"run_retries": {"enabled": True}}) as instance:
        remember(instance, job, dg.DagsterRunStatus.FAILURE, **{"dagster/failure_reason": "STEP_FAILURE"})
        (run,) = runs_of(instance, job)
        assert not is_over(run, instance)
        instance.add_run_tags(run.run_id, {"dagster/will_retry": "false"})
        (run,) = runs_of(instance, job)
        assert is_over(run, instance)


def test_the_nightly_sweep_runs_by_itself(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    here = slim(tmp_path, gc_grace_seconds=-60)
    job = a_job(here, "clip.mp4", JobState.READY)
    key = f"{job.media_id}/{job.version}/stream/dead/master.m3u8"
    here.store.write("media", key, b"x", content_type="text/plain")
    assert collect_garbage.execute_in_process(instance=instance, resources={"platform": here}).success
    assert list(here.store.list("media")) == []


@pytest.mark.parametrize(("uploads_bucket", "swept"), [("uploads", True), ("media", False)])
def test_where_uploads_arrive_among_the_outputs_nobody_who_still_sends_is_cut_off(
    tmp_path: Path, instance: dg.DagsterInstance, uploads_bucket: str, swept: bool
) -> None:
    here = slim(tmp_path, uploads_bucket=uploads_bucket)
    half = here.settings.media_dir / ".media-pipeline" / "half"
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"1")
    os.utime(half, (0, 0))
    assert [s.media_id for s in garbage_of(here, instance, delete=True)] == (["unfinished"] if swept else [])
    assert half.exists() is not swept
