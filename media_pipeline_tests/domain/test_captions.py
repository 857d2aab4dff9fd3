"""What others wrote is read, comes out as nothing but text, and keeps to the rules that ours keep to."""

import re
import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.domain.captions import (
    MAX_CUE_CHARACTERS,
    MAX_CUES,
    BadSubtitles,
    clean,
    parsed,
    tidied,
)
from media_pipeline.domain.transcript import LINE_COLUMNS, SHORTEST_CUE, Cue, columns, srt, webvtt

MARKUP = re.compile(r"<[A-Za-z/!?]|\x1b|[\u202a-\u202e\u2066-\u2069]")
nasty = st.lists(
    st.sampled_from([
        "<", ">", "</", "<b>", "script", "<script>", "</script>", "alert(1)", "&lt;", "&#60;", "&amp;", "-->", "\u202e",
        "\u2066", "\x00", "\x1b[2J", "\r\n", "\n", " ", "{\\p1}", "Ça va ?", "字幕", "\u200b", "\ufeff", "א", "<v Bob>",
        "img src=x onerror=y", "🙂", "\u2028", "!--", "<00:01.000>",
    ]) | st.text(max_size=8),
    max_size=40,
).map("".join)  # fmt: skip
times = st.floats(-5, 100) | st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e9])
strangers = st.lists(st.builds(lambda a, b, text: Cue(a, b, tuple(text.split("\n"))), times, times, nasty), max_size=30)


@settings(deadline=None)
@given(nasty)
def test_clean_text_holds_no_markup_no_control_and_no_override(text: str) -> None:
    cleaned = clean(text)
    assert not MARKUP.search(cleaned)
    assert all(unicodedata.category(c) not in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for c in cleaned if c != "\n")
    assert all(line == " ".join(line.split()) != "" for line in cleaned.split("\n") if cleaned)
    assert len(cleaned) <= MAX_CUE_CHARACTERS


@settings(deadline=None)
@given(strangers, st.floats(0.1, 60))
def test_a_strangers_cues_come_out_readable_in_order_apart_and_inside_the_media(
    cues: list[Cue], duration: float
) -> None:
    shown = tidied(cues, duration=duration)
    for cue in shown:
        assert 0 <= cue.start < cue.end <= duration
        assert 1 <= len(cue.lines) <= 2
        assert all(line and columns(line) <= LINE_COLUMNS and not MARKUP.search(line) for line in cue.lines)
    assert all(one.end <= following.start for one, following in pairwise(shown))


@settings(deadline=None)
@given(strangers, st.floats(1, 60))
def test_what_we_publish_reads_back_as_it_was(cues: list[Cue], duration: float) -> None:
    shown = tidied(cues, duration=duration)
    if shown:
        assert parsed(srt(shown)) == list(shown)
        assert [(c.start, c.end) for c in parsed(webvtt(shown))] == [(c.start, c.end) for c in shown]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<i>Run</i>, <font color=red>now</font>!", "Run, now!"),
        ("<v Bob>Hi <00:00:01.500>there", "Hi there"),
        ("before<script>alert('x')</script>after", "beforeafter"),
        ("<scr<b>ipt>alert(1)</scr</b>ipt>", ""),
        ("&lt;img src=x onerror=alert(1)&gt;still here", "still here"),
        ("I <3 you, 1 < 2 > 0 & so on", "I <3 you, 1 < 2 > 0 & so on"),
        ("Tom &amp; Jerry&nbsp;!", "Tom & Jerry !"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("می\u200cخواهم 👩\u200d🚀", "می\u200cخواهم 👩\u200d🚀"),
        ("\x1b[31mred\x07\x00", "[31mred"),
        ("two\n\n  lines \t here", "two\nlines here"),
        ("12 --> 13", "12 → 13"),
        ("an unfinished <script", "an unfinished script"),
    ],
)
def test_clean(text: str, left: str) -> None:
    assert clean(text) == left


def test_webvtt_is_read() -> None:
    text = (
        "\ufeffWEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nNOTE nothing\n\nfirst\n"
        "00:01.000 --> 00:02.500 line:0 position:20%\n<v Bob>One\ntwo\n\n1:00:00.000 --> 01:00:01.000\nlater\n"
    )
    assert parsed(text) == [Cue(1.0, 2.5, ("<v Bob>One", "two")), Cue(3600.0, 3601.0, ("later",))]


def test_subrip_is_read() -> None:
    text = "1\r\n00:00:01,000 --> 00:00:02,50\r\nOne\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nTwo\r\n"
    assert parsed(text) == [Cue(1.0, 2.5, ("One",)), Cue(3.0, 4.0, ("Two",))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no subtitles"),
        ("PK\x03\x04 some other file", "holds no subtitles"),
        ("1\n00:00:01 -> 00:00:02\nOne\n", "holds no subtitles"),
        ("1\n00:00:01,000 --> soon\nOne\n", "Line 2 is not a line of times"),
        ("1\n00:00:61,000 --> 00:00:62,000\nOne\n", "Line 2 is not a line of times"),
        ("1\n00:00:03,000 --> 00:00:02,000\nOne\n", "The cue of line 2 ends before it begins"),
    ],
)
def test_what_is_no_file_of_subtitles_is_told_so_with_its_line(text: str, told: str) -> None:
    with pytest.raises(BadSubtitles, match=told):
        parsed(text)


def test_an_authors_cues_that_fit_stay_as_they_are() -> None:
    cues = (Cue(1.0, 3.0, ("- Ever tried?", "- Ever failed.")), Cue(4.0, 13.0, ("A long title",)))
    assert tidied(cues, duration=20) == cues


def test_a_long_text_becomes_cues_one_after_the_other() -> None:
    text = "Printing, in the only sense with which we are at present concerned, differs from most if not from all arts"
    first, second = tidied([Cue(2.0, 10.0, (text,))], duration=20)
    assert first.lines == ("Printing, in the only sense with", "which we are at present concerned,")
    assert second.lines == ("differs from most if not from all arts",)
    assert (first.start, second.end) == (2.0, 10.0)


JAPANESE = (
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
    "何でも薄暗いじめじめした所で「ニャーニャー」泣いていた。"
)


def test_a_script_without_spaces_is_broken_after_its_punctuation_and_never_before_it() -> None:
    shown = tidied([Cue(0, 14, (JAPANESE,))], duration=20)
    lines = [line for c in shown for line in c.lines]
    assert "".join(lines) == JAPANESE
    assert lines[:3] == ["吾輩は猫である。", "名前はまだ無い。", "どこで生れたかとんと見当がつかぬ。"]
    assert not any(line[0] in "。、」ー" or line[-1] == "「" for line in lines)


@settings(deadline=None)
@given(st.text("日本語ひらがなカタカナ。、「」（）！？ーっabc กำลังใจ", min_size=50, max_size=300), st.floats(1, 30))
def test_no_character_is_lost_between_lines(text: str, seconds: float) -> None:
    shown = tidied([Cue(0, seconds, (text,))], duration=1000)
    assert "".join("".join(c.lines) for c in shown).replace(" ", "") == clean(text).replace(" ", "")


def test_of_two_that_overlap_the_earlier_gives_way_and_those_that_begin_together_are_shown_together() -> None:
    shown = tidied([Cue(1, 5, ("one",)), Cue(4, 6, ("two",)), Cue(7, 9, ("left",)), Cue(7, 8, ("right",))], duration=9)
    assert shown == (Cue(1, 4, ("one",)), Cue(4, 6, ("two",)), Cue(7, 9, ("right", "left")))


def test_karaoke_that_was_cut_up_is_one_cue_again() -> None:
    pieces = [Cue(1 + i * 0.04, 1 + (i + 1) * 0.04, ("la la la",)) for i in range(50)]
    assert tidied(pieces, duration=9) == (Cue(1, 3, ("la la la",)),)


def test_a_cue_that_is_too_short_grows_into_the_pause_behind_it() -> None:
    shown = tidied([Cue(1, 1.2, ("Hm.",)), Cue(4, 4.1, ("Go",)), Cue(4.5, 6, ("on",))], duration=9)
    assert shown == (Cue(1, 1 + SHORTEST_CUE, ("Hm.",)), Cue(4, 4.5, ("Go",)), Cue(4.5, 6, ("on",)))


def test_a_bomb_of_text_costs_seconds_not_minutes() -> None:
    began = time.process_time()
    tidied((Cue(i, i + 1, ("字" * MAX_CUE_CHARACTERS,)) for i in range(100)), duration=200)
    assert time.process_time() - began < 5  # a tenth of that where nobody else works


def test_a_bomb_of_cues_stays_small() -> None:
    shown = tidied((Cue(i / 1000, 1e6, (f"x{i}",)) for i in range(2 * MAX_CUES)), duration=100)
    assert 0 < len(shown) <= MAX_CUES
    assert shown[-1].end <= 100
