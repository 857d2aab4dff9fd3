"""Admission's look at an upload: container, streams, fields, and the duration that the packets really have."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import MediaInfo
from media_pipeline.infrastructure.ffmpeg import answers, containers, facts, timeline
from media_pipeline.infrastructure.ffmpeg.commands import line, probing
from media_pipeline.infrastructure.ffmpeg.programs import Programs

_PROMISE_IN_BYTES = frozenset({"wav", "mp3", "avi", "flv", "asf"})
"""Of these ffprobe's duration is what the bytes that are there make."""
_MOST_INTERLACED_LINES = 1088
_INTERLACED_RATES = (25, 30)
_RATE_TOLERANCE = 0.1
"""frames per second; standards for interlaced video know no others, nor more lines"""
_PASSAGE_SECONDS = 4.0
_TELLING_FRAMES = 45
"""Of fewer, or of a picture that stands still, the flag decides."""


def probe(programs: Programs, source: Path) -> MediaInfo:
    """Admission's look: container, streams, and the duration that the packets really have."""
    scratch, size = source.parent, source.stat().st_size
    containers.refuse_by_content(source)
    if containers.is_encrypted(source):
        raise BadMedia(RejectionCode.ENCRYPTED, "The file is encrypted; send it without copy protection.")
    output = programs.on_upload(
        probing.probe(programs.ffprobe), scratch, programs.base_seconds, RejectionCode.NOT_MEDIA
    )
    promised = _decodable(facts.media_info(output.stdout, size=size), programs.decoders)
    log = timeline.Log()
    programs.on_upload(
        probing.scan(programs.ffmpeg, promised), scratch, programs.reading_seconds(size),
        RejectionCode.UNREADABLE, log.note,
    )  # fmt: skip
    info = timeline.settled(promised, log)
    _refuse_cut_off(promised, info.told(info.duration_seconds), containers.missing_bytes(source, promised.demuxer))
    return _with_fields(programs, info, scratch)


def _decodable(info: MediaInfo, decoders: Collection[str]) -> MediaInfo:
    """A build that cannot decode alpha shows the colour beneath, opaque."""
    video = info.video
    beside = line.ALPHA_DECODERS.get(video.codec) if video and video.pixel_format == "yuva420p" else None
    if video is None or beside is None or beside in decoders:
        return info
    return replace(info, video=replace(video, pixel_format="yuv420p"))


def _with_fields(programs: Programs, info: MediaInfo, scratch: Path) -> MediaInfo:
    """Whether frames show two instants is measured: flags are wrong both ways."""
    video = info.video
    if video is None or video.coded_height > _MOST_INTERLACED_LINES:
        return info
    if all(abs(video.frame_rate - rate) > _RATE_TOLERANCE for rate in _INTERLACED_RATES):
        return info
    middle = info.duration_seconds / 2
    starts = [0.0, middle] if middle > 2 * _PASSAGE_SECONDS else [0.0]
    argv = probing.fields(programs.ffmpeg, info, starts=starts, seconds=_PASSAGE_SECONDS, threads=programs.threads)
    output = programs.on_upload(argv, scratch, programs.base_seconds, RejectionCode.UNREADABLE)
    top, bottom, whole = answers.interlacing(output.stderr)
    if top + bottom + whole < _TELLING_FRAMES:
        return info
    # Fields have one order. Some motion of whole frames looks like fields, but of both orders by turns; of film
    # in NTSC two frames in five are mixed.
    one_order = max(top, bottom) > 4 * min(top, bottom) and max(top, bottom) > whole / 2
    measured = replace(video, interlaced=one_order, top_field_first=top >= bottom)
    return replace(info, video=measured)


def _refuse_cut_off(promised: MediaInfo, found: float, missing: int | None) -> None:
    """Raises BadMedia TRUNCATED. A header that promises more than complete bytes hold is wrong, and forgiven."""
    if missing == 0:
        return
    promise = promised.duration_seconds
    if missing and (promise == 0 or promised.demuxer in _PROMISE_IN_BYTES):
        promise = found * (1 + missing / promised.size)
    if promise - found > max(1.0, 0.02 * promise):
        message = f"The file is cut off: {found:.0f} of {promise:.0f} seconds are there."
        raise BadMedia(RejectionCode.TRUNCATED, message)
