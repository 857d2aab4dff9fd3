"""What ffmpeg and ffprobe answered to our own questions, parsed: pure functions from their text to our values."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from media_pipeline.domain.passthrough import Copy
from media_pipeline.domain.results import Likeness
from media_pipeline.domain.watch import SIDE, Glimpse
from media_pipeline.infrastructure.ffmpeg.facts import is_number


class _Packet(NamedTuple):
    time: float
    """seconds"""
    size: int
    """bytes"""
    checksum: str
    key: bool


def progress_seconds(line: str) -> float | None:
    """The position in seconds that a line of `-progress` tells, None for other lines."""
    name, _, value = line.partition("=")
    if name != "out_time_us" or not re.fullmatch(r"-?[0-9]{1,18}", value):
        return None
    return max(0.0, int(value) / 1e6)


def loudness(stderr: str) -> tuple[float, float] | None:
    """Integrated loudness in LUFS and true peak in dBTP from ebur128's summary; None for silence.

    Raises ValueError when there is no summary.
    """
    summary = stderr.rpartition("Summary:")[2]
    integrated = re.search(r"I:\s+(-?[\d.]+|-inf|nan) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+|-inf|nan) dBFS", summary)
    if not integrated or not peak:
        raise ValueError(f"no loudness summary in {stderr[-200:]!r}")
    lufs, dbtp = float(integrated[1]), float(peak[1])
    # R128's own gate: what is quieter than -70 LUFS counts as silence.
    return (lufs, dbtp) if lufs > -70 and math.isfinite(dbtp) else None


def packets(csv: str) -> tuple[int, float, tuple[float, ...]]:
    """Frames, duration in seconds, and the times of the keyframes, from `probing.packets`."""
    rows = [row for row in (line.split(",") for line in csv.splitlines()) if is_number(row[0].lstrip("-"))]
    times = [(float(row[0]), "K" in row[1]) for row in rows if len(row) > 1]
    duration = next((float(row[0]) for row in reversed(rows) if len(row) == 1), 0.0)
    return len(times), duration, tuple(sorted(at for at, key in times if key))


def places(told: bytes) -> tuple[float, tuple[int, ...]]:
    """Where the demuxer's clock begins, in seconds, and where in the file packets lie, of which that is known."""
    said = json.loads(told)
    begins = said.get("format", {}).get("start_time", "")
    found = (packet.get("pos", "") for packet in said.get("packets", ()))
    return float(begins) if is_number(begins) else 0.0, tuple(int(pos) for pos in found if pos.isdecimal())


def copy(listed: Mapping[str, str], duration_seconds: float) -> Copy:
    """What `copying.units` listed."""
    packets, refreshes, sets = (_listing(listed[kind]) for kind in ("all", "refreshes", "sets"))
    gops: list[int] = []
    for packet in packets:
        if packet.key or not gops:
            gops.append(0)
        gops[-1] += packet.size
    return Copy(
        frames=len(packets),
        duration_seconds=duration_seconds,
        keyframes=tuple(p.time for p in packets if p.key),
        refreshes=tuple(p.time for p in refreshes),
        gop_bytes=tuple(gops),
        parameter_sets=len({p.checksum for p in sets}),
    )


def glimpses(listing: str, luma: bytes) -> tuple[Glimpse, ...]:
    """What `watching` wrote, in order of time."""
    size = SIDE * SIDE
    seen = [Glimpse(packet.time, luma[i * size : (i + 1) * size]) for i, packet in enumerate(_listing(listing))]
    return tuple(sorted((glimpse for glimpse in seen if len(glimpse.luma) == size), key=lambda glimpse: glimpse.at))


def _listing(listing: str) -> list[_Packet]:
    """What a `framecrc` listing names, as it comes."""
    lines = listing.splitlines()
    tick = next((Fraction(line.split(": ")[1]) for line in lines if line.startswith("#tb ")), Fraction(0))
    rows = [[word.strip() for word in line.split(",")] for line in lines if line and not line.startswith("#")]
    return [_Packet(round(float(int(row[2]) * tick), 6), int(row[4]), row[5], is_key(row[6:])) for row in rows]


def is_key(marks: Sequence[str]) -> bool:
    """What `framecrc` says behind a packet's checksum. It leaves the flags out where there is one: keyframe."""
    flags = next((mark[2:] for mark in marks if mark.startswith("F=")), "0x1")
    return int(flags, 16) == 1


def printed_times(text: str, *, key: str | None = None) -> list[float]:
    """Frame times in seconds as the `metadata` filter printed them; with `key`, of frames that carry that key."""
    times, at = [], 0.0
    for line in text.splitlines():
        stamp = re.search(r"pts_time:(-?[0-9]{1,12}(?:\.[0-9]+)?)", line)
        if stamp:
            at = max(0.0, float(stamp[1]))
            if key is None:
                times.append(at)
        elif key and line.startswith(f"{key}="):
            times.append(at)
    return times


def interlacing(stderr: str) -> tuple[int, int, int]:
    """Frames that `idet` found to show two instants, top field first and bottom field first, and one instant."""
    found = re.findall(r"Single frame detection: TFF:\s*(\d+) BFF:\s*(\d+) Progressive:\s*(\d+)", stderr)
    top, bottom, whole = (sum(int(row[i]) for row in found) for i in range(3))
    return top, bottom, whole


def likeness(log: str) -> Likeness:
    """What libvmaf wrote of the frames it compared."""
    frames = [frame["metrics"] for frame in json.loads(log)["frames"]]
    scores = sorted(frame["vmaf"] for frame in frames)
    worst = scores[: max(1, round(0.05 * len(scores)))]
    return Likeness(
        round(sum(scores) / len(scores), 2), round(worst[-1], 2), round(min(f["psnr_y"] for f in frames), 2)
    )
