"""What every recogniser shares: PCM read in bounded memory, voice-activity detection, words in the recording's time.

Whisper invents lines in silence and music and repeats itself, so it only ever hears passages of speech, and what
it says of them is sifted (`belief`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from media_pipeline.application.ports.tools import Progress
from media_pipeline.domain.belief import Said, believed
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.transcript import LONGEST_CUE, Transcript, Word, milliseconds

_FULL_SCALE = np.float32(1 / 32768)
RATE = 16_000
"""samples per second"""
WINDOW_SECONDS = 300
"""how much is held in memory at once"""
TEMPERATURES = (0.0, 0.2, 0.6)
"""Tried in turn while an answer repeats itself or is unsure; hotter than this, Whisper makes things up."""

_MOST_TOKENS = 224  # Whisper's own limit
_SHORTEST_WORD = 0.02
"""seconds"""
_TELLING_SECONDS = 30
"""of speech, by which a language is told: all that Whisper looks at"""
_WHISPER_CODES = {"nb": "no", "fil": "tl", "cmn": "zh", "iw": "he", "jv": "jw"}
_BCP_47 = {"jw": "jv"}
"""where Whisper's codes are not the registry's"""


@dataclass(frozen=True, slots=True)
class Passage:
    """Speech with the silence cut out, and where each stretch of it was."""

    samples: NDArray[np.float32]
    stretches: tuple[tuple[int, int], ...]
    """start and end in samples of the whole recording; together as long as `samples`"""
    done: float
    """seconds of the recording that are finished with this passage"""

    @property
    def most_tokens(self) -> int:
        """How much may be written of each 30 s of it: a hum or a cheer would else be written on for ever, while nobody
        says more than 20 tokens a second."""
        return min(_MOST_TOKENS, 40 + 20 * len(self.samples) // RATE)

    def placed(self, word: Word) -> Word:
        """A word in the time of the recording: all in the stretch its middle is in, for recognisers hear no seams."""
        middle = (word.start + word.end) / 2 * RATE
        passed = 0
        for first, last in self.stretches[:-1]:
            if middle < passed + last - first:
                break
            passed += last - first
        else:
            first, last = self.stretches[-1]
        start, end = (min(max(t * RATE - passed, 0.0), last - first) for t in (word.start, word.end))
        return replace(word, start=(first + start) / RATE, end=(first + end) / RATE)


class Hearing(Protocol):
    """A recogniser at work with one model. Languages are Whisper's codes."""

    def language(self, samples: NDArray[np.float32]) -> tuple[str, float]:
        """The likeliest language of some speech, and its probability."""
        ...

    def hear(self, passage: Passage, language: str) -> Iterable[Said]:
        """What is said in a passage, in its own time; may be lazy."""
        ...


def transcribe(
    pcm: Path,
    engine: Callable[[], Hearing],
    *,
    language: str | None,
    progress: Progress,
    window_seconds: int = WINDOW_SECONDS,
) -> Transcript | None:
    """Everything said in a recording of 16 kHz mono s16le PCM; None when nobody speaks, in which case `engine` is not
    called. A language that is not given is found by the first 30 s of speech, wherever they are, and is that of all."""
    seconds = duration(pcm)
    spoken = passages(pcm, window_seconds)
    opening = _opening(spoken)
    if not opening:
        progress(1.0)
        return None
    hearing = engine()
    given = _whisper_code(language) if language else None
    code, confidence = (given, 1.0) if given else hearing.language(_joined(opening))
    words: list[Word] = []
    for passage in chain(opening, spoken):
        said = []
        for segment in hearing.hear(passage, code):
            said.append(replace(segment, words=tuple(passage.placed(w) for w in segment.words)))
            progress(min(max((w.end for w in said[-1].words), default=0.0) / seconds, 1.0))
        words += believed(said, language_confidence=confidence)
        progress(passage.done / seconds)
    progress(1.0)
    heard = settled(words, seconds=seconds)
    if not heard:
        return None
    named = language if language and given else _BCP_47.get(code, code)
    return Transcript(named, round(confidence, 3), heard)


def _opening(spoken: Iterator[Passage]) -> list[Passage]:
    """The first passages, as many as it takes to tell the language: a lone "hm" before a long silence is not enough."""
    taken: list[Passage] = []
    while sum(len(p.samples) for p in taken) < _TELLING_SECONDS * RATE and (passage := next(spoken, None)):
        taken.append(passage)
    return taken


def _joined(spoken: Sequence[Passage]) -> NDArray[np.float32]:
    return np.concatenate([p.samples for p in spoken])[: _TELLING_SECONDS * RATE]


def duration(pcm: Path) -> float:
    """Seconds of 16 kHz mono s16le PCM."""
    return pcm.stat().st_size / 2 / RATE


def passages(pcm: Path, window_seconds: int = WINDOW_SECONDS) -> Iterator[Passage]:
    """The stretches of a recording in which somebody speaks, a window at a time; none when nobody does."""
    total = pcm.stat().st_size // 2
    if total == 0:  # nothing that could be mapped
        return
    recording: NDArray[np.int16] = np.memmap(pcm, dtype="<i2", mode="r", shape=(total,))
    start = 0
    while start < total:
        end = min(start + window_seconds * RATE, total)
        samples = recording[start:end].astype(np.float32) * _FULL_SCALE
        spans = _speech(samples)
        if end < total and spans and spans[-1][1] >= len(samples) and spans[-1][0] > len(samples) // 2:
            end = start + spans.pop()[0]  # do not cut somebody short: hear them in the next window
        if spans:
            heard = np.concatenate([samples[a:b] for a, b in spans])
            yield Passage(heard, tuple((start + a, start + b) for a, b in spans), end / RATE)
        start = end


def _speech(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    # Short pauses stay in, because Whisper punctuates by them; 250 ms is shorter than any word worth a subtitle.
    options = VadOptions(min_silence_duration_ms=1000, speech_pad_ms=300, min_speech_duration_ms=250)
    return [(int(s["start"]), int(s["end"])) for s in get_speech_timestamps(samples, options)]


def settled(words: Iterable[Word], *, seconds: float) -> tuple[Word, ...]:
    """Words in order of time, each at least 20 ms long where there is room and never longer than a cue, none
    overlapping or past the end."""
    out: list[Word] = []
    ordered = sorted(words, key=lambda w: w.start)
    for i, word in enumerate(ordered):
        start = milliseconds(max(word.start, out[-1].end if out else 0.0))
        least = start + _SHORTEST_WORD
        limit = max(ordered[i + 1].start, least) if i + 1 < len(ordered) else seconds
        end = milliseconds(min(max(word.end, least), limit, start + LONGEST_CUE, seconds))
        if start < end:
            out.append(Word(start, end, word.text.strip(), round(word.confidence, 3)))
    return tuple(out)


def _whisper_code(language: str) -> str | None:
    primary = language.lower().split("-")[0]
    return None if primary == "und" else _WHISPER_CODES.get(primary, primary)


@contextmanager
def translated() -> Iterator[None]:
    """What a recogniser's library raises, as failures of ours."""
    try:
        yield
    except MemoryError as error:
        message = "The speech recogniser ran out of memory."
        raise Unavailable(QuarantineCode.OUT_OF_MEMORY, message, detail=str(error)) from error
    except (RuntimeError, ValueError, OSError) as error:
        raise Unavailable(QuarantineCode.INTERNAL, "The speech recogniser failed.", detail=str(error)) from error
