"""The media's clock, from every packet: where it begins and ends, and at which rate frames follow each other.

Headers lie about all three, so nothing here believes one.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from media_pipeline.domain import chapters
from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import MediaInfo, Span
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
_LONGEST_PACKET_SECONDS = 5.0
_LEAST_BYTES_PER_SECOND = 100
"""of sound; a packet that claims to last long with less is short, and the clock jumps behind it"""
_JUMP_SECONDS = 10.0
"""Where picture and sound stop together for longer, the clock jumped; ffmpeg takes MPEG's jumps for what they are from
here on too. Less is a pause, and is kept."""
_STILLNESS_SECONDS = 300.0
"""A picture without sound may stand still for so long: screens do."""
_MOST_STEPS = 10
"""usual steps from frame to frame that may lie between two"""
_MOST_GAPS = 100
_SILENCE_SECONDS = 60.0
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
    sound: bool = False
    times: "array[float]" = field(default_factory=lambda: array("d"))
    end: float = -math.inf
    shown: int = 0
    """packets that say when they are shown, not only when they are decoded"""
    bytes: int = 0
    keyframes: "array[float]" = field(default_factory=lambda: array("d"))
    doubtful: "list[tuple[int, int, int]]" = field(default_factory=list)
    """when decoded, shown, and how long, in ticks, of packets that say to be shown long after they are decoded"""

    def note(self, decoded: int, shown: int, duration: int, size: int, *, key: bool) -> None:
        """One packet, in ticks and bytes."""
        self.bytes += size
        if key and shown != _NO_TIME:
            self.keyframes.append(shown * self.tick)
        seconds = duration * self.tick
        if self.sound and seconds > _LONGEST_PACKET_SECONDS and size < _LEAST_BYTES_PER_SECOND * seconds:
            duration = 0
        self.shown += shown != _NO_TIME
        if _NO_TIME not in {decoded, shown} and shown - decoded > self._most_reordered(duration):
            self.doubtful.append((decoded, shown, duration))
            return
        self._decide(decoded)
        time = shown if shown != _NO_TIME else decoded
        if time != _NO_TIME:
            self._add(time, duration)

    def close(self) -> None:
        """No packet follows."""
        self._decide(_NO_TIME)

    @cached_property
    def ordered(self) -> list[float]:
        """When all packets are closed."""
        return sorted(self.times)

    @cached_property
    def usual_step(self) -> float:
        """The (lower) median of the seconds from one packet to the next."""
        steps = sorted(b - a for a, b in pairwise(self.ordered) if b > a)
        return steps[(len(steps) - 1) // 2] if steps else 0.0

    def _decide(self, decoded: int) -> None:
        """Reordered packets of a clock that jumps are followed by others as late. Alone, their time is wrong."""
        for before, shown, duration in self.doubtful:
            self._add(shown if decoded + self._most_reordered(duration) >= shown else before, duration)
        self.doubtful.clear()

    def _most_reordered(self, duration: int) -> float:
        return max(_MOST_REORDERED_SECONDS / self.tick, _MOST_REORDERED_FRAMES * duration)

    def _add(self, time: int, duration: int) -> None:
        self.times.append(time * self.tick)
        if self.sound:  # a long packet counts as many
            lasting = int(duration * self.tick / _LONGEST_PACKET_SECONDS)
            self.times.extend(time * self.tick + i * _LONGEST_PACKET_SECONDS for i in range(1, lasting + 1))
        self.end = max(self.end, (time + duration) * self.tick)

    @property
    def first(self) -> float:
        # Before zero lies only what a decoder runs in on and drops.
        return max(0.0, min(self.times))


class Log:
    """Reads the lines of `probing.scan`."""

    def __init__(self) -> None:
        self.streams: dict[int, Packets] = {}

    def note(self, line: str) -> None:
        if line.startswith("#tb "):
            index, _, tick = line[4:].partition(": ")
            self.streams[int(index)] = Packets(float(Fraction(tick)))
        elif line.startswith("#media_type "):
            index, _, kind = line[12:].partition(": ")
            self.streams[int(index)].sound = kind.strip() == "audio"
        elif line and line[0].isdigit():
            index, decoded, shown, duration, size, _, *marks = (word.strip() for word in line.split(","))
            self.streams[int(index)].note(int(decoded), int(shown), max(0, int(duration)), int(size), key=is_key(marks))


def settled(info: MediaInfo, log: Log) -> MediaInfo:
    """The probe's answer with the facts of its packets. Streams that never send a packet are none, and jumps of the
    clock are left out.

    Raises BadMedia ZERO_DURATION when no stream sends any.
    """
    seen = [log.streams.get(i, Packets()) for i in range((info.video is not None) + len(info.audio))]
    for packets in seen:
        packets.close()
    picture = seen.pop(0) if info.video else Packets()
    heard = [(track, packets) for track, packets in zip(info.audio, seen, strict=True) if packets.times]
    video = info.video if picture.times else None
    if video is None and not heard:
        raise BadMedia(RejectionCode.ZERO_DURATION, "The file holds no picture and no sound, only their headers.")
    jumps = _jumps(picture, [packets for _, packets in heard])
    start = min((packets.first for _, packets in heard), default=math.inf)
    if video:
        shown = _without(picture.times, jumps)
        rate = frame_rate(shown, picture.tick, video.frame_rate)
        # AVI knows only when frames are decoded; a decoder that reorders them takes that for when they are shown.
        bare = info.demuxer == "avi" and picture.shown < len(picture.times)
        lag = float(video.reordered / rate) if bare else 0.0
        video = replace(video, frame_rate=rate, frames=len(picture.times), lag_seconds=lag)
        start = _start(picture.first, start, output_rate(video))
    gaps = tuple(Span(round(gap.start - start, 6), round(gap.end - start, 6)) for gap in jumps if gap.end > start)
    timed = replace(info, start_seconds=round(start, 6), gaps=gaps)
    if video:
        end = max(picture.end, max(picture.times) + float(1 / rate))
        video = replace(
            video, end_seconds=round(timed.played(end - start), 3), bytes=picture.bytes,
            steady=picture.shown == len(picture.times) and steady(picture.times, start, rate),
            longest_gop_seconds=longest_gop(picture, end),
        )  # fmt: skip
    tracks = tuple(
        replace(
            track,
            end_seconds=round(timed.played(packets.end - start), 3),
            silences=tuple(_silences(timed, packets)),
        )
        for track, packets in heard
    )
    duration = max(stream.end_seconds for stream in ([video] if video else []) + list(tracks))
    named = [Span(timed.played(c.start - start), timed.played(c.end - start)) for c in info.chapters]
    return replace(
        timed, video=video, audio=tracks, duration_seconds=duration,
        chapters=chapters.fitting(named, duration=duration),
    )  # fmt: skip


def _jumps(picture: Packets, tracks: Sequence[Packets]) -> list[Span]:
    """Where every stream stops and goes on together, on the demuxer's clock: the longest ones, in order of time."""
    streams = [packets for packets in (picture, *tracks) if packets.times]
    found = _idle(streams[0])
    for packets in streams[1:]:
        found = list(_both(found, _idle(packets)))
    usual = _MOST_STEPS * picture.usual_step
    first = min((packets.ordered[0] for packets in tracks), default=math.inf)
    last = max((packets.ordered[-1] for packets in tracks), default=-math.inf)
    jumps = [
        gap
        for gap in found
        if gap.seconds > max(usual, _JUMP_SECONDS if first < gap.end <= last else _STILLNESS_SECONDS)
        and math.isfinite(gap.seconds)
    ]
    return sorted(sorted(jumps, key=lambda gap: -gap.seconds)[:_MOST_GAPS], key=lambda gap: gap.start)


def _idle(packets: Packets) -> list[Span]:
    """Where a stream sends nothing for long, before its first packet and behind its last too."""
    ordered, step = packets.ordered, packets.usual_step
    pauses = [Span(a + step, b) for a, b in pairwise(ordered) if b - a - step > _JUMP_SECONDS]
    return [Span(-math.inf, ordered[0]), *pauses, Span(ordered[-1] + step, math.inf)]


def _both(some: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """What two rows of spans share, as far as it is long."""
    i = j = 0
    while i < len(some) and j < len(others):
        shared = Span(max(some[i].start, others[j].start), min(some[i].end, others[j].end))
        if shared.seconds > _JUMP_SECONDS:
            yield shared
        if some[i].end < others[j].end:
            i += 1
        else:
            j += 1


def _without(times: Sequence[float], jumps: Sequence[Span]) -> Sequence[float]:
    return [time - sum(jump.seconds for jump in jumps if jump.middle < time) for time in times] if jumps else times


def _silences(info: MediaInfo, packets: Packets) -> Iterator[Span]:
    """Long pauses of one track, on the media's clock, the longest ones."""
    pauses = [
        Span(0.0 if math.isinf(idle.start) else info.played(idle.start - info.start_seconds),
             info.played(idle.end - info.start_seconds))
        for idle in _idle(packets)[:-1]
    ]  # fmt: skip
    long = sorted((p for p in pauses if p.seconds > _SILENCE_SECONDS), key=lambda p: -p.seconds)[:_MOST_GAPS]
    for pause in sorted(long, key=lambda p: p.start):
        yield Span(round(pause.start, 6), round(pause.end, 6))


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


def longest_gop(picture: Packets, end: float) -> float:
    """Seconds from a keyframe to the next, at most; all there are where no frame says to be one."""
    starts = sorted(picture.keyframes) or [picture.first]
    return round(max(b - a for a, b in pairwise([*starts, end])), 3)


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
