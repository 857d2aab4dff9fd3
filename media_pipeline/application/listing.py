"""The bucket is listed, page by page and over as many ticks as it takes: what no message told of is found."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from media_pipeline.application.inbox import Inbox, Place
from media_pipeline.application.ports.store import Store
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.upload import StoredObject

PAGE = 500
"""objects"""


@dataclass(frozen=True, slots=True)
class Listed:
    """What one page holds, and where to go on when it is dealt with."""

    complete: Sequence[StoredObject]
    """that can be read now, oldest first"""
    archived: Sequence[StoredObject]
    left: int
    """to the import"""
    place: Place


def pages(inbox: Inbox, place: Place, *, store: Store, now: Callable[[], datetime]) -> Iterator[Listed]:
    """The rest of the listing that `place` is in, or a new one when it is time. A place that the store does not know
    any more is the beginning of its prefix. Raises Unavailable; Missing for a bucket that is not there."""
    if place.list_at and now() < datetime.fromisoformat(place.list_at):
        return
    place = replace(place, list_at=None)
    while place.list_at is None:
        prefix = inbox.prefixes[min(place.prefix, len(inbox.prefixes) - 1)]
        try:
            page = store.page(inbox.bucket, prefix, token=place.token, limit=PAGE)
        except Missing:
            if place.token is None:
                raise
            place = replace(place, token=None)
            continue
        mine = [o for o in page.objects if inbox.takes(o.key)]
        complete, waiting = settled(mine, seen=place.waited, now=now(), settle_seconds=inbox.settle_seconds)
        due = [o for o in complete if inbox.import_before is None or o.modified_at >= inbox.import_before]
        place = _after(replace(place, token=page.next_token, waiting=place.waiting | waiting), inbox, now())
        yield Listed(
            complete=[o for o in due if not o.archived],
            archived=[o for o in due if o.archived],
            left=len(complete) - len(due),
            place=place,
        )


def settled(
    objects: Iterable[StoredObject], *, seen: dict[str, str], now: datetime, settle_seconds: float
) -> tuple[list[StoredObject], dict[str, str]]:
    """Split what a listing found into objects that are complete and those that may still be written.

    Complete: unchanged since the last listing (`seen` maps key to ETag), or untouched for `settle_seconds`;
    all of them where that is 0, whatever the store's clock says. Returns
    the complete ones, oldest first, and what to remember for the next listing.
    """
    complete, waiting = [], {}
    for obj in objects:
        age = (now - obj.modified_at).total_seconds()
        if settle_seconds <= 0 or seen.get(obj.key) == obj.etag or age >= settle_seconds:
            complete.append(obj)
        else:
            waiting[obj.key] = obj.etag
    return sorted(complete, key=lambda o: (o.modified_at, o.key)), waiting


def _after(place: Place, inbox: Inbox, now: datetime) -> Place:
    """The place after a page: the next one, the next prefix, or the rest after the last."""
    if place.token is not None:
        return place
    if place.prefix + 1 < len(inbox.prefixes):
        return replace(place, prefix=place.prefix + 1)
    rest = now + timedelta(seconds=inbox.list_every_seconds)
    return replace(place, prefix=0, list_at=rest.isoformat(), waited=place.waiting, waiting={})
