"""What is said, as WebVTT, SRT and timed words."""

import json
import time
from dataclasses import asdict
from pathlib import Path

from media_pipeline.application.outputs import Shelf, opened
from media_pipeline.application.package import package_text
from media_pipeline.application.ports import MediaTool, Packager, Progress, Recogniser, Store
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import Made, NotMade, Source, Subtitles
from media_pipeline.domain.transcript import cues, srt, webvtt

_EXCERPT = 280


def subtitles(
    source: Source,
    *,
    recipes: Recipes,
    store: Store,
    shelf: Shelf,
    tool: MediaTool,
    recogniser: Recogniser,
    packager: Packager,
    scratch: Path,
    progress: Progress,
) -> Subtitles | NotMade:
    """Transcribe the speech track. NotMade without sound, and where nobody speaks."""
    profile = recipes.profiles[source.profile]
    track = source.info.speech_track
    if profile.subtitles is None:
        return NotMade(f"not in profile {profile.name}")
    if track is None:
        return NotMade("the source has no sound")
    began = time.monotonic()
    model = recipes.speech[profile.subtitles]
    duration = source.info.duration_seconds
    with opened(source.upload, store=store, scratch=scratch) as path:
        pcm = tool.speech(path, source.info, track, scratch=scratch)
    transcript = recogniser.transcribe(pcm, model=model, language=profile.language, progress=progress)
    shown = cues(transcript.words, duration=duration) if transcript else ()
    if transcript is None or not shown:
        return NotMade("nobody speaks")
    words = [asdict(w) for w in transcript.words]
    texts = {
        "subtitles.vtt": webvtt(shown),
        "subtitles.srt": srt(shown),
        "words.json": json.dumps({"language": transcript.language, "words": words}, ensure_ascii=False),
    }
    for name, text in texts.items():
        (scratch / name).write_text(text, encoding="utf-8")
    streamed = package_text(scratch / "subtitles.vtt", transcript.language, packager=packager, scratch=scratch)
    files = {name: streamed.directory / name for name in (streamed.dash, "subtitles.mp4")}
    kept = shelf.keep(source.upload, "subtitles", files | {name: scratch / name for name in texts})
    seconds = time.monotonic() - began
    return Subtitles(
        language=transcript.language,
        language_confidence=transcript.language_confidence,
        vtt=kept["subtitles.vtt"],
        srt=kept["subtitles.srt"],
        words=kept["words.json"],
        dash=kept[streamed.dash],
        cues=len(shown),
        word_count=len(words),
        excerpt=transcript.text[:_EXCERPT],
        last_cue_end=shown[-1].end,
        real_time_factor=round(seconds / duration, 3) if duration else 0.0,
        made=Made(fingerprint(model), f"{tool.build}, {recogniser.build}", model.weights, round(seconds, 3)),
    )
