"""The end of a run: every task that was never begun says why."""

import pytest

from media_pipeline.application.register import register
from media_pipeline.application.settle import settle
from media_pipeline.domain.errors import QuarantineCode, RejectionCode
from media_pipeline.domain.job import Failure, JobState, TaskState
from media_pipeline.infrastructure import recipes
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue

FAST = recipes.load().profiles["fast"]
TOO_LARGE = Failure(RejectionCode.LIMIT_SIZE, "The file is too large.")


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ([JobState.REJECTED], "the file was rejected"),
        ([JobState.QUARANTINED], "what it needs failed"),
        ([JobState.PLAYABLE], "what it needs failed"),
        ([JobState.PLAYABLE, JobState.READY], "nobody asked for it"),
        ([JobState.CANCELLED], "the job was cancelled"),
        ([], "what it needs failed"),
    ],
    ids=str,
)
def test_a_task_that_was_never_begun_says_why(states: list[JobState], reason: str) -> None:
    catalogue = MemoryCatalogue()
    job = register(a.stored(), profile=FAST, catalogue=catalogue, now=a.NOW)
    for state in [JobState.PROCESSING, *states]:
        failure = TOO_LARGE if state is JobState.REJECTED else None
        assert catalogue.move(job.media_id, job.version, state, failure=failure, at=a.NOW)
    over = settle(job.media_id, job.version, catalogue=catalogue, code=QuarantineCode.INTERNAL, now=a.NOW)
    assert {(t.state, t.reason) for t in over.tasks} == {(TaskState.SKIPPED, reason)}
