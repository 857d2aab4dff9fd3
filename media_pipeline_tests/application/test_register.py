from dataclasses import replace
from datetime import timedelta

import pytest

from media_pipeline.application.cancel import cancel
from media_pipeline.application.register import register, tasks, unknown
from media_pipeline.application.status import described
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.job import JobState
from media_pipeline.infrastructure import recipes
from media_pipeline_tests.builders import NOW, stored
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryEngine

PROFILES = recipes.load().profiles


def test_a_profile_decides_which_tasks_a_job_has() -> None:
    assert tasks(PROFILES["fast"]) == [
        "source", "transcodes/720p-fast", "transcodes/360p-fast", "audio", "stream", "thumbnails", "subtitles",
        "ai_tags", "publication",
    ]  # fmt: skip


def test_registering_twice_is_registering_once() -> None:
    catalogue = MemoryCatalogue()
    first = register(stored(), profile=PROFILES["default"], catalogue=catalogue, now=NOW)
    again = register(stored(), profile=PROFILES["fast"], catalogue=catalogue, now=NOW + timedelta(hours=1))
    assert first == again
    assert first.state is JobState.QUEUED


def test_only_what_has_no_job_is_new_and_an_overwrite_is() -> None:
    catalogue = MemoryCatalogue()
    register(stored("a.mp4", "1"), profile=PROFILES["default"], catalogue=catalogue, now=NOW)
    seen = [stored("a.mp4", "1"), stored("a.mp4", "2"), stored("b.mp4", "1")]
    assert [(o.key, o.etag) for o in unknown(seen, catalogue=catalogue)] == [("a.mp4", "2"), ("b.mp4", "1")]


def test_cancelling_stops_the_job_and_its_runs_once() -> None:
    catalogue, engine = MemoryCatalogue(), MemoryEngine()
    job = register(stored(), profile=PROFILES["default"], catalogue=catalogue, now=NOW)
    for _ in range(2):
        after = cancel(job.media_id, catalogue=catalogue, engine=engine, now=NOW)
        assert after.state is JobState.CANCELLED
    assert engine.stopped == [(job.media_id, job.version)]


def test_cancelling_what_does_not_exist_says_so() -> None:
    with pytest.raises(Missing):
        cancel("nobody", catalogue=MemoryCatalogue(), engine=MemoryEngine(), now=NOW)


def test_a_described_job_is_plain_data() -> None:
    job = register(stored(), profile=PROFILES["default"], catalogue=MemoryCatalogue(), now=NOW)
    told = described(job, [])
    assert (told["state"], told["error"], told["title"]) == ("queued", None, "clip.mp4")
    assert told["tasks"][0] == {"name": "source", "state": "waiting", "progress": 0.0, "seconds": None, "reason": None}


def test_an_extra_that_the_profile_does_not_ask_for_is_a_task_that_answers_so() -> None:
    bare = replace(PROFILES["fast"], thumbnails=None, subtitles=None, tags=None)
    assert tasks(bare) == tasks(PROFILES["fast"])
