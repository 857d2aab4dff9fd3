from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_pipeline.domain.profile import fingerprint, ladder
from media_pipeline.infrastructure import recipes
from media_pipeline_tests.builders import rung, video

RUNGS = [rung(side) for side in (240, 360, 480, 720, 1080, 2160)]


def sizes(width: int, height: int) -> list[tuple[int, int]]:
    return [(p.width, p.height) for p in ladder(video(width, height), RUNGS)]


def test_a_picture_too_small_for_a_newer_codec_is_left_to_h264_where_there_is_one() -> None:
    small = video(60, 40)
    rungs = [rung(360), rung(360, "hevc", codec="hevc"), rung(360, "av1", codec="av1")]
    assert [plan.rung.codec for plan in ladder(small, rungs)] == ["h264"]
    assert [plan.rung.codec for plan in ladder(small, rungs[1:2])] == ["hevc"]


def test_a_full_hd_source_gets_its_own_size_and_everything_below() -> None:
    assert sizes(1920, 1080) == [(1920, 1080), (1280, 720), (854, 480), (640, 360), (426, 240)]


def test_a_portrait_ladder_goes_by_the_short_side() -> None:
    assert sizes(1080, 1920)[:2] == [(1080, 1920), (720, 1280)]


def test_a_source_between_two_rungs_keeps_its_own_size() -> None:
    assert sizes(1600, 900)[0] == (1600, 900)


def test_a_rung_close_to_its_larger_neighbour_adds_nothing_and_is_not_made() -> None:
    assert sizes(640, 272) == [(640, 272)]
    assert sizes(1300, 730)[:2] == [(1300, 730), (854, 480)]


@pytest.mark.parametrize("side", [1, 2, 3, 16, 239])
def test_a_tiny_source_is_made_once(side: int) -> None:
    assert len(sizes(side, side)) == 1


@given(st.integers(1, 8192), st.integers(1, 4320))
def test_a_ladder_is_never_empty_never_upscaled_and_always_even(width: int, height: int) -> None:
    made = sizes(width, height)
    assert made
    assert all(w % 2 == 0 and h % 2 == 0 for w, h in made)
    assert all(w <= max(2, width + 1) and h <= max(2, height + 1) for w, h in made)
    assert made == sorted(made, key=lambda s: -s[0] * s[1])
    assert len(set(made)) == len(made)


def test_changing_one_rung_changes_its_fingerprint_and_no_other() -> None:
    shipped = recipes.load()
    before = {name: fingerprint(r) for name, r in shipped.rungs.items()}
    changed = {**shipped.rungs, "720p": replace(shipped.rungs["720p"], crf=19)}
    after = {name: fingerprint(r) for name, r in changed.items()}
    assert [name for name in before if before[name] != after[name]] == ["720p"]


def test_a_fingerprint_does_not_depend_on_the_order_of_construction() -> None:
    assert fingerprint(rung(720)) == fingerprint(rung(720))
    assert fingerprint(rung(720)) != fingerprint(rung(720), 2.0)
