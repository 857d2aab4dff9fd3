"""Speech to text with faster-whisper: CTranslate2 weights, int8 on the CPU."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media_pipeline.application.ports.tools import Progress
from media_pipeline.domain.belief import Said
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.profile import SpeechModel
from media_pipeline.domain.transcript import Transcript, Word
from media_pipeline.infrastructure import voice
from media_pipeline.infrastructure.models import resolve_speech


class FasterWhisper:
    """`threads` is how many cores one transcription may use; 0 leaves it to the library."""

    def __init__(self, models_dir: Path, *, allow_download: bool = False, threads: int = 0) -> None:
        self._models_dir = models_dir
        self._allow_download = allow_download
        self._threads = threads

    @property
    def build(self) -> str:
        return f"faster-whisper {metadata.version('faster-whisper')}"

    def transcribe(
        self, pcm: Path, *, model: SpeechModel, language: str | None, progress: Progress
    ) -> Transcript | None:
        """The words of 16 kHz mono s16le PCM; None when nobody speaks, and then no model is loaded.

        Raises Unavailable: INTERNAL without weights, for a language the model does not know or when the library
        fails; OUT_OF_MEMORY.
        """

        return voice.transcribe(pcm, lambda: _Hearing(self._loaded(model), model), language=language, progress=progress)

    def _loaded(self, model: SpeechModel) -> Any:
        files = resolve_speech(
            model.weights, "faster-whisper", cache=self._models_dir, allow_download=self._allow_download
        )
        with voice.translated():
            return _load(files.path, self._threads)


@lru_cache(maxsize=1)  # one model is all the memory a worker should spend
def _load(path: Path, threads: int) -> Any:
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    except Exception as error:
        if type(error) is not Exception:
            raise
        # The tokenizer's library raises nothing narrower, whatever is wrong with its file.
        message = "The speech model's tokenizer.json is not a tokenizer."
        raise Unavailable(QuarantineCode.INTERNAL, message, detail=str(error)) from error


@dataclass(frozen=True, slots=True)
class _Hearing:
    whisper: Any
    model: SpeechModel

    def language(self, samples: NDArray[np.float32]) -> tuple[str, float]:
        if not self.whisper.model.is_multilingual:
            return "en", 1.0
        with voice.translated():
            language, sure, _ = self.whisper.detect_language(samples)
        return language, sure

    def hear(self, passage: voice.Passage, language: str) -> Iterator[Said]:
        if language not in self.whisper.supported_languages:
            message = f"The speech model {self.model.name} does not know the language {language}."
            raise Unavailable(QuarantineCode.INTERNAL, message)
        with voice.translated():
            segments, _ = self.whisper.transcribe(
                passage.samples,
                language=language,
                beam_size=self.model.beam_size,
                temperature=voice.TEMPERATURES,
                best_of=2,
                max_new_tokens=passage.most_tokens,
                word_timestamps=True,
                condition_on_previous_text=False,  # else one invented line breeds the next
                vad_filter=False,  # a passage is speech already
            )
            for s in segments:
                words = tuple(Word(float(w.start), float(w.end), w.word, float(w.probability)) for w in s.words or ())
                yield Said(words, s.text, s.avg_logprob, s.no_speech_prob)
