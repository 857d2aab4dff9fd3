"""A real daemon whose workers are killed, and which is killed itself, in the middle of a real run."""

import os
import re
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import dagster as dg
import psutil
import pytest
import yaml

from media_pipeline.defs.resources import Platform
from media_pipeline.domain import keys
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import Job, JobState, TaskState
from media_pipeline.infrastructure import recipes
from media_pipeline.infrastructure.dagster_engine import instance
from media_pipeline_tests import media
from media_pipeline_tests.daemon import daemon, until
from media_pipeline_tests.platform import platform

pytestmark = pytest.mark.slow
SECONDS = 120


@pytest.fixture
def here(tmp_path: Path) -> Platform:
    """A platform whose profile has one rung, slow enough to be caught at it, and no extras."""
    text = yaml.safe_load(recipes.PACKAGED.read_text())
    name = text["profiles"]["fast"]["rungs"][0]
    text["rungs"][name]["preset"] = "medium"
    text["profiles"] = {
        "fast": text["profiles"]["fast"]
        | {"rungs": [name], "passthrough": False, "thumbnails": None, "subtitles": None, "tags": None}
    }
    chosen = tmp_path / "recipes.yaml"
    chosen.write_text(yaml.safe_dump(text))
    return platform(tmp_path, recipes=chosen, profile="fast")


def only(here: Platform) -> Job | None:
    return next(iter(here.catalogue.jobs()), None)


def encoding(here: Platform, tries: int) -> Callable[[], bool]:
    """The ladder is at work, for the so many-th time."""

    def told() -> bool:
        job = only(here)
        if job is None:
            return False
        at_it = any(t.state is TaskState.RUNNING and t.name.startswith("transcodes/") for t in job.tasks)
        counted = sum(t.stage == "transcodes" for t in here.catalogue.attempts(job.media_id, job.version))
        return at_it and counted == tries

    return told


def worker(here: Platform, dagster: dg.DagsterInstance) -> int:
    """The process of the run that the job is at."""
    job = only(here)
    assert job is not None
    assert job.run_id is not None
    said = " ".join(e.message + str(e.dagster_event) for e in dagster.all_logs(job.run_id))
    found = re.search(r"\(pid: (\d+)\)", said)
    assert found, said
    return int(found[1])


def test_a_killed_worker_and_a_killed_daemon_cost_a_try_each_and_nothing_else(here: Platform, tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "clip.mp4", 8, "1280x720")
    os.utime(clip, (time.time() - 3600,) * 2)
    clip.rename(here.settings.inbox / "clip.mp4")
    with instance(here.settings.dagster_home) as dagster:
        with daemon(here, MEDIA_PIPELINE_STALL_SECONDS="600"):
            until(encoding(here, 1), here, seconds=SECONDS)
            os.kill(worker(here, dagster), signal.SIGKILL)
            until(encoding(here, 2), here, seconds=SECONDS)
        with daemon(here, MEDIA_PIPELINE_STALL_SECONDS="5"):
            until(lambda: (job := only(here)) is not None and job.state is JobState.READY, here, seconds=SECONDS)
    job = only(here)
    assert job is not None
    tries = here.catalogue.attempts(job.media_id, job.version)
    assert [t.failure and t.failure.code for t in tries if t.stage == "transcodes"] == [
        QuarantineCode.WORKER_LOST, QuarantineCode.WORKER_LOST, None
    ]  # fmt: skip
    assert sum(t.stage == "source" for t in tries) == 1
    assert all(t.counted and t.ended_at for t in tries)
    assert {t.state for t in job.tasks} <= {TaskState.DONE, TaskState.SKIPPED}


def parts(here: Platform) -> dict[str, datetime]:
    """The parts of the only picture that are whole, and since when."""
    job = only(here)
    prefix = keys.chunks(job.media_id, job.version) if job else ""
    found = here.store.list(here.settings.media_bucket, prefix) if job else ()
    return {o.key: o.modified_at for o in found if o.key.endswith("/chunk.json")}


def test_a_killed_worker_of_a_long_picture_leaves_no_process_and_the_next_goes_on_with_its_parts(
    here: Platform, tmp_path: Path
) -> None:
    clip = media.clip(tmp_path / "film.mp4", 24, "1280x720")
    os.utime(clip, (time.time() - 3600,) * 2)
    clip.rename(here.settings.inbox / "film.mp4")
    seen: list[dict[str, datetime]] = []

    def ready() -> bool:
        job = only(here)
        seen.append(parts(here))
        return job is not None and job.state is JobState.READY

    cut = {"MEDIA_PIPELINE_CHUNKS__ABOVE_SECONDS": "5", "MEDIA_PIPELINE_CHUNKS__SECONDS": "6"}
    with instance(here.settings.dagster_home) as dagster, daemon(here, MEDIA_PIPELINE_STALL_SECONDS="600", **cut):
        until(lambda: bool(parts(here)), here, seconds=SECONDS)
        process = psutil.Process(worker(here, dagster))
        encoders = process.children(recursive=True)
        process.kill()
        before = parts(here)
        assert psutil.wait_procs(encoders, timeout=20)[1] == []
        until(ready, here, seconds=SECONDS)
    job = only(here)
    assert job is not None
    made = {name: at for each in seen for name, at in each.items()}
    assert 1 <= len(before) < len(made) == 4
    assert all(made[name] == at for name, at in before.items())  # none was written again
    assert parts(here) == {}
    tries = [t for t in here.catalogue.attempts(job.media_id, job.version) if t.stage == "transcodes"]
    assert [t.failure and t.failure.code for t in tries] == [QuarantineCode.WORKER_LOST, None]
