"""What each asset hands on: small frozen values, kept as JSON. Media bytes stay in the store under `key`s.

An asset that has nothing to make still answers, with `NotMade` and its reason.
"""

from dataclasses import dataclass
from typing import Literal

from media_pipeline.domain.media import MediaInfo, TextKind
from media_pipeline.domain.tags import Span, Tag
from media_pipeline.domain.upload import Upload


@dataclass(frozen=True, slots=True)
class NotMade:
    """There was nothing to make, and why: one clause a user may read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Made:
    """How an output came to be: its recipe's fingerprint, the tool's build, and the cost."""

    fingerprint: str
    tool: str
    """program and version, with the sandbox in force"""
    model: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Source:
    """The admitted bytes: identity, what was asked for, and probe."""

    upload: Upload
    profile: str
    info: MediaInfo
    made: Made
    sha256: str | None = None
    """of the bytes, in hex; None of what was admitted before it was noted"""
    language: str | None = None
    """of the speech, as its uploader says"""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like its source a rendition looks, over the frames compared: VMAF 0-100, PSNR of luma in dB."""

    vmaf_mean: float
    vmaf_p5: float
    """5 % of the frames look worse"""
    psnr_worst: float
    """A frame that is black, frozen or another stays below 20."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoded video, an MP4 without audio at `key`."""

    rung: str
    codec: str
    width: int
    height: int
    frame_rate: str
    frames: int
    duration_seconds: float
    bytes: int
    key: str
    keyframes: tuple[float, ...]
    """seconds; the same in every rung of a ladder"""
    made: Made
    likeness: Likeness | None = None
    """None where the profile asks for no comparison, or the picture is too small for one"""
    tries: int = 1
    """2: the first encode missed its quality gate, and this is the safer one"""
    passed_through: bool = False
    """the source's own picture, copied and not encoded"""
    lost_seconds: float | None = None
    """the longest time over which it is black, or stands still, and its source is not; None: it is a copy"""


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One encoded audio track, an MP4 at `key`. `loudness_lufs` and `true_peak_dbtp` are None for silence."""

    language: str
    default: bool
    channels: int
    codec: str
    start_seconds: float
    """where its first sample lies on the media's clock"""
    duration_seconds: float
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    bytes: int
    key: str


@dataclass(frozen=True, slots=True)
class AudioTracks:
    tracks: tuple[AudioTrack, ...]
    made: Made
    warnings: tuple[str, ...] = ()
    """which tracks are missing, or not whole"""


@dataclass(frozen=True, slots=True)
class PackagedTrack:
    """What a player needs to know of one packaged rendition. `bitrate` is the average in bits/s."""

    name: str
    codec: str
    width: int
    height: int
    bitrate: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Stream:
    """HLS and DASH over one set of CMAF files. Keys of the playlists as packaged, without subtitles."""

    hls: str
    dash: str
    renditions: tuple[PackagedTrack, ...]
    longest_segment_seconds: float
    misalignment_seconds: float
    """the most that a segment's edge is apart in any two rungs"""
    faults: tuple[str, ...]
    """where the playlists break a rule, in sentences for an operator"""
    made: Made
    mp4: str | None = None
    """key of the progressive MP4, where the profile asks for one"""


@dataclass(frozen=True, slots=True)
class Thumbnails:
    poster: str
    poster_at: float
    """seconds"""
    storyboard_vtt: str
    storyboard_images: tuple[str, ...]
    tiles: int
    preview: str
    made: Made


Origin = Literal["speech", "embedded", "human"]


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """One track of text, as WebVTT and SRT. `language` is BCP 47; `words` are timed, where a recogniser heard them."""

    language: str
    kind: TextKind
    origin: Origin
    vtt: str
    srt: str
    words: str | None
    dash: str
    """key of an MPD over the same cues in fragmented MP4"""
    cues: int
    last_cue_end: float
    hurried: int = 0
    """cues shown for less than a second"""


@dataclass(frozen=True, slots=True)
class EmbeddedSubtitles:
    """The text tracks that came with the source; `warnings` say which could not be kept."""

    tracks: tuple[SubtitleTrack, ...]
    warnings: tuple[str, ...]
    made: Made


@dataclass(frozen=True, slots=True)
class Subtitles:
    """What is said in the sound, with timed words."""

    track: SubtitleTrack
    language_confidence: float
    word_count: int
    excerpt: str
    real_time_factor: float
    """seconds of work per second of audio"""
    made: Made


@dataclass(frozen=True, slots=True)
class Tags:
    tags: tuple[Tag, ...]
    scenes: tuple[Span, ...]
    frames_seen: int
    made: Made


Result = Source | Rendition | AudioTracks | Stream | Thumbnails | Subtitles | EmbeddedSubtitles | Tags

_KINDS: dict[str, type[Result]] = {
    "source": Source,
    "transcodes": Rendition,
    "audio": AudioTracks,
    "stream": Stream,
    "thumbnails": Thumbnails,
    "subtitles": Subtitles,
    "ai_tags": Tags,
}


def kind(asset: str) -> type[Result]:
    """What an asset hands on. Raises KeyError for one without a result of its own."""
    return _KINDS[asset.split("/", maxsplit=1)[0]]
