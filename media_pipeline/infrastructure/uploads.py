"""Uploads in the catalogue's database: one row a session."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from media_pipeline.domain.errors import Missing
from media_pipeline.domain.quota import DAY, UNLIMITED, Quota
from media_pipeline.domain.session import Announced, Session, SessionState
from media_pipeline.domain.upload import media_id
from media_pipeline.infrastructure import database as db
from media_pipeline.infrastructure.connections import Connections

_ANNOUNCED = tuple(f.name for f in fields(Announced))
_LOCK = 0x71756F74  # any number: the first half of the locks on a tenant's uploads
_OF_SESSION = tuple(f.name for f in fields(Session) if f.name != "announced")


class SqlUploads:
    """Uploads over a database that `database.upgrade` has prepared. One key, one session: the ids of media tell them
    apart."""

    def __init__(self, connections: Connections) -> None:
        self._on = connections

    def open(self, session: Session, *, quota: Quota = UNLIMITED) -> Session:
        same = db.uploads.c.tenant == session.tenant, db.uploads.c.idempotency_key == session.idempotency_key
        with self._on.writing() as connection:
            if quota.limits:
                _one_at_a_time(connection, session.tenant)
            try:
                with connection.begin_nested():
                    connection.execute(sa.insert(db.uploads).values(_to_row(session)))
            except IntegrityError:  # of those who come at the same time all but one wait for the insert, and are here
                if session.idempotency_key is None:
                    raise
                return _to_session(connection.execute(sa.select(db.uploads).where(*same)).one())
            if quota.limits:
                quota.require(**_announced(connection, session.tenant, since=session.created_at - DAY))
        return session

    def ticketed(self, session_id: str, ticket: str) -> Session:
        lacking = sa.update(db.uploads).where(db.uploads.c.id == session_id, db.uploads.c.ticket == "")
        with self._on.writing() as connection:
            connection.execute(lacking.values(ticket=ticket))
            return _one(connection, session_id)

    def get(self, session_id: str) -> Session:
        with self._on.reading() as connection:
            return _one(connection, session_id)

    def of_object(self, bucket: str, key: str) -> Session | None:
        query = sa.select(db.uploads).where(db.uploads.c.media_id == media_id(bucket, key))
        with self._on.reading() as connection:
            row = connection.execute(query).one_or_none()
        return _to_session(row) if row else None

    def close(
        self,
        session_id: str,
        to: SessionState,
        *,
        etag: str | None = None,
        claimed_until: datetime | None = None,
        at: datetime,
    ) -> bool:
        still = db.uploads.c.id == session_id, db.uploads.c.state == SessionState.OPEN.value
        ended = {"state": to.value, "etag": etag, "claimed_until": claimed_until, "closed_at": at}
        with self._on.writing() as connection:
            if connection.execute(sa.update(db.uploads).where(*still).values(ended)).rowcount:
                return True
            _one(connection, session_id)
            return False

    def overdue(self, before: datetime, *, limit: int) -> list[Session]:
        late = db.uploads.c.state == SessionState.OPEN.value, db.uploads.c.expires_at < before
        query = sa.select(db.uploads).where(*late).order_by(db.uploads.c.expires_at, db.uploads.c.id).limit(limit)
        with self._on.reading() as connection:
            return [_to_session(row) for row in connection.execute(query)]

    def forget(self, media_id: str) -> None:
        with self._on.writing() as connection:
            connection.execute(sa.delete(db.uploads).where(db.uploads.c.media_id == media_id))

    def forget_unsent(self, before: datetime) -> None:
        unsent = db.uploads.c.state.in_([SessionState.ABORTED.value, SessionState.EXPIRED.value])
        with self._on.writing() as connection:
            connection.execute(sa.delete(db.uploads).where(unsent, db.uploads.c.closed_at < before))


def _one_at_a_time(connection: sa.Connection, tenant: str) -> None:
    """Others who open something for a tenant wait until the end of the transaction. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(tenant))))


def _announced(connection: sa.Connection, tenant: str, *, since: datetime) -> dict[str, int]:
    """How many uploads a tenant began since then, and of how many bytes, without what it took back."""
    theirs = db.uploads.c.tenant == tenant, db.uploads.c.created_at > since
    stands = db.uploads.c.state != SessionState.ABORTED.value
    total = sa.cast(sa.func.coalesce(sa.func.sum(db.uploads.c.size), 0), sa.BigInteger)
    row = connection.execute(sa.select(sa.func.count(), total).where(*theirs, stands)).one()
    return {"uploads": row[0], "bytes": row[1]}


def _one(connection: sa.Connection, session_id: str) -> Session:
    row = connection.execute(sa.select(db.uploads).where(db.uploads.c.id == session_id)).one_or_none()
    if row is None:
        raise Missing("There is no such upload.", detail=session_id)
    return _to_session(row)


def _to_row(session: Session) -> dict[str, Any]:
    values = {name: getattr(session, name) for name in _OF_SESSION}
    values |= {name: getattr(session.announced, name) for name in _ANNOUNCED}
    listed = {"state": session.state.value, "tags": list(session.announced.tags), "media_id": session.media_id}
    return values | listed


def _to_session(row: sa.Row[Any]) -> Session:
    values = dict(row._mapping)
    announced = Announced(**{name: values[name] for name in _ANNOUNCED} | {"tags": tuple(values["tags"])})
    own = {name: values[name] for name in _OF_SESSION}
    return Session(announced=announced, **own | {"state": SessionState(values["state"])})
