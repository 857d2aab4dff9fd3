"""Command lines that encode a part of a picture by itself, and that join such parts.

A part decodes from the keyframe before it, keeps the media's clock, and takes up the output's grid of frames where the
whole would be by then: so each of its frames is the one that the whole has there.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import ffmpeg

from media_pipeline.domain.chunks import Chunk
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import PlannedRendition, output_rate
from media_pipeline.infrastructure.ffmpeg import filters
from media_pipeline.infrastructure.ffmpeg.commands import encoding, line, watching

_REORDERED = 16
"""frames at most that a decoder puts in order: as many behind a keyframe may lean on what was before it"""
_BEFORE = 2
"""frames that deinterlacing and the change of rate look back"""
_SPARE_SECONDS = 0.5
_FRAMES_OFF = 0.5
"""A frame belongs to the instants from half a frame before it."""


def encode(
    ffmpeg_path: str,
    info: MediaInfo,
    renditions: Sequence[PlannedRendition],
    chunk: Chunk,
    *,
    gop_seconds: float | None,
    threads: int,
) -> list[str]:
    """Encode some frames of every rendition to v<i>.mp4, the first of them at zero. Glimpses of the source there go
    beside them (`watching`), on the media's clock. Without `gop_seconds` keyframes are where the source has its own.
    """
    video = info.video
    assert video is not None
    largest, rate = renditions[0], output_rate(video)
    frames = filters.timed(_from(info, chunk.start, threads), video, gaps=()).filter_multi_output("split")
    seen = frames[1].filter("trim", **_instants(chunk, rate))
    upright = filters.sdr(frames[0], video, largest.width, largest.height, flags="bicubic")
    picture = _frames(upright, chunk.start, chunk.stop, rate)
    outputs = watching.source(seen, video)
    outputs += encoding.rungs(picture, renditions, _keyframes(chunk, gop_seconds, rate), threads=threads, part=True)
    return line.compiled(ffmpeg_path, outputs, progress=True, absolute=True)


def set_aside(
    ffmpeg_path: str, info: MediaInfo, largest: PlannedRendition, passages: Sequence[range], *, threads: int
) -> list[str]:
    """The frames of `passages`, as an encode of the whole sets them aside. Only they are decoded."""
    video = info.video
    assert video is not None
    parts = []
    for passage in passages:
        frames = filters.timed(_from(info, passage.start, threads), video, gaps=())
        upright = filters.sdr(frames, video, largest.width, largest.height, flags="bicubic")
        parts.append(_frames(upright, passage.start, passage.stop, output_rate(video)))
    picture = ffmpeg.concat(*parts) if len(parts) > 1 else parts[0]
    return line.compiled(ffmpeg_path, [encoding.set_aside(picture)], progress=True, absolute=True)


def places(ffprobe: str, info: MediaInfo, instants: Sequence[float] = ()) -> list[str]:
    """Where in the upload the picture's keyframe lies that is found for each of these instants, on the demuxer's own
    clock; without any, its first packet. JSON, with the instant at which that clock begins."""
    assert info.video is not None
    asked = ",".join(f"{at:.3f}%+#1" for at in instants) or "%+#1"
    return [
        ffprobe, "-v", "error", "-f", info.demuxer, *line.flags(line.guards()), "-max_pixels", str(line.MAX_PIXELS),
        "-select_streams", str(info.video.index), "-read_intervals", asked, "-show_entries",
        "packet=pos:format=start_time", "-of", "json", line.SOURCE,
    ]  # fmt: skip


def packets(ffmpeg_path: str, info: MediaInfo, chunk: Chunk) -> list[str]:
    """List what `encode` has its decoder given for these frames, undecoded: a digest of every packet, its times and
    what the container says of the stream, to packets.txt."""
    assert info.video is not None
    start, end = span(info, chunk)
    until = {} if end is None else {"t": f"{end - start:.3f}"}
    source = _from(info, chunk.start, 1, **until)[str(info.video.index)]
    output = ffmpeg.output(source, "packets.txt", format="framehash", c="copy", copyinkf=None, copypriorss=1)
    return line.compiled(ffmpeg_path, [output], absolute=True)


def span(info: MediaInfo, chunk: Chunk) -> tuple[float, float | None]:
    """Between which instants of the media the decoder of these frames reads, from the keyframe before the first on; up
    to None: to the end."""
    assert info.video is not None
    rate, spare = output_rate(info.video), _spare(info)
    end = None if chunk.stop is None else float(chunk.stop / rate) + spare
    return max(0.0, float(chunk.start / rate) - spare), end


def join(ffmpeg_path: str, lists: Sequence[str], *, rate: Fraction) -> list[str]:
    """Chunks of each rendition as one file, v<i>.mp4; `lists` name their files in order (`listed`). No packet is
    changed but for its times, which are put back on the rate's grid: the list's own are rounded to microseconds."""
    timed = f"setts=time_base={1 / rate}:prescale=1:pts=PTS:dts=DTS:duration=1"
    # Parameter sets of all chunks are the same, and stay where they are: out of band.
    options = {"f": "concat", "auto_convert": 0}
    outputs = [
        ffmpeg.output(ffmpeg.input(name, **options)["v"], f"v{i}.mp4", c="copy", **{"bsf:v": timed}, **line.private())
        for i, name in enumerate(lists)
    ]
    return line.compiled(ffmpeg_path, outputs)


def listed(names: Sequence[str]) -> str:
    """What ffmpeg's concat demuxer reads. The names are ours, relative to the list."""
    return "".join(f"file {name}\n" for name in names)


def _from(info: MediaInfo, start: int, threads: int, **options: Any) -> Any:
    """The upload from some way before a frame of the output on."""
    assert info.video is not None
    at = float(start / output_rate(info.video)) - _spare(info)
    sought: dict[str, Any] = {"ss": line.sought(info, at)} if at > 0 else {}
    return line.source(info, threads=threads, **sought, **options)


def _spare(info: MediaInfo) -> float:
    """So much earlier and later than a part is read, in seconds."""
    assert info.video is not None
    return float((_REORDERED + _BEFORE) / info.video.frame_rate) + _SPARE_SECONDS + abs(info.start_seconds)


def _frames(upright: Any, start: int, stop: int | None, rate: Fraction) -> Any:
    """The output's frames from one to another, the first of them at zero."""
    picture = upright.filter("fps", fps=str(rate), start_time=_seconds(start, rate))
    if stop is not None:
        picture = picture.filter("trim", end_pts=stop)
    return picture.filter("setpts", f"PTS-{start}")


def _instants(chunk: Chunk, rate: Fraction) -> dict[str, str]:
    end = {} if chunk.stop is None else {"end": _seconds(chunk.stop - _FRAMES_OFF, rate)}
    return {"start": _seconds(max(0.0, chunk.start - _FRAMES_OFF), rate), **end}


def _keyframes(chunk: Chunk, gop_seconds: float | None, rate: Fraction) -> str:
    """Where they are in the whole, in whole numbers: n frames are at n / rate."""
    if gop_seconds is None:
        return encoding.FOLLOWED
    gop = Fraction(str(gop_seconds))
    frame, distance = rate.denominator * gop.denominator, gop.numerator * rate.numerator
    return f"expr:gte((n+{chunk.start})*{frame},(n_forced+{chunk.keyframe})*{distance})"


def _seconds(frames: float, rate: Fraction) -> str:
    return f"{float(frames / float(rate)):.9f}"
