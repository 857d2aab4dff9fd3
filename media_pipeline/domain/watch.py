"""Whether a rendition shows something wherever its source does, over its whole length; small glimpses of both tell.

A rendition is seen at its keyframes only. So a black passage is found from one group of pictures on, a frozen one from
two.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SIDE = 16
"""A glimpse has this many columns and rows."""
EVERY_SECONDS = 0.5
"""of the source"""
_BLACK = 26
_LIT = 90
"""The source is far from black before a black rendition is wrong: sources may be HDR, or of another range."""
_STILL = 3
_MOVED = 24
"""What an encoder makes of a picture that stands still, and what none makes of one."""
_AROUND_SECONDS = EVERY_SECONDS + 0.05
_OFF_SECONDS = 0.1
"""A picture may come out a frame or two late."""
_APART_SECONDS = 1.9
"""Keyframes nearer than that tell nothing of movement."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One picture, shrunk. `luma` has SIDE × SIDE brightnesses, each an average of its part."""

    at: float
    """seconds"""
    luma: bytes


def lost_seconds(source: Sequence[Glimpse], shown: Sequence[Glimpse], *, end: float) -> float:
    """The longest time over which a rendition is black though its source is lit, or stands still though its source
    moves. `source` has a glimpse at least every EVERY_SECONDS where frames come; `shown` ends at `end`."""
    if not source:
        return 0.0
    apart = _apart(shown)
    ends = [*(glimpse.at for glimpse in apart[1:]), end]
    black = [(glimpse.at, until) for glimpse, until in zip(apart, ends, strict=True) if _black(glimpse, source)]
    frozen = [(a.at, b.at) for a, b in pairwise(apart) if _frozen(a, b, source)]
    return _longest(sorted({*black, *frozen}))


def _black(shown: Glimpse, source: Sequence[Glimpse]) -> bool:
    return max(shown.luma) <= _BLACK and all(max(glimpse.luma) >= _LIT for glimpse in _around(shown.at, source))


def _frozen(before: Glimpse, after: Glimpse, source: Sequence[Glimpse]) -> bool:
    return _change(before, after) <= _STILL and all(
        _change(a, b) >= _MOVED for a in _around(before.at, source) for b in _around(after.at, source)
    )


def _around(at: float, source: Sequence[Glimpse]) -> Sequence[Glimpse]:
    """What the source may show at an instant: rates and clocks are converted, so neighbours count too."""
    first = bisect_left(source, at - _AROUND_SECONDS, key=_at)
    shown = bisect_right(source, at - _OFF_SECONDS, key=_at) - 1
    behind = bisect_right(source, at + _AROUND_SECONDS, key=_at)
    return source[max(0, min(first, shown)) : max(1, behind)]


def _at(glimpse: Glimpse) -> float:
    return glimpse.at


def _change(a: Glimpse, b: Glimpse) -> int:
    return max(abs(x - y) for x, y in zip(a.luma, b.luma, strict=True))


def _apart(shown: Sequence[Glimpse]) -> list[Glimpse]:
    kept: list[Glimpse] = []
    for glimpse in shown:
        if not kept or glimpse.at - kept[-1].at >= _APART_SECONDS:
            kept.append(glimpse)
    return kept


def _longest(spans: Sequence[tuple[float, float]]) -> float:
    """Spans in order; those that touch are one."""
    longest, begin, reached = 0.0, 0.0, -1.0
    for start, end in spans:
        if start > reached:
            begin = start
        reached = max(reached, end)
        longest = max(longest, reached - begin)
    return round(longest, 3)
