"""Whether the picture of a source can be its own top rung: copied, not encoded.

It is judged twice. What the probe tells says whether a copy is worth trying; what the copy holds, whether it stands.
What does not stand is encoded like any other source.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from media_pipeline.domain import segments
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import PlannedRendition, StreamRecipe, output_rate

_PROFILES = frozenset({"Constrained Baseline", "Main", "High"})
"""H.264 that every player has. Plain Baseline may reorder slices, which decoders in hardware do not."""
_LEVEL_OF_1080P = 42
_LEVEL_OF_4K = 52
_PIXELS_OF_1080P = 1920 * 1088
_STANDARD = frozenset({"bt709", "unknown"})


@dataclass(frozen=True, slots=True)
class Copy:
    """What the copied packets hold, measured from the copy. Times in seconds."""

    frames: int
    duration_seconds: float
    keyframes: tuple[float, ...]
    """as the container marks them"""
    refreshes: tuple[float, ...]
    """frames from which a decoder can begin, whatever came before (IDR)"""
    gop_bytes: tuple[int, ...]
    """from each keyframe to the next"""
    parameter_sets: int
    """different ones in the stream; one says that the picture never changes its shape"""


def candidate(info: MediaInfo, plans: Sequence[PlannedRendition], recipe: StreamRecipe) -> PlannedRendition | None:
    """The rung that a copy of the picture would be, if one is worth trying; `plans` are the source's ladder."""
    video = info.video
    top = next((p for p in plans if p.rung.codec == "h264"), None)
    if video is None or top is None or not info.duration_seconds:
        return None
    most = _LEVEL_OF_1080P if video.coded_width * video.coded_height <= _PIXELS_OF_1080P else _LEVEL_OF_4K
    size = (video.coded_width, video.coded_height)
    fits = (
        video.codec == "h264"
        and video.profile in _PROFILES
        and 0 < video.level <= most
        and video.pixel_format == "yuv420p"
        and {video.primaries, video.transfer} <= _STANDARD
        and video.meant_matrix == "bt709"
        and not (video.interlaced or video.turned or video.annotated or video.rotation or video.lag_seconds)
        and size == (video.display_width, video.display_height) == (top.width, top.height)
        and video.steady
        and output_rate(video) == video.frame_rate
        and not (info.held_seconds or info.gaps)
        and video.longest_gop_seconds <= recipe.segment_seconds + segments.SLACK_SECONDS
        and video.bytes * 8 <= top.rung.max_bitrate * video.end_seconds
    )
    return top if fits else None


def stands(copy: Copy, info: MediaInfo, plan: PlannedRendition, recipe: StreamRecipe) -> bool:
    """Whether the copy is as good a rung as an encode of `plan`: every keyframe a true beginning, segments that keep
    their target, no change of shape, and bits that fit the buffer which the encode would be given."""
    assert info.video is not None
    end = copy.duration_seconds
    if copy.keyframes[:1] != (0.0,) or copy.keyframes[-1] >= end:
        return False
    asked = segments.fitting(copy.keyframes, end, target=recipe.segment_seconds)
    return (
        copy.frames == info.video.frames
        and copy.refreshes == copy.keyframes
        and copy.parameter_sets <= 1
        and segments.longest(copy.keyframes, end, asked) <= recipe.segment_seconds + segments.SLACK_SECONDS
        and _fullest_bits(copy, plan.rung.max_bitrate) <= 2 * plan.rung.max_bitrate
    )


def _fullest_bits(copy: Copy, rate: int) -> float:
    """How many bits wait at most when they leave at `rate`."""
    waiting = fullest = 0.0
    for (begin, end), size in zip(pairwise([*copy.keyframes, copy.duration_seconds]), copy.gop_bytes, strict=True):
        waiting = max(0.0, waiting + 8 * size - rate * (end - begin))
        fullest = max(fullest, waiting)
    return fullest
