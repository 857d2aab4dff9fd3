"""What the player page may read of one media: the files its manifest names, and those their playlists name.

The list is closed before the first request: a path that is not on it does not exist, however it is spelt.
"""

import os
import posixpath
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import MediaTool
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest

MANIFEST = "media.json"
_HLS_NAME = re.compile(r'^([^#\s].*)$|\bURI="([^"]*)"', re.MULTILINE)
_DASH_NAME = re.compile(r"<BaseURL>([^<]*)</BaseURL>()")

Read = Callable[[str], str]
"""The text of a playlist, by its path."""


class Files:
    """The files of one published media, each made local once, by paths relative to its manifest.

    Safe to use from several threads. `scratch` is the caller's to remove.
    """

    def __init__(self, manifest: Manifest, *, store: Store, bucket: str, tool: MediaTool, scratch: Path) -> None:
        """Raises Missing when the manifest names a playlist that is not there."""
        self._manifest, self._store, self._bucket = manifest, store, bucket
        self._tool, self._scratch = tool, scratch
        self._remuxing = Lock()
        self._fetching = {name: Lock() for name in sorted(named(manifest, self._text))}
        self._local = {name: scratch / f"{i}{Path(name).suffix}" for i, name in enumerate(self._fetching)}

    def open(self, name: str) -> BinaryIO:
        """Raises Missing for every path that is not on the list, or no longer in the store."""
        try:
            return self._fetched(name).open("rb")
        except FileNotFoundError as gone:  # a link to an object that was removed meanwhile
            raise Missing("The file is no longer there.") from gone

    def progressive(self) -> BinaryIO:
        """The best picture and the default sound in one MP4, for browsers that play no HLS; made when first asked for.

        Raises Missing without a stream; Unavailable(TOOL_CRASH) when our own files cannot be copied together.
        """
        if self._manifest.mp4 is not None:
            return self.open(self._manifest.mp4)
        with self._remuxing:
            mp4 = self._scratch / "media.mp4"
            if not mp4.exists():
                self._remux(mp4)
        return mp4.open("rb")

    def _fetched(self, name: str) -> Path:
        if name not in self._fetching:
            raise Missing("No such file.")
        path = self._local[name]
        with self._fetching[name]:
            if not os.path.lexists(path):
                part = path.with_suffix(".part")
                part.unlink(missing_ok=True)  # of a download that broke off
                self._store.fetch(self._bucket, self._key(name), part)
                part.rename(path)
        return path

    def _remux(self, mp4: Path) -> None:
        if self._manifest.hls is None:
            raise Missing("There is no stream.")
        inputs = [self._fetched(name) for name in preferred(self._manifest.hls, self._text)]
        work = self._scratch / "remux"
        work.mkdir(exist_ok=True)
        try:
            self._tool.join(inputs, scratch=work).rename(mp4)
        finally:
            shutil.rmtree(work)

    def _text(self, name: str) -> str:
        return self._store.read(self._bucket, self._key(name))[0].decode("utf-8", "replace")

    def _key(self, name: str) -> str:
        return posixpath.join(posixpath.dirname(keys.manifest(self._manifest.id)), name)


def named(manifest: Manifest, read: Read) -> frozenset[str]:
    """Every path that the manifest names, directly or through its playlists."""
    found = {MANIFEST, *_direct(manifest)}
    waiting = [name for name in (manifest.hls, manifest.dash) if name]
    while waiting:
        playlist = waiting.pop()
        fresh = set(_references(playlist, read(playlist))) - found
        found |= fresh
        waiting += [name for name in fresh if name.endswith(".m3u8")]
    return frozenset(name for name in found if _inside(name))


def preferred(hls: str, read: Read) -> list[str]:
    """The files of the best rendition and of the default sound of a master playlist: one or two paths.

    H.264 is taken before other codecs at any size: a browser without HLS is likely to lack those too.
    Raises Missing when it names no rendition.
    """
    lines = [line for line in read(hls).splitlines() if line.strip()]
    variants = [
        ("avc1" in line or "RESOLUTION" not in line, int(match[1]), i)
        for i, line in enumerate(lines)
        if line.startswith("#EXT-X-STREAM-INF") and (match := re.search(r"[:,]BANDWIDTH=(\d+)", line))
    ]
    if not variants:
        raise Missing("There is no stream.")
    best = max(variants)[2]
    sounds = [line for line in lines if line.startswith("#EXT-X-MEDIA") and "TYPE=AUDIO" in line and "URI=" in line]
    sound = next((line for line in sounds if "DEFAULT=YES" in line), sounds[0] if sounds else "")
    playlists = [*_references(hls, lines[best + 1]), *_references(hls, sound)]
    # One file a rendition, addressed by ranges: the first name is the only one.
    return [next(_references(playlist, read(playlist)), "") for playlist in dict.fromkeys(playlists)]


def _direct(manifest: Manifest) -> Iterator[str]:
    board = manifest.storyboard
    single = [manifest.hls, manifest.dash, manifest.mp4, manifest.poster, manifest.preview]
    single += [board.vtt, *board.images] if board else []
    for track in manifest.subtitles:
        single += [track.vtt, track.srt, track.words]
    return (name for name in single if name is not None)


def _references(playlist: str, text: str) -> Iterator[str]:
    """The paths that a playlist names, relative to the manifest like its own."""
    names = _DASH_NAME if playlist.endswith(".mpd") else _HLS_NAME
    for line, quoted in names.findall(text):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(playlist), (line or quoted).strip()))


def _inside(name: str) -> bool:
    """Below the media's own prefix."""
    return not name.startswith(("/", "../")) and name not in ("", ".", "..") and "/../" not in name
