"""Chapters as they are published."""

from media_pipeline.domain.chapters import MOST, fitting
from media_pipeline.domain.media import Span


def fitted(*told: tuple[float, float]) -> list[tuple[float, float]]:
    return [(c.start, c.end) for c in fitting([Span(*one) for one in told], duration=10)]


def test_honest_chapters_stay_as_they_are() -> None:
    assert fitted((0, 4), (4, 10)) == [(0, 4), (4, 10)]


def test_they_come_in_order_and_without_overlap() -> None:
    assert fitted((5, 12), (0, 7), (5, 6)) == [(0, 5), (5, 10)]


def test_what_lies_outside_the_media_or_is_nothing_is_left_out() -> None:
    assert fitted((-3, 2), (3, 3.1), (9, 360_000), (11, 12)) == [(0, 2), (9, 10)]


def test_there_are_no_more_than_a_thousand() -> None:
    many = fitting([Span(i, i + 1) for i in range(3000)], duration=3000)
    assert (len(many), many[-1]) == (MOST, Span(999, 1000))
