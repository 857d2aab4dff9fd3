"""Where a long picture is cut, so that its parts are encoded side by side and joined.

Everything is counted in frames of the output, behind the filter that fixes its rate, and every part begins where the
whole would have a keyframe: where the source has its own does not matter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import PlannedRendition, fingerprint

_INDEXED = frozenset({"mov", "matroska"})
"""Demuxers that find an instant without reading what is before it, and whose clock does not begin anew."""
_FARTHEST_KEYFRAMES_SECONDS = 20.0
"""Every chunk decodes from the source's keyframe before it: so much is decoded twice, at most."""
_WORTH_IT = 0.8
"""of a source: who needs more of it is given all"""

Ranges = tuple[tuple[int, int], ...]
"""bytes of a file, from one up to but without the other, in order, with something between them"""


@dataclass(frozen=True, slots=True)
class Cutting:
    """When a picture is cut, and into what. Seconds."""

    above_seconds: float = 900.0
    """a picture up to this long is encoded whole; inf: every one"""
    seconds: float = 120.0
    """about so long is each part"""

    def __post_init__(self) -> None:
        if not self.seconds >= 1:
            raise ValueError("parts of less than a second cost more than they are")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames of the output from `start` on, which is a keyframe, up to but without `stop`."""

    number: int
    start: int
    stop: int | None
    """None: up to the end, wherever that is"""
    keyframe: int
    """how many keyframes are before it"""


@dataclass(frozen=True, slots=True)
class Passage:
    """What of a source's bytes its part needs, and how one sees that it was enough."""

    ranges: Ranges
    packets: str
    """digest of what the decoder is given, as the whole file gives it"""


@dataclass(frozen=True, slots=True)
class ChunkOrder:
    """One part of one version's picture to be encoded, and all that its bytes depend on, whoever does it."""

    media_id: str
    version: str
    plans: tuple[PlannedRendition, ...]
    """largest first"""
    gop_seconds: float | None
    """None: keyframes where the source has its own"""
    chunk: Chunk
    build: str
    """of the tool: streams of different encoders do not join"""
    passage: Passage | None = field(default=None, compare=False)
    """None: all of the source is to be fetched. Nothing that is made depends on it"""

    @property
    def fingerprint(self) -> str:
        """16 hex digits: what was made by the same order fits."""
        return fingerprint(*self.plans, self.gop_seconds, self.chunk, self.build)


def grid(seconds: float, *, rate: Fraction, gop_seconds: float) -> list[int]:
    """The frames that an encode has keyframes at: the first one at or behind each multiple of the distance. Exact."""
    each = Fraction(str(gop_seconds)) * rate
    return [math.ceil(i * each) for i in range(math.ceil(Fraction(str(seconds)) * rate / each))]


def cut(keyframes: Sequence[int], *, rate: Fraction, seconds: float, cutting: Cutting) -> tuple[Chunk, ...]:
    """The parts of a picture that lasts so many seconds and has its keyframes at these frames, in order. None where it
    is not long, or there is nowhere to cut. No part is shorter than half of what it should be."""
    if seconds <= cutting.above_seconds:
        return ()
    each = float(cutting.seconds * rate)
    starts = [0]
    for i, frame in enumerate(keyframes):
        if frame - keyframes[starts[-1]] >= each and float(seconds * rate) - frame >= each / 2:
            starts.append(i)
    if len(starts) == 1:
        return ()
    stops = [*(keyframes[i] for i in starts[1:]), None]
    return tuple(Chunk(n, keyframes[i], stop, i) for n, (i, stop) in enumerate(zip(starts, stops, strict=True)))


def needed(wanted: Sequence[tuple[int, int]], size: int) -> Ranges:
    """What these ranges of a file have in them, each byte once; none where that is about all of the file."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted((max(0, start), min(stop, size)) for start, stop in wanted):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(stop, found[-1][1])
        elif start < stop:
            found.append((start, stop))
    return tuple(found) if sum(stop - start for start, stop in found) < _WORTH_IT * size else ()


def uncuttable(info: MediaInfo, plans: Sequence[PlannedRendition]) -> str | None:
    """Why a picture is to be encoded whole however long it is; None where it can be cut. Cutting needs that frames are
    found again by their number, wherever decoding begins."""
    video = info.video
    if video is None or not plans:
        return "there is no picture to encode"
    reasons = {
        "its container has no index to find instants by": info.demuxer not in _INDEXED,
        "its clock jumps, or is not its frames' own": bool(info.gaps) or video.lag_seconds > 0,
        "its last frame is to stand still for a while": info.held_seconds > 0,
        "its frames are not where their rate has them": not video.steady,
        "its keyframes are too far apart": video.longest_gop_seconds > _FARTHEST_KEYFRAMES_SECONDS,
    }
    return next((reason for reason, so in reasons.items() if so), None)
