"""What counts as a lost picture: black or frozen where the source is not."""

from collections.abc import Callable

import pytest

from media_pipeline.domain.watch import EVERY_SECONDS, SIDE, Glimpse, lost_seconds

END = 20.0
KEYFRAMES = [2.0 * i for i in range(10)]
EVERY = [EVERY_SECONDS * i for i in range(40)]
Scene = Callable[[float], int]


def glimpses(times: list[float], scene: Scene) -> list[Glimpse]:
    """A brightness at each time, in one corner; the rest is dark grey."""
    return [Glimpse(at, bytes([scene(at)]) + bytes([20]) * (SIDE * SIDE - 1)) for at in times]


def lost(source: Scene, shown: Scene) -> float:
    return lost_seconds(glimpses(EVERY, source), glimpses(KEYFRAMES, shown), end=END)


def moving(at: float) -> int:
    return 100 + int(at * 30) % 150


def still(_: float) -> int:
    return 150


def black(_: float) -> int:
    return 16


def until(first: float, before: Scene, after: Scene) -> Scene:
    return lambda at: before(at) if at < first else after(at)


def test_a_rung_that_shows_its_source_loses_nothing() -> None:
    assert lost(moving, lambda at: moving(at) - 3) == 0


@pytest.mark.parametrize("scene", [black, still, until(7, moving, black), until(7, moving, still)])
def test_what_the_source_has_too_is_not_lost(scene: Scene) -> None:
    assert lost(scene, scene) == 0


def test_a_rung_that_turns_black_is_lost_from_there_to_the_end() -> None:
    assert lost(moving, until(9.5, moving, black)) == 10
    assert lost(still, until(9.5, still, black)) == 10


def test_a_rung_that_freezes_is_lost_while_it_stands() -> None:
    def freezes(at: float) -> int:
        return moving(8) if 8 <= at <= 14 else moving(at)

    assert lost(moving, freezes) == 6


def test_a_single_black_group_of_pictures_is_found() -> None:
    assert lost(still, lambda at: 16 if at == 4 else 150) == 2


def test_a_source_that_is_black_when_a_rung_is_may_be_off_by_a_frame() -> None:
    def blinks(at: float) -> int:
        return 16 if at % 2 < EVERY_SECONDS else 200

    late = [Glimpse(at + 0.04, g.luma) for at, g in zip(EVERY, glimpses(EVERY, blinks), strict=True)]
    assert lost_seconds(late, glimpses(KEYFRAMES, blinks), end=END) == 0


def test_slides_that_change_at_every_keyframe_are_not_frozen() -> None:
    def slides(at: float) -> int:
        return 60 + 100 * (int(at / 2) % 2)

    rare = glimpses(KEYFRAMES, slides)
    assert lost_seconds(rare, glimpses(KEYFRAMES, slides), end=END) == 0
    early = glimpses(KEYFRAMES, lambda at: slides(at - 0.04))
    assert lost_seconds(rare, early, end=END) == 0


def test_a_dim_source_may_come_out_darker_yet() -> None:
    assert lost(lambda _: 60, black) == 0


def test_keyframes_close_to_each_other_tell_of_freezing_too() -> None:
    dense = [0.4 * i for i in range(50)]
    assert lost_seconds(glimpses(EVERY, moving), glimpses(dense, still), end=END) > 15
    assert lost_seconds(glimpses(EVERY, moving), glimpses(dense, moving), end=END) == 0


def test_a_source_that_was_not_watched_loses_nothing() -> None:
    assert lost_seconds([], glimpses(KEYFRAMES, black), end=END) == 0
