from collections.abc import Callable

import pytest

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.settle import settle
from media_pipeline.application.task import tracked
from media_pipeline.domain.errors import BadMedia, Cancelled, MediaError, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.job import Job, JobState, TaskState
from media_pipeline.domain.results import NotMade
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryStore

UPLOAD = a.upload()
BAD = BadMedia(RejectionCode.UNREADABLE, "The file is damaged.")
DOWN = Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The store does not answer.")


@pytest.fixture
def catalogue() -> MemoryCatalogue:
    made = MemoryCatalogue()
    made.register(
        UPLOAD, title="clip", tenant="default", profile="default",
        tasks=["source", "stream", "subtitles", "publication"], at=a.NOW,
    )  # fmt: skip
    made.move(UPLOAD.media_id, UPLOAD.version, JobState.PROCESSING, at=a.NOW)
    return made


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


Work = Callable[[str, MediaError | None, bool], Job]


@pytest.fixture
def work(catalogue: MemoryCatalogue, store: MemoryStore) -> Work:
    """Work on one task until it is done or fails as told, and see how the job stands."""

    def run(name: str, failure: MediaError | None = None, last: bool = True) -> Job:
        shelf = Shelf(store, "media")
        try:
            with tracked(
                UPLOAD, [name], catalogue=catalogue, shelf=shelf, now=lambda: a.NOW, last_attempt=last
            ) as report:
                if failure:
                    raise failure
                report.answer(name, a.source(UPLOAD))
        except MediaError as passed_on:
            assert passed_on is failure
        return catalogue.job(UPLOAD.media_id)

    return run


def test_a_task_is_running_while_it_is_worked_on(catalogue: MemoryCatalogue, store: MemoryStore) -> None:
    with tracked(
        UPLOAD, ["source"], catalogue=catalogue, shelf=Shelf(store, "media"), now=lambda: a.NOW, last_attempt=True
    ) as report:
        assert catalogue.job(UPLOAD.media_id).task("source").state is TaskState.RUNNING
        report.progress(0.25)
        report.progress(0.5)  # within the same second: not written
        assert catalogue.job(UPLOAD.media_id).task("source").progress == 0.25
        report.answer("source", NotMade("nothing there"))
    task = catalogue.job(UPLOAD.media_id).task("source")
    assert (task.state, task.reason) == (TaskState.SKIPPED, "nothing there")


def test_a_finished_task_carries_its_fingerprint(work: Work) -> None:
    task = work("source", None, True).task("source")
    assert (task.state, task.progress, task.fingerprint) == (TaskState.DONE, 1.0, a.MADE.fingerprint)


def test_the_files_fault_in_a_vital_task_rejects_the_job_and_takes_back_what_was_made(
    work: Work, store: MemoryStore
) -> None:
    key = f"{UPLOAD.media_id}/{UPLOAD.version}/renditions/a1/720p.mp4"
    store.write("media", key, b"x", content_type="video/mp4")
    job = work("source", BAD, False)
    assert job.state is JobState.REJECTED
    assert job.failure is not None
    assert (job.failure.code, job.failure.message) == (RejectionCode.UNREADABLE, "The file is damaged.")
    assert list(store.list("media")) == []


def test_trouble_of_ours_is_tried_again_and_then_quarantines_the_job(work: Work) -> None:
    first = work("stream", DOWN, False)
    assert (first.state, first.task("stream").state) == (JobState.PROCESSING, TaskState.WAITING)
    last = work("stream", DOWN, True)
    assert (last.state, last.task("stream").state) == (JobState.QUARANTINED, TaskState.FAILED)


@pytest.mark.parametrize("failure", [BAD, DOWN])
def test_an_extra_fails_alone(work: Work, failure: MediaError) -> None:
    job = work("subtitles", failure, True)
    assert (job.state, job.task("subtitles").state) == (JobState.PROCESSING, TaskState.FAILED)
    assert job.task("subtitles").reason == failure.message


def test_a_cancelled_job_stops_at_its_next_progress(catalogue: MemoryCatalogue, store: MemoryStore) -> None:
    with (
        pytest.raises(Cancelled),
        tracked(
            UPLOAD, ["source"], catalogue=catalogue, shelf=Shelf(store, "media"), now=lambda: a.NOW, last_attempt=True
        ) as report,
    ):
        catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.CANCELLED, at=a.NOW)
        report.progress(0.5)
    assert catalogue.job(UPLOAD.media_id).state is JobState.CANCELLED


def test_a_run_that_vanished_leaves_nothing_open(catalogue: MemoryCatalogue) -> None:
    catalogue.task(UPLOAD.media_id, UPLOAD.version, "source", TaskState.RUNNING, at=a.NOW)
    job = settle(UPLOAD.media_id, UPLOAD.version, catalogue=catalogue, code=QuarantineCode.WORKER_LOST, now=a.NOW)
    assert job.state is JobState.QUARANTINED
    assert job.failure is not None
    assert job.failure.code is QuarantineCode.WORKER_LOST
    assert {t.state for t in job.tasks} <= {TaskState.FAILED, TaskState.SKIPPED}


def test_settling_leaves_a_job_that_ended_by_itself_as_it_is(catalogue: MemoryCatalogue) -> None:
    catalogue.move(UPLOAD.media_id, UPLOAD.version, JobState.PLAYABLE, at=a.NOW)
    catalogue.task(UPLOAD.media_id, UPLOAD.version, "subtitles", TaskState.FAILED, reason="no", at=a.NOW)
    job = settle(UPLOAD.media_id, UPLOAD.version, catalogue=catalogue, code=QuarantineCode.INTERNAL, now=a.NOW)
    assert job.state is JobState.PLAYABLE
    assert job.task("subtitles").reason == "no"
    assert job.task("publication").state is TaskState.SKIPPED
