"""Parts of a picture, encoded by themselves and joined: what comes of `commands.chunking`, and whether it fits."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from hashlib import file_digest
from pathlib import Path

from media_pipeline.application.ports.tools import EncodedVideo, Progress
from media_pipeline.domain.chunks import Chunk, Ranges, needed
from media_pipeline.domain.errors import BadMedia, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import PlannedRendition, output_rate
from media_pipeline.domain.watch import EVERY_SECONDS
from media_pipeline.infrastructure.ffmpeg import answers, measuring
from media_pipeline.infrastructure.ffmpeg.commands import chunking, watching
from media_pipeline.infrastructure.ffmpeg.programs import Programs

_PARAMETERS = re.compile(rb"(.{4})(?:avcC|hvcC|av1C)", re.DOTALL)
_INDEX_BYTES = 65_536
_HEAD_BYTES = 8 * 1024 * 1024
"""behind the first picture: ffmpeg reads 5 MB of packets at most to learn what the streams are"""
_SPARE_BYTES = 65_536
"""what is read at once, and what stands before a frame in its cluster"""
_SPARE_SECONDS = 1.0
_CLUSTER_SECONDS = 6.0
"""Matroska's frames are found by the clusters that they are in, which last five seconds at most"""
_GLIMPSES = f"{watching.SOURCE}.gray", f"{watching.SOURCE}.times"


def encode(
    programs: Programs,
    info: MediaInfo,
    renditions: Sequence[PlannedRendition],
    chunk: Chunk,
    *,
    gop_seconds: float | None,
    scratch: Path,
    progress: Progress,
) -> tuple[Path, ...]:
    """Raises BadMedia UNREADABLE where decoding does not begin in time, or frames are missing at the end."""
    assert info.video is not None
    rate = output_rate(info.video)
    start, end = (float(frame / rate) for frame in (chunk.start, chunk.stop or info.duration_seconds * rate))

    def told(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "frame" and value.isdecimal():  # of the first output, the glimpses: times begin anywhere
            progress(min(1.0, int(value) * EVERY_SECONDS / (end - start)))

    argv = chunking.encode(programs.ffmpeg, info, renditions, chunk, gop_seconds=gop_seconds, threads=programs.threads)
    wall = programs.base_seconds + programs.seconds_per_second * (end - start + info.video.longest_gop_seconds)
    programs.on_upload(argv, scratch, wall, RejectionCode.UNREADABLE, told)
    if not _in_time(scratch, chunk, rate):
        raise BadMedia(RejectionCode.UNREADABLE, f"Nothing can be decoded {float(chunk.start / rate):.0f} s into it.")
    videos = [scratch / f"v{i}.mp4" for i in range(len(renditions))]
    for video in videos:
        found = measuring.encoded_video(programs, video).frames
        if found == 0 or (chunk.stop is not None and found != chunk.stop - chunk.start):
            message = f"{found} frames could be decoded {float(chunk.start / rate):.0f} s into it, too few."
            raise BadMedia(RejectionCode.UNREADABLE, message)
    return (*videos, *(scratch / name for name in _GLIMPSES))


def _in_time(scratch: Path, chunk: Chunk, rate: Fraction) -> bool:
    """Whether the source shows something from the first frame on: it is steady, so later is too late."""
    name, pictures = f"{watching.SOURCE}.times", scratch / f"{watching.SOURCE}.gray"
    seen = answers.glimpses((scratch / name).read_text(), pictures.read_bytes())
    return bool(seen) and seen[0].at < float((chunk.start + 1) / rate)


def ranges(programs: Programs, info: MediaInfo, chunks: Sequence[Chunk], *, scratch: Path) -> list[Ranges]:
    """What of the upload each part needs: what a demuxer reads before the first picture, the index wherever it stands,
    and from well before its first keyframe to one well behind its end. Raises BadMedia where they are not found."""
    assert info.video is not None
    gop, size = info.video.longest_gop_seconds, info.size
    begins, (first,) = _places(programs, info, (), scratch)
    last = max(0.0, info.video.end_seconds - 2 * gop - _SPARE_SECONDS)
    spans = [chunking.span(info, chunk) for chunk in chunks]
    starts = [max(0.0, start - gop - _CLUSTER_SECONDS) for start, _ in spans]
    stops = [
        None if end is None or end + gop + _SPARE_SECONDS > last else end + gop + _SPARE_SECONDS for _, end in spans
    ]
    asked = sorted({last, *starts, *(stop for stop in stops if stop is not None)})
    at = [info.told(instant) + info.start_seconds + begins for instant in asked]
    found = dict(zip(asked, _places(programs, info, at, scratch)[1], strict=True))
    around = (0, first + _HEAD_BYTES), (found[last], size)
    own = [(found[start], size if stop is None else found[stop]) for start, stop in zip(starts, stops, strict=True)]
    return [needed([*around, (start - _SPARE_BYTES, stop + _SPARE_BYTES)], size) for start, stop in own]


def _places(
    programs: Programs, info: MediaInfo, instants: Sequence[float], scratch: Path
) -> tuple[float, Sequence[int]]:
    argv = chunking.places(programs.ffprobe, info, instants)
    told = programs.on_upload(argv, scratch, programs.base_seconds, RejectionCode.UNREADABLE).stdout
    begins, places = answers.places(told)
    if len(places) != max(1, len(instants)):
        raise BadMedia(RejectionCode.UNREADABLE, "Not all keyframes of the picture are found by their instants.")
    return begins, places


def packets(programs: Programs, info: MediaInfo, chunk: Chunk, *, scratch: Path) -> str:
    """A digest of what the decoder of a part is given."""
    argv = chunking.packets(programs.ffmpeg, info, chunk)
    programs.on_upload(argv, scratch, programs.reading_seconds(info.size), RejectionCode.UNREADABLE)
    with (scratch / "packets.txt").open("rb") as listing:
        return file_digest(listing, "sha256").hexdigest()


def set_aside(
    programs: Programs, info: MediaInfo, largest: PlannedRendition, passages: Sequence[range], *, scratch: Path
) -> None:
    argv = chunking.set_aside(programs.ffmpeg, info, largest, passages, threads=programs.threads)
    programs.on_upload(argv, scratch, programs.encode_seconds(info), RejectionCode.UNREADABLE)


def join(
    programs: Programs,
    info: MediaInfo,
    renditions: Sequence[PlannedRendition],
    chunks: Sequence[Path],
    *,
    scratch: Path,
) -> list[EncodedVideo]:
    """`chunks` are directories below `scratch`, in order. Raises Unavailable where their streams do not fit."""
    assert info.video is not None
    lists = []
    for i in range(len(renditions)):
        lists.append(f"v{i}.txt")
        files = [chunk / f"v{i}.mp4" for chunk in chunks]
        if len({_parameters(file) for file in files}) > 1:  # those of the first will stand for all
            raise Unavailable(QuarantineCode.INTERNAL, "The parts of a rendition do not fit together.")
        (scratch / lists[-1]).write_text(chunking.listed([str(file.relative_to(scratch)) for file in files]))
    argv = chunking.join(programs.ffmpeg, lists, rate=output_rate(info.video))
    programs.on_our_own(argv, scratch, reads=chunks, fault="The parts of a rendition could not be joined.")
    gray, times = _GLIMPSES
    (scratch / gray).write_bytes(b"".join((chunk / gray).read_bytes() for chunk in chunks))
    (scratch / times).write_text(_listing([(chunk / times).read_text() for chunk in chunks]))
    found = [measuring.encoded_video(programs, scratch / f"v{i}.mp4") for i in range(len(renditions))]
    return [replace(v, parts=len(chunks)) for v in measuring.watched(programs, found, scratch=scratch)]


def _parameters(video: Path) -> bytes:
    """What a decoder is told before the first frame: of one of our own files, whose index comes first."""
    with video.open("rb") as file:
        head = file.read(_INDEX_BYTES)
    found = _PARAMETERS.search(head)
    assert found is not None
    return head[found.start() : found.start() + int.from_bytes(found[1])]


def _listing(listings: Sequence[str]) -> str:
    """Listings one after the other. All have the same clock: what is above the first holds for all."""
    head = [line for line in listings[0].splitlines() if line.startswith("#")]
    rows = [line for listing in listings for line in listing.splitlines() if not line.startswith("#")]
    return "\n".join([*head, *rows]) + "\n"
