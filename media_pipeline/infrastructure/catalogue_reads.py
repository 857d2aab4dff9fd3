"""What is asked of the catalogue's tables, and the jobs that answer it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from media_pipeline.domain.errors import Missing
from media_pipeline.domain.job import LAST, LIVE, OPEN, Job, JobState, Task, TaskState
from media_pipeline.infrastructure import catalogue_rows as rows
from media_pipeline.infrastructure import database as db

CHUNK = 500
"""values in one IN list: some builds of SQLite take no more than 999 parameters"""
_COLUMNS = (
    *(c for c in db.jobs.c if c.name != "media_id"),
    *(db.media.c[name] for name in ("id", "bucket", "key", "title", "tenant")),
)


def of(table: sa.Table, media_id: str, version: str) -> sa.ColumnElement[bool]:
    """The row belongs to a version."""
    return sa.and_(table.c.media_id == media_id, table.c.version == version)


def as_seen(seen: Job | None) -> sa.ColumnElement[bool]:
    """The row of a job has the state and the run that `seen` has; always true without one."""
    if seen is None:
        return sa.true()
    return sa.and_(db.jobs.c.state == seen.state.value, db.jobs.c.run_id.is_not_distinct_from(seen.run_id))


def listed(state: JobState | None, after: tuple[datetime, str] | None, limit: int) -> sa.Select[Any]:
    """A page of the current jobs, newest first."""
    query = sa.select(*_COLUMNS).join(db.media).where(db.jobs.c.version == db.media.c.current_version)
    if state is not None:
        query = query.where(db.jobs.c.state == state.value)
    if after is not None:
        place = sa.tuple_(db.jobs.c.received_at, db.jobs.c.media_id)
        query = query.where(place < sa.tuple_(sa.literal(after[0], db.UtcTime), sa.literal(after[1])))
    return query.order_by(db.jobs.c.received_at.desc(), db.jobs.c.media_id.desc()).limit(limit)


def unsettled(limit: int) -> sa.Select[Any]:
    """See Catalogue.unsettled. Each of its parts has an index that leaves out what is done, however much that is."""
    key = db.jobs.c.media_id, db.jobs.c.version
    task = sa.and_(db.tasks.c.media_id == db.jobs.c.media_id, db.tasks.c.version == db.jobs.c.version)
    failed = sa.exists().where(task, db.tasks.c.state == TaskState.FAILED.value).correlate(db.jobs)
    processing = sa.select(*key).where(db.jobs.c.state == JobState.PROCESSING.value)
    with_open_task = (
        sa.select(*key).join(db.tasks, task).where(db.tasks.c.state.in_(OPEN), db.jobs.c.state != JobState.QUEUED.value)
    )
    whole_but_not_ready = (
        sa.select(*key)
        .join(db.tasks, task)
        .where(db.jobs.c.state == JobState.PLAYABLE.value)
        .where(db.tasks.c.name == LAST, db.tasks.c.state == TaskState.DONE.value, ~failed)
    )
    found = sa.union(processing, with_open_task, whole_but_not_ready).subquery("unsettled")
    same = sa.and_(db.jobs.c.media_id == found.c.media_id, db.jobs.c.version == found.c.version)
    query = sa.select(*_COLUMNS).join(db.media).join(found, same)
    return query.order_by(db.jobs.c.received_at, db.jobs.c.media_id, db.jobs.c.version).limit(limit)


def finished(media_ids: Sequence[str]) -> sa.Select[Any]:
    """See Catalogue.finished. A media that stayed playable is over since then."""
    task = sa.and_(db.tasks.c.media_id == db.jobs.c.media_id, db.tasks.c.version == db.jobs.c.version)
    is_open = sa.exists().where(task, db.tasks.c.state.in_(OPEN)).correlate(db.jobs)
    since = sa.func.coalesce(db.jobs.c.finished_at, db.jobs.c.playable_at, type_=db.UtcTime).label("finished")
    return (
        sa.select(db.jobs.c.media_id, since)
        .join(db.media)
        .where(db.media.c.id.in_(media_ids), db.jobs.c.version == db.media.c.current_version)
        .where(db.jobs.c.state.not_in(LIVE), ~is_open)
    )


def one(connection: sa.Connection, media_id: str, version: str | None) -> Job:
    """The job of a version, by default the current one. Raises Missing."""
    wanted = db.media.c.current_version if version is None else version
    query = sa.select(*_COLUMNS).join(db.media).where(db.media.c.id == media_id, db.jobs.c.version == wanted)
    found = many(connection, query)
    if not found:
        raise Missing("There is no such media.", detail=f"{media_id}/{version or 'current'}")
    return found[0]


def many(connection: sa.Connection, query: sa.Select[Any]) -> list[Job]:
    """The jobs that a query finds, with their tasks."""
    found = connection.execute(query).all()
    tasks = _tasks(connection, [(row.id, row.version) for row in found])
    return [rows.to_job(row, tasks.get((row.id, row.version), ())) for row in found]


def _tasks(connection: sa.Connection, versions: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[Task, ...]]:
    """The tasks of jobs, in their order."""
    found: dict[tuple[str, str], tuple[Task, ...]] = {}
    wanted = set(versions)
    for start in range(0, len(versions), CHUNK):
        ids = [media_id for media_id, _ in versions[start : start + CHUNK]]
        query = sa.select(db.tasks).where(db.tasks.c.media_id.in_(ids)).order_by(db.tasks.c.position)
        for row in connection.execute(query):
            if (row.media_id, row.version) in wanted:
                found[row.media_id, row.version] = (*found.get((row.media_id, row.version), ()), rows.to_task(row))
    return found
