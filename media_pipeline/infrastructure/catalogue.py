"""The catalogue in a SQL database: one row a media, a job a version, a task an asset.

Every promise is kept by the database, not by this process: states move by one compare-and-set UPDATE, a version is
registered once by its primary key, so any number of processes may write.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from media_pipeline.domain import search, tally
from media_pipeline.domain.attempt import LOST, Attempt, Work
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.job import ALLOWED, Failure, Job, JobState, Origin, Task, TaskState, standing, taken_up
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.search import EVERYTHING, Filter
from media_pipeline.domain.upload import Upload, media_id, version_id
from media_pipeline.infrastructure import catalogue_attempts as tries
from media_pipeline.infrastructure import catalogue_reads as reads
from media_pipeline.infrastructure import catalogue_rows as rows
from media_pipeline.infrastructure import catalogue_writes as writes
from media_pipeline.infrastructure import database as db
from media_pipeline.infrastructure import figures
from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.outbox import announce


class SqlCatalogue:
    """Catalogue over a database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def register(
        self,
        upload: Upload,
        *,
        title: str,
        tenant: str,
        profile: str,
        tasks: Sequence[str],
        origin: Origin = Origin.LIVE,
        language: str | None = None,
        tags: Sequence[str] = (),
        claimed_until: datetime | None = None,
        trace: str | None = None,
        at: datetime,
    ) -> Job:
        """A new version also gives the media its title, tenant, language and tags."""
        with self._connections.writing() as connection:
            current = writes.held(connection, upload, title=title, tenant=tenant, at=at)
            there = reads.many(connection, reads.of_etag(upload))
            kept = standing(there, current=current)
            if kept is None:
                upload = replace(upload, version=version_id(upload.etag, again=len(there)))
                writes.insert_version(
                    connection, upload, title=title, tenant=tenant, profile=profile, tasks=tasks, origin=origin,
                    language=language, tags=tags, claimed_until=claimed_until, trace=trace, at=at,
                )  # fmt: skip
            return kept or reads.one(connection, upload.media_id, upload.version)

    def known(self, bucket: str, versions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        keys = {media_id(bucket, key): key for key, _ in versions}
        ids = sorted(keys)
        found: set[tuple[str, str]] = set()
        with self._connections.reading() as connection:
            for start in range(0, len(ids), reads.CHUNK):
                query = reads.standing(ids[start : start + reads.CHUNK])
                found.update((keys[media], etag) for media, etag in connection.execute(query))
        return found.intersection(versions)

    def job(self, media_id: str, version: str | None = None) -> Job:
        with self._connections.reading() as connection:
            return reads.one(connection, media_id, version)

    def versions(self, media_id: str) -> list[Job]:
        with self._connections.reading() as connection:
            return reads.many(connection, reads.versions(media_id))

    def content(self, media_id: str, version: str, sha256: str) -> None:
        with self._connections.writing() as connection:
            tenant = reads.one(connection, media_id, version).tenant
            connection.execute(sa.delete(db.contents).where(reads.of(db.contents, media_id, version)))
            one = {"media_id": media_id, "version": version, "tenant": tenant, "sha256": sha256}
            connection.execute(sa.insert(db.contents).values(one))

    def alike(self, media_id: str, version: str, *, limit: int) -> list[Job]:
        with self._connections.reading() as connection:
            return reads.many(connection, reads.alike(media_id, version, limit))

    def erase(self, receipt: Receipt) -> None:
        with self._connections.writing() as connection:
            writes.erase(connection, receipt)

    def receipt(self, media_id: str) -> Receipt | None:
        with self._connections.reading() as connection:
            return reads.receipt(connection, media_id)

    def current(self, media_ids: Collection[str]) -> list[Job]:
        asked = sorted(set(media_ids))
        with self._connections.reading() as connection:
            chunks = [asked[start : start + reads.CHUNK] for start in range(0, len(asked), reads.CHUNK)]
            return [job for chunk in chunks for job in reads.many(connection, reads.current_of(chunk))]

    def jobs(
        self, wanted: Filter = EVERYTHING, *, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[Job]:
        with self._connections.reading() as connection:
            return reads.many(connection, reads.listed(wanted, after, limit, dialect=connection.dialect.name))

    def describe(self, media_id: str, texts: Iterable[str]) -> None:
        own = sa.select(db.media.c.title, db.media.c.tags).where(db.media.c.id == media_id)
        with self._connections.writing() as connection:
            shown = connection.execute(own).one_or_none()
            if shown is None:
                raise Missing("There is no such media.", detail=media_id)
            words = " ".join(search.words([shown.title, *shown.tags, *texts]))
            if not writes.inserted(connection, db.found_by, {"media_id": media_id, "words": words}):
                mine = db.found_by.c.media_id == media_id
                connection.execute(sa.update(db.found_by).where(mine).values(words=words))

    def unsettled(self, *, limit: int) -> list[Job]:
        with self._connections.reading() as connection:
            return reads.many(connection, reads.unsettled(limit))

    def settled(self, media_id: str, version: str, *, seen: Job, at: datetime) -> None:
        mine = reads.of(db.jobs, media_id, version), db.jobs.c.state == JobState.PLAYABLE.value, reads.as_seen(seen)
        with self._connections.writing() as connection:
            connection.execute(sa.update(db.jobs).where(*mine).values(finished_at=at))

    def line(self, bucket: str, *, limit: int, now: datetime) -> list[Job]:
        with self._connections.reading() as connection:
            return reads.many(connection, reads.line(bucket, limit, now))

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
        change = writes.restarted(media_id, version, run_id=run_id, profile=profile, seen=seen, at=at)
        with self._connections.writing() as connection:
            state, before = writes.hold_as_it_is(connection, media_id, version)
            if not writes.changed(connection, change, media_id, version):
                return False
            if (now := taken_up(state)) is not state:
                announce(connection, media_id, version, now, None, at=at)
            if fresh:
                tries.forget(connection, media_id, version)
            if before != profile:
                connection.execute(sa.delete(db.tasks).where(reads.of(db.tasks, media_id, version)))
            writes.left_queue(connection, media_id, version)
            writes.reset_tasks(connection, media_id, version, tasks)
            return True

    def begin(self, media_id: str, version: str, stage: str, *, run_id: str, at: datetime) -> None:
        with self._connections.writing() as connection:
            if not writes.exists(connection, media_id, version):
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
        work: Work | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> None:
        with self._connections.writing() as connection:
            if seen is not None:
                writes.hold(connection, seen)
            tries.end(connection, media_id, version, stage, failure=failure, work=work, at=at)

    def failed(self, stage: str, failure: Failure) -> None:
        with self._connections.writing() as connection:
            figures.add(connection, [tally.failed(stage, failure)])

    def attempts(self, media_id: str, version: str) -> list[Attempt]:
        with self._connections.reading() as connection:
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
                **writes.stamps(to, at),
            )
        )
        with self._connections.writing() as connection:
            before = writes.stamped(connection, media_id, version)
            if not writes.changed(connection, change, media_id, version):
                return False
            writes.left_queue(connection, media_id, version, left=to is not JobState.QUEUED)
            figures.add(connection, tally.moved(to, failure, **before, at=at))
            announce(connection, media_id, version, to, failure, at=at)
            return True

    def over_since(self, media_ids: Collection[str]) -> dict[str, datetime]:
        asked, found = sorted(media_ids), {}
        with self._connections.reading() as connection:
            for start in range(0, len(asked), reads.CHUNK):
                rows_ = connection.execute(reads.over_since(asked[start : start + reads.CHUNK]))
                found.update({row.media_id: row.finished for row in rows_ if row.finished})
        return found

    def published(self, media_id: str, version: str, revision: int) -> None:
        raised = sa.true() if revision == 0 else db.jobs.c.revision < revision
        lower = sa.update(db.jobs).where(reads.of(db.jobs, media_id, version), raised)
        with self._connections.writing() as connection:
            writes.changed(connection, lower.values(revision=revision), media_id, version)

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
            .values(**values, fingerprint=fingerprint, started_at=writes.task_started(state, at))
            .returning(*db.tasks.c)
        )
        with self._connections.writing() as connection:
            if seen is not None:
                writes.hold(connection, seen)
            row = connection.execute(change).one_or_none()
        if row is None:
            raise Missing("There is no such task.", detail=f"{media_id}/{version}/{name}")
        return rows.to_task(row)

    def progress(self, media_id: str, version: str, names: Collection[str], done: float, *, seconds: float) -> JobState:
        mine = reads.of(db.tasks, media_id, version), db.tasks.c.name.in_(names)
        running = sa.update(db.tasks).where(*mine, db.tasks.c.state == TaskState.RUNNING.value)
        state = sa.select(db.jobs.c.state).where(reads.of(db.jobs, media_id, version))
        with self._connections.writing() as connection:
            connection.execute(running.values(progress=done, seconds=seconds))
            found = connection.execute(state).scalar_one_or_none()
        if found is None:
            raise Missing("There is no such media.", detail=f"{media_id}/{version}")
        return JobState(found)
