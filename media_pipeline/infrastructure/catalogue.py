"""The catalogue in a SQL database: one row a media, a job a version, a task an asset.

Every promise is kept by the database, not by this process: states move by one compare-and-set UPDATE, a version is
registered once by its primary key, so any number of processes may write.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import (
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    TimeoutError,
)

from media_pipeline.domain import search
from media_pipeline.domain.attempt import LOST, Attempt
from media_pipeline.domain.errors import Conflict, Missing, QuarantineCode, Unavailable
from media_pipeline.domain.job import (
    ALLOWED,
    ERASED,
    LIVE,
    OPEN,
    SUPERSEDED,
    Failure,
    Job,
    JobState,
    Origin,
    Task,
    TaskState,
    standing,
)
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.search import Query
from media_pipeline.domain.upload import Upload, media_id, version_id
from media_pipeline.infrastructure import catalogue_attempts as tries
from media_pipeline.infrastructure import catalogue_reads as reads
from media_pipeline.infrastructure import catalogue_rows as rows
from media_pipeline.infrastructure import database as db

_UNDEFINED_TABLE = "42P01"  # Postgres: nobody has prepared this database; SQLite calls that operational
_WATCHABLE = frozenset({JobState.PLAYABLE, JobState.READY})


class SqlCatalogue:
    """Catalogue over a database that `database.upgrade` has prepared. It connects on first use, and may be shared
    between threads and forks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engines: dict[int, sa.Engine] = {}

    def register(
        self,
        upload: Upload,
        *,
        title: str,
        tenant: str,
        profile: str,
        tasks: Sequence[str],
        origin: Origin = Origin.LIVE,
        at: datetime,
    ) -> Job:
        """A new version also gives the media its title and tenant."""
        with self._writing() as connection:
            current = _held(connection, upload, title=title, tenant=tenant, at=at)
            there = reads.many(connection, reads.of_etag(upload))
            kept = standing(there, current=current)
            if kept is None:
                upload = replace(upload, version=version_id(upload.etag, again=len(there)))
                _insert_version(
                    connection, upload, title=title, tenant=tenant, profile=profile, tasks=tasks, origin=origin, at=at
                )
            return kept or reads.one(connection, upload.media_id, upload.version)

    def known(self, bucket: str, versions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        keys = {media_id(bucket, key): key for key, _ in versions}
        ids = sorted(keys)
        found: set[tuple[str, str]] = set()
        with self._reading() as connection:
            for start in range(0, len(ids), reads.CHUNK):
                query = reads.standing(ids[start : start + reads.CHUNK])
                found.update((keys[media], etag) for media, etag in connection.execute(query))
        return found.intersection(versions)

    def job(self, media_id: str, version: str | None = None) -> Job:
        with self._reading() as connection:
            return reads.one(connection, media_id, version)

    def versions(self, media_id: str) -> list[Job]:
        with self._reading() as connection:
            return reads.many(connection, reads.versions(media_id))

    def content(self, media_id: str, version: str, sha256: str) -> None:
        with self._writing() as connection:
            tenant = reads.one(connection, media_id, version).tenant
            connection.execute(sa.delete(db.contents).where(reads.of(db.contents, media_id, version)))
            one = {"media_id": media_id, "version": version, "tenant": tenant, "sha256": sha256}
            connection.execute(sa.insert(db.contents).values(one))

    def alike(self, media_id: str, version: str, *, limit: int) -> list[Job]:
        with self._reading() as connection:
            return reads.many(connection, reads.alike(media_id, version, limit))

    def erase(self, receipt: Receipt) -> None:
        media = receipt.media_id
        removed = {"state": JobState.REMOVED.value, "error_code": ERASED.code.value, "error_message": ERASED.message}
        blank = {"size": 0, "revision": 0, "finished_at": receipt.erased_at}
        with self._writing() as connection:
            if not connection.execute(
                sa.update(db.media).where(db.media.c.id == media).values(title="", key="")
            ).rowcount:
                raise Missing("There is no such media.", detail=media)
            connection.execute(sa.update(db.jobs).where(db.jobs.c.media_id == media).values(**removed, **blank))
            connection.execute(sa.update(db.tasks).where(db.tasks.c.media_id == media).values(reason=None))
            for table in (db.attempts, db.found_by, db.contents, db.receipts):
                connection.execute(sa.delete(table).where(table.c.media_id == media))
            connection.execute(sa.insert(db.receipts).values(asdict(receipt)))

    def receipt(self, media_id: str) -> Receipt | None:
        with self._reading() as connection:
            return reads.receipt(connection, media_id)

    def jobs(
        self,
        *,
        state: JobState | None = None,
        text: Query | None = None,
        after: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[Job]:
        with self._reading() as connection:
            dialect = connection.dialect.name
            return reads.many(connection, reads.listed(state, text, after, limit, dialect=dialect))

    def describe(self, media_id: str, texts: Iterable[str]) -> None:
        title = sa.select(db.media.c.title).where(db.media.c.id == media_id)
        with self._writing() as connection:
            shown = connection.execute(title).scalar_one_or_none()
            if shown is None:
                raise Missing("There is no such media.", detail=media_id)
            words = " ".join(search.words([shown, *texts]))
            if not _inserted(connection, db.found_by, {"media_id": media_id, "words": words}):
                mine = db.found_by.c.media_id == media_id
                connection.execute(sa.update(db.found_by).where(mine).values(words=words))

    def unsettled(self, *, limit: int) -> list[Job]:
        with self._reading() as connection:
            return reads.many(connection, reads.unsettled(limit))

    def settled(self, media_id: str, version: str, *, seen: Job, at: datetime) -> None:
        mine = reads.of(db.jobs, media_id, version), db.jobs.c.state == JobState.PLAYABLE.value, reads.as_seen(seen)
        with self._writing() as connection:
            connection.execute(sa.update(db.jobs).where(*mine).values(finished_at=at))

    def line(self, bucket: str, *, limit: int) -> list[Job]:
        with self._reading() as connection:
            return reads.many(connection, reads.line(bucket, limit))

    def restart(
        self,
        media_id: str,
        version: str,
        *,
        run_id: str,
        profile: str,
        tasks: Sequence[str],
        fresh: bool = False,
        seen: Job | None = None,
        at: datetime,
    ) -> bool:
        """A ready job is playable until its run is over; one that is removed may not be restarted. Raises Missing."""
        state = db.jobs.c.state
        idle = state.in_(ALLOWED[JobState.PROCESSING])
        change = (
            sa.update(db.jobs)
            .where(
                reads.of(db.jobs, media_id, version),
                sa.or_(idle, state.in_({JobState.PROCESSING, *_WATCHABLE})),
                reads.as_seen(seen),
            )
            .values(
                state=sa.case(
                    (idle, JobState.PROCESSING.value),
                    (state == JobState.READY.value, JobState.PLAYABLE.value),
                    else_=state,
                ),
                started_at=sa.case((idle, sa.literal(at, db.UtcTime)), else_=db.jobs.c.started_at),
                finished_at=None,
                error_code=None,
                error_message=None,
                run_id=run_id,
                profile=profile,
            )
        )
        with self._writing() as connection:
            before = connection.scalar(sa.select(db.jobs.c.profile).where(reads.of(db.jobs, media_id, version)))
            if not _changed(connection, change, media_id, version):
                return False
            if fresh:
                tries.forget(connection, media_id, version)
            if before != profile:
                connection.execute(sa.delete(db.tasks).where(reads.of(db.tasks, media_id, version)))
            _reset_tasks(connection, media_id, version, tasks)
            return True

    def begin(self, media_id: str, version: str, stage: str, *, run_id: str, at: datetime) -> None:
        with self._writing() as connection:
            if not _exists(connection, media_id, version):
                raise Missing("There is no such media.", detail=f"{media_id}/{version}")
            tries.end(connection, media_id, version, stage, failure=LOST, at=at)
            tries.begin(connection, media_id, version, stage, run_id=run_id, at=at)

    def end(
        self,
        media_id: str,
        version: str,
        stage: str | None = None,
        *,
        failure: Failure | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> None:
        with self._writing() as connection:
            if seen is not None:
                _hold(connection, seen)
            tries.end(connection, media_id, version, stage, failure=failure, at=at)

    def attempts(self, media_id: str, version: str) -> list[Attempt]:
        with self._reading() as connection:
            return tries.found(connection, media_id, version)

    def move(
        self,
        media_id: str,
        version: str,
        to: JobState,
        *,
        failure: Failure | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> bool:
        """Back in the queue, a job has no times yet; `playable_at` is of the first time it could be watched."""
        change = (
            sa.update(db.jobs)
            .where(reads.of(db.jobs, media_id, version), db.jobs.c.state.in_(ALLOWED[to]), reads.as_seen(seen))
            .values(
                state=to.value,
                error_code=failure.code.value if failure else None,
                error_message=failure.message if failure else None,
                **_stamps(to, at),
            )
        )
        with self._writing() as connection:
            return _changed(connection, change, media_id, version)

    def over_since(self, media_ids: Collection[str]) -> dict[str, datetime]:
        asked, found = sorted(media_ids), {}
        with self._reading() as connection:
            for start in range(0, len(asked), reads.CHUNK):
                rows_ = connection.execute(reads.over_since(asked[start : start + reads.CHUNK]))
                found.update({row.media_id: row.finished for row in rows_ if row.finished})
        return found

    def published(self, media_id: str, version: str, revision: int) -> None:
        raised = sa.true() if revision == 0 else db.jobs.c.revision < revision
        lower = sa.update(db.jobs).where(reads.of(db.jobs, media_id, version), raised)
        with self._writing() as connection:
            _changed(connection, lower.values(revision=revision), media_id, version)

    def task(
        self,
        media_id: str,
        version: str,
        name: str,
        state: TaskState,
        *,
        progress: float = 0.0,
        seconds: float | None = None,
        reason: str | None = None,
        fingerprint: str | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> Task:
        """Raises Missing for a task the job does not have."""
        values = {"state": state.value, "progress": progress, "seconds": seconds, "reason": reason}
        change = (
            sa.update(db.tasks)
            .where(reads.of(db.tasks, media_id, version), db.tasks.c.name == name)
            .values(**values, fingerprint=fingerprint, started_at=_task_started(state, at))
            .returning(*db.tasks.c)
        )
        with self._writing() as connection:
            if seen is not None:
                _hold(connection, seen)
            row = connection.execute(change).one_or_none()
        if row is None:
            raise Missing("There is no such task.", detail=f"{media_id}/{version}/{name}")
        return rows.to_task(row)

    def progress(self, media_id: str, version: str, names: Collection[str], done: float, *, seconds: float) -> JobState:
        mine = reads.of(db.tasks, media_id, version), db.tasks.c.name.in_(names)
        running = sa.update(db.tasks).where(*mine, db.tasks.c.state == TaskState.RUNNING.value)
        state = sa.select(db.jobs.c.state).where(reads.of(db.jobs, media_id, version))
        with self._writing() as connection:
            connection.execute(running.values(progress=done, seconds=seconds))
            found = connection.execute(state).scalar_one_or_none()
        if found is None:
            raise Missing("There is no such media.", detail=f"{media_id}/{version}")
        return JobState(found)

    def _engine(self) -> sa.Engine:
        # One a process: a forked child must not talk on its parent's connections, nor close them, which is why
        # the parent's engine is kept. Engines connect late, so the one that loses a race costs nothing.
        return self._engines.setdefault(os.getpid(), db.open_database(self._url))

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with _translated(), self._engine().connect().execution_options(**{db.READING: True}) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with _translated(), self._engine().begin() as connection:
            yield connection


def _exists(connection: sa.Connection, media_id: str, version: str) -> bool:
    query = sa.select(sa.literal(1)).where(reads.of(db.jobs, media_id, version))
    return connection.execute(query).first() is not None


def _changed(connection: sa.Connection, change: sa.Update, media_id: str, version: str) -> bool:
    """Whether an update of a job found it in a state that it allows. Raises Missing when there is no job."""
    if connection.execute(change).rowcount:
        return True
    if _exists(connection, media_id, version):
        return False
    raise Missing("There is no such media.", detail=f"{media_id}/{version}")


def _hold(connection: sa.Connection, seen: Job) -> None:
    """Keep a job as it was seen until the end of the transaction. Raises Conflict when it is another by now."""
    mine = sa.select(db.jobs.c.version).where(reads.of(db.jobs, seen.media_id, seen.version), reads.as_seen(seen))
    if connection.execute(mine.with_for_update()).first() is None:
        raise Conflict("Somebody else has taken up the job.", detail=f"{seen.media_id}/{seen.version}")


def _stamps(to: JobState, at: datetime) -> dict[str, Any]:
    playable_at = sa.func.coalesce(db.jobs.c.playable_at, sa.literal(at, db.UtcTime))
    match to:
        case JobState.QUEUED:
            return {"started_at": None, "playable_at": None, "finished_at": None}
        case JobState.PROCESSING:
            return {"started_at": at, "finished_at": None}
        case JobState.PLAYABLE:
            return {"playable_at": playable_at, "finished_at": None}
        case JobState.READY:
            return {"playable_at": playable_at, "finished_at": at}
        case _:
            return {"finished_at": at}


def _task_started(state: TaskState, at: datetime) -> sa.ColumnElement[datetime] | datetime | None:
    started_at, now = db.tasks.c.started_at, sa.literal(at, db.UtcTime)
    match state:
        case TaskState.WAITING:
            return None
        case TaskState.RUNNING:
            running = db.tasks.c.state == TaskState.RUNNING.value
            return sa.case((running, sa.func.coalesce(started_at, now)), else_=now)
        case _:
            return started_at


def _held(connection: sa.Connection, upload: Upload, *, title: str, tenant: str, at: datetime) -> str | None:
    """The current version of a media, whose row nobody else changes until the end of the transaction; None of a new
    one. Of those who insert it at the same time all but one wait here, and then find it."""
    if current := reads.current(connection, upload.media_id):
        return current
    new = {"title": title, "tenant": tenant, "current_version": upload.version, "created_at": at}
    if _inserted(connection, db.media, {"id": upload.media_id, "bucket": upload.bucket, "key": upload.key} | new):
        return None
    return reads.current(connection, upload.media_id)


def _insert_version(
    connection: sa.Connection,
    upload: Upload,
    *,
    title: str,
    tenant: str,
    profile: str,
    tasks: Sequence[str],
    origin: Origin,
    at: datetime,
) -> None:
    """Insert a version of a media that the caller holds, and make it current."""
    shown = {"key": upload.key, "title": title, "tenant": tenant, "current_version": upload.version}
    _inserted(connection, db.found_by, {"media_id": upload.media_id, "words": " ".join(search.words([title]))})
    job = {"media_id": upload.media_id, "version": upload.version, "etag": upload.etag, "size": upload.size}
    queued = {"profile": profile, "state": JobState.QUEUED.value, "revision": 0, "received_at": at}
    connection.execute(sa.insert(db.jobs).values(job | queued | {"origin": origin.value}))
    connection.execute(sa.update(db.media).where(db.media.c.id == upload.media_id).values(shown))
    _insert_tasks(connection, upload.media_id, upload.version, tasks, first=0)
    _supersede(connection, upload, at)


def _supersede(connection: sa.Connection, new: Upload, at: datetime) -> None:
    """What is under way of the other versions of a media is over."""
    job, task = db.jobs.c, db.tasks.c
    mine = sa.and_(task.media_id == job.media_id, task.version == job.version)
    still_open = sa.exists().where(mine, task.state.in_(OPEN)).correlate(db.jobs)
    under_way = sa.or_(job.state.in_(LIVE), sa.and_(job.state == JobState.PLAYABLE.value, still_open))
    closed = {"state": JobState.CANCELLED.value, "finished_at": at, "error_code": SUPERSEDED.code.value}
    others = sa.update(db.jobs).where(job.media_id == new.media_id, job.version != new.version, under_way)
    connection.execute(others.values(**closed, error_message=SUPERSEDED.message))
    theirs = sa.update(db.tasks).where(task.media_id == new.media_id, task.version != new.version, task.state.in_(OPEN))
    connection.execute(theirs.values(state=TaskState.SKIPPED.value, reason=SUPERSEDED.message))


def _inserted(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert a row, or find that it is there already."""
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(table).values(values))
    except IntegrityError:
        return False
    return True


def _insert_tasks(connection: sa.Connection, media_id: str, version: str, names: Sequence[str], *, first: int) -> None:
    waiting = {"media_id": media_id, "version": version, "state": TaskState.WAITING.value, "progress": 0.0}
    new = [waiting | {"name": name, "position": first + place} for place, name in enumerate(names)]
    if new:
        connection.execute(sa.insert(db.tasks), new)


def _reset_tasks(connection: sa.Connection, media_id: str, version: str, names: Sequence[str]) -> None:
    mine = reads.of(db.tasks, media_id, version)
    waiting = {"state": TaskState.WAITING.value, "progress": 0.0}
    blank = dict.fromkeys(("seconds", "reason", "fingerprint", "started_at"))
    connection.execute(sa.update(db.tasks).where(mine, db.tasks.c.name.in_(names)).values(waiting | blank))
    there = {row.name: row.position for row in connection.execute(sa.select(db.tasks).where(mine))}
    lacking = [name for name in names if name not in there]
    _insert_tasks(connection, media_id, version, lacking, first=max(there.values(), default=-1) + 1)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, TimeoutError) as error:
        raise _unavailable(error) from error
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _UNDEFINED_TABLE:
            raise
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The catalogue does not answer.", detail=str(error))
