"""Fakes of the model ports. They decide by simple measures of the PCM and RGB, and say what they were told to say."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from media_pipeline.application.ports.tools import Frame, Progress
from media_pipeline.domain.profile import SpeechModel, VisionModel
from media_pipeline.domain.tags import Sighting
from media_pipeline.domain.transcript import Transcript, Word

_RATE = 16_000
_BLOCK = _RATE // 10
_QUIET = 300
"""of 32,768"""


class ScriptedRecogniser:
    """Hears its line wherever sound comes and goes, as speech does; silence and steady sound are nobody speaking."""

    build = "scripted 1"

    def __init__(self, line: str = "Ever tried. Ever failed.", language: str = "en") -> None:
        self.line = line
        self.language = language

    def transcribe(
        self, pcm: Path, *, model: SpeechModel, language: str | None, progress: Progress
    ) -> Transcript | None:
        samples = np.fromfile(pcm, "<i2").astype(np.int32)
        blocks = samples[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
        loud = np.flatnonzero(np.abs(blocks).max(axis=1, initial=0) > _QUIET)
        progress(0.5)
        progress(1.0)
        if not len(loud) or len(loud) > 0.95 * len(blocks):
            return None
        start, end = loud[0] / 10, (loud[-1] + 1) / 10
        texts = self.line.split()
        times = [round(float(t), 3) for t in np.linspace(start, end, len(texts) + 1)]
        words = tuple(Word(a, b, text, 0.9) for a, b, text in zip(times, times[1:], texts, strict=False))
        return Transcript(language or self.language, 1.0 if language else 0.9, words)


class ScriptedEye:
    """Sees its labels and texts in every frame that is not of one colour."""

    build = "scripted 1"

    def __init__(self, labels: Sequence[tuple[str, float]] = (), texts: Sequence[tuple[str, float]] = ()) -> None:
        self.labels = labels
        self.texts = texts

    def look(self, frames: Sequence[Frame], *, model: VisionModel, progress: Progress) -> list[Sighting]:
        sightings: list[Sighting] = []
        for done, frame in enumerate(frames, start=1):
            if len(set(frame.rgb)) > 1:
                sightings += [Sighting(frame.at, name, "label", sure) for name, sure in self.labels]
                sightings += [Sighting(frame.at, name, "text", sure) for name, sure in self.texts if model.text]
            progress(done / len(frames))
        return sightings
