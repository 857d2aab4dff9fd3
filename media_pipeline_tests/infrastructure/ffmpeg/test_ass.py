"""ASS as ffmpeg writes it, and as a stranger may have made it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.domain.captions import tidied
from media_pipeline.domain.transcript import Cue
from media_pipeline.infrastructure.ffmpeg.ass import cues


def event(text: str, times: str = "0:00:01.00,0:00:02.50") -> str:
    return f"Dialogue: 0,{times},Default,,0,0,0,,{text}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"One, two\Nthree\nfour\hfive", ("One, two", "three four five")),
        (r"{\i1}there{\i0}", ("there",)),
        (r"{\p1}m 0 0 l 100 0{\p0}after", ("after",)),
        (r"{\an7\p2\fs20}m 0 0{\pos(1,2)} l 9 9", ("",)),
        (r"{\pbo50\pos(3,4)}shown", ("shown",)),
        (r"\{not a comment\} {but this}", ("{not a comment} ",)),
        (r"{\p99999999999999999999}m 0 0", ("",)),
    ],
)
def test_styling_and_drawings_are_left_out(text: str, shown: tuple[str, ...]) -> None:
    assert list(cues(event(text))) == [Cue(1.0, 2.5, shown)]


def test_only_events_with_times_count() -> None:
    lines = ["[Script Info]", "Title: Dialogue: none", event("no").replace("Dialogue", "Comment"), "Dialogue: 0,x"]
    assert list(cues("\n".join(lines))) == []
    assert [c.end for c in cues(event("late", "0:00:01.00,99999999999:00:00.00"))] == [3_599_996_400.0]


pieces = ["Dialogue:", "0", ",", "0:00:01.00", "9:59:59.99", "{", "}", "\\p1", "\\N", "\\", "\n", "<b>", "ab"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(pieces) | st.text(max_size=5), max_size=60).map("".join))
def test_whatever_a_file_holds_it_is_read(text: str) -> None:
    found = list(cues(text)) + list(cues(event(text)))
    assert all("\n" not in line for c in tidied(found, duration=10) for line in c.lines)
