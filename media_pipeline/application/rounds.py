"""What is known is looked at again, a portion at a time: a file may go without anybody being told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from media_pipeline.application.inbox import Inbox, Place
from media_pipeline.application.ports import Catalogue, Store
from media_pipeline.domain.errors import BadMedia, Missing, QuarantineCode, Unavailable
from media_pipeline.domain.job import Job, JobState

PORTION = 100
"""media"""
_TOO_MANY = 10


def look_again(
    inbox: Inbox,
    place: Place,
    *,
    store: Store,
    catalogue: Catalogue,
    withdraw: Callable[[str], object],
    now: Callable[[], datetime],
    until: datetime,
) -> Place:
    """Look at the next portion of what is known and withdraw, by key, what has gone. Returns where to go on: after the
    last media looked at, or after a rest when all were.

    Raises Unavailable, and withdraws nothing, where many have gone and nothing else is there: a disk that is not
    mounted and a wrong address look like that.
    """
    if place.round_at and now() < datetime.fromisoformat(place.round_at):
        return place
    after = (datetime.fromisoformat(place.after[0]), place.after[1]) if place.after else None
    gone: list[str] = []
    portion = catalogue.jobs(after=after, limit=PORTION)
    for job in portion:
        if now() >= until:
            break
        if _ours(job, inbox) and not _there(job, store):
            gone.append(job.key)
        place = replace(place, after=(job.received_at.isoformat(), job.media_id), round_at=None)
    else:
        if len(portion) < PORTION:
            rest = now() + timedelta(seconds=inbox.list_every_seconds)
            place = replace(place, after=None, round_at=rest.isoformat())
    if len(gone) > _TOO_MANY and not store.page(inbox.bucket, limit=1).objects:
        message = "Every upload seems to have gone, and nothing is withdrawn: is the inbox where it was?"
        raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, message)
    for key in gone:
        withdraw(key)
    return place


def _ours(job: Job, inbox: Inbox) -> bool:
    return job.bucket == inbox.bucket and job.state is not JobState.REMOVED


def _there(job: Job, store: Store) -> bool:
    try:
        store.head(job.bucket, job.key)
    except Missing:
        return False
    except BadMedia:  # it is there, and not to be read
        return True
    return True
