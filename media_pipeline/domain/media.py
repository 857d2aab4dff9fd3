"""What a media file holds, as its probe tells it: streams, duration, geometry, time."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The picture that will be encoded.

    `display_width` and `display_height` are what a viewer sees: after rotation and pixel aspect.
    """

    index: int
    codec: str
    coded_width: int
    coded_height: int
    display_width: int
    display_height: int
    rotation: int
    """degrees clockwise, one of 0, 90, 180, 270"""
    frame_rate: Fraction
    """frames per second: the average, or the nominal rate where no average is known"""
    pixel_format: str
    transfer: str
    """transfer characteristics as ffprobe names them, "unknown" where untagged"""
    matrix: str
    """colour matrix as ffprobe names it, "unknown" where untagged"""
    interlaced: bool
    frames: int | None
    """as the container counts them; None where it does not"""

    @property
    def short_side(self) -> int:
        """pixels"""
        return min(self.display_width, self.display_height)


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One audio track. `language` is BCP 47 or "und"."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    """Hz"""
    language: str
    default: bool


TextKind = Literal["subtitles", "captions", "forced"]
"""captions: sounds too, for who cannot hear; forced: only what everybody needs, such as a sign in another language"""


@dataclass(frozen=True, slots=True)
class TextStream:
    """One embedded subtitle track. `language` is as the container spells it, or "und"."""

    index: int
    codec: str
    language: str
    kind: TextKind = "subtitles"


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """The admitted facts of one source. At least one of `video` and `audio` is there."""

    container: str
    demuxer: str
    """the name ffmpeg is forced to use with `-f`: content decided it, once"""
    duration_seconds: float
    size: int
    """bytes"""
    video: VideoStream | None
    audio: tuple[AudioStream, ...]
    text: tuple[TextStream, ...]

    @property
    def kind(self) -> Literal["video", "audio"]:
        return "video" if self.video else "audio"

    @property
    def speech_tracks(self) -> tuple[AudioStream, ...]:
        """Where to listen for speech, in this order: the default track, then the others as they come."""
        return tuple(sorted(self.audio, key=lambda a: not a.default))
