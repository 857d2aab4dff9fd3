"""The garbage collector: what no manifest names goes, after a time of grace, and never anything of a live run."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import History
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.garbage import (
    garbage,
    is_human,
    is_naming,
    is_result,
    named_by_result,
    named_relatively,
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
    only say what that is. Keys that are not of our making are never touched, nor is what only looks like one of ours:
    of a media that the catalogue does not know."""
    listed = shelf.store.list(shelf.bucket, prefix)
    for media_id, group in groupby(listed, key=lambda o: _owner(o)[0]):
        if not media_id or all(o.modified_at >= before for o in group):
            continue
        try:
            current = catalogue.job(media_id)
        except Missing:
            continue
        # Once more, and whole: how a store orders a listing shall not decide what is named.
        objects = tuple(o for o in shelf.store.list(shelf.bucket, keys.media_prefix(media_id)) if _owner(o)[0])
        found = _of_media(current, objects, shelf=shelf, catalogue=catalogue, history=history, before=before)
        if found and delete:
            shelf.store.delete(shelf.bucket, [o.key for o in found])
        if found:
            yield Swept(media_id, tuple(found))


def _of_media(
    current: Job,
    objects: tuple[StoredObject, ...],
    *,
    shelf: Shelf,
    catalogue: Catalogue,
    history: History,
    before: datetime,
) -> list[StoredObject]:
    media_id = current.media_id
    jobs = catalogue.versions(media_id)
    runs = history.runs([media_id]).get(media_id, [])
    # A run that a person started by hand has no version: it works on what is current.
    at_work = {r.version or current.version for r in runs if r.state in GOING_ON}
    busy = at_work | {j.version for j in jobs if j.state in LIVE or any(t.state in OPEN for t in j.tasks)}
    named = set() if current.state is JobState.REMOVED else _named(objects, current, shelf)
    return garbage(objects, named=named, busy=busy, before=before)


def _named(objects: tuple[StoredObject, ...], current: Job, shelf: Shelf) -> set[str]:
    """What the manifest names, transitively; what the stages handed on of the version it shows and of the current
    one; and what a person set."""
    there = {o.key: _owner(o)[1] for o in objects}
    shown = _reached({keys.manifest(current.media_id)} & there.keys(), there.keys(), shelf)
    versions = {there[key] for key in shown} | {current.version}
    results = {key for key in there if is_human(key) or (there[key] in versions and is_result(key))}
    return shown | _reached(results, there.keys(), shelf)


def _reached(roots: set[str], there: Set[str], shelf: Shelf) -> set[str]:
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


def _owner(obj: StoredObject) -> tuple[str, str]:
    return keys.owner(obj.key) or ("", "")
