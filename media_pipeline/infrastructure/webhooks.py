"""Webhooks and their deliveries in the catalogue's database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from media_pipeline.domain.errors import Missing
from media_pipeline.domain.job import JobState
from media_pipeline.domain.webhook import Delivery, DeliveryState, Webhook
from media_pipeline.infrastructure import catalogue_rows as rows
from media_pipeline.infrastructure import database as db
from media_pipeline.infrastructure.connections import Connections

_COLUMNS = db.deliveries.c
_WAITING = _COLUMNS.state == DeliveryState.WAITING.value


class SqlWebhooks:
    """Webhooks over a database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, webhook: Webhook) -> None:
        row = {name: getattr(webhook, name) for name in Webhook.__slots__} | {
            "events": " ".join(sorted(webhook.events))
        }
        with self._connections.writing() as connection:
            connection.execute(sa.insert(db.webhooks).values(row))

    def of(self, tenant: str) -> list[Webhook]:
        query = sa.select(db.webhooks).where(db.webhooks.c.tenant == tenant)
        with self._connections.reading() as connection:
            found = connection.execute(query.order_by(db.webhooks.c.created_at, db.webhooks.c.id))
            return [_to_webhook(row) for row in found]

    def find(self, id: str) -> Webhook:
        with self._connections.reading() as connection:
            row = connection.execute(sa.select(db.webhooks).where(db.webhooks.c.id == id)).one_or_none()
        if row is None:
            raise Missing("There is no such webhook.", detail=id)
        return _to_webhook(row)

    def remove(self, id: str) -> None:
        mine = db.webhooks.c.id == id
        with self._connections.writing() as connection:
            connection.execute(sa.select(db.webhooks.c.id).where(mine).with_for_update())  # nobody announces any more
            connection.execute(sa.delete(db.deliveries).where(_COLUMNS.webhook_id == id))
            if not connection.execute(sa.delete(db.webhooks).where(mine)).rowcount:
                raise Missing("There is no such webhook.", detail=id)

    def deliveries(
        self, webhook_id: str, *, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[Delivery]:
        query = sa.select(db.deliveries).where(_COLUMNS.webhook_id == webhook_id)
        if after is not None:
            place = sa.tuple_(_COLUMNS.happened_at, _COLUMNS.id)
            query = query.where(place < sa.tuple_(sa.literal(after[0], db.UtcTime), sa.literal(after[1])))
        newest = _COLUMNS.happened_at.desc(), _COLUMNS.id.desc()
        with self._connections.reading() as connection:
            return [_to_delivery(row) for row in connection.execute(query.order_by(*newest).limit(limit))]

    def claim(
        self, *, now: datetime, until: datetime, each: int, limit: int, busy: Collection[str] = ()
    ) -> list[tuple[Webhook, Delivery]]:
        due = sa.and_(_WAITING, _COLUMNS.due_at <= now)
        nth = sa.func.row_number().over(partition_by=_COLUMNS.webhook_id, order_by=(_COLUMNS.due_at, _COLUMNS.id))
        ranked = sa.select(_COLUMNS.id, nth.label("nth")).where(due, _COLUMNS.webhook_id.not_in(busy)).subquery()
        first = _COLUMNS.id.in_(sa.select(ranked.c.id).where(ranked.c.nth <= each))
        # `due` once more: of two that ask at the same time the second finds what the first has made of the rows.
        free = sa.select(_COLUMNS.id).where(first, due).order_by(_COLUMNS.due_at, _COLUMNS.id).limit(limit)
        with self._connections.writing() as connection:
            ids = list(connection.execute(free.with_for_update(skip_locked=True)).scalars())
            mine = sa.update(db.deliveries).where(_COLUMNS.id.in_(ids))
            if ids:
                connection.execute(mine.values(due_at=until, tries=_COLUMNS.tries + 1))
            found = sa.select(db.deliveries).where(_COLUMNS.id.in_(ids)).order_by(_COLUMNS.happened_at, _COLUMNS.id)
            claimed = [_to_delivery(row) for row in connection.execute(found)]
            theirs = sa.select(db.webhooks).where(db.webhooks.c.id.in_({d.webhook_id for d in claimed}))
            webhooks = {row.id: _to_webhook(row) for row in connection.execute(theirs)}
        return [(webhooks[delivery.webhook_id], delivery) for delivery in claimed]

    def record(self, after: Delivery, *, claimed: Delivery) -> bool:
        still = _COLUMNS.id == after.id, _WAITING, _COLUMNS.due_at == claimed.due_at
        told = {"state": after.state.value, "due_at": after.due_at, "answer": after.answer, "trouble": after.trouble}
        with self._connections.writing() as connection:
            return bool(connection.execute(sa.update(db.deliveries).where(*still).values(told)).rowcount)

    def again(self, webhook_id: str, id: str, *, at: datetime) -> Delivery:
        mine = sa.update(db.deliveries).where(_COLUMNS.id == id, _COLUMNS.webhook_id == webhook_id)
        fresh = mine.values(state=DeliveryState.WAITING.value, tries=0, due_at=at, answer=None, trouble=None)
        with self._connections.writing() as connection:
            row = connection.execute(fresh.returning(*_COLUMNS)).one_or_none()
        if row is None:
            raise Missing("There is no such delivery.", detail=id)
        return _to_delivery(row)

    def forget(self, *, before: datetime) -> int:
        old = sa.delete(db.deliveries).where(~_WAITING, _COLUMNS.happened_at < before)
        with self._connections.writing() as connection:
            return connection.execute(old).rowcount


def _to_webhook(row: sa.Row[Any]) -> Webhook:
    events = frozenset(JobState(event) for event in row.events.split())
    return Webhook(row.id, row.tenant, row.url, row.secret, events, row.created_at)


def _to_delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        media_id=row.media_id,
        version=row.version,
        event=JobState(row.event),
        failure=rows.to_failure(row.error_code, row.error_message),
        happened_at=row.happened_at,
        state=DeliveryState(row.state),
        tries=row.tries,
        due_at=row.due_at,
        answer=row.answer,
        trouble=row.trouble,
    )
