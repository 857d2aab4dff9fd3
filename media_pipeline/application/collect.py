"""The garbage collector: what no manifest names goes, after a time of grace, and never anything of a live run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports import Catalogue, History
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.garbage import (
    garbage,
    is_human,
    is_naming,
    is_result,
    media_of,
    named_by_result,
    named_relatively,
    version_of,
)
from media_pipeline.domain.job import LIVE, OPEN, Job, JobState
from media_pipeline.domain.run import GOING_ON
from media_pipeline.domain.upload import StoredObject


@dataclass(frozen=True, slots=True)
class Swept:
    """What is to go of one media, or went."""

    media_id: str
    objects: tuple[StoredObject, ...]

    @property
    def bytes(self) -> int:
        return sum(o.size for o in self.objects)


def collect(
    *, shelf: Shelf, catalogue: Catalogue, history: History, before: datetime, delete: bool, prefix: str = ""
) -> Iterator[Swept]:
    """Go through the bucket, one media at a time, and delete what nothing names and nobody changed since `before`, or
    only say what that is. Keys that are not of our making are never touched."""
    listed = shelf.store.list(shelf.bucket, prefix)
    for media_id, group in groupby(listed, key=lambda o: media_of(o.key)):
        if media_id is None:
            continue
        objects = tuple(group)
        if all(o.modified_at >= before for o in objects):
            continue
        found = _of_media(
            media_id, objects, shelf=shelf, catalogue=catalogue, history=history, before=before
        )  # fmt: skip
        if found and delete:
            shelf.store.delete(shelf.bucket, [o.key for o in found])
        if found:
            yield Swept(media_id, tuple(found))


def _of_media(
    media_id: str,
    objects: tuple[StoredObject, ...],
    *,
    shelf: Shelf,
    catalogue: Catalogue,
    history: History,
    before: datetime,
) -> list[StoredObject]:
    jobs = _jobs(media_id, {v for o in objects if (v := version_of(o.key))}, catalogue)
    runs = history.runs([media_id]).get(media_id, [])
    current = _current(media_id, catalogue)
    # A run that a person started by hand has no version: it works on what is current.
    at_work = {r.version or (current.version if current else "") for r in runs if r.state in GOING_ON}
    busy = at_work | {j.version for j in jobs if j.state in LIVE or any(t.state in OPEN for t in j.tasks)}
    named = set() if current and current.state is JobState.REMOVED else _named(media_id, objects, current, shelf)
    return garbage(objects, named=named, busy=busy, before=before)


def _named(media_id: str, objects: tuple[StoredObject, ...], current: Job | None, shelf: Shelf) -> set[str]:
    """What the manifest names, transitively; what the stages handed on of the version it shows and of the current
    one; and what a person set."""
    there = {o.key for o in objects}
    shown = _reached({keys.manifest(media_id)} & there, there, shelf)
    versions = {version_of(key) for key in shown} | {current.version if current else None}
    results = {k for k in there if is_human(k) or (version_of(k) in versions and is_result(k))}
    return shown | _reached(results, there, shelf)


def _reached(roots: set[str], there: set[str], shelf: Shelf) -> set[str]:
    """What is found by following names from these."""
    named: set[str] = set()
    while roots:
        key = roots.pop()
        named.add(key)
        if is_naming(key):
            roots |= (_names(key, shelf) & there) - named
    return named


def _names(key: str, shelf: Shelf) -> set[str]:
    try:
        data, _ = shelf.store.read(shelf.bucket, key)
    except Missing:  # it went meanwhile, and so did what it named
        return set()
    if is_result(key):
        return set(named_by_result(data))
    return named_relatively(key, data)


def _jobs(media_id: str, versions: set[str], catalogue: Catalogue) -> list[Job]:
    found = []
    for version in versions:
        try:
            found.append(catalogue.job(media_id, version))
        except Missing:
            continue
    return found


def _current(media_id: str, catalogue: Catalogue) -> Job | None:
    """None for a media that the catalogue does not know: then only its manifest speaks for it."""
    try:
        return catalogue.job(media_id)
    except Missing:
        return None
