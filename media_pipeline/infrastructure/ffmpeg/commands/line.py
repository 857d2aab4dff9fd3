"""What command lines have in common: the upload that they read, the guards around it, the words at both ends.

An upload always stands in the scratch directory under the one name `SOURCE`; outputs are named by index. No user text
reaches a command line.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import ffmpeg

from media_pipeline.domain.media import AudioStream, MediaInfo
from media_pipeline.infrastructure.ffmpeg import decoders, filters

SOURCE = "source"
MAX_PIXELS = 35_389_440
"""8K plays. Checked by the decoder for every frame: a header can lie, or the size grow half way."""
DEMUXERS = frozenset({
    "mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "ogg", "wav", "w64", "aiff", "caf", "mp3",
    "flac", "aac", "ac3", "eac3", "amr", "mxf", "dv", "h264", "hevc", "mpegvideo", "m4v", "ivf",
})  # fmt: skip
"""What may be opened at all. No playlist, list or image format: ffmpeg reads other files and hosts through them."""

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""What decodes the alpha of a codec, where ffmpeg's own decoder leaves it out."""


def source(info: MediaInfo, *, threads: int, from_start: bool = True, **options: Any) -> Any:
    """The upload, on the media's clock, or on the demuxer's own. `threads` for each decoder: memory grows with them,
    and by itself ffmpeg takes as many as the machine has."""
    if from_start and info.start_seconds:
        options["itsoffset"] = f"{-info.start_seconds:.6f}"
    if info.video and not info.video.turned:
        options["reinit_filter:v"] = 0  # `filters.picture` takes what comes
    if info.video and info.video.pixel_format == "yuva420p" and info.video.codec in ALPHA_DECODERS:
        options[f"c:{info.video.index}"] = ALPHA_DECODERS[info.video.codec]
    # The demuxer is forced to what admission saw: content is judged once.
    return ffmpeg.input(SOURCE, f=info.demuxer, threads=threads, max_pixels=MAX_PIXELS, **guards(), **options)


def sought(info: MediaInfo, at: float) -> str:
    """`ss` for an instant of the media: it counts from the demuxer's start, and over gaps."""
    return f"{max(0.0, info.told(at) + info.start_seconds):.3f}"


def also_read(source: Any, tracks: Sequence[AudioStream]) -> list[Any]:
    """An output that throws these away. In some containers ffmpeg's clock begins where the first stream does that is
    read: it must begin where it did at admission."""
    streams = [source[str(track.index)] for track in tracks]
    return [ffmpeg.output(*streams, "-", format="null", c="copy")] if streams else []


def guards() -> dict[str, Any]:
    return {
        "protocol_whitelist": "file,pipe",
        "format_whitelist": ",".join(sorted(DEMUXERS)),
        "codec_whitelist": ",".join(sorted(decoders.ALLOWED)),
        # One allocation beyond this is a bomb, not a frame: 8K in 16 bits and four planes is 265 MB.
        "max_alloc": 1_000_000_000,
    }


def private() -> dict[str, Any]:
    """Titles, GPS, serial numbers and chapters of the source stay with the source."""
    return {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact", "movflags": "+faststart"}


def flags(options: Mapping[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in (f"-{name}", str(value))]


def compiled(
    ffmpeg_path: str,
    outputs: Sequence[Any],
    *,
    level: str = "error",
    progress: bool = False,
    cut: bool = True,
    absolute: bool = False,
) -> list[str]:
    """The words of a command line; `cut` as in `filters.separated`. With `absolute`, what is read from an instant on
    keeps its times."""
    arguments = ["-nostdin", "-hide_banner", "-y", "-v", level]
    arguments += ["-copyts", "-start_at_zero"] if absolute else []
    arguments += ["-progress", "pipe:1", "-stats_period", "0.5", "-nostats"] if progress else ["-nostats"]
    spec = ffmpeg.merge_outputs(*outputs).global_args(*arguments)
    words = [str(word) for word in ffmpeg.compile(spec, cmd=ffmpeg_path)]
    if "-filter_complex" not in words:
        return words
    at = words.index("-filter_complex")
    graphs = [word for graph in filters.separated(words[at + 1], cut=cut) for word in ("-filter_complex", graph)]
    return words[:at] + graphs + words[at + 2 :]
