"""Webhooks in dictionaries. A MemoryCatalogue tells it of changes by `announce`."""

import itertools
import threading
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from media_pipeline.domain.errors import Missing
from media_pipeline.domain.job import Job
from media_pipeline.domain.webhook import Delivery, DeliveryState, Webhook

_WAITING = DeliveryState.WAITING


class MemoryWebhooks:
    def __init__(self) -> None:
        self._webhooks: dict[str, Webhook] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def announce(self, job: Job, at: datetime) -> None:
        with self._lock:
            for webhook in self.of(job.tenant):
                if job.state in webhook.events:
                    new = Delivery(
                        f"{next(self._numbers):032x}", webhook.id, job.media_id, job.version, job.state, job.failure,
                        at, _WAITING, 0, at,
                    )  # fmt: skip
                    self._deliveries[new.id] = new

    def add(self, webhook: Webhook) -> None:
        self._webhooks[webhook.id] = webhook

    def of(self, tenant: str) -> list[Webhook]:
        mine = [w for w in self._webhooks.values() if w.tenant == tenant]
        return sorted(mine, key=lambda w: (w.created_at, w.id))

    def find(self, id: str) -> Webhook:
        if id not in self._webhooks:
            raise Missing("There is no such webhook.", detail=id)
        return self._webhooks[id]

    def remove(self, id: str) -> None:
        with self._lock:
            self.find(id)
            del self._webhooks[id]
            self._deliveries = {d.id: d for d in self._deliveries.values() if d.webhook_id != id}

    def deliveries(
        self, webhook_id: str, *, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[Delivery]:
        mine = [d for d in self._deliveries.values() if d.webhook_id == webhook_id]
        rest = [d for d in mine if after is None or d.place < after]
        return sorted(rest, key=lambda d: d.place, reverse=True)[:limit]

    def claim(
        self, *, now: datetime, until: datetime, each: int, limit: int, busy: Collection[str] = ()
    ) -> list[tuple[Webhook, Delivery]]:
        with self._lock:
            free = [d for d in self._deliveries.values() if d.state is _WAITING and d.webhook_id not in busy]
            due = sorted((d for d in free if d.due_at <= now), key=lambda d: (d.due_at, d.id))
            first = [d for d in due if sum(o.webhook_id == d.webhook_id for o in due[: due.index(d)]) < each][:limit]
            for delivery in first:
                self._deliveries[delivery.id] = replace(delivery, tries=delivery.tries + 1, due_at=until)
            claimed = sorted((self._deliveries[d.id] for d in first), key=lambda d: d.place)
            return [(self._webhooks[d.webhook_id], d) for d in claimed]

    def record(self, after: Delivery, *, claimed: Delivery) -> bool:
        with self._lock:
            now = self._deliveries.get(after.id)
            if now is None or now.state is not _WAITING or now.due_at != claimed.due_at:
                return False
            self._deliveries[after.id] = after
            return True

    def again(self, webhook_id: str, id: str, *, at: datetime) -> Delivery:
        with self._lock:
            found = self._deliveries.get(id)
            if found is None or found.webhook_id != webhook_id:
                raise Missing("There is no such delivery.", detail=id)
            fresh = replace(found, state=_WAITING, tries=0, due_at=at, answer=None, trouble=None)
            self._deliveries[id] = fresh
            return fresh

    def forget(self, *, before: datetime) -> int:
        with self._lock:
            kept = {d.id: d for d in self._deliveries.values() if d.state is _WAITING or d.happened_at >= before}
            gone = len(self._deliveries) - len(kept)
            self._deliveries = kept
            return gone
