"""Which files a published media consists of: what its manifest names, and what the playlists name that it names."""

import posixpath
import re
from collections.abc import Callable, Iterator

from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest

MANIFEST = "media.json"
_HLS_NAME = re.compile(r'^([^#\s].*)$|\bURI="([^"]*)"', re.MULTILINE)
_DASH_NAME = re.compile(r"<BaseURL>([^<]*)</BaseURL>()")

Read = Callable[[str], str]
"""The text of a playlist, by its path."""


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
