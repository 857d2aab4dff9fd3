import pytest

from media_pipeline.application.lost import lost
from media_pipeline.application.settle import settle
from media_pipeline.domain.attempt import BUDGET, verdict
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import Failure, Job, JobState, TaskState
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue

UPLOAD = a.upload()
KEY = UPLOAD.media_id, UPLOAD.version
KILLED = Failure(QuarantineCode.OUT_OF_MEMORY, "The worker ran out of memory.")


@pytest.fixture
def catalogue() -> MemoryCatalogue:
    made = MemoryCatalogue()
    tasks = ["source", "transcodes/720p", "audio", "stream", "subtitles", "publication"]
    made.register(UPLOAD, title="clip", tenant="default", profile="default", tasks=tasks, at=a.NOW)
    made.move(*KEY, JobState.PROCESSING, at=a.NOW)
    return made


def lose(catalogue: MemoryCatalogue, stage: str) -> None:
    lost(*KEY, stage, KILLED, run_id="run-1", catalogue=catalogue, now=a.NOW)


def over(catalogue: MemoryCatalogue) -> Job:
    """The job after its run has ended, of which Dagster knows no more than that a step failed."""
    return settle(*KEY, catalogue=catalogue, code=QuarantineCode.INTERNAL, now=a.NOW)


def test_the_open_try_ends_with_what_became_of_it_and_its_tasks_wait(catalogue: MemoryCatalogue) -> None:
    catalogue.begin(*KEY, "transcodes", run_id="run-1", at=a.NOW)
    catalogue.task(*KEY, "audio", TaskState.DONE, at=a.NOW)
    catalogue.task(*KEY, "transcodes/720p", TaskState.RUNNING, at=a.NOW)
    lose(catalogue, "transcodes")
    (tried,) = catalogue.attempts(*KEY)
    assert (tried.failure, tried.ended_at) == (KILLED, a.NOW)
    job = catalogue.job(*KEY)
    assert (job.task("transcodes/720p").state, job.task("transcodes/720p").reason) == (
        TaskState.WAITING, KILLED.message
    )  # fmt: skip
    assert job.task("audio").state is TaskState.DONE
    assert job.task("stream").reason is None


def test_who_is_lost_before_the_try_begins_is_counted_too(catalogue: MemoryCatalogue) -> None:
    for _ in range(BUDGET):
        lose(catalogue, "source")
    assert verdict(catalogue.attempts(*KEY), "source") == KILLED


def test_a_vital_stage_that_is_always_lost_quarantines_the_job_with_its_reason(catalogue: MemoryCatalogue) -> None:
    lose(catalogue, "source")
    job = over(catalogue)
    assert (job.state, job.failure) == (JobState.QUARANTINED, KILLED)
    assert (job.task("source").state, job.task("source").reason) == (TaskState.FAILED, KILLED.message)
    assert job.task("stream").state is TaskState.SKIPPED


def test_an_extra_that_is_always_lost_fails_alone(catalogue: MemoryCatalogue) -> None:
    for task in ("source", "transcodes/720p", "audio", "stream"):
        catalogue.task(*KEY, task, TaskState.DONE, at=a.NOW)
    catalogue.move(*KEY, JobState.PLAYABLE, at=a.NOW)
    lose(catalogue, "subtitles")
    job = over(catalogue)
    assert job.state is JobState.PLAYABLE
    assert (job.task("subtitles").state, job.task("subtitles").reason) == (TaskState.FAILED, KILLED.message)


def test_of_a_cancelled_job_nothing_is_counted(catalogue: MemoryCatalogue) -> None:
    catalogue.move(*KEY, JobState.CANCELLED, at=a.NOW)
    lose(catalogue, "source")
    assert catalogue.attempts(*KEY) == []
