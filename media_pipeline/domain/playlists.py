"""The small additions of progressive publication: naming subtitles that arrive after the packaging.

Pure functions over playlist text; media files are never touched.
"""

import math
import posixpath
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

_DASH = "urn:mpeg:dash:schema:mpd:2011"
_NO_CHARACTERS = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})
"""controls, half surrogates, what is not assigned, line and paragraph separators"""
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""They make a name read backwards, and what follows it too."""
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class TextTrack:
    """A WebVTT track to be named. `vtt` and `playlist` are relative to the playlists that name them."""

    language: str
    name: str
    vtt: str
    playlist: str

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


def hls_master(packaged: str, *, base: str, tracks: Sequence[TextTrack]) -> str:
    """The packager's master playlist, seen from another directory, with subtitles.

    `base` leads from the new place to the packaged files. Lines that name no file are kept as they are.
    """
    lines = [_hls_line(line, base, bool(tracks)) for line in packaged.splitlines()]
    first = next((i for i, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF")), len(lines))
    media = [
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,URI="{t.playlist}",GROUP-ID="subtitles",LANGUAGE="{t.language}",'
        f'NAME="{t.name}",DEFAULT={"YES" if i == 0 else "NO"},AUTOSELECT=YES,FORCED=NO'
        for i, t in enumerate(tracks)
    ]
    return "\n".join([*lines[:first], *media, *([""] if media else []), *lines[first:], ""])


def default_audio(master: str, name: str | None) -> str:
    """The packager's master playlist with the named track as the one a player begins with. It marks one only where a
    language is known."""
    lines = master.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("#EXT-X-MEDIA:TYPE=AUDIO"):
            chosen = "YES" if f'NAME="{name}"' in line else "NO"
            lines[i] = re.sub(r"DEFAULT=(YES|NO)", f"DEFAULT={chosen}", line)
    return "\n".join([*lines, ""])


def dash_manifest(packaged: str, *, base: str, tracks: Sequence[TextTrack]) -> str:
    """The packager's MPD, seen from another directory, with a text adaptation set a track."""
    Xml.register_namespace("", _DASH)
    root = Xml.fromstring(packaged)  # noqa: S314 - written by our own packager a moment ago
    for url in root.iter(f"{{{_DASH}}}BaseURL"):
        url.text = posixpath.join(base, url.text or "")
    period = root.find(f"{{{_DASH}}}Period")
    if period is None:
        raise ValueError("an MPD without a Period")
    taken = len(period.findall(f"{{{_DASH}}}AdaptationSet"))
    for i, track in enumerate(tracks):
        _add_text(period, track, identity=taken + i)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _hls_line(line: str, base: str, with_subtitles: bool) -> str:
    if line and not line.startswith("#"):
        return posixpath.join(base, line)
    line = re.sub(r'URI="([^"]+)"', lambda m: f'URI="{posixpath.join(base, m[1])}"', line)
    if with_subtitles and line.startswith("#EXT-X-STREAM-INF"):
        return f'{line},SUBTITLES="subtitles"'
    return line


def _add_text(period: Xml.Element, track: TextTrack, *, identity: int) -> None:
    def below(parent: Xml.Element, tag: str, **attributes: str) -> Xml.Element:
        return Xml.SubElement(parent, f"{{{_DASH}}}{tag}", attributes)

    adaptation = below(period, "AdaptationSet", id=str(identity), contentType="text", lang=track.language)
    below(adaptation, "Role", schemeIdUri="urn:mpeg:dash:role:2011", value="subtitle")
    below(adaptation, "Label").text = track.name
    representation = below(
        adaptation, "Representation", id=f"text-{track.language}-{identity}", bandwidth="256", mimeType="text/vtt"
    )
    below(representation, "BaseURL").text = track.vtt


def relative(key: str, directory: str) -> str:
    """How a playlist in `directory` (a key that ends in "/") names an object."""
    return posixpath.relpath(key, directory)


def language_name(language: str) -> str:
    """What a player's menu shows: the language in itself where we know it, else its code."""
    return _LANGUAGES.get(language, language)


_LANGUAGES = {
    "ar": "العربية", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English",
    "eng": "English",
    "es": "Español", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी", "hu": "Magyar",
    "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ko": "한국어", "nl": "Nederlands", "no": "Norsk",
    "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский", "sv": "Svenska", "th": "ไทย",
    "tr": "Türkçe", "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip
