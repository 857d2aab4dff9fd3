"""Where a packager that cuts only at keyframes will cut, and how to have it cut soon enough."""

import math
from collections.abc import Sequence
from itertools import pairwise

SLACK_SECONDS = 0.1
"""A segment may be so much longer than its target: frame rates do not divide every second."""


def fitting(keyframes: Sequence[float], end: float, *, target: float) -> float:
    """The segment duration to ask the packager for, so that no segment is longer than `target`: the target itself, or
    less where keyframes come at other times. Where none will do, it is the target. Times in seconds.

    >>> fitting([0.0, 2.0, 4.0, 6.0], 8.0, target=4.0)
    4.0
    >>> fitting([0.0, 1.92, 3.84, 5.76], 7.68, target=4.0)
    3.84
    """
    gop = max(b - a for a, b in pairwise([*keyframes, end]))
    multiples = [n * gop for n in range(math.floor(target / gop), 0, -1)]
    shorter = sorted([*multiples, target - gop], reverse=True)
    # Whole milliseconds, down: a little later than a keyframe would be a whole segment later.
    asked = [target, *(math.floor(seconds * 1000 + 1e-6) / 1000 for seconds in shorter)]
    return next((s for s in asked if s > 0 and longest(keyframes, end, s) <= target + SLACK_SECONDS), target)


def longest(keyframes: Sequence[float], end: float, asked: float) -> float:
    """Seconds of the longest segment: a new one begins with the first keyframe after each multiple of `asked`."""
    cuts, index = [0.0], 0
    for time in keyframes:
        if math.floor(time / asked + 1e-9) > index:
            cuts.append(time)
            index = math.floor(time / asked + 1e-9)
    return max(b - a for a, b in pairwise([*cuts, end]))
