"""Somebody is told of a change."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from media_pipeline.application.ports.webhooks import Post, Webhooks
from media_pipeline.domain.webhook import Delivery, NotSent, Webhook, answered, body, headers, unanswered


async def deliver(
    claimed: Delivery,
    webhook: Webhook,
    *,
    post: Post,
    webhooks: Webhooks,
    now: Callable[[], datetime],
    luck: Callable[[], float],
) -> Delivery:
    """Try a delivery once, and note how that ended. Whoever breaks off here has sent it or not: it is tried again, with
    the same id."""
    content = body(claimed)
    try:
        status = await post(webhook.url, headers(webhook.secret, claimed.id, content, at=now()), content)
    except NotSent as trouble:
        after = unanswered(claimed, str(trouble), at=now(), luck=luck())
    else:
        after = answered(claimed, status, at=now(), luck=luck())
    await asyncio.to_thread(webhooks.record, after, claimed=claimed)
    return after
