from contextlib import AbstractContextManager
from typing import Protocol

import pytest

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.settle import settle
from media_pipeline.application.task import Report, tracked
from media_pipeline.domain.attempt import BUDGET, BUG, LOST
from media_pipeline.domain.errors import (
    BadMedia,
    Cancelled,
    GivenUp,
    MediaError,
    QuarantineCode,
    RejectionCode,
    Unavailable,
)
from media_pipeline.domain.job import SUPERSEDED, Failure, Job, JobState, TaskState
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


def begun(name: str, catalogue: MemoryCatalogue, store: MemoryStore) -> AbstractContextManager[Report]:
    """Work on one task of the run at hand."""
    withdraw = Shelf(store, "media").withdraw
    return tracked(UPLOAD, [name], catalogue=catalogue, take_back=withdraw, now=lambda: a.NOW, run_id="run-1")


class Work(Protocol):
    def __call__(self, name: str, failure: BaseException | None = None) -> Job: ...


@pytest.fixture
def work(catalogue: MemoryCatalogue, store: MemoryStore) -> Work:
    """Work on one task until it is done or fails as told, and see how the job stands."""

    def run(name: str, failure: BaseException | None = None) -> Job:
        try:
            with begun(name, catalogue, store) as report:
                if failure:
                    raise failure
                report.answer(name, a.source(UPLOAD))
        except (MediaError, ZeroDivisionError, KeyboardInterrupt) as passed_on:
            assert failure in {passed_on, passed_on.__cause__} or isinstance(passed_on, GivenUp | BadMedia)
        return catalogue.job(UPLOAD.media_id)

    return run


def test_a_task_is_running_while_it_is_worked_on(catalogue: MemoryCatalogue, store: MemoryStore) -> None:
    with begun("source", catalogue, store) as report:
        assert catalogue.job(UPLOAD.media_id).task("source").state is TaskState.RUNNING
        report.progress(0.25)
        report.progress(0.5)  # within the same second: not written
        assert catalogue.job(UPLOAD.media_id).task("source").progress == 0.25
        report.answer("source", NotMade("nothing there"))
    task = catalogue.job(UPLOAD.media_id).task("source")
    assert (task.state, task.reason) == (TaskState.SKIPPED, "nothing there")


def test_a_finished_task_carries_its_fingerprint(work: Work) -> None:
    task = work("source", None).task("source")
    assert (task.state, task.progress, task.fingerprint) == (TaskState.DONE, 1.0, a.MADE.fingerprint)


def test_the_files_fault_in_a_vital_task_rejects_the_job_and_takes_back_what_was_made(
    work: Work, store: MemoryStore
) -> None:
    key = f"{UPLOAD.media_id}/{UPLOAD.version}/renditions/a1/720p.mp4"
    store.write("media", key, b"x", content_type="video/mp4")
    job = work("source", BAD)
    assert job.state is JobState.REJECTED
    assert job.failure is not None
    assert (job.failure.code, job.failure.message) == (RejectionCode.UNREADABLE, "The file is damaged.")
    assert list(store.list("media")) == []


def told(catalogue: MemoryCatalogue) -> list[tuple[str, object]]:
    """Every try at the job: its stage, and why it came to nothing."""
    tries = catalogue.attempts(UPLOAD.media_id, UPLOAD.version)
    return [(t.stage, t.failure.code if t.failure else t.ended_at and "done") for t in tries]


def test_trouble_of_ours_is_tried_again_and_then_quarantines_the_job(work: Work, catalogue: MemoryCatalogue) -> None:
    for _ in range(BUDGET - 1):
        job = work("stream", DOWN)
        assert (job.state, job.task("stream").state) == (JobState.PROCESSING, TaskState.WAITING)
    last = work("stream", DOWN)
    assert (last.state, last.task("stream").state) == (JobState.QUARANTINED, TaskState.FAILED)
    assert last.failure == Failure(DOWN.code, DOWN.message)
    assert told(catalogue) == [("stream", DOWN.code)] * BUDGET


def test_lost_workers_and_errors_draw_on_one_budget_and_then_nobody_tries(
    work: Work, catalogue: MemoryCatalogue
) -> None:
    killed = KeyboardInterrupt()
    work("stream", killed)
    work("stream", DOWN)
    work("stream", killed)
    job = work("stream")  # refused: it would have worked
    assert job.state is JobState.QUARANTINED
    assert job.failure == LOST
    assert told(catalogue) == [("stream", LOST.code), ("stream", DOWN.code), ("stream", None)]


def test_who_is_asked_for_anew_has_a_fresh_budget_and_keeps_the_history(work: Work, catalogue: MemoryCatalogue) -> None:
    for _ in range(BUDGET):
        work("stream", DOWN)
    catalogue.restart(
        UPLOAD.media_id, UPLOAD.version, run_id="run-2", profile="default", tasks=["stream"], fresh=True, at=a.NOW
    )
    assert work("stream").task("stream").state is TaskState.DONE
    assert told(catalogue) == [("stream", DOWN.code)] * BUDGET + [("stream", "done")]


def test_a_run_in_the_place_of_a_lost_one_does_not_try_again_what_is_the_files_fault(
    work: Work, catalogue: MemoryCatalogue
) -> None:
    work("subtitles", BAD)
    assert work("subtitles").task("subtitles").reason == BAD.message
    assert told(catalogue) == [("subtitles", BAD.code)]


def test_the_rungs_of_a_ladder_are_tried_together(work: Work, catalogue: MemoryCatalogue) -> None:
    names = ["transcodes/720p", "transcodes/360p"]
    catalogue.restart(UPLOAD.media_id, UPLOAD.version, run_id="run-1", profile="default", tasks=names, at=a.NOW)
    for _ in range(BUDGET - 1):
        work(names[0], DOWN)
    assert work(names[1], DOWN).state is JobState.QUARANTINED


def test_a_bug_is_called_one(work: Work, catalogue: MemoryCatalogue) -> None:
    work("stream", ZeroDivisionError())
    assert told(catalogue) == [("stream", QuarantineCode.INTERNAL)]
    job = settle(UPLOAD.media_id, UPLOAD.version, catalogue=catalogue, code=QuarantineCode.WORKER_LOST, now=a.NOW)
    assert (job.state, job.failure) == (JobState.QUARANTINED, BUG)


def test_a_step_of_a_version_that_a_newer_one_replaced_does_not_begin(work: Work, catalogue: MemoryCatalogue) -> None:
    catalogue.register(
        a.upload(etag="e2"), title="clip", tenant="default", profile="default", tasks=["source"], at=a.NOW
    )
    with pytest.raises(Cancelled, match=SUPERSEDED.message), begun("source", catalogue, MemoryStore()):
        raise AssertionError("it began")
    assert told(catalogue) == []
    old = settle(UPLOAD.media_id, UPLOAD.version, catalogue=catalogue, code=QuarantineCode.INTERNAL, now=a.NOW)
    assert (old.state, old.failure) == (JobState.CANCELLED, SUPERSEDED)


@pytest.mark.parametrize("failure", [BAD, DOWN])
def test_an_extra_fails_alone(work: Work, failure: MediaError) -> None:
    for _ in range(BUDGET):
        job = work("subtitles", failure)
    assert (job.state, job.task("subtitles").state) == (JobState.PROCESSING, TaskState.FAILED)
    assert job.task("subtitles").reason == failure.message


def test_a_cancelled_job_stops_at_its_next_progress(catalogue: MemoryCatalogue, store: MemoryStore) -> None:
    with pytest.raises(Cancelled), begun("source", catalogue, store) as report:
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
