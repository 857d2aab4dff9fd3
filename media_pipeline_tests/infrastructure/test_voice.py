"""Speech is placed where it was said, and what Whisper makes up is not believed."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.domain.transcript import Word
from media_pipeline.infrastructure import voice
from media_pipeline.infrastructure.voice import RATE, Heard, Passage, Said, believed, settled


def said(text: str, *, start: float = 0.0, log_probability: float = -0.3, no_speech: float = 0.1) -> Said:
    words = tuple(Word(start + i * 0.3, start + i * 0.3 + 0.2, w, 0.9) for i, w in enumerate(text.split()))
    return Said(words, text, log_probability, no_speech)


def texts(words: list[Word]) -> str:
    return " ".join(w.text for w in words)


def test_words_are_placed_in_the_stretch_they_were_said_in() -> None:
    passage = Passage(np.zeros(4 * RATE, np.float32), ((1 * RATE, 3 * RATE), (10 * RATE, 12 * RATE)), 12.0)
    assert passage.placed(Word(0.5, 1.0, "one", 1)) == Word(1.5, 2.0, "one", 1)
    assert passage.placed(Word(2.5, 3.0, "two", 1)) == Word(10.5, 11.0, "two", 1)
    assert passage.placed(Word(1.9, 2.3, "over the seam", 1)) == Word(10.0, 10.3, "over the seam", 1)
    assert passage.placed(Word(3.5, 9.0, "past the end", 1)) == Word(11.5, 12.0, "past the end", 1)


def test_speech_is_believed() -> None:
    assert texts(believed([said("Ever tried."), said("Ever failed.", start=2)])) == "Ever tried. Ever failed."


def test_noise_taken_for_speech_is_not_believed() -> None:
    assert believed([said("Thank you for watching.", log_probability=-1.2, no_speech=0.7)]) == []
    assert believed([said("Thank you.", log_probability=float("nan"))]) == []


def test_quiet_but_sure_speech_is_believed() -> None:
    assert texts(believed([said("Over there.", log_probability=-0.4, no_speech=0.7)])) == "Over there."


def test_text_that_repeats_itself_is_not_believed() -> None:
    assert believed([said("Hm" + "m" * 200)]) == []


@pytest.mark.parametrize("phrase", ["so", "thank you very much,", "la la la di da"])
def test_a_loop_over_several_segments_is_kept_once(phrase: str) -> None:
    segments = [said("Well,"), *(said(phrase, start=i) for i in range(1, 9)), said("and that was it.", start=20)]
    assert texts(believed(segments)) == f"Well, {phrase} and that was it."


def test_people_may_repeat_themselves() -> None:
    assert texts(believed([said("No, no, no. Try again. Fail again.")])) == "No, no, no. Try again. Fail again."


@given(st.lists(st.tuples(st.floats(-1, 12), st.floats(-1, 13))))
def test_settled_words_are_in_order_apart_and_inside_the_media(times: list[tuple[float, float]]) -> None:
    words = settled([Word(a, b, f"w{i}", 0.5) for i, (a, b) in enumerate(times)], seconds=10)
    assert all(0 <= w.start < w.end <= 10 for w in words)
    assert all(one.end <= following.start for one, following in pairwise(words))


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


def test_progress_is_told_and_the_language_of_the_first_passage_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcm = tmp_path / "talk.pcm"
    pcm.write_bytes(b"\0\0" * 20 * RATE)
    monkeypatch.setattr(voice, "_speech", lambda samples: [(0, len(samples) // 2)])
    asked: list[str | None] = []

    def hear(passage: Passage, code: str | None) -> Heard:
        asked.append(code)
        return Heard("jw", 0.8, [said("Sugeng rawuh.", start=1)])

    told: list[float] = []
    transcript = voice.transcribe(pcm, hear, language=None, progress=told.append, window_seconds=10)
    assert asked == [None, "jw"]
    assert transcript is not None
    assert (transcript.language, transcript.language_confidence) == ("jv", 0.8)
    assert [w.start for w in transcript.words] == [1.0, 1.3, 11.0, 11.3]
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("given", "asked", "told"), [("pt-BR", "pt", "pt-BR"), ("nb", "no", "nb"), ("und", None, "en")]
)
def test_a_given_language_is_translated_for_whisper_and_kept_for_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, asked: str | None, told: str
) -> None:
    pcm = tmp_path / "talk.pcm"
    pcm.write_bytes(b"\0\0" * 5 * RATE)
    monkeypatch.setattr(voice, "_speech", lambda samples: [(0, len(samples))])
    codes: list[str | None] = []

    def hear(passage: Passage, code: str | None) -> Heard:
        codes.append(code)
        return Heard(code or "en", 0.9, [said("Oi.")])

    transcript = voice.transcribe(pcm, hear, language=given, progress=lambda _: None)
    assert codes == [asked]
    assert transcript is not None
    assert transcript.language == told
