"""What is said, as WebVTT, SRT and timed words."""

import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from media_pipeline.application.outputs import Shelf, opened
from media_pipeline.application.ports.store import Store
from media_pipeline.application.ports.tools import MediaTool, Packager, Progress, Recogniser
from media_pipeline.application.text_track import keep_track
from media_pipeline.domain.errors import BadMedia
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import Made, NotMade, Source, Subtitles
from media_pipeline.domain.transcript import Transcript, cues

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
    """Transcribe the default track if somebody speaks there, else the first in which somebody does. NotMade without
    sound, and where nobody speaks. A damaged track is BadMedia only when nobody speaks in the others."""
    profile = recipes.profiles[source.profile]
    if profile.subtitles is None:
        return NotMade(f"not in profile {profile.name}")
    if not source.info.audio:
        return NotMade("the source has no sound")
    began = time.monotonic()
    model = recipes.speech[profile.subtitles]
    duration = source.info.duration_seconds
    language = source.language or profile.language

    damage: list[BadMedia] = []

    def transcripts() -> Generator[Transcript | None]:
        tracks = source.info.speech_tracks
        with opened(source.upload, store=store, scratch=scratch) as path:
            for done, track in enumerate(tracks):
                try:
                    pcm = tool.speech(path, source.info, track, scratch=scratch)
                except BadMedia as fault:  # of this track: somebody may speak in another
                    damage.append(fault)
                    continue
                told = _part(progress, done, len(tracks))
                yield recogniser.transcribe(pcm, model=model, language=language, progress=told)

    with closing(transcripts()) as heard:
        readable = ((t, cues(t.words, duration=duration)) for t in heard if t is not None)
        transcript, shown = next(((t, c) for t, c in readable if c), (None, ()))
    if transcript is None:
        if damage:
            raise damage[0]
        return NotMade("nobody speaks")
    track = keep_track(
        source.upload, shown, language=transcript.language, kind="subtitles", origin="speech", words=transcript.words,
        shelf=shelf, packager=packager, scratch=scratch,
    )  # fmt: skip
    seconds = time.monotonic() - began
    return Subtitles(
        track=track,
        language_confidence=transcript.language_confidence,
        word_count=len(transcript.words),
        excerpt=transcript.text[:_EXCERPT],
        real_time_factor=round(seconds / duration, 3) if duration else 0.0,
        made=Made(fingerprint(model), f"{tool.build}, {recogniser.build}", model.weights, round(seconds, 3)),
    )


def _part(progress: Progress, done: int, of: int) -> Progress:
    return lambda share: progress((done + share) / of)
