"""What a user is told: the job as plain data, the same for every presentation."""

from collections.abc import Sequence
from typing import Any

from media_pipeline.domain.attempt import Attempt
from media_pipeline.domain.job import Job, JobState


def described(job: Job, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """State, error and tasks of a job, and what was tried; times in ISO 8601, durations in seconds."""
    return {
        "id": job.media_id,
        "version": job.version,
        "title": job.title,
        "profile": job.profile,
        "language": job.language,
        "tags": list(job.tags),
        "state": str(job.state),
        "error": error(job),
        "tasks": tasks(job),
        "attempts": [_attempt(a) for a in attempts],
        "revision": job.revision,
        "received_at": job.received_at.isoformat(),
        "playable_at": job.playable_at.isoformat() if job.playable_at else None,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


def shown(versions: Sequence[Job]) -> dict[str, Any] | None:
    """Which version of a media is published, if any: the one whose manifest came last. Beside the current one it is
    *superseded*, or *superseded-invalid* where the newer version is refused: then it stays. `versions` are all of the
    media, the current one first."""
    out = max(versions, key=lambda job: job.revision, default=None)
    if out is None or not out.revision or out.state is JobState.REMOVED:
        return None
    standing = "current"
    if out.version != versions[0].version:
        standing = "superseded-invalid" if versions[0].state is JobState.REJECTED else "superseded"
    return {"version": out.version, "revision": out.revision, "standing": standing}


def error(job: Job) -> dict[str, str] | None:
    return {"code": str(job.failure.code), "message": job.failure.message} if job.failure else None


def tasks(job: Job) -> list[dict[str, Any]]:
    return [
        {
            "name": t.name,
            "state": str(t.state),
            "progress": t.progress,
            "seconds": t.seconds,
            "reason": t.reason,
        }
        for t in job.tasks
    ]


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "stage": attempt.stage,
        "run_id": attempt.run_id,
        "started_at": attempt.started_at.isoformat(),
        "ended_at": attempt.ended_at.isoformat() if attempt.ended_at else None,
        "error": {"code": str(attempt.failure.code), "message": attempt.failure.message} if attempt.failure else None,
    }
