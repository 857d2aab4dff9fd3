"""A run has ended: nothing of its job may look as if it were still under way."""

from datetime import datetime

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain.attempt import BUG, LOST, last_failure, stage
from media_pipeline.domain.errors import Conflict, QuarantineCode, RejectionCode
from media_pipeline.domain.job import LIVE, OPEN, STOPPED, SUPERSEDED, Failure, Job, JobState, Task, TaskState

_SENTENCES = {
    QuarantineCode.WORKER_LOST: LOST.message,
    QuarantineCode.INTERNAL: BUG.message,
    QuarantineCode.OUT_OF_MEMORY: "The worker ran out of memory.",
}

_UNBEGUN = {JobState.READY: "nobody asked for it", JobState.REJECTED: "the file was rejected"}
"""why a task was never begun, by what became of its job"""


def settle(media_id: str, version: str, *, catalogue: Catalogue, code: QuarantineCode, now: datetime) -> Job:
    """Close what a run left open, whatever ended it. Raises Missing."""
    return close(catalogue.job(media_id, version), catalogue=catalogue, code=code, now=now)


def close(job: Job, *, catalogue: Catalogue, code: QuarantineCode, now: datetime) -> Job:
    """Close what is open of a job, as long as its state and run are as seen: open tasks fail, a job with nothing to
    play is quarantined with the code of its last try, or `code` if that was cut short; of a version that a newer one
    replaced, it is cancelled. A job that ended by itself is left as it is. Returns the job as it is then."""
    cut = Failure(code, _SENTENCES.get(code, "The work did not finish."))
    stopped = job.state in STOPPED
    try:
        catalogue.end(job.media_id, job.version, failure=None if stopped else cut, seen=job, at=now)
        tries = catalogue.attempts(job.media_id, job.version)
        failure = last_failure(tries) or cut
        for task in job.tasks:
            if task.state in OPEN:
                state, reason = _closed(job, task, last_failure(tries, of=(stage(task.name),)), failure)
                catalogue.task(job.media_id, job.version, task.name, state, reason=reason, seen=job, at=now)
    except Conflict:  # taken up again by somebody, whose end will be settled
        return catalogue.job(job.media_id, job.version)
    if job.state is JobState.PLAYABLE:
        catalogue.settled(job.media_id, job.version, seen=job, at=now)
    if job.state in LIVE:
        replaced = catalogue.job(job.media_id).version != job.version
        to = JobState.REJECTED if isinstance(failure.code, RejectionCode) else JobState.QUARANTINED
        if replaced:
            to, failure = JobState.CANCELLED, SUPERSEDED
        catalogue.move(job.media_id, job.version, to, failure=failure, seen=job, at=now)
    return catalogue.job(job.media_id, job.version)


def _closed(job: Job, task: Task, own: Failure | None, last: Failure) -> tuple[TaskState, str]:
    """What becomes of an open task, and why: what its `own` stage failed of, or the job's `last` failure."""
    if job.state in STOPPED:
        why = job.failure.message if job.failure else "the job was cancelled"
        return TaskState.SKIPPED, (task.state is TaskState.WAITING and task.reason) or why
    if own or task.state is TaskState.RUNNING:
        return TaskState.FAILED, (own or last).message
    return TaskState.SKIPPED, task.reason or _UNBEGUN.get(job.state, "what it needs failed")
