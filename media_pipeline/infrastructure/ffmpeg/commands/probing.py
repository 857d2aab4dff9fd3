"""Command lines that find out what a file is: an upload, or one of our own."""

from collections.abc import Sequence

import ffmpeg

from media_pipeline.domain.media import MediaInfo
from media_pipeline.infrastructure.ffmpeg.commands import line


def probe(ffprobe: str) -> list[str]:
    """Container and streams as JSON on stdout."""
    return [
        ffprobe, "-v", "error", *line.flags(line.guards()), "-max_pixels", str(line.MAX_PIXELS),
        "-show_format", "-show_streams", "-show_programs", "-show_entries", "chapter=start_time,end_time",
        "-of", "json", line.SOURCE,
    ]  # fmt: skip


def scan(ffmpeg_path: str, info: MediaInfo) -> list[str]:
    """Every packet of picture and sound, undecoded, a line each on stdout: what `timeline.Log` reads."""
    source = line.source(info, threads=1, from_start=False)
    streams = [source[str(s.index)] for s in ([info.video] if info.video else []) + list(info.audio)]
    return line.compiled(ffmpeg_path, [ffmpeg.output(*streams, "-", format="framecrc", c="copy", copyinkf=None)])


def fields(ffmpeg_path: str, info: MediaInfo, *, starts: Sequence[float], seconds: float, threads: int) -> list[str]:
    """Decode some passages and count on stderr, for each, how many frames show two instants at once."""
    assert info.video is not None
    outputs = []
    for start in starts:
        passage = line.source(info, threads=threads, from_start=False, ss=line.sought(info, start), t=f"{seconds:g}")
        outputs.append(ffmpeg.output(passage[str(info.video.index)].filter("idet"), "-", format="null"))
    return line.compiled(ffmpeg_path, outputs, level="info")


def packets(ffprobe: str, name: str) -> list[str]:
    """Times and flags of every video packet of one of our own files, as CSV: 0.000000,K__"""
    return [
        ffprobe, "-v", "error", "-protocol_whitelist", "file", "-select_streams", "v:0",
        "-show_entries", "packet=pts_time,flags:stream=duration", "-of", "csv=p=0", name,
    ]  # fmt: skip


def sound(ffprobe: str, name: str) -> list[str]:
    """Where the sound of one of our own files starts and how long it is, in seconds, as CSV: 0.000000,10.5"""
    return [
        ffprobe, "-v", "error", "-protocol_whitelist", "file", "-select_streams", "a:0",
        "-show_entries", "stream=start_time,duration", "-of", "csv=p=0", name,
    ]  # fmt: skip
