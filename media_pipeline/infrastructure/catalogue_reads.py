"""What is asked of the catalogue's tables, and the jobs that answer it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY

from media_pipeline.domain.errors import Missing
from media_pipeline.domain.fairness import BONUS, MEDIUM_BYTES, SMALL_BYTES, STEP, Size
from media_pipeline.domain.job import ERASED, LIVE, OPEN, WITHDRAWN, Job, JobState, Origin, Task
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.search import Filter, Query
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure import catalogue_rows as rows
from media_pipeline.infrastructure import database as db

CHUNK = 500
"""values in one IN list: some builds of SQLite take no more than 999 parameters"""
_COLUMNS = (
    *(c for c in db.jobs.c if c.name not in {"media_id", "tenant"}),
    *(db.media.c[name] for name in ("id", "bucket", "key", "title", "tenant", "language", "tags")),
)


def of(table: sa.Table, media_id: str, version: str) -> sa.ColumnElement[bool]:
    """The row belongs to a version."""
    return sa.and_(table.c.media_id == media_id, table.c.version == version)


def as_seen(seen: Job | None) -> sa.ColumnElement[bool]:
    """The row of a job has the state and the run that `seen` has; always true without one."""
    if seen is None:
        return sa.true()
    return sa.and_(db.jobs.c.state == seen.state.value, db.jobs.c.run_id.is_not_distinct_from(seen.run_id))


def of_etag(upload: Upload) -> sa.Select[Any]:
    """Every time the same bytes were received for a media, the first one first."""
    same = sa.and_(db.jobs.c.media_id == upload.media_id, db.jobs.c.etag == upload.etag)
    oldest = db.jobs.c.received_at, db.jobs.c.version == db.media.c.current_version
    return sa.select(*_COLUMNS).join(db.media).where(same).order_by(*oldest)


def versions(media_id: str) -> sa.Select[Any]:
    """Every version of a media, the current one first, then the newest."""
    newest = (db.jobs.c.version == db.media.c.current_version).desc(), db.jobs.c.received_at.desc()
    return sa.select(*_COLUMNS).join(db.media).where(db.media.c.id == media_id).order_by(*newest)


def alike(media_id: str, version: str, limit: int) -> sa.Select[Any]:
    """See Catalogue.alike."""
    mine, theirs = db.contents.alias(), db.contents
    same = sa.and_(mine.c.sha256 == theirs.c.sha256, mine.c.tenant == theirs.c.tenant)
    of_job = sa.and_(theirs.c.media_id == db.jobs.c.media_id, theirs.c.version == db.jobs.c.version)
    query = sa.select(*_COLUMNS).join(db.media).join(theirs, of_job).join(mine, same).where(of(mine, media_id, version))  # type: ignore[arg-type]
    query = query.where(sa.not_(of(db.jobs, media_id, version)), db.jobs.c.state != JobState.REMOVED.value)
    return query.order_by(db.jobs.c.received_at.desc()).limit(limit)


def standing(ids: Sequence[str]) -> sa.Select[Any]:
    """Id and ETag of what is known of these media, see domain.job.standing."""
    code = db.jobs.c.error_code
    there = sa.or_(code.is_(None), code.not_in([c.value for c in WITHDRAWN]))
    known = sa.or_(sa.and_(db.jobs.c.version == db.media.c.current_version, there), code == ERASED.code.value)
    return sa.select(db.media.c.id, db.jobs.c.etag).join(db.jobs).where(db.media.c.id.in_(ids), known)


def current(connection: sa.Connection, media_id: str) -> str | None:
    """Which version of a media is current. Holds its row, where there is one, until the end of the transaction."""
    mine = sa.select(db.media.c.current_version).where(db.media.c.id == media_id)
    return connection.execute(mine.with_for_update()).scalar_one_or_none()


def receipt(connection: sa.Connection, media_id: str) -> Receipt | None:
    """The receipt of a media of which nothing else is left: neither a new upload nor one that is being erased."""
    still = sa.select(db.receipts).join(db.media, db.media.c.id == db.receipts.c.media_id).where(db.media.c.key == "")
    row = connection.execute(still.where(db.receipts.c.media_id == media_id)).one_or_none()
    return Receipt(**row._mapping) if row else None


def current_of(media_ids: Sequence[str]) -> sa.Select[Any]:
    """The current jobs of some media."""
    query = sa.select(*_COLUMNS).join(db.media).where(db.media.c.id.in_(media_ids))
    return query.where(db.jobs.c.version == db.media.c.current_version)


def listed(wanted: Filter, after: tuple[datetime, str] | None, limit: int, *, dialect: str) -> sa.Select[Any]:
    """A page of the current jobs, newest first.

    Postgres takes a join over two columns to find next to nothing, and would rather read and sort everything than go
    along an index. So what is current is asked for apart, and only the page is joined.
    """
    current = sa.select(db.media.c.current_version == db.jobs.c.version).where(db.media.c.id == db.jobs.c.media_id)
    order = db.jobs.c.received_at.desc(), db.jobs.c.media_id.desc()
    query = sa.select(db.jobs.c.media_id, db.jobs.c.version).where(current.correlate(db.jobs).scalar_subquery())
    if wanted.tenant is not None:
        query = query.where(db.jobs.c.tenant == wanted.tenant)
    if wanted.state is not None:
        query = query.where(db.jobs.c.state == wanted.state.value)
    if wanted.without:
        query = query.where(db.jobs.c.state.not_in(sorted(wanted.without)))
    if wanted.since is not None:
        query = query.where(db.jobs.c.received_at >= wanted.since)
    if wanted.text is not None:
        query = query.join(db.found_by, db.found_by.c.media_id == db.jobs.c.media_id)
        query = query.where(_holding(wanted.text, dialect))
    if after is not None:
        place = sa.tuple_(db.jobs.c.received_at, db.jobs.c.media_id)
        query = query.where(place < sa.tuple_(sa.literal(after[0], db.UtcTime), sa.literal(after[1])))
    page = query.order_by(*order).limit(limit).subquery("page")
    same = sa.and_(db.jobs.c.media_id == page.c.media_id, db.jobs.c.version == page.c.version)
    return sa.select(*_COLUMNS).join(db.media).join(page, same).order_by(*order)


def _holding(text: Query, dialect: str) -> sa.ColumnElement[bool]:
    """The row of `found_by` has these words."""
    if dialect == "postgresql":
        # Words are letters and digits alone.
        wanted = [*(f"'{word}'" for word in sorted(text.whole)), f"'{text.start}':*"]
        indexed: sa.ColumnElement[Any] = sa.literal_column(db.WORDS)
        return indexed.bool_op("@@")(sa.cast(" & ".join(wanted), TSQUERY))
    padded = sa.literal(" ") + db.found_by.c.words + sa.literal(" ")
    wanted = [f" {text.start}", *(f" {word} " for word in text.whole)]
    return sa.and_(*(sa.func.instr(padded, word) > 0 for word in wanted))


def line(bucket: str, limit: int, now: datetime) -> sa.Select[Any]:
    """See Catalogue.line. Reads what is in the queue, and nothing else."""
    size, live = db.jobs.c.size, db.jobs.c.origin == Origin.LIVE.value
    bonus = sa.case(
        (size < SMALL_BYTES, BONUS[Size.SMALL]), (size < MEDIUM_BYTES, BONUS[Size.MEDIUM]), else_=BONUS[Size.LARGE]
    )
    place = db.jobs.c.received_at, db.jobs.c.media_id
    ahead = sa.func.row_number().over(partition_by=(db.media.c.tenant, bonus, live), order_by=place) - 1
    query = sa.select(*_COLUMNS).join(db.media).where(
        db.jobs.c.state == JobState.QUEUED.value,
        db.jobs.c.run_id.is_(None),
        sa.or_(db.jobs.c.claimed_until.is_(None), db.jobs.c.claimed_until <= now),
        db.jobs.c.version == db.media.c.current_version,
        db.media.c.bucket == bucket,
    )  # fmt: skip
    return query.order_by(sa.case((live, 0), else_=1), STEP * ahead - bonus, *place).limit(limit)


def unsettled(limit: int) -> sa.Select[Any]:
    """See Catalogue.unsettled. Each of its parts has an index that leaves out what is done and what is in the queue,
    however much that is."""
    key = db.jobs.c.media_id, db.jobs.c.version
    task = sa.and_(db.tasks.c.media_id == db.jobs.c.media_id, db.tasks.c.version == db.jobs.c.version)
    processing = sa.select(*key).where(db.jobs.c.state == JobState.PROCESSING.value)
    unfinished = sa.select(*key).where(db.jobs.c.state == JobState.PLAYABLE.value, db.jobs.c.finished_at.is_(None))
    open_task = sa.and_(db.tasks.c.begun, db.tasks.c.state.in_(OPEN))
    with_open_task = sa.select(*key).join(db.tasks, task).where(open_task, db.jobs.c.state != JobState.QUEUED.value)
    found = sa.union(processing, unfinished, with_open_task).subquery("unsettled")
    same = sa.and_(db.jobs.c.media_id == found.c.media_id, db.jobs.c.version == found.c.version)
    query = sa.select(*_COLUMNS).join(db.media).join(found, same)
    return query.order_by(db.jobs.c.received_at, db.jobs.c.media_id, db.jobs.c.version).limit(limit)


def over_since(media_ids: Sequence[str]) -> sa.Select[Any]:
    """See Catalogue.over_since. A media that stayed playable is over since then."""
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
