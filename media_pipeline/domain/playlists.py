"""The small additions to what the packager wrote, and to progressive publication: naming subtitles that arrive later.

Pure functions over playlist text; media files are never touched.
"""

import math
import posixpath
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from media_pipeline.domain import conformance
from media_pipeline.domain.media import TextKind

_DASH = "urn:mpeg:dash:schema:mpd:2011"
_CHARACTERISTICS = (
    ',CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"'
)
_ROLES: dict[TextKind, str] = {"subtitles": "subtitle", "captions": "caption", "forced": "forced-subtitle"}
_NO_CHARACTERS = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})
"""controls, half surrogates, what is not assigned, line and paragraph separators"""
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""They make a name read backwards, and what follows it too."""
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class TextTrack:
    """Subtitles to be named. `vtt`, `playlist` and `base` are relative to the playlists that name them."""

    language: str
    """BCP 47"""
    name: str
    """unique among the tracks"""
    vtt: str
    playlist: str
    mpd: str
    """text of the MPD of the same cues in fragmented MP4"""
    base: str
    """leads to the files that `mpd` names"""
    kind: TextKind = "subtitles"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", one_line(self.name))
        if not re.fullmatch(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,4}", self.language):
            object.__setattr__(self, "language", "und")


def one_line(text: str) -> str:
    """What a quoted attribute of HLS, and XML, can hold: no quote, no line break, nothing that is not a character.

    >>> one_line('the "best"' + chr(10) + 'cut')
    "the 'best' cut"
    """
    shown = (" " if _unfit(c) else c for c in text.replace('"', "'"))
    return " ".join("".join(shown).split())[:_LONGEST_NAME].strip()


def _unfit(character: str) -> bool:
    return unicodedata.category(character) in _NO_CHARACTERS or unicodedata.bidirectional(character) in _TURNS


def subtitle_playlist(vtt: str, duration_seconds: float) -> str:
    """HLS media playlist of a whole WebVTT file as one segment."""
    return "\n".join([
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        f"#EXT-X-TARGETDURATION:{math.ceil(duration_seconds) or 1}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXTINF:{duration_seconds:.3f},",
        vtt,
        "#EXT-X-ENDLIST",
        "",
    ])  # fmt: skip


def hls_packaged(master: str, *, preferred_audio: str | None, media: Callable[[str], str]) -> str:
    """The packager's master playlist with what it leaves out.

    That is: the audio track (by name) that a player begins with, which it marks only where a language is known; the
    dynamic range, which is standard in every rung; bandwidths that count a short last segment too; and without a
    picture one variant, because languages are no qualities. `media` gives the text of a playlist by its URI.
    """
    lines = [_chosen(line, preferred_audio) for line in master.splitlines()]
    first = next(
        (x.uri for x in conformance.master_lines("\n".join(lines)) if x.attributes.get("DEFAULT") == "YES"), ""
    )
    for i in reversed(range(len(lines))):
        if lines[i].startswith("#EXT-X-STREAM-INF") and "RESOLUTION=" not in lines[i] and lines[i + 1] != first:
            del lines[i : i + 2]
    named = conformance.master_lines("\n".join(lines))
    measured = conformance.bandwidths(named, {x.uri: conformance.parsed(media(x.uri)) for x in named})
    for i, line in enumerate(lines):
        if "STREAM-INF:" in line:
            uri = lines[i + 1] if line.startswith("#EXT-X-STREAM-INF") else line.partition('URI="')[2].partition('"')[0]
            lines[i] = _measured(line, *measured[uri])
    return "\n".join([*lines, ""])


def _chosen(line: str, preferred_audio: str | None) -> str:
    if not line.startswith("#EXT-X-MEDIA:TYPE=AUDIO"):
        return line
    chosen = f'NAME="{preferred_audio}"' in line
    line = re.sub(r"DEFAULT=(YES|NO)", f"DEFAULT={'YES' if chosen else 'NO'}", line)
    return f"{line},AUTOSELECT=YES" if chosen and "AUTOSELECT=" not in line else line


def _measured(line: str, peak: float, average: float) -> str:
    line, said = _at_least(line, "AVERAGE-BANDWIDTH", average)
    line, _ = _at_least(line, "BANDWIDTH", max(peak, said))
    return f"{line},VIDEO-RANGE=SDR" if "RESOLUTION=" in line and "VIDEO-RANGE=" not in line else line


def _at_least(line: str, name: str, bitrate: float) -> tuple[str, int]:
    """The line with no less than this, and what it says then; 0 where it does not speak of it."""
    said = re.search(rf"[:,]{name}=(\d+)", line)
    if said is None:
        return line, 0
    most = max(int(said[1]), math.ceil(bitrate))
    return f"{line[: said.start(1)]}{most}{line[said.end(1) :]}", most


def dash_packaged(mpd: str, *, duration_seconds: float) -> str:
    """The packager's MPD with what it leaves out: it is as long as its longest track, not as its picture, and every
    segment of the picture begins with a keyframe. Labels stand where the schema wants them, before the roles."""
    root = _parsed(mpd)
    root.set("mediaPresentationDuration", f"PT{duration_seconds:.3f}S")
    for adaptation in root.iter(_tag("AdaptationSet")):
        if adaptation.get("contentType") == "video":
            adaptation.set("subsegmentStartsWithSAP", "1")
        for label in adaptation.findall(_tag("Label")):
            adaptation.remove(label)
            adaptation.insert(0, label)
    return _written(root)


def hls_master(packaged: str, *, base: str, tracks: Sequence[TextTrack]) -> str:
    """The packager's master playlist, seen from another directory, with subtitles.

    `base` leads from the new place to the packaged files. Lines that name no file are kept as they are.
    """
    lines = [_hls_line(line, base, bool(tracks)) for line in packaged.splitlines()]
    first = next((i for i, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF")), len(lines))
    media = [
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,URI="{t.playlist}",GROUP-ID="subtitles",LANGUAGE="{t.language}",'
        f'NAME="{t.name}",DEFAULT={"YES" if i == 0 else "NO"},AUTOSELECT=YES,'
        f"FORCED={'YES' if t.kind == 'forced' else 'NO'}{_CHARACTERISTICS if t.kind == 'captions' else ''}"
        for i, t in enumerate(tracks)
    ]
    return "\n".join([*lines[:first], *media, *([""] if media else []), *lines[first:], ""])


def dash_manifest(packaged: str, *, base: str, tracks: Sequence[TextTrack]) -> str:
    """The packager's MPD, seen from another directory, with the adaptation set of each track's own MPD."""
    root = _parsed(packaged)
    _move(root, base)
    period = _period(root)
    for track in tracks:
        text = _parsed(track.mpd)
        _move(text, track.base)
        for adaptation in _period(text).findall(_tag("AdaptationSet")):
            taken = len(period.findall(_tag("AdaptationSet")))
            adaptation.set("id", str(taken))
            adaptation.set("lang", track.language)
            for old in (*adaptation.findall(_tag("Label")), *adaptation.findall(_tag("Role"))):
                adaptation.remove(old)
            label = Xml.Element(_tag("Label"))
            label.text = track.name
            role = {"schemeIdUri": "urn:mpeg:dash:role:2011", "value": _ROLES[track.kind]}
            adaptation[:0] = [label, Xml.Element(_tag("Role"), role)]
            for representation in adaptation.iter(_tag("Representation")):
                representation.set("id", f"text-{taken}")
            period.append(adaptation)
    return _written(root)


def relative(key: str, directory: str) -> str:
    """How a playlist in `directory` (a key that ends in "/") names an object."""
    return posixpath.relpath(key, directory)


def _hls_line(line: str, base: str, with_subtitles: bool) -> str:
    if line and not line.startswith("#"):
        return posixpath.join(base, line)
    line = re.sub(r'URI="([^"]+)"', lambda m: f'URI="{posixpath.join(base, m[1])}"', line)
    if with_subtitles and line.startswith("#EXT-X-STREAM-INF"):
        return f'{line},SUBTITLES="subtitles"'
    return line


def _tag(name: str) -> str:
    return f"{{{_DASH}}}{name}"


def _parsed(mpd: str) -> Xml.Element:
    return Xml.fromstring(mpd)  # noqa: S314 - written by our own packager


def _written(root: Xml.Element) -> str:
    Xml.register_namespace("", _DASH)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _period(root: Xml.Element) -> Xml.Element:
    period = root.find(_tag("Period"))
    if period is None:
        raise ValueError("an MPD without a Period")
    return period


def _move(root: Xml.Element, base: str) -> None:
    for url in root.iter(_tag("BaseURL")):
        url.text = posixpath.join(base, url.text or "")
