"""What RFC 8216bis asks of an HLS presentation on demand, as far as a player would trip over it.

Pure functions over playlist text. They tell what is wrong, in sentences for an operator.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest

BITRATE_TOLERANCE = 0.01
"""bandwidths are whole numbers of bits/s, durations have three digits"""


@dataclass(frozen=True, slots=True)
class Segment:
    """`size` and `offset` are bytes; size 0: the whole file."""

    uri: str
    seconds: float
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """`target` in seconds."""

    tags: Mapping[str, str]
    segments: tuple[Segment, ...]

    @property
    def target(self) -> int:
        return int(self.tags.get("EXT-X-TARGETDURATION", "0"))

    @property
    def seconds(self) -> float:
        return sum(s.seconds for s in self.segments)


@dataclass(frozen=True, slots=True)
class Line:
    """One tag of a master playlist that has attributes, with the URI that belongs to it."""

    tag: str
    attributes: Mapping[str, str]
    uri: str


def faults(master: str, media: Callable[[str], str], sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Everything wrong with a master playlist and the playlists that it names.

    `media` gives the text of a playlist by the URI that names it; `sizes` bytes of the media files.
    """
    lines = master_lines(master)
    playlists = {line.uri: parsed(media(line.uri)) for line in lines if line.uri}
    found = [*_in_master(master, lines), *_in_groups(lines)]
    for line in lines:
        if line.uri:
            found += [f"{line.uri}: {fault}" for fault in _in_media(line, playlists[line.uri], sizes)]
    found += _understated(lines, playlists)
    targets = {playlists[x.uri].target for x in lines if _carries_media(x)}
    if len(targets) > 1:
        found.append(f"target durations differ: {sorted(targets)}")
    return tuple(found)


def misalignment_seconds(playlists: Sequence[str]) -> float:
    """How far apart the same segment ends in any two of these media playlists. One that is missing ends at zero."""
    edges = [list(accumulate(s.seconds for s in parsed(text).segments)) for text in playlists]
    return max((max(same) - min(same) for same in zip_longest(*edges, fillvalue=0.0)), default=0.0)


def parsed(text: str) -> MediaPlaylist:
    tags: dict[str, str] = {}
    segments: list[Segment] = []
    seconds, wanted, offset = 0.0, 0, 0
    for line in filter(None, text.splitlines()):
        tag, _, value = line.removeprefix("#").partition(":")
        if not line.startswith("#"):
            segments.append(Segment(line, seconds, offset, wanted))
            offset, seconds, wanted = offset + wanted, 0.0, 0
        elif tag == "EXTINF":
            seconds = float(value.split(",")[0])
        elif tag == "EXT-X-BYTERANGE":
            size, _, start = value.partition("@")
            wanted, offset = int(size), int(start) if start else offset
        else:
            tags[tag] = value
    return MediaPlaylist(tags, tuple(segments))


def master_lines(text: str) -> list[Line]:
    """The tags of a master playlist that name renditions and variants."""
    lines = [line for line in text.splitlines() if line.strip()]
    found = []
    for i, line in enumerate(lines):
        tag, _, rest = line.removeprefix("#").partition(":")
        if tag not in ("EXT-X-MEDIA", "EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF"):
            continue
        pairs = re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)', rest)
        attributes = {name: value.strip('"') for name, value in pairs}
        following = lines[i + 1] if i + 1 < len(lines) else ""
        uri = following if tag == "EXT-X-STREAM-INF" else attributes.get("URI", "")
        found.append(Line(tag, attributes, "" if uri.startswith("#") else uri))
    return found


def _in_master(text: str, lines: Sequence[Line]) -> Iterator[str]:
    if not text.startswith("#EXTM3U"):
        yield "the master playlist does not begin with #EXTM3U"
    if "#EXT-X-INDEPENDENT-SEGMENTS" not in text:
        yield "no EXT-X-INDEPENDENT-SEGMENTS"
    variants = [line for line in lines if line.tag == "EXT-X-STREAM-INF"]
    if not variants:
        yield "no variant stream"
    for variant in variants:
        for name in ("BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS"):
            if not variant.attributes.get(name):
                yield f"a variant without {name}"
        if "RESOLUTION" in variant.attributes and not {"FRAME-RATE", "VIDEO-RANGE"} <= variant.attributes.keys():
            yield "a picture without FRAME-RATE or VIDEO-RANGE"


def _in_groups(lines: Sequence[Line]) -> Iterator[str]:
    media = [line.attributes for line in lines if line.tag == "EXT-X-MEDIA"]
    groups = {(m.get("TYPE", ""), m.get("GROUP-ID", "")) for m in media}
    for kind, group in sorted(groups):
        members = [m for m in media if (m.get("TYPE"), m.get("GROUP-ID")) == (kind, group)]
        names = [m.get("NAME") for m in members]
        if len(set(names)) < len(names) or None in names:
            yield f"names in group {group} are not unique: {names}"
        defaults = [m for m in members if m.get("DEFAULT") == "YES"]
        if len(defaults) > 1 or (kind == "AUDIO" and not defaults):
            yield f"{len(defaults)} default renditions in group {group}"
        if any(m.get("AUTOSELECT") == "NO" for m in defaults):
            yield f"the default rendition of group {group} is not to be selected"
    for line in lines:
        for kind in ("AUDIO", "SUBTITLES"):
            named = line.attributes.get(kind)
            if named is not None and (kind, named) not in groups:
                yield f"a variant names the {kind} group {named}, which is not there"


def _in_media(line: Line, playlist: MediaPlaylist, sizes: Mapping[str, int]) -> Iterator[str]:
    tags, segments = playlist.tags, playlist.segments
    if "EXTM3U" not in tags or "EXT-X-ENDLIST" not in tags or tags.get("EXT-X-PLAYLIST-TYPE") != "VOD":
        yield "not a whole playlist of video on demand"
    if not segments:
        yield "no segment"
    longest = max((s.seconds for s in segments), default=0.0)
    if int(longest + 0.5) > playlist.target:
        yield f"a segment of {longest:.3f} s is over the target of {playlist.target} s"
    if any(s.seconds <= 0 for s in segments):
        yield "a segment without a duration"
    text = line.attributes.get("TYPE") == "SUBTITLES"
    if int(tags.get("EXT-X-VERSION", "1")) < (4 if text else 6):
        yield "the version is too low for fragmented MP4"
    if not text and "EXT-X-MAP" not in tags:
        yield "no EXT-X-MAP"
    if (line.tag == "EXT-X-I-FRAME-STREAM-INF") != ("EXT-X-I-FRAMES-ONLY" in tags):
        yield "EXT-X-I-FRAMES-ONLY does not match what the master says"
    for segment in segments:
        if segment.uri in sizes and segment.offset + segment.size > sizes[segment.uri]:
            yield f"a byte range ends {segment.offset + segment.size - sizes[segment.uri]} bytes past its file"


def bandwidths(lines: Sequence[Line], playlists: Mapping[str, MediaPlaylist]) -> dict[str, tuple[float, float]]:
    """Peak and average bits/s of each variant by its URI: its own, and the heaviest rendition of its audio group."""
    found = {}
    for variant in lines:
        if variant.tag == "EXT-X-MEDIA" or not variant.uri:
            continue
        own = playlists[variant.uri]
        uris = {m.uri for m in lines if m.tag == "EXT-X-MEDIA" and m.attributes.get("TYPE") == "AUDIO" and m.uri}
        heard = [playlists[uri] for uri in uris] if "AUDIO" in variant.attributes else []
        # Sound alone is a rendition of its own group: one of them is heard, not two.
        seen = [] if variant.uri in uris else [own]
        peak, average = (
            sum(map(measure, seen)) + max(map(measure, heard), default=0.0)
            for measure in (peak_bitrate, average_bitrate)
        )
        found[variant.uri] = (max(peak, average), average)
    return found


def _understated(lines: Sequence[Line], playlists: Mapping[str, MediaPlaylist]) -> Iterator[str]:
    measured = bandwidths(lines, playlists)
    for variant in (line for line in lines if line.uri in measured and line.tag != "EXT-X-MEDIA"):
        for name, bitrate in zip(("BANDWIDTH", "AVERAGE-BANDWIDTH"), measured[variant.uri], strict=True):
            said = float(variant.attributes.get(name, "0"))
            if said < bitrate * (1 - BITRATE_TOLERANCE):
                yield f"{variant.uri}: {name} is {said:.0f} bits/s, measured are {bitrate:.0f}"
        peak, average = (int(variant.attributes.get(n, "0")) for n in ("BANDWIDTH", "AVERAGE-BANDWIDTH"))
        if peak < average:
            yield f"{variant.uri}: BANDWIDTH is {peak} bits/s, less than the average of {average}"


def average_bitrate(playlist: MediaPlaylist) -> float:
    """Bits/s over all segments."""
    return sum(s.size for s in playlist.segments) * 8 / playlist.seconds if playlist.seconds else 0.0


def peak_bitrate(playlist: MediaPlaylist) -> float:
    """Bits/s of the heaviest run of segments that is between half and one and a half target durations long."""
    peak = 0.0
    for i in range(len(playlist.segments)):
        seconds = size = 0.0
        for segment in playlist.segments[i:]:
            seconds, size = seconds + segment.seconds, size + segment.size
            if seconds > 1.5 * playlist.target:
                break
            if seconds >= 0.5 * playlist.target:
                peak = max(peak, size * 8 / seconds)
    return peak


def _carries_media(line: Line) -> bool:
    return line.tag == "EXT-X-STREAM-INF" or (bool(line.uri) and line.attributes.get("TYPE") == "AUDIO")
