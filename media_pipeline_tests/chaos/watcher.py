"""Looks at what is published all the time, as a player would, and notes what no player may ever see."""

import posixpath
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree

import m3u8
from botocore.exceptions import ClientError

from media_pipeline.application.publish import published
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest
from media_pipeline.infrastructure.results import ManifestJson
from media_pipeline_tests.chaos.world import World

EVERY_SECONDS = 0.05
_DASH = "{urn:mpeg:dash:schema:mpd:2011}"


@dataclass
class Watcher:
    """`seen`: the revisions of each media, by number, with the ETag that each had."""

    world: World
    ids: Callable[[], list[str]]
    violations: list[str] = field(default_factory=list)
    seen: dict[str, dict[int, str]] = field(default_factory=dict)
    polls: int = 0

    def look(self) -> None:
        for media_id in self.ids():
            self._look_at(media_id)
        self.polls += 1

    def _look_at(self, media_id: str) -> None:
        revisions = self.seen.setdefault(media_id, {})
        newest = revisions[max(revisions)] if revisions else "none"
        try:
            answer = self.world.s3.get_object(Bucket="media", Key=keys.manifest(media_id), IfNoneMatch=newest)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"304", "NoSuchKey", "404"}:
                raise
            return
        data, etag = answer["Body"].read(), answer["ETag"]
        try:
            manifest = ManifestJson().load(data)
        except ValueError as broken:
            self.violations.append(f"{media_id}: a manifest that is none: {broken}")
            return
        if manifest.revision <= max(revisions, default=0):
            self.violations.append(f"{media_id}: revision {manifest.revision} came after {max(revisions)}")
        revisions[manifest.revision] = etag
        self.violations += [f"{media_id} revision {manifest.revision}: {f}" for f in faults(manifest, self.world)]


@contextmanager
def watching(world: World, ids: Callable[[], list[str]]) -> Iterator[Watcher]:
    watcher, over = Watcher(world, ids), threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_SECONDS):
            watcher.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        over.set()
        thread.join()


def faults(manifest: Manifest, world: World) -> list[str]:
    """What is wrong with a manifest that is out. Nothing, where it was replaced before everything was looked at."""
    wrong = []
    names = named(manifest, world)
    others = sorted(n for n in names if not n.startswith(keys.version_prefix(manifest.id, manifest.version)))
    if others:
        wrong.append(f"names {others} of another version")
    gone = sorted(n for n in names if not _exists(n, world))
    if gone and published(manifest.id, shelf=world.here.shelf, codec=ManifestJson()) == manifest:
        wrong.append(f"names {gone}, which are not there")
    return wrong


def named(manifest: Manifest, world: World) -> set[str]:
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
        open_ |= _names(key, world) - found
    return found


def _names(key: str, world: World) -> set[str]:
    if posixpath.splitext(key)[1] not in _READERS:
        return set()
    try:
        text = world.here.store.read("media", key)[0].decode()
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


def _exists(key: str, world: World) -> bool:
    try:
        world.here.store.head("media", key)
    except Missing:
        return False
    return True


_READERS = {".m3u8": _of_hls, ".mpd": _of_dash, ".vtt": _of_vtt}
