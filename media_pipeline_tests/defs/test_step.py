"""Which tasks a run takes over."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.application.register import register, tasks
from media_pipeline.definitions import build
from media_pipeline.defs import step as at_work
from media_pipeline.defs.failures import RETRIES
from media_pipeline.defs.partitions import RESUMED_TAG, RUN_KEY_TAG, unasked, uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import asked
from media_pipeline.domain.job import JobState, TaskState
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform, slim


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with new_instance() as made:
        yield made


def run(*assets: str, steps: list[str] | None = None) -> dg.DagsterRun:
    keys = frozenset(dg.AssetKey(a.split("/")) for a in assets)
    return dg.DagsterRun(job_name="process_upload", asset_selection=keys or None, step_keys_to_execute=steps)


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        (run("subtitles", "publication"), ["subtitles", "publication"]),
        (run(steps=["subtitles", "publication"]), ["subtitles", "publication"]),  # retried from where it failed
        (run("audio", "stream", steps=["transcodes"]), ["audio"]),
    ],
)
def test_a_run_takes_over_what_it_was_asked_for(tmp_path: Path, of: dg.DagsterRun, wanted: list[str]) -> None:
    assert asked(of, platform(tmp_path).profile) == wanted


def test_the_steps_of_the_whole_job_are_all_the_tasks(tmp_path: Path) -> None:
    here = platform(tmp_path)
    steps = [node.name for node in build(here).resolve_job_def("process_upload").nodes]
    assert asked(run(), here.profile) == asked(run(steps=steps), here.profile) == tasks(here.profile)
    for step in steps:
        assert asked(run(steps=[step]), here.profile)


@pytest.mark.parametrize(
    ("tags", "parent", "nobodys"),
    [
        ({}, None, False),
        ({RUN_KEY_TAG: "a:b"}, None, True),
        ({RUN_KEY_TAG: "a:b"}, "run-1", False),
        ({RESUMED_TAG: "true"}, None, True),
        ({RESUMED_TAG: "true"}, "run-1", False),
        ({RUN_KEY_TAG: "a:b", "dagster/retry_number": "1"}, "run-1", True),
    ],
)
def test_a_persons_re_execution_is_asked_for_and_a_retry_is_not(
    tags: dict[str, str], parent: str | None, nobodys: bool
) -> None:
    of = dg.DagsterRun(job_name="process_upload", tags=tags, parent_run_id=parent, root_run_id=parent)
    assert unasked(of) is nobodys


@pytest.mark.parametrize(("tags", "after"), [({RUN_KEY_TAG: "a:b"}, JobState.CANCELLED), ({}, JobState.REJECTED)])
def test_only_a_run_that_was_asked_for_undoes_a_cancellation(
    tmp_path: Path, instance: dg.DagsterInstance, tags: dict[str, str], after: JobState
) -> None:
    here = slim(tmp_path)
    (here.settings.inbox / "clip.mp4").write_bytes(b"no media")
    obj = here.store.head("uploads", "clip.mp4")
    job = register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())
    here.catalogue.move(job.media_id, job.version, JobState.CANCELLED, at=here.now())
    instance.add_dynamic_partitions(str(uploads.name), [job.media_id])
    build(here).resolve_job_def("process_upload").execute_in_process(
        instance=instance, partition_key=job.media_id, tags=tags, raise_on_error=False
    )
    assert here.catalogue.job(job.media_id).state is after


def test_a_step_whose_run_is_over_ends_without_a_word(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Kubernetes, when the run's pod was killed and the step's was not: another run has its work."""
    monkeypatch.setattr(at_work, "_LOOK_SECONDS", 0)
    here = slim(tmp_path)
    progressed: list[str] = []

    @dg.asset(partitions_def=uploads, retry_policy=dg.RetryPolicy(max_retries=1))
    def source(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
        with at_work.step(context, platform, ["source"]) as own:
            own.progress(0.1)
            monkeypatch.setattr(own.report, "_told", -1.0)
            context.instance.report_run_failed(context.run, "The pod of the run was evicted.")
            own.progress(0.2)
            progressed.append("on")

    (here.settings.inbox / "clip.mp4").write_bytes(b"x")
    obj = here.store.head("uploads", "clip.mp4")
    job = register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())
    instance.add_dynamic_partitions(str(uploads.name), [job.media_id])
    result = dg.materialize(
        [source], instance=instance, partition_key=job.media_id, resources={"platform": here}, raise_on_error=False
    )
    task = here.catalogue.job(job.media_id).task("source")
    assert (result.success, progressed, task.state, task.progress) == (False, [], TaskState.RUNNING, 0.1)
    assert [t.ended_at for t in here.catalogue.attempts(job.media_id, job.version)] == [None]
    assert [e for e in result.all_events if e.is_step_up_for_retry] == []


def test_the_tries_at_a_step_outlast_a_store_that_is_away_for_half_a_minute() -> None:
    assert RETRIES.backoff is dg.Backoff.EXPONENTIAL
    assert RETRIES.delay is not None
    assert sum(RETRIES.delay * 2**number for number in range(RETRIES.max_retries)) > 30
