"""The code location of the cluster: the product as it is deployed, with models that take as long as told to."""

import os
import time
from dataclasses import replace
from pathlib import Path

from media_pipeline.application.ports.tools import Progress
from media_pipeline.definitions import build
from media_pipeline.defs.resources import from_environment
from media_pipeline.domain.profile import SpeechModel
from media_pipeline.domain.transcript import Transcript
from media_pipeline_tests.fake_models import ScriptedEye, ScriptedRecogniser

LISTENING = "LISTENING_SECONDS"
"""variable: how long the recogniser takes"""


class Slow(ScriptedRecogniser):
    def transcribe(
        self, pcm: Path, *, model: SpeechModel, language: str | None, progress: Progress
    ) -> Transcript | None:
        until = time.monotonic() + float(os.environ.get(LISTENING, "0"))
        while time.monotonic() < until:
            progress(0.0)
            time.sleep(0.1)
        return super().transcribe(pcm, model=model, language=language, progress=progress)


defs = build(replace(from_environment(), recogniser=Slow(), eye=ScriptedEye([("test card", 0.9)])))
