"""Chapters of a source: where they begin and end. Titles stay with it, like all that it says of itself."""

from collections.abc import Iterable

from media_pipeline.domain.media import Span

MOST = 1_000
SHORTEST_SECONDS = 0.5
"""Nobody can mean to go to one that is shorter."""


def fitting(told: Iterable[Span], *, duration: float) -> tuple[Span, ...]:
    """In order, inside 0 to `duration` seconds, without overlap (of two the earlier gives way), the first ones."""
    inside = sorted(
        (Span(max(0.0, chapter.start), min(duration, chapter.end)) for chapter in told),
        key=lambda chapter: (chapter.start, chapter.end),
    )
    nexts = [*(later.start for later in inside[1:]), duration]
    cut = (Span(round(c.start, 3), round(min(c.end, after), 3)) for c, after in zip(inside, nexts, strict=False))
    return tuple(chapter for chapter in cut if chapter.seconds >= SHORTEST_SECONDS)[:MOST]
