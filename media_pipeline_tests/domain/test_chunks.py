"""Where a long picture is cut."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from media_pipeline.domain.chunks import Cutting, cut, grid, needed, uncuttable
from media_pipeline.domain.media import Span
from media_pipeline.domain.profile import PlannedRendition
from media_pipeline_tests import builders as a

RATES = some.sampled_from([
    Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60), Fraction(15),
    Fraction(2997, 125),
])  # fmt: skip
GOPS = some.sampled_from([1, 1.5, 2, 2.5, 4])
SECONDS = some.floats(0.04, 3600).map(lambda s: round(s, 3))
CUTTINGS = some.builds(Cutting, above_seconds=some.floats(0, 600), seconds=some.floats(2, 300))
STEADY = replace(a.video(), steady=True, longest_gop_seconds=4.0)
H264 = [PlannedRendition(a.rung(720), 1280, 720)]


@given(SECONDS, RATES, GOPS)
def test_keyframes_are_at_the_first_frame_of_each_distance(seconds: float, rate: Fraction, gop: float) -> None:
    found = grid(seconds, rate=rate, gop_seconds=gop)
    assert found[0] == 0
    for i, frame in enumerate(found):
        assert (frame - 1) / rate < Fraction(str(gop)) * i <= frame / rate
    assert len(found) * Fraction(str(gop)) >= Fraction(str(seconds))  # and no distance is left out


@given(SECONDS, RATES, GOPS, CUTTINGS)
def test_chunks_lie_side_by_side_and_each_begins_with_a_keyframe(
    seconds: float, rate: Fraction, gop: float, cutting: Cutting
) -> None:
    keyframes = grid(seconds, rate=rate, gop_seconds=gop)
    chunks = cut(keyframes, rate=rate, seconds=seconds, cutting=cutting)
    if not chunks:
        assert seconds <= cutting.above_seconds or seconds < 1.5 * cutting.seconds + gop + 1
        return
    assert (chunks[0].start, chunks[-1].stop, len(chunks) > 1) == (0, None, True)
    assert [c.number for c in chunks] == list(range(len(chunks)))
    assert all(one.stop == next_one.start for one, next_one in pairwise(chunks))
    assert all(keyframes[c.keyframe] == c.start for c in chunks)
    for chunk in chunks:
        lasts = float((seconds * rate if chunk.stop is None else chunk.stop) - chunk.start) / float(rate)
        assert cutting.seconds / 2 - 0.01 <= lasts <= 1.5 * cutting.seconds + gop + 1


@pytest.mark.parametrize("seconds", [10, 599, 600, 900])
def test_a_short_video_is_not_cut(seconds: float) -> None:
    keyframes = grid(seconds, rate=Fraction(25), gop_seconds=2)
    assert cut(keyframes, rate=Fraction(25), seconds=seconds, cutting=Cutting()) == ()


def test_a_film_is_cut_into_parts_of_two_minutes() -> None:
    keyframes = grid(3600, rate=Fraction(25), gop_seconds=2)
    chunks = cut(keyframes, rate=Fraction(25), seconds=3600, cutting=Cutting())
    assert [c.start for c in chunks] == [3000 * i for i in range(30)]


def test_where_keyframes_are_the_sources_own_it_is_cut_at_them() -> None:
    chunks = cut([0, 70, 130, 260, 300, 390], rate=Fraction(10), seconds=40, cutting=Cutting(10, 10))
    assert [(c.start, c.stop, c.keyframe) for c in chunks] == [(0, 130, 0), (130, 260, 2), (260, None, 3)]


def test_what_finds_its_frames_again_can_be_cut() -> None:
    assert uncuttable(a.info(video=STEADY), H264) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"video": None}, "no picture"),
        ({"gaps": (Span(1, 70),)}, "clock"),
        ({"video": replace(STEADY, lag_seconds=0.08)}, "clock"),
        ({"video": replace(STEADY, steady=False)}, "rate"),
        ({"video": replace(STEADY, longest_gop_seconds=3600.0)}, "apart"),
        ({"demuxer": "mpegts"}, "index"),
        ({"duration_seconds": 12.0}, "stand still"),
    ],
)
def test_what_does_not_is_encoded_whole(changes: dict[str, object], reason: str) -> None:
    assert reason in str(uncuttable(a.info(**{"video": STEADY, **changes}), H264))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([(0, 10), (50, 60)], ((0, 10), (50, 60))),
        ([(50, 60), (0, 10)], ((0, 10), (50, 60))),
        ([(0, 10), (5, 20), (20, 30)], ((0, 30),)),
        ([(0, 30), (5, 20)], ((0, 30),)),
        ([(-5, 10), (95, 200)], ((0, 10), (95, 100))),
        ([(40, 40), (60, 50), (70, 71)], ((70, 71),)),
        ([(0, 50), (60, 100)], ()),  # about all of it
    ],
)
def test_what_is_needed_of_a_file_is_asked_for_once(
    wanted: list[tuple[int, int]], found: tuple[tuple[int, int], ...]
) -> None:
    assert needed(wanted, 100) == found
