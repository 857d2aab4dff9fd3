"""What a media file holds, as its probe tells it: streams, duration, geometry, time."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

UNEVEN_ENDS_SECONDS = 0.5
"""Sound and picture that belong together differ by less in length."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant to a later one, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


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
    """frames per second: the cadence at which frames really follow each other"""
    pixel_format: str
    transfer: str
    """transfer characteristics as ffprobe names them, "unknown" where untagged"""
    matrix: str
    """colour matrix as ffprobe names it, "unknown" where untagged"""
    interlaced: bool
    """as measured where interlaced video can be, else as flagged"""
    frames: int
    """packets of the picture, counted"""
    end_seconds: float
    """where the last frame ends, on the media's clock"""
    primaries: str = "unknown"
    """colour primaries as ffprobe names them, "unknown" where untagged"""
    top_field_first: bool = True
    reordered: int = 0
    """frames that a decoder holds back to put them in order"""
    lag_seconds: float = 0.0
    """how much too late a decoder will time the frames"""
    turned: bool = False
    """a matrix says how to turn or mirror it, though it may say: not at all"""
    profile: str = "unknown"
    """of its codec, as ffprobe names it"""
    level: int = 0
    """of its codec, as ffprobe numbers it: 40 is H.264's 4.0"""
    annotated: bool = False
    """its file says more of it than plain frames need: a matrix, a crop, a projection, fields"""
    steady: bool = False
    """from the media's start on every frame has the one instant that its rate gives it"""
    bytes: int = 0
    """of all packets"""
    longest_gop_seconds: float = 0.0
    """the longest way from a keyframe to the next"""

    @property
    def meant_matrix(self) -> str:
        """An untagged picture means what players take it to mean, by its size."""
        if self.matrix != "unknown":
            return self.matrix
        return "bt709" if self.coded_height >= 720 else "smpte170m"

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
    end_seconds: float
    """where the last sample ends, on the media's clock"""
    silences: tuple[Span, ...] = ()
    """where the track sends nothing for minutes though the media goes on, on its clock; also from zero on"""


TextKind = Literal["subtitles", "captions", "forced"]
"""captions: sounds too, for who cannot hear; forced: only what everybody needs, such as a sign in another language"""


@dataclass(frozen=True, slots=True)
class TextStream:
    """One embedded subtitle track. `language` is BCP 47 or "und"."""

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
    start_seconds: float = 0.0
    """where the media's clock begins on the demuxer's: zero is the first frame or sample, or up to a frame before it"""
    streams: int = 0
    """all that the container lists, data and attachments too"""
    gaps: tuple[Span, ...] = ()
    """jumps of the file's clock: nothing is there, and they are left out. In seconds from `start_seconds` on, on the
    clock as the file tells it"""
    chapters: tuple[Span, ...] = ()
    """on the media's clock"""

    @property
    def kind(self) -> Literal["video", "audio"]:
        return "video" if self.video else "audio"

    @property
    def held_seconds(self) -> float:
        """How long the last frame is to stand still because the sound goes on: players stop where the picture does."""
        beyond = self.duration_seconds - self.video.end_seconds if self.video else 0.0
        return beyond if beyond > UNEVEN_ENDS_SECONDS else 0.0

    def played(self, told: float) -> float:
        """When the media shows what the file tells to be at an instant, both in seconds from the start."""
        return told - sum(min(told, gap.end) - gap.start for gap in self.gaps if gap.start < told)

    def told(self, played: float) -> float:
        """Where the file has what the media shows at an instant: the inverse of `played`."""
        for gap in self.gaps:
            if played >= gap.start:
                played += gap.seconds
        return played

    @property
    def speech_tracks(self) -> tuple[AudioStream, ...]:
        """Where to listen for speech, in this order: the default track, then the others as they come."""
        return tuple(sorted(self.audio, key=lambda a: not a.default))
