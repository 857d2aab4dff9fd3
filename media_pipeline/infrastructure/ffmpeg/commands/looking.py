"""Command lines that take pictures out of a video."""

from collections.abc import Sequence
from typing import Any

import ffmpeg

from media_pipeline.domain.media import MediaInfo, VideoStream
from media_pipeline.infrastructure.ffmpeg import filters
from media_pipeline.infrastructure.ffmpeg.commands import line


def keyframe_tiles(
    ffmpeg_path: str,
    info: MediaInfo,
    *,
    interval_seconds: float,
    width: int,
    height: int,
    only_keyframes: bool,
    threads: int,
) -> list[str]:
    """Small RGB pictures at least an interval apart to tiles.rgb, their times to tiles.txt. Decoding only keyframes
    costs a small share of a full decode."""
    assert info.video is not None
    # `discard`: a container with an index need not even read the other packets, which halves the cost again.
    decode: dict[str, Any] = {"skip_frame": "nokey", "discard": "nokey"} if only_keyframes else {}
    spaced = f"isnan(prev_selected_t)+gte(t-prev_selected_t,{interval_seconds:.3f}-0.001)"
    tiles = (
        filters.picture(
            line.source(info, threads=threads, **decode), info.video, width, height, flags="area", gaps=info.gaps
        )
        .filter("select", spaced)
        .filter("metadata", "add", key="tile", value="1")  # `print` shows only frames that carry metadata
        .filter("metadata", "print", file="tiles.txt")
    )
    return line.compiled(ffmpeg_path, [_raw_rgb(tiles, "tiles.rgb")])


def picture(ffmpeg_path: str, info: MediaInfo, *, at: float, width: int, height: int, threads: int) -> list[str]:
    """One JPEG, poster.jpg."""
    assert info.video is not None
    source = line.source(info, threads=threads, from_start=False, ss=line.sought(info, at))
    frame = filters.picture(source, info.video, width, height, flags="lanczos")
    # JPEG is full range by definition; without saying so players show it washed out.
    frame = frame.filter("scale", out_range="pc").filter("format", "yuvj420p")
    options = {"frames:v": 1, "c:v": "mjpeg", "q:v": 3, "map_metadata": -1, "update": 1}
    return line.compiled(ffmpeg_path, [ffmpeg.output(frame, "poster.jpg", **options)])


def preview(
    ffmpeg_path: str,
    info: MediaInfo,
    *,
    starts: Sequence[float],
    seconds: float,
    rate: int,
    width: int,
    height: int,
    threads: int,
) -> list[str]:
    """Passages one after the other as an animated WebP, preview.webp. Only they are decoded."""
    assert info.video is not None
    passages = []
    for start in starts:
        source = line.source(info, threads=threads, from_start=False, ss=line.sought(info, start), t=f"{seconds:g}")
        small = filters.picture(source, info.video, width, height, flags="area")
        passages.append(small.filter("fps", rate).filter("setpts", "PTS-STARTPTS"))
    shown = ffmpeg.concat(*passages) if len(passages) > 1 else passages[0]
    options = {"c:v": "libwebp_anim", "q:v": 60, "compression_level": 4, "loop": 0, "map_metadata": -1}
    return line.compiled(ffmpeg_path, [ffmpeg.output(shown, "preview.webp", **options)])


def look(
    ffmpeg_path: str, info: MediaInfo, *, every_seconds: float, width: int, height: int, threads: int
) -> list[str]:
    """One decode: RGB frames to frames.rgb with their times in frames.txt, scene cuts to scenes.txt."""
    assert info.video is not None
    small = filters.picture(
        line.source(info, threads=threads), info.video, width, height, flags="fast_bilinear", gaps=info.gaps
    )
    both = small.filter_multi_output("split")
    spaced = f"isnan(prev_selected_t)+gte(t-prev_selected_t,{every_seconds:.3f}-0.001)"
    sampled = (
        both[0]
        .filter("select", spaced)
        .filter("metadata", "add", key="tile", value="1")
        .filter("metadata", "print", file="frames.txt")
    )
    cuts = both[1].filter("scale", 320, -2).filter("scdet", threshold=10).filter("metadata", "print", file="scenes.txt")
    return line.compiled(
        ffmpeg_path, [_raw_rgb(sampled, "frames.rgb"), ffmpeg.output(cuts, "-", format="null")], progress=True
    )


def fitted(video: VideoStream, width: int) -> tuple[int, int]:
    """The display size scaled down to a width, even, never up."""
    scale = min(1.0, width / video.display_width)
    return _even(video.display_width * scale), _even(video.display_height * scale)


def _raw_rgb(frames: Any, name: str) -> Any:
    return ffmpeg.output(frames, name, format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
