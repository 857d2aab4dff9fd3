"""Command lines that pass packets on as they are, and those that prove such a copy."""

from collections.abc import Sequence
from pathlib import Path

import ffmpeg

from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import output_rate
from media_pipeline.infrastructure.ffmpeg.commands import line

JOINED = "joined.mp4"
_REFRESHES, _PICTURES, _PARAMETER_SETS = "5", "1|5", "7|8"
"""Units of H.264: slices of pictures that a decoder can begin with, all slices, and what is said of them before"""
UNITS = {"all": "", "refreshes": _REFRESHES, "sets": _PARAMETER_SETS}
"""what `units` lists, each to <name>.crc"""


def copy(ffmpeg_path: str, info: MediaInfo, *, threads: int) -> list[str]:
    """The picture's packets to v0.mp4, none decoded: only slices and parameter sets, on the exact clock of encodes."""
    video = info.video
    assert video is not None
    rate = output_rate(video)
    filtered = [
        # Nothing but picture: messages (SEI) carry serial numbers and places, fillers and auxiliary pictures nothing.
        f"filter_units=pass_types={_PICTURES}|{_PARAMETER_SETS}",
        "h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=0",
        # Frames are steady: each is decoded one after the other, and shown where the rate's grid has it.
        f"setts=time_base={1 / rate}:prescale=1:pts=PTS:dts=N-{video.reordered}:duration=1",
    ]
    source = line.source(info, threads=threads)
    options = {"c": "copy", "bsf:v": ",".join(filtered), "tag:v": "avc1", **line.private()}
    copied = ffmpeg.output(source[str(video.index)], "v0.mp4", **options)
    return line.compiled(ffmpeg_path, [copied, *line.also_read(source, info.audio)], progress=True)


def units(ffmpeg_path: str, name: str) -> list[str]:
    """List what the packets of one of our own files hold, a file for each of UNITS: all of it; pictures that a
    decoder can begin with; parameter sets."""
    picture = ffmpeg.input(name)["v"]
    outputs = []
    for kind, types in UNITS.items():
        only = {"bsf:v": f"filter_units=pass_types={types}"} if types else {}
        outputs.append(ffmpeg.output(picture, f"{kind}.crc", format="framecrc", c="copy", **only))
    return line.compiled(ffmpeg_path, outputs)


def decode(ffmpeg_path: str, name: str, *, threads: int) -> list[str]:
    """Decode a copy from end to end; the first error ends it."""
    picture = ffmpeg.input(name, xerror=None, err_detect="explode", threads=threads)["v"]
    return line.compiled(
        ffmpeg_path, [ffmpeg.output(picture, "-", format="null", fps_mode="passthrough")], progress=True
    )


def join(ffmpeg_path: str, inputs: Sequence[Path]) -> list[str]:
    """Copy the first stream of each of our own MP4s into joined.mp4. Nothing is encoded."""
    sources = [word for path in inputs for word in ("-i", str(path))]
    streams = [word for i in range(len(inputs)) for word in ("-map", f"{i}:0")]
    # The index first: the picture comes before the last byte does.
    options = line.flags({"c": "copy", **line.private()})
    return [
        ffmpeg_path, "-nostdin", "-hide_banner", "-y", "-v", "error", "-protocol_whitelist", "file", *sources,
        *streams, *options, JOINED,
    ]  # fmt: skip
