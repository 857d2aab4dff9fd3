"""Words become subtitles that can be read, and files that players accept."""

import html
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from media_pipeline.domain.transcript import (
    LINE_COLUMNS,
    LONGEST_CUE,
    SHORTEST_CUE,
    Cue,
    Transcript,
    Word,
    columns,
    cues,
    joined,
    srt,
    timestamp,
    webvtt,
)
from media_pipeline.infrastructure.voice import settled

SENTENCE = (
    "Printing, in the only sense with which we are at present concerned, differs from most if not from all the arts "
    "and crafts represented in the Exhibition. In being comparatively modern."
)


def spoken(text: str, *, start: float = 0.0, each: float = 0.35, pause: float = 0.05) -> list[Word]:
    return [
        Word(start + i * each, start + (i + 1) * each - pause, word, 0.9) for i, word in enumerate(text.split())
    ]  # fmt: skip


words_in_time = st.lists(
    st.tuples(
        st.floats(0, 2), st.floats(0.02, 1.5), st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
    ),
    max_size=60,
)  # fmt: skip


@st.composite
def transcripts(draw: st.DrawFn) -> tuple[list[Word], float]:
    at, words = 0.0, []
    for gap, length, text in draw(words_in_time):
        words.append(Word(at + gap, at + gap + length, text, 0.5))
        at += gap + length
    return words, draw(st.floats(max(at - 3, 0.1), at + 5))


@settings(deadline=None)
@given(transcripts())
def test_cues_never_overlap_and_stay_inside_the_media(made: tuple[list[Word], float]) -> None:
    words, duration = made
    shown = cues(words, duration=duration)
    for cue in shown:
        assert 0 <= cue.start < cue.end <= duration
    for one, following in pairwise(shown):
        assert one.end <= following.start


@settings(deadline=None)
@given(transcripts())
def test_a_cue_has_at_most_two_lines_of_42_columns_and_lasts_at_most_7_seconds(made: tuple[list[Word], float]) -> None:
    for cue in cues(made[0], duration=made[1]):
        assert 1 <= len(cue.lines) <= 2
        assert all(line and columns(line) <= LINE_COLUMNS for line in cue.lines)
        assert cue.end - cue.start <= LONGEST_CUE + 0.001


@settings(deadline=None)
@given(transcripts())
def test_a_cue_under_a_second_has_no_room_to_grow(made: tuple[list[Word], float]) -> None:
    words, duration = made
    shown = cues(words, duration=duration)
    ends = [0.0, *(c.end for c in shown)]
    starts = [*(c.start for c in shown[1:]), duration]
    for cue, before, after in zip(shown, ends, starts, strict=False):
        if cue.end - cue.start < SHORTEST_CUE - 0.002:
            assert after - before < SHORTEST_CUE + 0.002 or after - cue.end < 0.002


@settings(deadline=None)
@given(transcripts())
def test_every_word_inside_the_media_is_shown_once_and_in_order(made: tuple[list[Word], float]) -> None:
    words, duration = made
    shown = "".join("".join(c.lines) for c in cues(words, duration=duration))
    wanted = "".join(w.text for w in words if w.start < duration - 0.02)
    assert "".join(shown.split()).startswith("".join(wanted.split()))


@settings(deadline=None)
@given(transcripts())
@example(([Word(0.400390625, 1.462890625, "0", 0.5)], 2.0))
@example(([Word(3.912, 20, "0", 0.5)], 30.0))
def test_every_word_that_is_settled_lies_inside_the_cue_that_shows_it(made: tuple[list[Word], float]) -> None:
    """But for words wider than a line: those are broken, and may need two cues."""
    words = settled(made[0], seconds=made[1])
    shown = cues(words, duration=made[1])
    for word in words:
        if 0 < columns(joined([word.text])) <= LINE_COLUMNS:
            assert any(c.start <= word.start and word.end <= c.end for c in shown)


def test_lines_are_balanced_and_broken_after_punctuation() -> None:
    first, second, *_ = cues(spoken(SENTENCE), duration=20)
    assert first.lines == ("Printing, in the only sense with", "which we are at present concerned,")
    assert second.lines == ("differs from most if not from all the arts", "and crafts represented in the Exhibition.")


def test_a_long_pause_parts_two_cues() -> None:
    words = [*spoken("before the pause"), *spoken("after it", start=4)]
    assert [c.lines for c in cues(words, duration=10)] == [("before the pause",), ("after it",)]


def test_a_short_word_stays_long_enough_to_be_read() -> None:
    (cue,) = cues([Word(2.0, 2.2, "Yes.", 0.9)], duration=10)
    assert cue == Cue(2.0, 3.0, ("Yes.",))


def test_a_word_at_the_very_end_is_shown_a_little_early_rather_than_too_briefly() -> None:
    (cue,) = cues([Word(9.8, 10.0, "Bye.", 0.9)], duration=10)
    assert cue == Cue(9.0, 10.0, ("Bye.",))


def test_full_width_characters_count_double_and_take_no_spaces() -> None:
    words = [Word(i * 0.3, i * 0.3 + 0.3, c, 0.9) for i, c in enumerate("今日はとても良い天気ですね散歩に行きましょう")]
    shown = cues(words, duration=20)
    assert all(columns(line) <= LINE_COLUMNS and " " not in line for c in shown for line in c.lines)
    assert joined(["今日", "は", "hello", "world"]) == "今日は hello world"


def test_a_transcript_reads_as_text() -> None:
    words = (Word(0, 1, " Ever", 1), Word(1, 2, " tried.", 1))
    assert Transcript("en", 1.0, words).text == "Ever tried."


def test_webvtt_as_a_whole() -> None:
    shown = [Cue(0, 1.5, ("Tom & Jerry", "<i>run</i> --> away")), Cue(3723.004, 3725, ("Later.",))]
    assert webvtt(shown) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\nTom &amp; Jerry\n&lt;i&gt;run&lt;/i&gt; --&gt; away\n\n"
        "01:02:03.004 --> 01:02:05.000\nLater.\n"
    )


def test_srt_as_a_whole() -> None:
    shown = [Cue(0, 1.5, ("Tom & Jerry", "run --> away")), Cue(3723.004, 3725, ("Later.",))]
    assert srt(shown) == (
        "1\n00:00:00,000 --> 00:00:01,500\nTom & Jerry\nrun → away\n\n2\n01:02:03,004 --> 01:02:05,000\nLater.\n"
    )


@settings(deadline=None)
@given(transcripts())
def test_webvtt_says_what_the_cues_say(made: tuple[list[Word], float]) -> None:
    shown = cues(made[0], duration=made[1])
    blocks = webvtt(shown).removesuffix("\n").split("\n\n")[1:]
    assert len(blocks) == len(shown)
    for cue, block in zip(shown, blocks, strict=True):
        times, *lines = block.split("\n")
        assert times == f"{timestamp(cue.start)} --> {timestamp(cue.end)}"
        assert tuple(html.unescape(line) for line in lines) == cue.lines


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "00:00:00.000"), (59.9996, "00:01:00.000"), (360000.5, "100:00:00.500")]
)
def test_timestamps(seconds: float, told: str) -> None:
    assert timestamp(seconds) == told


def test_no_words_make_no_cues_and_valid_files() -> None:
    assert cues([], duration=10) == ()
    assert webvtt([]) == "WEBVTT\n"
    assert srt([]) == ""
