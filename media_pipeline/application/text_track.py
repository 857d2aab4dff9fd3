"""Cues become a track: the one place where subtitles of any origin are written and kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.package import package_text
from media_pipeline.application.ports.tools import Packager
from media_pipeline.domain.media import TextKind
from media_pipeline.domain.results import Origin, SubtitleTrack
from media_pipeline.domain.transcript import SHORTEST_CUE, Cue, Word, srt, webvtt
from media_pipeline.domain.upload import Upload


def keep_track(
    upload: Upload,
    cues: Sequence[Cue],
    *,
    language: str,
    kind: TextKind,
    origin: Origin,
    words: Sequence[Word] = (),
    shelf: Shelf,
    packager: Packager,
    scratch: Path,
) -> SubtitleTrack:
    """Store at least one cue as WebVTT, SRT and fragmented MP4, and words with their times where there are any."""
    texts = {"subtitles.vtt": webvtt(cues), "subtitles.srt": srt(cues)}
    if words:
        timed = {"language": language, "words": [asdict(w) for w in words]}
        texts["words.json"] = json.dumps(timed, ensure_ascii=False)
    for name, text in texts.items():
        (scratch / name).write_text(text, encoding="utf-8")
    streamed = package_text(scratch / "subtitles.vtt", language, packager=packager, scratch=scratch)
    files = {name: streamed.directory / name for name in (streamed.dash, "subtitles.mp4")}
    kept = shelf.keep(upload, "subtitles", files | {name: scratch / name for name in texts})
    return SubtitleTrack(
        language=language,
        kind=kind,
        origin=origin,
        vtt=kept["subtitles.vtt"],
        srt=kept["subtitles.srt"],
        words=kept.get("words.json"),
        dash=kept[streamed.dash],
        cues=len(cues),
        last_cue_end=cues[-1].end,
        hurried=sum(c.end - c.start < SHORTEST_CUE - 0.001 for c in cues),
    )
