"""What is changed in the catalogue's tables: each a part of a transaction that the caller began."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from media_pipeline.domain import search, tally
from media_pipeline.domain.errors import Conflict, Missing
from media_pipeline.domain.job import ALLOWED, ERASED, LIVE, OPEN, SUPERSEDED, Job, JobState, Origin, TaskState
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure import catalogue_reads as reads
from media_pipeline.infrastructure import database as db
from media_pipeline.infrastructure import figures
from media_pipeline.infrastructure.outbox import announce

_WATCHABLE = frozenset({JobState.PLAYABLE, JobState.READY})


def exists(connection: sa.Connection, media_id: str, version: str) -> bool:
    query = sa.select(sa.literal(1)).where(reads.of(db.jobs, media_id, version))
    return connection.execute(query).first() is not None


def changed(connection: sa.Connection, change: sa.Update, media_id: str, version: str) -> bool:
    """Whether an update of a job found it in a state that it allows. Raises Missing when there is no job."""
    if connection.execute(change).rowcount:
        return True
    if exists(connection, media_id, version):
        return False
    raise Missing("There is no such media.", detail=f"{media_id}/{version}")


def stamped(connection: sa.Connection, media_id: str, version: str) -> dict[str, Any]:
    """What tells how long a job has taken, before it is changed; nobody else changes it until the end of the
    transaction. Raises Missing."""
    job = db.jobs.c
    mine = sa.select(job.origin, job.received_at, job.playable_at, job.ready_at)
    row = connection.execute(mine.where(reads.of(db.jobs, media_id, version)).with_for_update()).one_or_none()
    if row is None:
        raise Missing("There is no such media.", detail=f"{media_id}/{version}")
    return {**row._mapping, "origin": Origin(row.origin)}


def hold(connection: sa.Connection, seen: Job) -> None:
    """Keep a job as it was seen until the end of the transaction. Raises Conflict when it is another by now."""
    mine = sa.select(db.jobs.c.version).where(reads.of(db.jobs, seen.media_id, seen.version), reads.as_seen(seen))
    if connection.execute(mine.with_for_update()).first() is None:
        raise Conflict("Somebody else has taken up the job.", detail=f"{seen.media_id}/{seen.version}")


def hold_as_it_is(connection: sa.Connection, media_id: str, version: str) -> tuple[JobState, str]:
    """State and profile of a job, which nobody else changes until the end of the transaction. Raises Missing."""
    mine = sa.select(db.jobs.c.state, db.jobs.c.profile).where(reads.of(db.jobs, media_id, version))
    row = connection.execute(mine.with_for_update()).one_or_none()
    if row is None:
        raise Missing("There is no such media.", detail=f"{media_id}/{version}")
    return JobState(row.state), row.profile


def restarted(media_id: str, version: str, *, run_id: str, profile: str, seen: Job | None, at: datetime) -> sa.Update:
    """A run takes over a job: what is not playable is processed, a ready one is playable until the run is over."""
    state = db.jobs.c.state
    idle = state.in_(ALLOWED[JobState.PROCESSING])
    allowed = sa.or_(idle, state.in_({JobState.PROCESSING, *_WATCHABLE}))
    ready = state == JobState.READY.value
    return (
        sa.update(db.jobs)
        .where(reads.of(db.jobs, media_id, version), allowed, reads.as_seen(seen))
        .values(
            state=sa.case((idle, JobState.PROCESSING.value), (ready, JobState.PLAYABLE.value), else_=state),
            started_at=sa.case((idle, sa.literal(at, db.UtcTime)), else_=db.jobs.c.started_at),
            finished_at=None,
            error_code=None,
            error_message=None,
            run_id=run_id,
            profile=profile,
        )
    )


def stamps(to: JobState, at: datetime) -> dict[str, Any]:
    playable_at, ready_at = (
        sa.func.coalesce(first, sa.literal(at, db.UtcTime)) for first in (db.jobs.c.playable_at, db.jobs.c.ready_at)
    )
    match to:
        case JobState.QUEUED:
            return {"started_at": None, "playable_at": None, "finished_at": None}
        case JobState.PROCESSING:
            return {"started_at": at, "finished_at": None}
        case JobState.PLAYABLE:
            return {"playable_at": playable_at, "finished_at": None}
        case JobState.READY:
            return {"playable_at": playable_at, "ready_at": ready_at, "finished_at": at}
        case _:
            return {"finished_at": at}


def task_started(state: TaskState, at: datetime) -> sa.ColumnElement[datetime] | datetime | None:
    started_at, now = db.tasks.c.started_at, sa.literal(at, db.UtcTime)
    match state:
        case TaskState.WAITING:
            return None
        case TaskState.RUNNING:
            running = db.tasks.c.state == TaskState.RUNNING.value
            return sa.case((running, sa.func.coalesce(started_at, now)), else_=now)
        case _:
            return started_at


def held(connection: sa.Connection, upload: Upload, *, title: str, tenant: str, at: datetime) -> str | None:
    """The current version of a media, whose row nobody else changes until the end of the transaction; None of a new
    one. Of those who insert it at the same time all but one wait here, and then find it."""
    if current := reads.current(connection, upload.media_id):
        return current
    new = {"title": title, "tenant": tenant, "current_version": upload.version, "created_at": at}
    if inserted(connection, db.media, {"id": upload.media_id, "bucket": upload.bucket, "key": upload.key} | new):
        return None
    return reads.current(connection, upload.media_id)


def insert_version(
    connection: sa.Connection,
    upload: Upload,
    *,
    title: str,
    tenant: str,
    profile: str,
    tasks: Sequence[str],
    origin: Origin,
    language: str | None,
    tags: Sequence[str],
    claimed_until: datetime | None,
    trace: str | None,
    at: datetime,
) -> None:
    """Insert a version of a media that the caller holds, and make it current."""
    named = {"key": upload.key, "title": title, "tenant": tenant, "current_version": upload.version}
    shown: dict[str, Any] = {**named, "language": language, "tags": list(tags)}
    found_by = {"media_id": upload.media_id, "words": " ".join(search.words([title, *tags]))}
    inserted(connection, db.found_by, found_by)
    of_media = db.jobs.c.media_id == upload.media_id
    connection.execute(sa.update(db.jobs).where(of_media, db.jobs.c.tenant != tenant).values(tenant=tenant))
    job = {"media_id": upload.media_id, "version": upload.version, "etag": upload.etag, "size": upload.size}
    job["tenant"] = tenant
    queued = {"profile": profile, "state": JobState.QUEUED.value, "revision": 0, "received_at": at}
    queued["claimed_until"] = claimed_until
    connection.execute(sa.insert(db.jobs).values(job | queued | {"origin": origin.value, "trace": trace}))
    connection.execute(sa.update(db.media).where(db.media.c.id == upload.media_id).values(shown))
    announce(connection, upload.media_id, upload.version, JobState.QUEUED, None, at=at)
    _insert_tasks(connection, upload.media_id, upload.version, tasks, first=0, begun=False)
    replaced = _supersede(connection, upload, at)
    closed = [tally.closed(JobState.CANCELLED, SUPERSEDED)] * replaced
    figures.add(connection, [tally.received(origin, upload.size), *closed])


def _supersede(connection: sa.Connection, new: Upload, at: datetime) -> int:
    """What is under way of the other versions of a media is over. How many versions that are."""
    job, task = db.jobs.c, db.tasks.c
    mine = sa.and_(task.media_id == job.media_id, task.version == job.version)
    still_open = sa.exists().where(mine, task.state.in_(OPEN)).correlate(db.jobs)
    under_way = sa.or_(job.state.in_(LIVE), sa.and_(job.state == JobState.PLAYABLE.value, still_open))
    closed = {"state": JobState.CANCELLED.value, "finished_at": at, "error_code": SUPERSEDED.code.value}
    others = sa.update(db.jobs).where(job.media_id == new.media_id, job.version != new.version, under_way)
    ended = connection.execute(others.values(**closed, error_message=SUPERSEDED.message).returning(job.version))
    replaced = ended.scalars().all()
    for version in replaced:
        announce(connection, new.media_id, version, JobState.CANCELLED, SUPERSEDED, at=at)
    theirs = sa.update(db.tasks).where(task.media_id == new.media_id, task.version != new.version, task.state.in_(OPEN))
    connection.execute(theirs.values(state=TaskState.SKIPPED.value, reason=SUPERSEDED.message))
    return len(replaced)


def inserted(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert a row, or find that it is there already."""
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(table).values(values))
    except IntegrityError:
        return False
    return True


def _insert_tasks(
    connection: sa.Connection, media_id: str, version: str, names: Sequence[str], *, first: int, begun: bool
) -> None:
    waiting = {"media_id": media_id, "version": version, "state": TaskState.WAITING.value, "progress": 0.0}
    new = [waiting | {"begun": begun} | {"name": name, "position": first + place} for place, name in enumerate(names)]
    if new:
        connection.execute(sa.insert(db.tasks), new)


def erase(connection: sa.Connection, receipt: Receipt) -> None:
    """See Catalogue.erase."""
    media = receipt.media_id
    removed = {"state": JobState.REMOVED.value, "error_code": ERASED.code.value, "error_message": ERASED.message}
    blank = {"size": 0, "revision": 0, "tenant": "", "finished_at": receipt.erased_at}
    there = sa.select(db.jobs.c.version).where(db.jobs.c.media_id == media, db.jobs.c.state != JobState.REMOVED.value)
    versions = connection.execute(there.with_for_update()).scalars().all()
    for version in versions:
        announce(connection, media, version, JobState.REMOVED, ERASED, at=receipt.erased_at)
    nameless = (
        sa.update(db.media).where(db.media.c.id == media).values(title="", key="", tenant="", language=None, tags=[])
    )
    if not connection.execute(nameless).rowcount:
        raise Missing("There is no such media.", detail=media)
    connection.execute(sa.update(db.jobs).where(db.jobs.c.media_id == media).values(**removed, **blank))
    figures.add(connection, [tally.closed(JobState.REMOVED, ERASED)] * len(versions))
    connection.execute(sa.update(db.tasks).where(db.tasks.c.media_id == media).values(reason=None, begun=True))
    for table in (db.attempts, db.found_by, db.contents, db.receipts):
        connection.execute(sa.delete(table).where(table.c.media_id == media))
    connection.execute(sa.insert(db.receipts).values(asdict(receipt)))


def left_queue(connection: sa.Connection, media_id: str, version: str, *, left: bool = True) -> None:
    """The open tasks of a job are looked after from now on; or, back in the queue, not yet."""
    others = reads.of(db.tasks, media_id, version), db.tasks.c.begun != left
    connection.execute(sa.update(db.tasks).where(*others).values(begun=left))


def reset_tasks(connection: sa.Connection, media_id: str, version: str, names: Sequence[str]) -> None:
    mine = reads.of(db.tasks, media_id, version)
    waiting = {"state": TaskState.WAITING.value, "progress": 0.0}
    blank = dict.fromkeys(("seconds", "reason", "fingerprint", "started_at"))
    connection.execute(sa.update(db.tasks).where(mine, db.tasks.c.name.in_(names)).values(waiting | blank))
    there = {row.name: row.position for row in connection.execute(sa.select(db.tasks).where(mine))}
    lacking = [name for name in names if name not in there]
    _insert_tasks(connection, media_id, version, lacking, first=max(there.values(), default=-1) + 1, begun=True)
