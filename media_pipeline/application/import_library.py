"""A bucket that was there before: what is in it is registered at a pace, to be worked off behind live work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from media_pipeline.application.inbox import Inbox
from media_pipeline.application.listing import PAGE
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.store import Store
from media_pipeline.application.register import unknown
from media_pipeline.domain.upload import StoredObject


@dataclass(frozen=True, slots=True)
class Imported:
    """How far an import is: objects, unless said otherwise."""

    seen: int = 0
    no_uploads: int = 0
    known: int = 0
    archived: int = 0
    """to be restored first: left out"""
    new: int = 0
    """registered, or to be"""
    new_bytes: int = 0


def import_library(
    prefix: str,
    inbox: Inbox,
    *,
    store: Store,
    catalogue: Catalogue,
    register: Callable[[StoredObject], object],
    pace: Callable[[], object],
) -> Iterator[Imported]:
    """Register what is under a prefix and has no job yet, one object at a time with `pace` after each. Tells how far it
    is after each object and each page. Begun again, it goes on: what is registered is known. Raises Missing for a
    bucket that is not there, Unavailable."""
    token, far = None, Imported()
    while True:
        page = store.page(inbox.bucket, prefix, token=token, limit=PAGE)
        uploads = [o for o in page.objects if inbox.takes(o.key)]
        new = unknown(uploads, catalogue=catalogue)
        ready = [o for o in new if not o.archived]
        far = replace(
            far,
            seen=far.seen + len(page.objects),
            no_uploads=far.no_uploads + len(page.objects) - len(uploads),
            known=far.known + len(uploads) - len(new),
            archived=far.archived + len(new) - len(ready),
        )
        for obj in ready:
            register(obj)
            far = replace(far, new=far.new + 1, new_bytes=far.new_bytes + obj.size)
            yield far
            pace()
        token = page.next_token
        if token is None:
            yield far
            return
