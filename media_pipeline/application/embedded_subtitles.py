"""The text tracks that came with the source, each kept as a track of its own."""

import time
from pathlib import Path

from media_pipeline.application.outputs import Shelf, opened
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import MediaTool, Packager
from media_pipeline.application.text_track import keep_track
from media_pipeline.domain import captions
from media_pipeline.domain.errors import BadMedia
from media_pipeline.domain.media import TextStream
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import EmbeddedSubtitles, Made, NotMade, Source, SubtitleTrack
from media_pipeline.domain.transcript import Cue

RESULT = "subtitles/embedded"
"""Kept beside the asset's own result: a recogniser that fails does not hide what came with the file."""

_TEXT = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"})
_PICTURES = {"hdmv_pgs_subtitle": "PGS", "dvb_subtitle": "DVB", "dvd_subtitle": "VobSub", "xsub": "XSUB"}
_REVISION = "embedded-1"
"""bumped when the same track would give another file"""


def embedded_subtitles(
    source: Source,
    *,
    recipes: Recipes,
    store: Store,
    shelf: Shelf,
    tool: MediaTool,
    packager: Packager,
    scratch: Path,
) -> EmbeddedSubtitles | NotMade:
    """Keep every text track, clean. One that is pictures, broken or empty costs a warning and nothing else."""
    streams = source.info.text
    if recipes.profiles[source.profile].subtitles is None:
        return NotMade(f"not in profile {source.profile}")
    if not streams:
        return NotMade("the source has no subtitles of its own")
    began = time.monotonic()
    tracks: list[SubtitleTrack] = []
    warnings: list[str] = []
    with opened(source.upload, store=store, scratch=scratch) as path:
        for number, stream in enumerate(streams, start=1):
            try:
                shown = _text(path, source, stream, tool=tool, scratch=scratch)
            except _NotKept as why:
                warnings.append(f"Subtitle track {number} ({stream.language}) {why}: it was not kept.")
                continue
            track = keep_track(
                source.upload, shown, language=stream.language, kind=stream.kind, origin="embedded",
                shelf=shelf, packager=packager, scratch=scratch,
            )  # fmt: skip
            tracks.append(track)
    seconds = round(time.monotonic() - began, 3)
    return EmbeddedSubtitles(tuple(tracks), tuple(warnings), Made(fingerprint(_REVISION), tool.build, None, seconds))


class _NotKept(Exception):
    """Why a track is not kept: a clause."""


def _text(path: Path, source: Source, stream: TextStream, *, tool: MediaTool, scratch: Path) -> tuple[Cue, ...]:
    if stream.codec in _PICTURES:
        raise _NotKept(f"is pictures ({_PICTURES[stream.codec]}), not text")
    if stream.codec not in _TEXT:
        raise _NotKept(f"is of a kind that is not read here ({stream.codec})")
    try:
        found = tool.text(path, source.info, stream, scratch=scratch)
    except BadMedia as damage:
        raise _NotKept("is damaged") from damage
    shown = captions.tidied(found, duration=source.info.duration_seconds)
    if not shown:
        raise _NotKept("is empty")
    return shown
