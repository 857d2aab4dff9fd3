"""The same bytes in one tenant are worked on once: results of another media, or of an older version, are copied.

Each media owns its copies, so that whatever becomes of one leaves the other alone. Two that are worked on at the same
time do not find each other, and both do the work.
"""

import posixpath
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from media_pipeline.application.edit_subtitles import EDITS
from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.results import Results
from media_pipeline.application.transcode import AUDIO, Transcoded, deserved
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import (
    AudioTracks,
    Made,
    Rendition,
    Result,
    Source,
    Stream,
    SubtitleTrack,
)
from media_pipeline.domain.upload import Upload

R = TypeVar("R", bound=Result)
V = TypeVar("V")
_MOST = 8
"""others that are looked at: the newest"""
_NOTE = ", copied from the same content"

Accept = Callable[[Upload, Mapping[str, Result]], bool]


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where results and outputs are, and who knows which bytes are the same."""

    results: Results
    shelf: Shelf
    catalogue: Catalogue
    recipes: Recipes


def ladder(source: Source, wanted: Sequence[str], *, among: Shelves) -> Transcoded | None:
    """The rungs that the source deserves, and its sound, of those `wanted`: all of one other, because what was encoded
    together fits together. None where nobody has all of them."""
    profile = among.recipes.profiles[source.profile]
    kinds: dict[str, type[Result]] = {
        f"transcodes/{p.rung.name}": Rendition
        for p in deserved(source, profile, among.recipes)
        if p.rung.name in wanted
    }
    if AUDIO in wanted and source.info.audio:
        kinds[AUDIO] = AudioTracks
    found = _copied(source, kinds, among=among)
    if not found:
        return None
    rungs = {r.rung: r for r in found.values() if isinstance(r, Rendition)}
    return Transcoded(rungs, next((a for a in found.values() if isinstance(a, AudioTracks)), None))


def stream(source: Source, renditions: Sequence[Rendition], audio: object, *, among: Shelves) -> Stream | None:
    """What another packaged out of the very same renditions and sound."""
    mine = [_bare(r) for r in (*renditions, audio)]
    mp4 = among.recipes.profiles[source.profile].mp4

    def same(other: Upload, found: Mapping[str, Result]) -> bool:
        theirs = [among.results.load(other, f"transcodes/{r.rung}", Rendition) for r in renditions]
        sound = among.results.load(other, AUDIO, AudioTracks)
        packaged = found["stream"]
        assert isinstance(packaged, Stream)
        names = [r.name for r in packaged.renditions] == [r.rung for r in renditions]
        return names and bool(packaged.mp4) == mp4 and [_bare(r) for r in (*theirs, sound)] == mine

    found = _copied(source, {"stream": Stream}, among=among, accept=same)
    return _of(Stream, found)


def result(asset: str, kind: type[R], source: Source, *, among: Shelves) -> R | None:
    """The result of a stage that needs the source alone."""
    kinds: dict[str, Any] = {asset: kind}
    return _of(kind, _copied(source, kinds, among=among))


def edits(source: Source, *, among: Shelves) -> None:
    """What a person set for an older version of the same media stands again with its bytes."""
    upload = source.upload
    if among.results.load_all(upload, EDITS, SubtitleTrack):
        return
    for other in _others(upload, among):
        tracks = among.results.load_all(other, EDITS, SubtitleTrack) if other.media_id == upload.media_id else []
        try:
            copied = _moved(tracks, other, upload, among.shelf)
        except Missing:  # that version was withdrawn meanwhile
            continue
        for track in copied:
            among.results.save(upload, f"{EDITS}/{track.language}-{track.kind}", track)
        if copied:
            return


def _copied(
    source: Source,
    kinds: Mapping[str, type[Result]],
    *,
    among: Shelves,
    accept: Accept = lambda other, found: True,
) -> dict[str, Result]:
    """All of these results as one other has them, made by the recipes in force; empty where nobody has."""
    began = time.monotonic()
    for other in _others(source.upload, among) if kinds else ():
        theirs = among.results.load(other, "source", Source)
        if not isinstance(theirs, Source) or theirs.profile != source.profile or theirs.sha256 != source.sha256:
            continue
        values = {asset: among.results.load(other, asset, kind) for asset, kind in kinds.items()}
        there = {a: v for a, v in values.items() if isinstance(v, kinds[a])}
        found = {a: v for a, v in there.items() if _fresh(a, v.made, source, theirs, among)}
        if len(found) < len(kinds) or not accept(other, found):
            continue
        try:
            moved = _moved(list(found.values()), other, source.upload, among.shelf)
        except Missing:  # it was withdrawn meanwhile
            continue
        seconds = round(time.monotonic() - began, 3)
        return {a: replace(v, made=_noted(v.made, seconds)) for a, v in zip(found, moved, strict=True)}
    return {}


def _others(upload: Upload, among: Shelves) -> list[Upload]:
    jobs = among.catalogue.alike(upload.media_id, upload.version, limit=_MOST)
    return [Upload(j.media_id, j.version, j.bucket, j.key, j.etag, j.size) for j in jobs]


def _fresh(asset: str, made: Made, source: Source, other: Source, among: Shelves) -> bool:
    """Whether the recipes of this source's profile would make out of it today what was made out of the other."""
    recipes, profile = among.recipes, among.recipes.profiles[source.profile]
    match asset.split("/"):
        case ["transcodes", rung]:
            gop = recipes.stream[profile.stream].gop_seconds
            allowed = [fingerprint(recipes.rungs[rung], how) for how in (gop, "source")[: 1 + profile.passthrough]]
        case ["audio"]:
            allowed = [fingerprint(recipes.audio[profile.audio])]
        case ["stream"]:
            allowed = [fingerprint(recipes.stream[profile.stream])]
        case ["thumbnails"]:
            allowed = [fingerprint(recipes.thumbnails[profile.thumbnails])] if profile.thumbnails else []
        case ["subtitles"]:
            allowed = [fingerprint(recipes.speech[profile.subtitles])] if profile.subtitles else []
            allowed = allowed if source.language == other.language else []
        case _:
            allowed = [fingerprint(recipes.vision[profile.tags])] if profile.tags else []
    return made.fingerprint in allowed


def _moved(values: list[V], other: Upload, to: Upload, shelf: Shelf) -> list[V]:
    """Values that name keys of one version, with those of another; whole folders are copied, for playlists and tracks
    name what lies beside them. Raises Missing."""
    prefix = keys.version_prefix(other.media_id, other.version)
    named = {text for value in values for text in _texts(value) if text.startswith(prefix)}
    copied: dict[str, str] = {}
    for folder in sorted({posixpath.dirname(key) for key in named}):
        stage = folder.removeprefix(prefix).split("/", maxsplit=1)[0]
        copied |= shelf.keep_copies(to, stage, folder)
    if not named <= copied.keys():
        shelf.store.delete(shelf.bucket, copied.values())
        raise Missing("Some of the outputs are gone.", detail=prefix)
    return [_renamed(value, copied) for value in values]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def _renamed(value: V, names: Mapping[str, str]) -> V:
    renamed: Any = value
    if isinstance(value, str):
        renamed = names.get(value, value)
    elif isinstance(value, tuple):
        renamed = tuple(_renamed(item, names) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        renamed = replace(value, **{f.name: _renamed(getattr(value, f.name), names) for f in fields(value)})
    return renamed  # type: ignore[no-any-return]


def _noted(made: Made, seconds: float) -> Made:
    return replace(made, tool=made.tool.removesuffix(_NOTE) + _NOTE, seconds=seconds)


def _bare(value: object) -> object:
    """What two results are compared by: neither keys nor what they cost."""
    if isinstance(value, Rendition):
        return replace(value, key="", made=replace(value.made, tool="", seconds=0.0))
    if isinstance(value, AudioTracks):
        made = replace(value.made, tool="", seconds=0.0)
        return replace(value, tracks=tuple(replace(t, key="") for t in value.tracks), made=made)
    return None


def _of(kind: type[R], found: Mapping[str, Result]) -> R | None:
    return next((value for value in found.values() if isinstance(value, kind)), None)
