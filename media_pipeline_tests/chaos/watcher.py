"""Looks at what is published all the time, as a player would, and notes what no player may ever see."""

import posixpath
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree

import m3u8

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.publish import published
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest
from media_pipeline.infrastructure.results import ManifestJson

EVERY_SECONDS = 0.05
_DASH = "{urn:mpeg:dash:schema:mpd:2011}"


@dataclass
class Watcher:
    """`seen`: the revisions of each media, by number, with the ETag that each had."""

    shelf: Shelf
    newer: Callable[[str, str], tuple[bytes, str] | None]
    """what a key holds and its ETag; None where it has the ETag given, or is not there"""
    ids: Callable[[], list[str]]
    violations: list[str] = field(default_factory=list)
    seen: dict[str, dict[int, str]] = field(default_factory=dict)
    polls: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        for media_id in self.ids():
            self._look_at(media_id)
        self.polls += 1

    def _look_at(self, media_id: str) -> None:
        revisions = self.seen.setdefault(media_id, {})
        newest = revisions[max(revisions)] if revisions else "none"
        found = self.newer(keys.manifest(media_id), newest)
        if found is None:
            return
        data, etag = found
        try:
            manifest = ManifestJson().load(data)
        except ValueError as broken:
            self.violations.append(f"{media_id}: a manifest that is none: {broken}")
            return
        if manifest.revision <= max(revisions, default=0):
            self.violations.append(f"{media_id}: revision {manifest.revision} came after {max(revisions)}")
        revisions[manifest.revision] = etag
        self.violations += [f"{media_id} revision {manifest.revision}: {f}" for f in faults(manifest, self.shelf)]


@contextmanager
def watching(watcher: Watcher) -> Iterator[Watcher]:
    """It looks until the end of the block; what went wrong with it is said there."""
    trouble = list[Exception]()

    def watch() -> None:
        try:
            while not watcher.over.wait(EVERY_SECONDS):
                watcher.look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the storm ends with it
            trouble.append(error)
            watcher.over.set()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        watcher.over.set()
        thread.join()
    if trouble:
        raise RuntimeError("the watcher saw no more") from trouble[0]


def faults(manifest: Manifest, shelf: Shelf) -> list[str]:
    """What is wrong with a manifest that is out. Nothing, where it was replaced before everything was looked at."""
    wrong = []
    names = named(manifest, shelf)
    others = sorted(n for n in names if not n.startswith(keys.version_prefix(manifest.id, manifest.version)))
    if others:
        wrong.append(f"names {others} of another version")
    gone = sorted(n for n in names if not _exists(n, shelf))
    if gone and published(manifest.id, shelf=shelf, codec=ManifestJson()) == manifest:
        wrong.append(f"names {gone}, which are not there")
    return wrong


def named(manifest: Manifest, shelf: Shelf) -> set[str]:
    """Every object that a manifest and its playlists name."""
    plain = [manifest.hls, manifest.dash, manifest.mp4, manifest.poster, manifest.preview]
    if manifest.storyboard:
        plain += [manifest.storyboard.vtt, *manifest.storyboard.images]
    for track in manifest.subtitles:
        plain += [track.vtt, track.srt, track.words]
    found: set[str] = set()
    open_ = {keys.of_manifest(manifest.id, path) for path in plain if path}
    while open_:
        key = open_.pop()
        found.add(key)
        open_ |= _names(key, shelf) - found
    return found


def _names(key: str, shelf: Shelf) -> set[str]:
    if posixpath.splitext(key)[1] not in _READERS:
        return set()
    try:
        text = shelf.store.read(shelf.bucket, key)[0].decode()
    except Missing:
        return set()
    return {posixpath.normpath(posixpath.join(posixpath.dirname(key), name)) for name in names_in(key, text)}


def names_in(key: str, text: str) -> set[str]:
    """What an object names, relatively to itself."""
    read = _READERS.get(posixpath.splitext(key)[1])
    return read(text) if read else set()


def _of_hls(text: str) -> set[str]:
    playlist = m3u8.loads(text)
    parts = [
        *playlist.playlists, *playlist.iframe_playlists, *playlist.media, *playlist.segments, *playlist.segment_map
    ]  # fmt: skip
    return {part.uri for part in parts if part.uri}


def _of_dash(text: str) -> set[str]:
    def below(element: ElementTree.Element, base: str) -> Iterator[str]:
        own = element.findtext(f"{_DASH}BaseURL")
        base = posixpath.join(base, own) if own else base
        if element.tag == f"{_DASH}Representation":
            yield base
        for child in element:
            yield from below(child, base)

    return set(below(ElementTree.fromstring(text), ""))


def _of_vtt(text: str) -> set[str]:
    return {line.split("#xywh")[0] for line in text.splitlines() if "#xywh" in line}


def _exists(key: str, shelf: Shelf) -> bool:
    try:
        shelf.store.head(shelf.bucket, key)
    except Missing:
        return False
    return True


_READERS = {".m3u8": _of_hls, ".mpd": _of_dash, ".vtt": _of_vtt}
