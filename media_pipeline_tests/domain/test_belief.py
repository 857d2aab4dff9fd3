"""What Whisper makes up is not believed; what people say is."""

import pytest

from media_pipeline.domain.belief import Said, believed
from media_pipeline.domain.transcript import Word


def said(
    text: str,
    *,
    start: float = 0.0,
    log_probability: float = -0.3,
    no_speech: float = 0.1,
    each: float = 0.3,
    sure: float = 0.9,
) -> Said:
    words = tuple(Word(start + i * each, start + (i + 0.8) * each, f" {w}", sure) for i, w in enumerate(text.split()))
    return Said(words, text, log_probability, no_speech)


def texts(words: list[Word]) -> str:
    return " ".join(w.text.strip() for w in words)


def test_speech_is_believed() -> None:
    assert texts(believed([said("Ever tried."), said("Ever failed.", start=2)])) == "Ever tried. Ever failed."


@pytest.mark.parametrize(
    "doubtful",
    [
        said("Over there.", no_speech=0.7),
        said("Over there.", log_probability=-1.2),
        said("Over there.", sure=0.3),
        said("Thank you for watching!"),
        said("Bye."),
        said("Over there and back", each=0.05),
    ],
)
def test_one_doubt_is_not_enough(doubtful: Said) -> None:
    assert texts(believed([doubtful])) == doubtful.text


@pytest.mark.parametrize(
    "noise",
    [
        said("Over there.", log_probability=-1.2, no_speech=0.7),
        said("Ah", no_speech=0.77, sure=0.06),
        said("Thank you for watching!", no_speech=0.6),
        said("ご視聴ありがとうございました", sure=0.3),
        said("Thanks for watching and see you in the next video", each=0.03, no_speech=0.6),
        said("Thank you.", log_probability=float("nan")),
        said(""),
    ],
)
def test_two_doubts_are(noise: Said) -> None:
    assert believed([noise]) == []


def test_a_language_that_is_none_is_a_doubt_about_every_line() -> None:
    lines = [said("Over there."), said("M-A-A-M-R-E", start=2, no_speech=0.55)]
    assert texts(believed(lines, language_confidence=0.49)) == "Over there."
    assert believed(lines, language_confidence=0.25) == []
    assert texts(believed(lines, language_confidence=0.7)) == "Over there. M-A-A-M-R-E"


def test_text_that_repeats_itself_is_not_believed() -> None:
    assert believed([said("Hm" + "m" * 200, each=60)]) == []


@pytest.mark.parametrize("phrase", ["so", "thank you very much,", "la la la di da"])
def test_a_loop_over_several_segments_is_kept_once(phrase: str) -> None:
    segments = [said("Well,"), *(said(phrase, start=i) for i in range(1, 9)), said("and that was it.", start=20)]
    assert texts(believed(segments)) == f"Well, {phrase} and that was it."


def test_people_may_repeat_themselves() -> None:
    assert texts(believed([said("No, no, no. Try again. Fail again.")])) == "No, no, no. Try again. Fail again."


def pieces(*texts: str) -> Said:
    return Said(tuple(Word(i, i + 1, t, 0.9 - i / 10) for i, t in enumerate(texts)), "".join(texts), -0.3, 0.1)


def test_words_cut_at_a_hyphen_are_whole_again() -> None:
    words = believed([pieces(" the", " forty", "-two", "-line", " Bible")])
    assert [w.text for w in words] == [" the", " forty-two-line", " Bible"]
    assert (words[1].start, words[1].end) == (1, 4)
    assert words[1].confidence == pytest.approx(0.6)


def test_scripts_without_spaces_stay_cut() -> None:
    assert [w.text for w in believed([pieces("今日", "は", "良い")])] == ["今日", "は", "良い"]
