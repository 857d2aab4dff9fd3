"""What the use cases ask of the place where webhooks are kept, and of the way to those who have one."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

from media_pipeline.domain.webhook import Delivery, Webhook

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""Send a body with headers to an address once, and answer with the status. Raises NotSent."""


class Webhooks(Protocol):
    """Webhooks, and what is on its way to them. A catalogue over the same database adds a delivery for each change of a
    state that a webhook of the tenant asks for, in the transaction that changes it: no change without its message, no
    message without its change. Raises Unavailable(STORE_UNAVAILABLE) when the database does not answer."""

    def add(self, webhook: Webhook) -> None: ...

    def of(self, tenant: str) -> list[Webhook]:
        """Oldest first."""
        ...

    def find(self, id: str) -> Webhook:
        """Raises Missing."""
        ...

    def remove(self, id: str) -> None:
        """With all of its deliveries. Raises Missing."""
        ...

    def deliveries(
        self, webhook_id: str, *, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[Delivery]:
        """Newest first: a page, beginning after a place (`Delivery.place` of the last one seen)."""
        ...

    def claim(
        self, *, now: datetime, until: datetime, each: int, limit: int, busy: Collection[str] = ()
    ) -> list[tuple[Webhook, Delivery]]:
        """Deliveries that are due, the longest due first: at most `each` of one webhook, none of those that are busy.
        Their tries count this one. Nobody else gets them before `until`, unless `record` says when they are due."""
        ...

    def record(self, after: Delivery, *, claimed: Delivery) -> bool:
        """Note how a try ended. False, and nothing is noted, where the claim was somebody else's by then."""
        ...

    def again(self, webhook_id: str, id: str, *, at: datetime) -> Delivery:
        """Deliver once more, with all its tries, whatever became of it. Raises Missing."""
        ...

    def forget(self, *, before: datetime) -> int:
        """Delete what happened before then and is not waiting; how much that was."""
        ...
