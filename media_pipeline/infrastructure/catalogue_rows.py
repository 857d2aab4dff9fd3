"""Rows of the catalogue, read as what the domain calls them."""

from typing import Any

import sqlalchemy as sa

from media_pipeline.domain.errors import ClosingCode, QuarantineCode, RejectionCode
from media_pipeline.domain.job import Failure, Job, JobState, Origin, Task, TaskState


def to_task(row: sa.Row[Any]) -> Task:
    return Task(
        name=row.name,
        state=TaskState(row.state),
        progress=float(row.progress),  # SQLite hands back 0 where an UPDATE … RETURNING was given 0.0
        seconds=None if row.seconds is None else float(row.seconds),
        reason=row.reason,
        fingerprint=row.fingerprint,
        started_at=row.started_at,
    )


def to_job(row: sa.Row[Any], tasks: tuple[Task, ...]) -> Job:
    return Job(
        media_id=row.id,
        version=row.version,
        bucket=row.bucket,
        key=row.key,
        etag=row.etag,
        size=row.size,
        title=row.title,
        tenant=row.tenant,
        profile=row.profile,
        state=JobState(row.state),
        tasks=tasks,
        failure=to_failure(row.error_code, row.error_message),
        revision=row.revision,
        received_at=row.received_at,
        started_at=row.started_at,
        playable_at=row.playable_at,
        finished_at=row.finished_at,
        run_id=row.run_id,
        origin=Origin(row.origin),
        language=row.language,
        tags=tuple(row.tags),
        trace=row.trace,
    )


def to_failure(code: str | None, message: str | None) -> Failure | None:
    if code is None:
        return None
    kind = next(kind for kind in (RejectionCode, ClosingCode, QuarantineCode) if code in kind.__members__)
    return Failure(kind(code), message or "")
