"""The catalogue's numbers: what has happened, added by each write that it happened in, and how things stand.

What happened is a row each, and not a number that is raised: writers never wait for one another, and for none that
died. Rows are added up now and then (`fold`), so reading costs as much as there was to do lately.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from media_pipeline.domain.attempt import stage
from media_pipeline.domain.census import Census, Queue
from media_pipeline.domain.job import OPEN, JobState, Origin, TaskState
from media_pipeline.domain.tally import Measure, Tally, summed
from media_pipeline.infrastructure import database as db
from media_pipeline.infrastructure.connections import Connections

_ROWS = db.tallies.c
_KIND = (_ROWS.measure, _ROWS.label, _ROWS.code, _ROWS.bucket)


def add(connection: sa.Connection, tallies: Sequence[Tally]) -> None:
    """Count these, as a part of a transaction that the caller began."""
    if tallies:
        connection.execute(sa.insert(db.tallies), [_row(one) for one in tallies])


class SqlFigures:
    """Figures over a database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def tallies(self) -> list[Tally]:
        sums = sa.func.sum(_ROWS.count), sa.func.sum(_ROWS.total)
        with self._connections.reading() as connection:
            rows = connection.execute(sa.select(*_KIND, *sums).group_by(*_KIND)).all()
        return sorted((_to_tally(row) for row in rows), key=lambda t: t.kind)

    def fold(self, *, most: int) -> int:
        """Whoever reads meanwhile sees all of them, or their sums."""
        oldest = sa.select(_ROWS.id).order_by(_ROWS.id).limit(most).scalar_subquery()
        taken = sa.delete(db.tallies).where(_ROWS.id.in_(oldest)).returning(*_KIND, _ROWS.count, _ROWS.total)
        with self._connections.writing() as connection:
            rows = connection.execute(taken).all()
            sums = summed(_to_tally(row) for row in rows)
            add(connection, sums)
        return len(rows) - len(sums)

    def census(self) -> Census:
        job, task, count = db.jobs.c, db.tasks.c, sa.func.count()
        queued = sa.select(job.origin, count, sa.func.min(job.received_at, type_=db.UtcTime))
        kept = sa.select(job.error_code, count).where(job.state == JobState.QUARANTINED.value)
        with self._connections.reading() as connection:
            jobs = connection.execute(sa.select(job.state, count).group_by(job.state)).all()
            queues = connection.execute(queued.where(job.state == JobState.QUEUED.value).group_by(job.origin)).all()
            quarantined = connection.execute(kept.group_by(job.error_code)).all()
            named = sa.select(task.name, task.state, count).where(task.state.in_(OPEN))
            tasks = connection.execute(named.group_by(task.name, task.state)).all()
        by_stage: dict[tuple[str, TaskState], int] = {}
        for name, state, number in tasks:
            key = stage(name), TaskState(state)
            by_stage[key] = by_stage.get(key, 0) + number
        return Census(
            jobs={JobState(state): number for state, number in jobs},
            queues={Origin(origin): Queue(number, oldest) for origin, number, oldest in queues},
            quarantined={code or "": number for code, number in quarantined},
            tasks=by_stage,
        )


def _row(one: Tally) -> dict[str, Any]:
    kind = {"measure": one.measure.value, "label": one.of, "code": one.code, "bucket": one.bucket}
    return kind | {"count": one.count, "total": one.total}


def _to_tally(row: Sequence[Any]) -> Tally:
    measure, label, code, bucket, count, total = row
    return Tally(Measure(measure), label, code, bucket, int(count), int(total))
