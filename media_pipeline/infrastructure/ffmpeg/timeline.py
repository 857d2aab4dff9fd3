"""The media's clock, from every packet: where it begins and ends, and at which rate frames follow each other.

Headers lie about all three, so nothing here believes one.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import output_rate
from media_pipeline.infrastructure.ffmpeg.answers import is_key

PRIMING_SECONDS = 0.05
"""An encoder's run-in is shorter. Sound that leads the picture by no more is cut there."""
_SHORTEST_FRAME_SECONDS = 1 / 300
_NO_TIME = -(2**63)
_MOST_REORDERED_SECONDS = 10.0
_MOST_REORDERED_FRAMES = 17
"""A packet that says it is shown longer after it is decoded has a wrong timestamp: sixteen frames may lie between."""
_OFF_GRID_FRAMES = 0.25
_RATES = tuple(
    Fraction(n, d)
    for n, d in (
        (1, 1), (5, 1), (10, 1), (12, 1), (25, 2), (15, 1), (20, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001),
        (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1), (100, 1), (120000, 1001), (120, 1), (144, 1), (240, 1),
    )
)  # fmt: skip


@dataclass
class Packets:
    """One stream's packets, noted as they pass. Times in seconds on the demuxer's clock."""

    tick: float = 0.0
    times: "array[float]" = field(default_factory=lambda: array("d"))
    end: float = -math.inf
    shown: int = 0
    """packets that say when they are shown, not only when they are decoded"""
    bytes: int = 0
    keyframes: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def first(self) -> float:
        # Before zero lies only what a decoder runs in on and drops.
        return max(0.0, min(self.times))


class Log:
    """Reads the lines of `commands.scan`."""

    def __init__(self) -> None:
        self.streams: dict[int, Packets] = {}

    def note(self, line: str) -> None:
        if line.startswith("#tb "):
            index, _, tick = line[4:].partition(": ")
            self.streams[int(index)] = Packets(float(Fraction(tick)))
        elif line and line[0].isdigit():
            index, decoded, shown, duration, size, _, *marks = (word.strip() for word in line.split(","))
            packets = self.streams[int(index)]
            time = int(shown) if int(shown) != _NO_TIME else int(decoded)
            most = max(_MOST_REORDERED_SECONDS / packets.tick, _MOST_REORDERED_FRAMES * int(duration))
            if int(decoded) != _NO_TIME and time - int(decoded) > most:
                time = int(decoded)
            packets.shown += int(shown) != _NO_TIME
            packets.bytes += int(size)
            if time != _NO_TIME:
                packets.times.append(time * packets.tick)
                if is_key(marks):
                    packets.keyframes.append(time * packets.tick)
                packets.end = max(packets.end, (time + max(0, int(duration))) * packets.tick)


def settled(info: MediaInfo, log: Log) -> MediaInfo:
    """The probe's answer with the facts of its packets. Streams that never send a packet are none.

    Raises BadMedia ZERO_DURATION when no stream sends any.
    """
    seen = [log.streams.get(i, Packets()) for i in range((info.video is not None) + len(info.audio))]
    picture = seen.pop(0) if info.video else Packets()
    heard = [(track, packets) for track, packets in zip(info.audio, seen, strict=True) if packets.times]
    video = info.video if picture.times else None
    if video is None and not heard:
        raise BadMedia(RejectionCode.ZERO_DURATION, "The file holds no picture and no sound, only their headers.")
    start = min((packets.first for _, packets in heard), default=math.inf)
    if video:
        rate = frame_rate(picture.times, picture.tick, video.frame_rate)
        end = max(picture.end, max(picture.times) + float(1 / rate))
        # AVI knows only when frames are decoded; a decoder that reorders them takes that for when they are shown.
        bare = info.demuxer == "avi" and picture.shown < len(picture.times)
        lag = float(video.reordered / rate) if bare else 0.0
        video = replace(video, frame_rate=rate, frames=len(picture.times), lag_seconds=lag)
        start = _start(picture.first, start, output_rate(video))
        video = replace(
            video, end_seconds=round(end - start, 3), bytes=picture.bytes,
            steady=picture.shown == len(picture.times) and steady(picture.times, start, rate),
            longest_gop_seconds=round(max(b - a for a, b in pairwise([*picture.keyframes, end])), 3)
            if picture.keyframes else math.inf,
        )  # fmt: skip
    tracks = tuple(replace(track, end_seconds=round(packets.end - start, 3)) for track, packets in heard)
    ends = [stream.end_seconds for stream in ([video] if video else []) + list(tracks)]
    return replace(info, video=video, audio=tracks, start_seconds=round(start, 6), duration_seconds=max(ends))


def frame_rate(times: Sequence[float], tick: float, claimed: Fraction) -> Fraction:
    """Frames per second at which frames really follow each other: of a steady stream its rate, of an unsteady one the
    rate of its quick passages. `tick` is the precision of the times in seconds; `claimed` breaks ties."""
    ordered = sorted(times)
    steps = sorted(b - a for a, b in pairwise(ordered) if b - a > tick / 2)
    # Parts of a frame that is never shown come as packets of their own, next to the one that is.
    steps = [step for step in steps if step > _SHORTEST_FRAME_SECONDS] or steps
    if not steps:
        return claimed
    quick = steps[len(steps) // 10]
    mean = (ordered[-1] - ordered[0]) / len(steps)
    near = [rate for rate in (claimed, *_RATES) if abs(1 / rate - quick) <= tick + 0.02 * quick]
    if not near:
        return Fraction(1 / quick).limit_denominator(1001)
    if abs(mean - quick) <= tick + 0.02 * quick:
        return min(near, key=lambda rate: abs(mean - 1 / rate))
    return max(near)


def steady(times: Sequence[float], start: float, rate: Fraction) -> bool:
    """Whether each frame has an instant of its own on the rate's grid, from `start` on and without a gap. A clock that
    is less precise than the rate is forgiven a quarter of a frame."""
    at = [(time - start) * float(rate) for time in times]
    on_grid = all(abs(place - round(place)) < _OFF_GRID_FRAMES for place in at)
    return on_grid and sorted(round(place) for place in at) == list(range(len(at)))


def _start(picture: float, sound: float, rate: Fraction) -> float:
    """Where the clock begins: the picture's frames lie on the grid of the output's, so that none moves against the
    sound."""
    lead = picture - sound
    if lead <= PRIMING_SECONDS:
        return picture
    return picture - float(math.ceil(lead * rate - 0.02) / rate)
