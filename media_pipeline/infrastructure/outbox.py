"""What webhooks are to be told, written in the transaction in which it happens."""

import uuid
from datetime import datetime

import sqlalchemy as sa

from media_pipeline.domain.job import Failure, JobState
from media_pipeline.domain.webhook import DeliveryState
from media_pipeline.infrastructure import database as db


def announce(
    connection: sa.Connection, media_id: str, version: str, state: JobState, failure: Failure | None, *, at: datetime
) -> None:
    """A job has changed its state: a delivery for each webhook of its tenant that asks for it."""
    tenant = sa.select(db.media.c.tenant).where(db.media.c.id == media_id).scalar_subquery()
    # Held, so that it cannot be deleted before its delivery is there: that would undo the change of the job.
    wanted = sa.select(db.webhooks).where(db.webhooks.c.tenant == tenant).with_for_update(read=True, key_share=True)
    change = {"media_id": media_id, "version": version, "event": state.value, "happened_at": at}
    waiting = {"state": DeliveryState.WAITING.value, "tries": 0, "due_at": at}
    why = {
        "error_code": failure.code.value if failure else None,
        "error_message": failure.message if failure else None,
    }
    new = [
        {"id": uuid.uuid4().hex, "webhook_id": row.id} | change | waiting | why
        for row in connection.execute(wanted)
        if state.value in row.events.split()
    ]
    if new:
        connection.execute(sa.insert(db.deliveries), new)
