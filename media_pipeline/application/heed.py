"""The queue tells of objects: look at each where it is, and take the message off when what was seen is kept."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from media_pipeline.application.inbox import Inbox
from media_pipeline.application.ports.store import Hints, Message, Store
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.hints import BadMessage, hints
from media_pipeline.domain.upload import StoredObject

ARCHIVED = "archived, to be restored first"
MOST_RECEIVED = 50
"""times: who handles a message and dies of it, every time, shall not do so for ever"""


def heed(
    inbox: Inbox,
    queue: Hints,
    *,
    store: Store,
    register: Callable[[StoredObject], object],
    withdraw: Callable[[str], object],
    told: Counter[str],
    now: Callable[[], datetime],
    until: datetime,
) -> None:
    """Read the queue until it is empty or the time is up: what is there is registered, what is not is withdrawn by its
    key. Counts into `told` what was done.

    A message is done only when all it tells of is kept; on any error it stays and comes again. One that nobody can
    read is set aside. Raises Unavailable.
    """
    while now() < until:
        messages = queue.receive()
        if not messages:
            return
        looked: set[str] = set()  # an answer of the store is newer than every message of the batch
        done: list[Message] = []
        try:
            for message in messages:
                keys = _keys(message, inbox, queue, told)
                for key in dict.fromkeys(keys or ()):
                    if key not in looked:
                        told[look(key, inbox, store=store, register=register, withdraw=withdraw)] += 1
                        looked.add(key)
                if keys is not None:
                    done.append(message)
        finally:
            queue.done(done)


def _keys(message: Message, inbox: Inbox, queue: Hints, told: Counter[str]) -> list[str] | None:
    """The uploads that a message is about; None for one that was set aside."""
    try:
        if message.received > MOST_RECEIVED:
            raise BadMessage(f"it was handed out {message.received} times and never done")
        found = hints(message.body)
    except BadMessage as bad:
        queue.set_aside(message, str(bad))
        told["messages set aside"] += 1
        return None
    told["hints for other buckets"] += sum(h.bucket != inbox.bucket for h in found)
    return [h.key for h in found if h.bucket == inbox.bucket and inbox.takes(h.key)]


def look(
    key: str,
    inbox: Inbox,
    *,
    store: Store,
    register: Callable[[StoredObject], object],
    withdraw: Callable[[str], object],
) -> str:
    """The store says what there is of a key now, and that is registered or withdrawn. What came of it, in words."""
    try:
        obj = store.head(inbox.bucket, key)
    except Missing:
        withdraw(key)
        return "gone"
    if obj.archived:
        return ARCHIVED
    register(obj)
    return "found"
