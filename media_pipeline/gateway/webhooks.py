"""Webhooks of a tenant: given, listed, taken back; and what became of each message."""

import asyncio
import secrets
import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from media_pipeline.domain.caller import Caller
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.webhook import SECRET_BYTES, Delivery, DeliveryState, NotSent, Webhook, secret
from media_pipeline.gateway import cursor, shapes
from media_pipeline.gateway.access import Admin, FrontDoor
from media_pipeline.gateway.front import Front
from media_pipeline.gateway.problems import Problem

MOST = 20
"""of one tenant"""
router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=500, description="`next` of the page before.")


@router.post("", status_code=201, responses={409: {}})
async def create_webhook(wanted: shapes.NewWebhook, front: FrontDoor, caller: Admin) -> shapes.WebhookWithSecret:
    """From now on an address is told what happens to the caller's media."""
    try:
        await front.outgoing.check(wanted.url)
    except NotSent as refused:
        raise Problem(422, "webhook-url-refused", str(refused)) from refused
    new = Webhook(
        uuid.uuid4().hex, caller.tenant, wanted.url, secret(secrets.token_bytes(SECRET_BYTES)),
        frozenset(wanted.events), front.platform.now(),
    )  # fmt: skip
    await asyncio.to_thread(_add, new, front)
    return shapes.WebhookWithSecret(**_shown(new).model_dump(), secret=new.secret)


@router.get("")
def list_webhooks(front: FrontDoor, caller: Admin) -> shapes.Webhooks:
    """The tenant's webhooks, without their secrets."""
    return shapes.Webhooks(items=[_shown(webhook) for webhook in front.platform.webhooks.of(caller.tenant)])


@router.delete("/{webhook_id}", status_code=204)
def delete_webhook(webhook_id: str, front: FrontDoor, caller: Admin) -> None:
    """The address is told nothing more, and what was on its way is dropped."""
    _own(webhook_id, caller, front)
    front.platform.webhooks.remove(webhook_id)


@router.get("/{webhook_id}/deliveries", responses={400: {}})
def list_deliveries(
    webhook_id: str, front: FrontDoor, caller: Admin, asked: Annotated[Asked, Query()]
) -> shapes.DeliveryPage:
    """What a webhook was told or is to be told, newest first: a page of it. What is over is kept for a month."""
    _own(webhook_id, caller, front)
    after = cursor.read(asked.cursor) if asked.cursor is not None else None
    found = front.platform.webhooks.deliveries(webhook_id, after=after, limit=asked.limit + 1)
    more = cursor.written(found[asked.limit - 1].place) if len(found) > asked.limit else None
    return shapes.DeliveryPage(items=[_told(delivery) for delivery in found[: asked.limit]], next=more)


@router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver", status_code=202)
def redeliver(webhook_id: str, delivery_id: str, front: FrontDoor, caller: Admin) -> shapes.Delivery:
    """Send a message again, with the same id, whatever became of it."""
    _own(webhook_id, caller, front)
    return _told(front.platform.webhooks.again(webhook_id, _known(delivery_id), at=front.platform.now()))


def _add(new: Webhook, front: Front) -> None:
    if len(front.platform.webhooks.of(new.tenant)) >= MOST:
        raise Problem(409, "too-many-webhooks", f"A tenant has at most {MOST} webhooks: delete one first.")
    front.platform.webhooks.add(new)


def _own(webhook_id: str, caller: Caller, front: Front) -> Webhook:
    """Raises Missing, in the same words for somebody else's."""
    for webhook in front.platform.webhooks.of(caller.tenant):
        if webhook.id == webhook_id:
            return webhook
    raise Missing("There is no such webhook.")


def _known(delivery_id: str) -> str:
    """Raises Missing for what cannot be the id of one, and what databases may refuse to look for."""
    if not delivery_id.isalnum() or not delivery_id.isascii():
        raise Missing("There is no such delivery.")
    return delivery_id


def _shown(webhook: Webhook) -> shapes.Webhook:
    return shapes.Webhook(
        id=webhook.id, url=webhook.url, events=sorted(webhook.events), created_at=webhook.created_at
    )  # fmt: skip


def _told(delivery: Delivery) -> shapes.Delivery:
    waiting = delivery.state is DeliveryState.WAITING
    facts = {name: getattr(delivery, name) for name in Delivery.__slots__}
    return shapes.Delivery.model_validate(facts | {"next_try_at": delivery.due_at if waiting else None})
