"""A run has ended: nothing of its job may look as if it were still under way."""

from datetime import datetime

from media_pipeline.application.ports import Catalogue
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import LIVE, Failure, Job, JobState, TaskState


def settle(media_id: str, version: str, *, catalogue: Catalogue, code: QuarantineCode, now: datetime) -> Job:
    """Close what a run left open, whatever ended it: open tasks fail, a job with nothing to play is quarantined with
    `code`. A job that ended by itself is left as it is."""
    job = catalogue.job(media_id, version)
    message = {
        QuarantineCode.WORKER_LOST: "The worker was lost before it finished.",
        QuarantineCode.INTERNAL: "An error of ours stopped the work; the run's log says which.",
    }.get(code, "The work did not finish.")
    cancelled = job.state is JobState.CANCELLED
    blocked = "the job was cancelled" if cancelled else "what it needs failed"
    for task in job.tasks:
        if task.state is TaskState.RUNNING:
            state, reason = (TaskState.SKIPPED, blocked) if cancelled else (TaskState.FAILED, message)
            catalogue.task(media_id, version, task.name, state, reason=reason, at=now)
        elif task.state is TaskState.WAITING and job.state is not JobState.READY:
            catalogue.task(media_id, version, task.name, TaskState.SKIPPED, reason=task.reason or blocked, at=now)
    if job.state in LIVE:
        catalogue.move(media_id, version, JobState.QUARANTINED, failure=Failure(code, message), at=now)
    return catalogue.job(media_id, version)
