"""What webhooks are to be told is sent, by as many gateways as there are."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from media_pipeline.application.deliver import deliver
from media_pipeline.application.ports.webhooks import Post, Webhooks
from media_pipeline.domain.errors import Unavailable
from media_pipeline.domain.webhook import Delivery, DeliveryState, Webhook
from media_pipeline.infrastructure import telemetry

_EVERY_SECONDS = 1.0
_EACH, _WEBHOOKS = 4, 32
"""at once to one webhook, and webhooks at once"""
_CLAIM = timedelta(minutes=1)
"""longer than a try may take"""
_KEPT = timedelta(days=30)
_SWEEP = timedelta(hours=1)
_log = telemetry.log("gateway.webhooks")


class Deliveries:
    """Takes what is due, a few of each webhook at a time, so that one that is slow or gone keeps nobody waiting but
    itself."""

    def __init__(
        self, webhooks: Webhooks, post: Post, now: Callable[[], datetime], *, every_seconds: float = _EVERY_SECONDS
    ) -> None:
        self._webhooks, self._post, self._now = webhooks, post, now
        self._every_seconds = every_seconds
        self._busy: set[str] = set()
        self._free = asyncio.Event()
        self._sweep_at = now()

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as sending:
            while True:
                for webhook, batch in (await self._claimed()).items():
                    self._busy.add(webhook.id)
                    sending.create_task(self._send(webhook, batch))
                self._free.clear()
                try:
                    await asyncio.wait_for(self._free.wait(), self._every_seconds)
                except TimeoutError:
                    continue

    async def _claimed(self) -> dict[Webhook, list[Delivery]]:
        claims = await asyncio.to_thread(self._claim)
        found: dict[Webhook, list[Delivery]] = defaultdict(list)
        for webhook, delivery in claims:
            found[webhook].append(delivery)
        return found

    def _claim(self) -> list[tuple[Webhook, Delivery]]:
        now, room = self._now(), _WEBHOOKS - len(self._busy)
        if not room:
            return []
        try:
            if now >= self._sweep_at:
                self._webhooks.forget(before=now - _KEPT)
                self._sweep_at = now + _SWEEP
            return self._webhooks.claim(
                now=now, until=now + _CLAIM, each=_EACH, limit=_EACH * room, busy=set(self._busy)
            )
        except Unavailable as trouble:  # it passes, and nothing is lost
            _log.warning("the catalogue does not answer", extra={"detail": trouble.detail})
            return []

    async def _send(self, webhook: Webhook, batch: list[Delivery]) -> None:
        await asyncio.gather(*(self._send_one(webhook, delivery) for delivery in batch))
        self._busy.discard(webhook.id)
        self._free.set()

    async def _send_one(self, webhook: Webhook, delivery: Delivery) -> None:
        try:
            after = await deliver(
                delivery, webhook, post=self._post, webhooks=self._webhooks, now=self._now, luck=random.random
            )
        except Unavailable as trouble:  # its claim ends by itself
            _log.warning("how a delivery ended was not noted", extra={"detail": trouble.detail})
            return
        if after.state is not DeliveryState.DELIVERED:
            facts = {"delivery": after.id, "tries": after.tries, "trouble": after.trouble, "state": str(after.state)}
            _log.info("a webhook was not told", extra=facts)
