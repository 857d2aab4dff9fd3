"""Which sources pass, which copies stand, and how a packager is made to cut them."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.domain import segments
from media_pipeline.domain.media import Span
from media_pipeline.domain.passthrough import Copy, candidate, stands
from media_pipeline.domain.profile import PlannedRendition
from media_pipeline_tests import builders as a
from media_pipeline_tests.builders import CMAF

PLAN = PlannedRendition(a.rung(720), 1280, 720)
STANDARD: dict[str, Any] = {
    "profile": "High", "level": 31, "steady": True, "bytes": 1_000_000, "longest_gop_seconds": 2.0,
    "primaries": "bt709",
}  # fmt: skip
WHOLE = Copy(250, 10.0, (0.0, 2.0, 4.0, 6.0, 8.0), (0.0, 2.0, 4.0, 6.0, 8.0), (200_000,) * 5, 1)


def tried(**changes: Any) -> bool:
    info = a.info(video=a.video(**(STANDARD | changes)))
    return candidate(info, [PLAN], CMAF) is PLAN


def test_a_standard_source_is_tried_and_an_untagged_one_of_that_size_too() -> None:
    assert tried()
    assert tried(matrix="unknown", transfer="unknown", primaries="unknown")


@pytest.mark.parametrize(
    "changes",
    [
        {"codec": "hevc"}, {"profile": "High 10"}, {"profile": "Baseline"}, {"level": 0}, {"level": 50},
        {"pixel_format": "yuvj420p"}, {"transfer": "smpte2084"}, {"matrix": "smpte170m"}, {"interlaced": True},
        {"turned": True}, {"annotated": True}, {"display_width": 1706}, {"steady": False}, {"lag_seconds": 0.08},
        {"frame_rate": Fraction(120)}, {"longest_gop_seconds": 4.2}, {"bytes": 1_300_000}, {"end_seconds": 9.0},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_standard_is_not_tried(changes: dict[str, Any]) -> None:
    assert not tried(**changes)


def test_a_clock_with_gaps_a_rung_of_another_size_or_codec_and_sound_alone_are_not_tried() -> None:
    info = a.info(video=a.video(**STANDARD))
    assert candidate(replace(info, gaps=(Span(1.0, 20.0),)), [PLAN], CMAF) is None
    assert candidate(info, [replace(PLAN, width=854, height=480)], CMAF) is None
    assert candidate(info, [replace(PLAN, rung=a.rung(720, codec="hevc"))], CMAF) is None
    assert candidate(replace(info, video=None), [], CMAF) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": 249}, {"refreshes": (0.0, 4.0, 8.0)}, {"parameter_sets": 2},
        {"keyframes": (0.04, 2.0, 4.0, 6.0, 8.0)},
        {"keyframes": (0.0, 5.0), "refreshes": (0.0, 5.0), "gop_bytes": (500_000, 500_000)},
        {"gop_bytes": (100_000, 100_000, 600_000, 100_000, 100_000)}, {"keyframes": ()},
    ],
    ids=str,
)  # fmt: skip
def test_a_copy_stands_only_whole(changes: dict[str, Any]) -> None:
    info = a.info(video=a.video(**STANDARD))
    assert stands(WHOLE, info, PLAN, CMAF)
    assert not stands(replace(WHOLE, **changes), info, PLAN, CMAF)


@pytest.mark.parametrize(("gop", "asked"), [(2.0, 4.0), (1.92, 3.84), (1.001, 4.0), (3.0, 3.0), (4.0, 4.0)])
def test_even_groups_are_cut_at_whole_numbers_of_them(gop: float, asked: float) -> None:
    keyframes = [i * gop for i in range(100)]
    assert segments.fitting(keyframes, 100 * gop, target=4.0) == pytest.approx(asked)
    assert segments.longest(keyframes, 100 * gop, asked) <= 4.1


@given(st.lists(st.floats(0.04, 1.99), min_size=1, max_size=200))
def test_any_groups_of_half_a_segment_can_be_cut_in_time(steps: list[float]) -> None:
    keyframes = [0.0]
    for step in steps:
        keyframes.append(keyframes[-1] + step)
    end = keyframes.pop()
    asked = segments.fitting(keyframes, end, target=4.0)
    assert segments.longest(keyframes, end, asked) <= 4.0 + segments.SLACK_SECONDS
