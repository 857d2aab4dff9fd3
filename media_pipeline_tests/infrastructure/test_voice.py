"""Speech is placed where it was said, in bounded memory, and its language is told by speech."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.domain.belief import Said
from media_pipeline.domain.transcript import LONGEST_CUE, Word
from media_pipeline.infrastructure import voice
from media_pipeline.infrastructure.voice import RATE, Passage, settled


def said(text: str, *, start: float = 0.0) -> Said:
    words = tuple(Word(start + i * 0.3, start + i * 0.3 + 0.2, f" {w}", 0.9) for i, w in enumerate(text.split()))
    return Said(words, text, -0.3, 0.1)


def test_words_are_placed_in_the_stretch_they_were_said_in() -> None:
    passage = Passage(np.zeros(4 * RATE, np.float32), ((1 * RATE, 3 * RATE), (10 * RATE, 12 * RATE)), 12.0)
    assert passage.placed(Word(0.5, 1.0, "one", 1)) == Word(1.5, 2.0, "one", 1)
    assert passage.placed(Word(2.5, 3.0, "two", 1)) == Word(10.5, 11.0, "two", 1)
    assert passage.placed(Word(1.9, 2.3, "over the seam", 1)) == Word(10.0, 10.3, "over the seam", 1)
    assert passage.placed(Word(3.5, 9.0, "past the end", 1)) == Word(11.5, 12.0, "past the end", 1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 12), st.floats(-1, 13))))
def test_settled_words_are_in_order_apart_and_inside_the_media(times: list[tuple[float, float]]) -> None:
    words = settled([Word(a, b, f"w{i}", 0.5) for i, (a, b) in enumerate(times)], seconds=10)
    assert all(0 <= w.start < w.end <= 10 for w in words)
    assert all(one.end <= following.start for one, following in pairwise(words))
    assert all(w.end - w.start <= LONGEST_CUE + 1e-9 for w in words)  # 8.001 - 1.001 is more than 7


def talking(*spans: tuple[int, int], seconds: int) -> bytes:
    """PCM that is loud between these seconds."""
    samples = np.zeros(seconds * RATE, "<i2")
    for start, end in spans:
        samples[start * RATE : end * RATE] = 9000
    return samples.tobytes()


def loud(samples: np.ndarray) -> list[tuple[int, int]]:
    """Stands in for voice detection: where `talking` is loud."""
    edges = np.flatnonzero(np.diff(samples > 0.1, prepend=False, append=False))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def test_a_long_recording_is_heard_a_window_at_a_time_and_nobody_is_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcm = tmp_path / "long.pcm"
    pcm.write_bytes(talking((2, 4), (8, 13), (15, 16), seconds=25))
    monkeypatch.setattr(voice, "_speech", loud)
    heard = [(p.stretches, p.done) for p in voice.passages(pcm, window_seconds=10)]
    assert heard == [
        (((2 * RATE, 4 * RATE),), 8.0),
        (((8 * RATE, 13 * RATE), (15 * RATE, 16 * RATE)), 18.0),
    ]


def test_speech_longer_than_a_window_is_cut_rather_than_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcm = tmp_path / "speech.pcm"
    pcm.write_bytes(talking((0, 25), seconds=25))
    monkeypatch.setattr(voice, "_speech", loud)
    assert [p.done for p in voice.passages(pcm, window_seconds=10)] == [10.0, 20.0, 25.0]


class Scripted:
    """A Hearing that says its line in every passage and notes what it was asked."""

    def __init__(self, line: str = "Sugeng rawuh.", language: str = "jw") -> None:
        self.line = line
        self.found = language
        self.listened: list[int] = []
        self.asked: list[str] = []

    def language(self, samples: np.ndarray) -> tuple[str, float]:
        self.listened.append(len(samples))
        return self.found, 0.8

    def hear(self, passage: Passage, language: str) -> list[Said]:
        self.asked.append(language)
        return [said(self.line, start=1)]


@pytest.fixture
def half_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody speaks in the first half of every window."""
    monkeypatch.setattr(voice, "_speech", lambda samples: [(0, len(samples) // 2)])


def quiet(tmp_path: Path, seconds: int) -> Path:
    pcm = tmp_path / "talk.pcm"
    pcm.write_bytes(b"\0\0" * seconds * RATE)
    return pcm


@pytest.mark.usefixtures("half_spoken")
def test_progress_is_told_and_one_language_is_that_of_all(tmp_path: Path) -> None:
    scripted = Scripted()
    told: list[float] = []
    transcript = voice.transcribe(
        quiet(tmp_path, 20), lambda: scripted, language=None, progress=told.append, window_seconds=10
    )
    assert scripted.asked == ["jw", "jw"]
    assert transcript is not None
    assert (transcript.language, transcript.language_confidence) == ("jv", 0.8)
    assert [w.start for w in transcript.words] == [1.0, 1.3, 11.0, 11.3]
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.usefixtures("half_spoken")
@pytest.mark.parametrize(("seconds", "listened"), [(20, 10), (100, 30)])
def test_the_language_is_told_by_the_first_thirty_seconds_of_speech_wherever_they_are(
    tmp_path: Path, seconds: int, listened: int
) -> None:
    scripted = Scripted()
    voice.transcribe(
        quiet(tmp_path, seconds), lambda: scripted, language=None, progress=lambda _: None, window_seconds=10
    )
    assert scripted.listened == [listened * RATE]
    assert len(scripted.asked) == seconds // 10


def test_where_nobody_speaks_no_engine_is_loaded(tmp_path: Path) -> None:
    def engine() -> Scripted:
        raise AssertionError("the engine was loaded")

    told: list[float] = []
    assert voice.transcribe(quiet(tmp_path, 5), engine, language=None, progress=told.append) is None
    assert told == [1.0]


@pytest.mark.usefixtures("half_spoken")
@pytest.mark.parametrize(
    ("given", "asked", "told"), [("pt-BR", "pt", "pt-BR"), ("nb", "no", "nb"), ("und", "en", "en")]
)
def test_a_given_language_is_translated_for_whisper_and_kept_for_people(
    tmp_path: Path, given: str, asked: str, told: str
) -> None:
    scripted = Scripted("Oi.", "en")
    transcript = voice.transcribe(quiet(tmp_path, 10), lambda: scripted, language=given, progress=lambda _: None)
    assert scripted.asked == [asked]
    assert bool(scripted.listened) == (given == "und")
    assert transcript is not None
    assert transcript.language == told
