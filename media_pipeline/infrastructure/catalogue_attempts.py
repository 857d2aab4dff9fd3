"""Tries at the stages of a job, as rows of the catalogue."""

from datetime import datetime

import sqlalchemy as sa

from media_pipeline.domain import tally
from media_pipeline.domain.attempt import Attempt, Work
from media_pipeline.domain.job import Failure
from media_pipeline.infrastructure import catalogue_reads as reads
from media_pipeline.infrastructure import catalogue_rows as rows
from media_pipeline.infrastructure import database as db
from media_pipeline.infrastructure import figures


def begin(connection: sa.Connection, media_id: str, version: str, stage: str, *, run_id: str, at: datetime) -> None:
    earlier = sa.select(db.attempts.c.id).where(
        reads.of(db.attempts, media_id, version), db.attempts.c.task == stage, db.attempts.c.counted
    )
    if connection.execute(earlier.limit(1)).first():
        figures.add(connection, [tally.retried(stage)])
    connection.execute(
        sa.insert(db.attempts).values(
            media_id=media_id, version=version, task=stage, run_id=run_id, started_at=at, counted=True
        )
    )


def end(
    connection: sa.Connection,
    media_id: str,
    version: str,
    stage: str | None,
    *,
    failure: Failure | None,
    work: Work | None = None,
    at: datetime,
) -> None:
    """Close what is open of a stage, or of all of them."""
    is_open = sa.and_(reads.of(db.attempts, media_id, version), db.attempts.c.ended_at.is_(None))
    change = sa.update(db.attempts).where(is_open if stage is None else is_open & (db.attempts.c.task == stage))
    code, message = (failure.code.value, failure.message) if failure else (None, None)
    ended = change.values(ended_at=at, error_code=code, error_message=message)
    for row in connection.execute(ended.returning(db.attempts.c.task, db.attempts.c.started_at)).all():
        figures.add(connection, tally.tried(row.task, (at - row.started_at).total_seconds(), failure, work))


def forget(connection: sa.Connection, media_id: str, version: str) -> None:
    """None of them counts any more; they stay as history."""
    connection.execute(sa.update(db.attempts).where(reads.of(db.attempts, media_id, version)).values(counted=False))


def found(connection: sa.Connection, media_id: str, version: str) -> list[Attempt]:
    query = sa.select(db.attempts).where(reads.of(db.attempts, media_id, version)).order_by(db.attempts.c.id)
    return [
        Attempt(
            stage=row.task,
            run_id=row.run_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            failure=rows.to_failure(row.error_code, row.error_message),
            counted=row.counted,
        )
        for row in connection.execute(query)
    ]
