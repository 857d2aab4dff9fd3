"""A run has ended: nothing of its job may look as if it were still under way."""

from datetime import datetime

from media_pipeline.application.ports import Catalogue
from media_pipeline.domain.errors import Conflict, QuarantineCode
from media_pipeline.domain.job import LIVE, OPEN, Failure, Job, JobState, Task, TaskState

_UNBEGUN = {JobState.READY: "nobody asked for it", JobState.REJECTED: "the file was rejected"}
"""why a task was never begun, by what became of its job"""


def settle(media_id: str, version: str, *, catalogue: Catalogue, code: QuarantineCode, now: datetime) -> Job:
    """Close what a run left open, whatever ended it. Raises Missing."""
    return close(catalogue.job(media_id, version), catalogue=catalogue, code=code, now=now)


def close(job: Job, *, catalogue: Catalogue, code: QuarantineCode, now: datetime) -> Job:
    """Close what is open of a job, as long as its state and run are as seen: open tasks fail, a job with nothing to
    play is quarantined with `code`. A job that ended by itself is left as it is. Returns the job as it is then."""
    message = {
        QuarantineCode.WORKER_LOST: "The worker was lost before it finished.",
        QuarantineCode.INTERNAL: "An error of ours stopped the work; the run's log says which.",
    }.get(code, "The work did not finish.")
    try:
        for task in job.tasks:
            if task.state in OPEN:
                state, reason = _closed(job, task, message)
                catalogue.task(job.media_id, job.version, task.name, state, reason=reason, seen=job, at=now)
    except Conflict:  # taken up again by somebody, whose end will be settled
        return catalogue.job(job.media_id, job.version)
    if job.state in LIVE:
        failure = Failure(code, message)
        catalogue.move(job.media_id, job.version, JobState.QUARANTINED, failure=failure, seen=job, at=now)
    return catalogue.job(job.media_id, job.version)


def _closed(job: Job, task: Task, message: str) -> tuple[TaskState, str]:
    """What becomes of an open task, and why."""
    if job.state is JobState.CANCELLED:
        return TaskState.SKIPPED, (task.state is TaskState.WAITING and task.reason) or "the job was cancelled"
    if task.state is TaskState.RUNNING:
        return TaskState.FAILED, message
    return TaskState.SKIPPED, task.reason or _UNBEGUN.get(job.state, "what it needs failed")
