"""What every recogniser shares: PCM read in bounded memory, voice-activity detection, and distrust of the answer.

Whisper invents lines in silence and music and repeats itself, so it only ever hears passages of speech, and what
it says of them is sifted.
"""

import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media_pipeline.application.ports import Progress
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.transcript import Transcript, Word

_FULL_SCALE = np.float32(1 / 32768)
RATE = 16_000
"""samples per second"""
WINDOW_SECONDS = 300
"""how much is held in memory at once"""
TEMPERATURES = (0.0, 0.2, 0.6)
"""Tried in turn while an answer repeats itself or is unsure; hotter than this, Whisper makes things up."""

_MOST_COMPRESSIBLE = 2.4  # Whisper's own limit: text that zlib shrinks further repeats itself
_LEAST_LOG_PROBABILITY = -1.0
_MOST_NO_SPEECH = 0.6
_MOST_TOKENS = 224  # Whisper's own limit
_MOST_REPEATS = 3
_LONGEST_PHRASE = 8
"""words; loops of longer phrases are caught by their compressibility"""
_SHORTEST_WORD = 0.02
"""seconds"""
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


@dataclass(frozen=True, slots=True)
class Said:
    """One segment of a recogniser's answer: its words in passage time, and how sure it was."""

    words: tuple[Word, ...]
    text: str
    mean_log_probability: float
    no_speech_probability: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A recogniser's answer to one passage. `segments` may be lazy."""

    language: str
    confidence: float
    segments: Iterable[Said]


Hear = Callable[[Passage, str | None], Heard]
"""A recogniser: a passage, and the Whisper code of its language where it is known."""


def transcribe(
    pcm: Path, hear: Hear, *, language: str | None, progress: Progress, window_seconds: int = WINDOW_SECONDS
) -> Transcript | None:
    """Everything said in a recording of 16 kHz mono s16le PCM; None when nobody speaks, in which case `hear` is not
    called. The language of the first passage is taken to be that of all."""
    seconds = duration(pcm)
    given = _whisper_code(language) if language else None
    code, confidence = given, 1.0
    words: list[Word] = []
    for passage in passages(pcm, window_seconds):
        heard = hear(passage, code)
        if code is None:
            code, confidence = heard.language, heard.confidence
        said = []
        for segment in heard.segments:
            said.append(replace(segment, words=tuple(passage.placed(w) for w in segment.words)))
            progress(min(max((w.end for w in said[-1].words), default=0.0) / seconds, 1.0))
        words += believed(said)
        progress(passage.done / seconds)
    progress(1.0)
    spoken = settled(words, seconds=seconds)
    if not spoken or code is None:
        return None
    named = language if language and given else _BCP_47.get(code, code)
    return Transcript(named, round(confidence, 3), spoken)


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


def believed(segments: Iterable[Said]) -> list[Word]:
    """The words of the segments that are neither noise taken for speech nor a recogniser going round in circles."""
    words = [w for said in segments if _trusted(said) for w in said.words if w.text.strip()]
    return _without_loops(words)


def settled(words: Iterable[Word], *, seconds: float) -> tuple[Word, ...]:
    """Words in order of time, each at least 20 ms long where there is room, none overlapping or past the end."""
    out: list[Word] = []
    ordered = sorted(words, key=lambda w: w.start)
    for i, word in enumerate(ordered):
        start = max(word.start, out[-1].end if out else 0.0)
        least = start + _SHORTEST_WORD
        limit = max(ordered[i + 1].start, least) if i + 1 < len(ordered) else seconds
        end = min(max(word.end, least), limit, seconds)
        if start < end:
            out.append(Word(round(start, 3), round(end, 3), word.text.strip(), round(word.confidence, 3)))
    return tuple(out)


def _whisper_code(language: str) -> str | None:
    primary = language.lower().split("-")[0]
    return None if primary == "und" else _WHISPER_CODES.get(primary, primary)


def _trusted(said: Said) -> bool:
    if not all(map(math.isfinite, (said.mean_log_probability, said.no_speech_probability))):
        return False
    unsure = said.mean_log_probability < _LEAST_LOG_PROBABILITY
    if unsure and said.no_speech_probability > _MOST_NO_SPEECH:
        return False
    data = said.text.encode()
    return len(data) / len(zlib.compress(data)) <= _MOST_COMPRESSIBLE


def _without_loops(words: Sequence[Word]) -> list[Word]:
    """A phrase said more than three times in a row is kept once: people repeat themselves, but not like that."""
    out: list[Word] = []
    at = 0
    while at < len(words):
        length, repeats = _loop(words, at)
        if repeats > _MOST_REPEATS:
            out += words[at : at + length]
            at += length * repeats
        else:
            out.append(words[at])
            at += 1
    return out


def _loop(words: Sequence[Word], at: int) -> tuple[int, int]:
    """The phrase at a place that is repeated most there: its length in words, and how often it is said."""
    best = (1, 1)
    for length in range(1, min(_LONGEST_PHRASE, (len(words) - at) // 2) + 1):
        phrase = [_plain(w) for w in words[at : at + length]]
        repeats = 1
        while [_plain(w) for w in words[at + repeats * length : at + (repeats + 1) * length]] == phrase:
            repeats += 1
        if repeats > best[1]:
            best = (length, repeats)
    return best


def _plain(word: Word) -> str:
    return "".join(c for c in word.text.casefold() if c.isalnum())


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
