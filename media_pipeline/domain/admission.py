"""Which files are let in: the limits, and the verdict on what a probe saw."""

from dataclasses import dataclass

from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import MediaInfo


@dataclass(frozen=True, slots=True)
class Limits:
    """What one upload may be. Defaults are the platform's; a deployment may set others."""

    bytes: int = 5 * 1024**3
    side: int = 8192
    """pixels"""
    frame_pixels: int = 35_389_440
    """8K plays"""
    duration_seconds: float = 12 * 3600
    streams: int = 64
    channels: int = 32
    decode_gigapixels: float = 30_000


def admit_size(size: int, limits: Limits) -> None:
    """Before a byte is read. Raises BadMedia EMPTY_OBJECT or LIMIT_SIZE."""
    if size == 0:
        raise BadMedia(RejectionCode.EMPTY_OBJECT, "The file is empty.")
    if size > limits.bytes:
        message = f"The file has {size / 1e9:.1f} GB; at most {limits.bytes / 1e9:.1f} GB are accepted."
        raise BadMedia(RejectionCode.LIMIT_SIZE, message)


def admit_content(sha256: str, promised: str | None) -> None:
    """Before anything is made of the bytes. Raises BadMedia UNREADABLE where they are not those that were sent."""
    if promised is not None and sha256 != promised:
        message = "The file did not arrive as it was sent: its SHA-256 is another than was announced."
        raise BadMedia(RejectionCode.UNREADABLE, message)


def admit(info: MediaInfo, limits: Limits) -> None:
    """Before a frame is decoded. Raises BadMedia ZERO_DURATION or LIMIT_*."""
    if info.duration_seconds <= 0:
        raise BadMedia(RejectionCode.ZERO_DURATION, "The file has no duration.")
    if info.duration_seconds > limits.duration_seconds:
        message = f"The file runs {info.duration_seconds / 3600:.1f} h; at most {limits.duration_seconds / 3600:.0f} h."
        raise BadMedia(RejectionCode.LIMIT_DURATION, message)
    if info.streams > limits.streams:
        message = f"The file holds {info.streams} streams; at most {limits.streams} are accepted."
        raise BadMedia(RejectionCode.LIMIT_STREAMS, message)
    most = max((a.channels for a in info.audio), default=0)
    if most > limits.channels:
        message = f"A track has {most} channels; at most {limits.channels} are accepted."
        raise BadMedia(RejectionCode.LIMIT_CHANNELS, message)
    _admit_picture(info, limits)


def _admit_picture(info: MediaInfo, limits: Limits) -> None:
    video = info.video
    if video is None:
        return
    width, height = video.coded_width, video.coded_height
    if min(width, height) < 1 or max(width, height) > limits.side or width * height > limits.frame_pixels:
        message = f"The picture is {width}×{height}; at most {limits.side} pixels a side are accepted."
        raise BadMedia(RejectionCode.LIMIT_DIMENSIONS, message)
    gigapixels = width * height * float(video.frame_rate) * info.duration_seconds / 1e9
    if gigapixels > limits.decode_gigapixels:
        message = f"Decoding the file means {gigapixels:,.0f} gigapixels; at most {limits.decode_gigapixels:,.0f}."
        raise BadMedia(RejectionCode.LIMIT_DECODE_COST, message)
