"""Uploads are found: by what a queue tells of, and by listing.

Both are hints; what the store says of an object decides. Each may fail alone: then it is told, and the other goes on.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from media_pipeline.application.heed import ARCHIVED, heed, look
from media_pipeline.application.inbox import Inbox, Place
from media_pipeline.application.listing import pages
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.store import Hints, Store
from media_pipeline.application.register import unknown
from media_pipeline.domain.errors import MediaError, Unavailable
from media_pipeline.domain.upload import StoredObject


@dataclass(slots=True)
class Found:
    """What one tick did."""

    place: Place
    """where the next one goes on"""
    told: Counter[str] = field(default_factory=Counter)
    """how often what happened, in words"""
    troubles: list[MediaError] = field(default_factory=list)

    def __str__(self) -> str:
        counts = [f"{count} {what}" for what, count in self.told.items() if count]
        waiting = len(self.place.waiting or self.place.waited)
        return "; ".join([*(t.message for t in self.troubles), *counts, f"{waiting} still being written"])


def discover(
    inbox: Inbox,
    place: Place,
    *,
    store: Store,
    queue: Hints | None,
    catalogue: Catalogue,
    register: Callable[[StoredObject], object],
    withdraw: Callable[[str], object],
    now: Callable[[], datetime],
    until: datetime,
) -> Found:
    """Look once, as long as there is time: new versions are registered, and what has gone is withdrawn by its key."""
    found = Found(place)
    if queue is not None:
        half = now() + (until - now()) / 2  # a queue that never ends leaves the listing its time
        try:
            heed(inbox, queue, store=store, register=register, withdraw=withdraw, told=found.told, now=now, until=half)
        except MediaError as trouble:
            found.troubles.append(trouble)
            found.place = replace(place, list_at=None)  # what is not told of is listed the sooner
    try:
        _list(
            inbox, found, store=store, catalogue=catalogue, register=register, withdraw=withdraw, now=now, until=until
        )
    except MediaError as trouble:
        found.troubles.append(trouble)
    return found


def _list(
    inbox: Inbox,
    found: Found,
    *,
    store: Store,
    catalogue: Catalogue,
    register: Callable[[StoredObject], object],
    withdraw: Callable[[str], object],
    now: Callable[[], datetime],
    until: datetime,
) -> None:
    """Go on with the listing. A page that time does not suffice for is listed again, its known objects left out."""
    for listed in pages(inbox, found.place, store=store, now=now):
        for obj in unknown(listed.complete, catalogue=catalogue):
            if now() >= until:
                return
            try:
                found.told[look(obj.key, inbox, store=store, register=register, withdraw=withdraw)] += 1
            except Unavailable:  # what a store lists and does not describe (a policy, a key of the customer's) shall
                register(obj)  # not end every listing there: its run will say what is wrong
                found.told["found, but not described"] += 1
        found.told[ARCHIVED] += len(unknown(listed.archived, catalogue=catalogue))
        found.told["left to the import"] += listed.left
        found.place = listed.place
        if now() >= until:
            return
