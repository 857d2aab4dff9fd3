"""Speech to text with OpenAI's own Whisper: PyTorch, for those who want the reference. The extra `openai-whisper`."""

import base64
import gzip
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, metadata
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

_WINDOW_SECONDS = 120
"""The library answers for a passage at once: shorter ones let progress be told and a cancelled job stop."""


class OpenAiWhisper:
    """`threads` is how many cores PyTorch may use, in the whole process: on a busy machine more than one spin."""

    def __init__(self, models_dir: Path, *, allow_download: bool = False, threads: int = 1) -> None:
        self._models_dir = models_dir
        self._allow_download = allow_download
        self._threads = threads

    @property
    def build(self) -> str:
        return f"openai-whisper {metadata.version('openai-whisper')}, torch {metadata.version('torch')}"

    def transcribe(
        self, pcm: Path, *, model: SpeechModel, language: str | None, progress: Progress
    ) -> Transcript | None:
        """The words of 16 kHz mono s16le PCM; None when nobody speaks, and then no model is loaded.

        Raises Unavailable: INTERNAL without weights, for a language the model does not know or when the library
        fails; OUT_OF_MEMORY.
        """

        return voice.transcribe(
            pcm, lambda: _Hearing(self._loaded(model), model), language=language, progress=progress,
            window_seconds=_WINDOW_SECONDS,
        )  # fmt: skip

    def _loaded(self, model: SpeechModel) -> Any:
        with voice.translated():
            files = resolve_speech(
                model.weights, "openai-whisper", cache=self._models_dir, allow_download=self._allow_download
            )
            return _load(files.path, self._threads)


@lru_cache(maxsize=1)  # one model is all the memory a worker should spend
def _load(path: Path, threads: int) -> Any:
    """By path, never by name: a name would be checked against OpenAI's own file, and downloaded."""
    torch, whisper = import_module("torch"), import_module("whisper")
    torch.set_num_threads(threads)
    try:
        model = whisper.load_model(str(path), device="cpu")
        heads = torch.load(path, map_location="cpu", weights_only=True, mmap=True).get("alignment_heads")
    except (pickle.UnpicklingError, LookupError, EOFError) as error:
        message = "The speech model's file is not a checkpoint of openai-whisper."
        raise Unavailable(QuarantineCode.INTERNAL, message, detail=str(error)) from error
    if heads is not None:
        model.set_alignment_heads(_dump(heads, model.dims.n_text_layer, model.dims.n_text_head))
    elif path.stem in whisper._ALIGNMENT_HEADS:  # loaded by path, the library does not look them up itself
        model.set_alignment_heads(whisper._ALIGNMENT_HEADS[path.stem])
    return model


def _dump(heads: list[list[int]], layers: int, across: int) -> bytes:
    """(layer, head) pairs as openai-whisper wants them: without the right heads words start up to 0.5 s off."""
    mask = np.zeros((layers, across), dtype=bool)
    mask[tuple(np.transpose(heads))] = True
    return base64.b85encode(gzip.compress(mask.tobytes()))


@dataclass(frozen=True, slots=True)
class _Hearing:
    whisper: Any
    model: SpeechModel

    def language(self, samples: NDArray[np.float32]) -> tuple[str, float]:
        if not self.whisper.is_multilingual:
            return "en", 1.0
        library = import_module("whisper")
        with voice.translated():
            mel = library.log_mel_spectrogram(library.pad_or_trim(samples), n_mels=self.whisper.dims.n_mels)
            _, probabilities = self.whisper.detect_language(mel)
        code = max(probabilities, key=lambda c: float(probabilities[c]))
        return code, float(probabilities[code])

    def hear(self, passage: voice.Passage, language: str) -> Iterator[Said]:
        known = import_module("whisper.tokenizer").LANGUAGES if self.whisper.is_multilingual else {"en"}
        if language not in known:
            message = f"The speech model {self.model.name} does not know the language {language}."
            raise Unavailable(QuarantineCode.INTERNAL, message)
        with voice.translated():
            answer = self.whisper.transcribe(
                passage.samples,
                language=language,
                beam_size=self.model.beam_size if self.model.beam_size > 1 else None,
                best_of=2,
                sample_len=passage.most_tokens,
                temperature=voice.TEMPERATURES,
                word_timestamps=True,
                condition_on_previous_text=False,  # else one invented line breeds the next
                fp16=False,  # a CPU has none
            )
        for s in answer["segments"]:
            words = tuple(
                Word(float(w["start"]), float(w["end"]), w["word"], float(w["probability"])) for w in s.get("words", ())
            )
            yield Said(words, s["text"], s["avg_logprob"], s["no_speech_prob"])
