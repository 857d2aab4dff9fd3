"""Command lines that write glimpses of a picture, for `domain.watch`. `answers.glimpses` reads them."""

from collections.abc import Sequence
from typing import Any

import ffmpeg

from media_pipeline.domain.media import VideoStream
from media_pipeline.domain.watch import EVERY_SECONDS, SIDE
from media_pipeline.infrastructure.ffmpeg import filters
from media_pipeline.infrastructure.ffmpeg.commands import line

SOURCE = "watched"
"""the name of the source's own glimpses"""


def source(frames: Any, video: VideoStream) -> list[Any]:
    """Outputs of an encode: glimpses of what was decoded, with nothing done to it but to its clock."""
    # The first frame in each half second. Keyframes are forced on the same grid.
    half = f"floor({{}}/{EVERY_SECONDS:g}+0.001)"
    chosen = frames.filter("select", f"isnan(prev_selected_t)+gt({half.format('t')},{half.format('prev_selected_t')})")
    return _outputs(filters.opaque(_small(chosen), video), SOURCE)


def _small(frames: Any) -> Any:
    return frames.filter("scale", SIDE, SIDE, flags="area")


def _outputs(small: Any, name: str) -> list[Any]:
    """Small frames as glimpses, <name>.gray, and their times, <name>.times: ffmpeg may build the filters anew on the
    way, but not what writes."""
    both = small.filter("format", "gray").filter_multi_output("split")
    common = {"c:v": "rawvideo", "fps_mode": "passthrough"}
    return [
        ffmpeg.output(both[0], f"{name}.gray", format="rawvideo", **common),
        ffmpeg.output(both[1], f"{name}.times", format="framecrc", **common),
    ]


def glimpses(ffmpeg_path: str, names: Sequence[str], *, threads: int) -> list[str]:
    """What our own renditions show at their keyframes; nothing else of them is decoded."""
    # Without `discard`: where packets are missing ffmpeg guesses times.
    shown = [(name, ffmpeg.input(name, skip_frame="nokey", threads=threads)["v"]) for name in names]
    return line.compiled(ffmpeg_path, [out for name, picture in shown for out in _outputs(_small(picture), name)])
