import os
import time
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.application.register import register
from media_pipeline.defs import gone_sources as sweep
from media_pipeline.defs.gone_sources import gone_sources, source_gone
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.job import Job, JobState
from media_pipeline.infrastructure.settings import FILES
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform


@pytest.fixture
def here(tmp_path: Path) -> Platform:
    return platform(tmp_path)


def uploaded(here: Platform, name: str) -> Job:
    path = here.settings.inbox / name
    path.write_text(name)
    os.utime(path, (time.time() - 3600,) * 2)
    obj = here.store.head("uploads", name)
    return register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())


def tick(here: Platform, instance: dg.DagsterInstance, cursor: str | None = None) -> str | None:
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"platform": here})
    assert isinstance(gone_sources(context), dg.SkipReason)
    return context.cursor


def state(here: Platform, job: Job) -> JobState:
    return here.catalogue.job(job.media_id, job.version).state


def test_a_deletion_that_nobody_told_of_is_noticed(here: Platform) -> None:
    gone, there = uploaded(here, "gone.mp4"), uploaded(here, "there.mp4")
    (here.settings.inbox / "gone.mp4").unlink()
    with new_instance() as instance:
        tick(here, instance)
    assert (state(here, gone), state(here, there)) == (JobState.REMOVED, JobState.QUEUED)


def test_every_source_is_looked_for_once_a_pass_and_a_pass_waits_for_its_hour(
    here: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "A_TICK", 2)
    jobs = [uploaded(here, f"{n}.mp4") for n in range(5)]
    with new_instance() as instance:
        cursor = tick(here, instance)
        (here.settings.inbox / "4.mp4").unlink()  # looked for already
        (here.settings.inbox / "0.mp4").unlink()
        for _ in range(3):
            cursor = tick(here, instance, cursor)
        assert [state(here, j) for j in jobs] == [JobState.REMOVED] + [JobState.QUEUED] * 4
        later = here.settings.model_copy(update={"gone_sources_hours": 0.0})
        for _ in range(4):
            cursor = tick(replace(here, settings=later), instance, cursor)
    assert [state(here, j) for j in jobs] == [JobState.REMOVED, *[JobState.QUEUED] * 3, JobState.REMOVED]


def test_what_is_no_upload_may_go(here: Platform, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_text("x")
    obj = here.store.head(FILES, str(clip).lstrip("/"))
    job = register(obj, profile=here.profile, catalogue=here.catalogue, now=here.now())
    clip.unlink()
    with new_instance() as instance:
        tick(here, instance)
    assert state(here, job) is JobState.QUEUED


def test_a_store_in_which_nothing_is_left_is_not_believed(here: Platform) -> None:
    jobs = [uploaded(here, f"{n}.mp4") for n in range(20)]
    for job in jobs:
        (here.settings.inbox / job.key).unlink()
    with new_instance() as instance:
        tick(here, instance)
        assert {state(here, j) for j in jobs} == {JobState.QUEUED}
        (here.settings.inbox / jobs[0].key).write_text("back")
        tick(here, instance)
    assert [state(here, j) for j in jobs[1:]] == [JobState.REMOVED] * 19


def test_a_removal_that_broke_off_is_done_to_the_end(here: Platform) -> None:
    job = uploaded(here, "clip.mp4")
    here.store.write("media", f"{job.media_id}/{job.version}/a/b/c.mp4", b"x", content_type="video/mp4")
    here.catalogue.published(job.media_id, job.version, 3)
    here.catalogue.move(job.media_id, job.version, JobState.REMOVED, at=here.now())
    (here.settings.inbox / "clip.mp4").unlink()
    with new_instance() as instance:
        tick(here, instance)
    assert list(here.store.list("media")) == []
    assert here.catalogue.job(job.media_id).revision == 0


def test_outputs_may_be_kept_by_policy(tmp_path: Path) -> None:
    here = platform(tmp_path, on_source_deleted="keep")
    job = uploaded(here, "clip.mp4")
    (here.settings.inbox / "clip.mp4").unlink()
    with new_instance() as instance:
        tick(here, instance)
        assert not source_gone(job.media_id, instance, here)
    assert state(here, job) is JobState.QUEUED


def test_a_hint_that_a_source_is_gone_is_only_a_hint(here: Platform) -> None:
    job = uploaded(here, "clip.mp4")
    with new_instance() as instance:
        assert not source_gone(job.media_id, instance, here)
        assert not source_gone("nobody", instance, here)
        (here.settings.inbox / "clip.mp4").unlink()
        assert source_gone(job.media_id, instance, here)
    assert here.catalogue.job(job.media_id).finished_at is not None
