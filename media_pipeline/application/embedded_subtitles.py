"""The text tracks that came with the source, each kept as a track of its own."""

import time
from pathlib import Path

from media_pipeline.application.outputs import Shelf, opened
from media_pipeline.application.ports import MediaTool, Store
from media_pipeline.domain import captions
from media_pipeline.domain.errors import BadMedia
from media_pipeline.domain.language import bcp47
from media_pipeline.domain.media import TextStream
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import EmbeddedSubtitles, Made, NotMade, Source, SubtitleTrack
from media_pipeline.domain.transcript import Cue, srt, webvtt
from media_pipeline.domain.upload import Upload

RESULT = "subtitles/embedded"
"""Kept beside the asset's own result: a recogniser that fails does not hide what came with the file."""

_TEXT = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"})
_PICTURES = {"hdmv_pgs_subtitle": "PGS", "dvb_subtitle": "DVB", "dvd_subtitle": "VobSub", "xsub": "XSUB"}
_REVISION = "embedded-1"
"""bumped when the same track would give another file"""


def embedded_subtitles(
    source: Source, *, recipes: Recipes, store: Store, shelf: Shelf, tool: MediaTool, scratch: Path
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
            told = f"Subtitle track {number} ({bcp47(stream.language)})"
            if stream.codec not in _TEXT:
                what = f"pictures ({_PICTURES[stream.codec]})" if stream.codec in _PICTURES else f"{stream.codec} data"
                warnings.append(f"{told} is {what}, not text: it was not kept.")
                continue
            try:
                found = tool.text(path, source.info, stream, scratch=scratch)
            except BadMedia:
                warnings.append(f"{told} is damaged: it was not kept.")
                continue
            shown = captions.tidied(found, duration=source.info.duration_seconds)
            if not shown:
                warnings.append(f"{told} is empty: it was not kept.")
                continue
            tracks.append(_kept(source.upload, stream, shown, shelf=shelf, scratch=scratch))
    seconds = round(time.monotonic() - began, 3)
    return EmbeddedSubtitles(tuple(tracks), tuple(warnings), Made(fingerprint(_REVISION), tool.build, None, seconds))


def _kept(upload: Upload, stream: TextStream, shown: tuple[Cue, ...], *, shelf: Shelf, scratch: Path) -> SubtitleTrack:
    files = written(shown, scratch=scratch)
    kept = shelf.keep(upload, "subtitles", files)
    vtt, text = kept["subtitles.vtt"], kept["subtitles.srt"]
    return SubtitleTrack(bcp47(stream.language), stream.kind, "embedded", vtt, text, None, len(shown), shown[-1].end)


def written(shown: tuple[Cue, ...], *, scratch: Path) -> dict[str, Path]:
    """Cues as WebVTT and SRT files in scratch, by name."""
    texts = {"subtitles.vtt": webvtt(shown), "subtitles.srt": srt(shown)}
    for name, text in texts.items():
        (scratch / name).write_text(text, encoding="utf-8")
    return {name: scratch / name for name in texts}
