"""What `process` answers: its exit code, and what it tells of tasks that failed."""

from dataclasses import replace

import pytest

from media_pipeline.application.register import register
from media_pipeline.cli import display
from media_pipeline.cli.process import Answer, exit_code
from media_pipeline.domain.job import Job, JobState, TaskState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.infrastructure import recipes
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue

FAILED = "The encoder was lost."
PUBLISHED = Manifest(
    "1.0", a.upload().media_id, a.upload().version, 4, "video", 10.0, 1280, 720, "25", "master.m3u8", None, None, (),
    (), None, None, None, (), (), (), (), (), (), (),
)  # fmt: skip


def answer(state: JobState, failed: str | None = None) -> Answer:
    job = register(a.stored(), profile=recipes.load().profiles["fast"], catalogue=MemoryCatalogue(), now=a.NOW)
    tasks = tuple(
        replace(t, state=TaskState.FAILED, reason=FAILED) if t.name == failed else replace(t, state=TaskState.SKIPPED)
        for t in job.tasks
    )
    changed: Job = replace(job, state=state, tasks=tasks)
    return Answer("clip.mp4", changed, None, PUBLISHED, "media.json", 1.0)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([JobState.READY], 0),
        ([JobState.READY, JobState.PLAYABLE], 0),
        ([JobState.PLAYABLE, JobState.REJECTED], 1),
        ([JobState.REJECTED, JobState.QUARANTINED, JobState.READY], 2),
    ],
    ids=str,
)
def test_the_worst_file_decides_the_exit_code_and_what_plays_is_a_success(states: list[JobState], code: int) -> None:
    assert exit_code([answer(state) for state in states]) == code


@pytest.mark.parametrize("task", ["subtitles", "transcodes/720p-fast", "publication"])
def test_what_failed_of_media_that_play_is_told(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    display.summary(answer(JobState.PLAYABLE, task))
    told = " ".join(capsys.readouterr().err.split())
    assert f"failed: {FAILED}" in told
    assert "transcodes/360p-fast" not in told  # skipped: the source does not deserve it


def test_a_path_that_is_told_stands_on_one_line_and_leads_to_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    poster = f"{PUBLISHED.version}/thumbnails/ec35c4ff/poster.jpg"
    display.summary(
        replace(answer(JobState.READY), manifest=replace(PUBLISHED, poster=poster), manifest_path="/m/media.json")
    )
    lines = [line.split() for line in capsys.readouterr().err.splitlines()]
    (folder,) = (words[1] for words in lines if words[:1] == ["where"])
    (below,) = (words[1] for words in lines if words[:1] == ["poster"])
    assert f"{folder}/{below}" == f"/m/{poster}"
