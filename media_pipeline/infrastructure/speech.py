"""The Recogniser of a deployment: each speech model names its engine, and the engine is loaded when it is asked."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from media_pipeline.application.ports.tools import Progress, Recogniser
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.profile import SpeechModel
from media_pipeline.domain.transcript import Transcript
from media_pipeline.infrastructure import tracing
from media_pipeline.infrastructure.faster_whisper import FasterWhisper

if TYPE_CHECKING:
    from media_pipeline.infrastructure.openai_whisper import OpenAiWhisper


class Recognisers:
    """A Recogniser that hands each model to its engine. `build` names the engine that spoke last."""

    def __init__(self, models_dir: Path, *, allow_download: bool = False) -> None:
        self._engines: dict[str, Callable[[], Recogniser]] = {
            "faster-whisper": cache(lambda: FasterWhisper(models_dir, allow_download=allow_download)),
            "openai-whisper": cache(lambda: _openai(models_dir, allow_download=allow_download)),
        }
        self._last: Recogniser | None = None

    @property
    def build(self) -> str:
        return self._last.build if self._last else "no recogniser has spoken"

    def transcribe(
        self, pcm: Path, *, model: SpeechModel, language: str | None, progress: Progress
    ) -> Transcript | None:
        with tracing.span("transcribe", {tracing.MODEL: model.name, "media_pipeline.engine": model.engine}):
            self._last = self._engines[model.engine]()
            return self._last.transcribe(pcm, model=model, language=language, progress=progress)


def _openai(models_dir: Path, *, allow_download: bool) -> "OpenAiWhisper":
    try:
        import_module("whisper")
    except ModuleNotFoundError as missing:
        message = "The engine openai-whisper is not installed; install media-pipeline[openai-whisper]."
        raise Unavailable(QuarantineCode.INTERNAL, message) from missing
    from media_pipeline.infrastructure.openai_whisper import OpenAiWhisper

    return OpenAiWhisper(models_dir, allow_download=allow_download)
