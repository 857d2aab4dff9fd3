"""What the use cases ask of media tools and models: ffmpeg, the packager, speech and vision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from media_pipeline.domain.chunks import Chunk, Ranges
from media_pipeline.domain.media import AudioStream, MediaInfo, TextStream
from media_pipeline.domain.passthrough import Copy
from media_pipeline.domain.profile import AudioRecipe, PlannedRendition, SpeechModel, StreamRecipe, VisionModel
from media_pipeline.domain.results import Likeness
from media_pipeline.domain.tags import Sighting
from media_pipeline.domain.transcript import Cue, Transcript

Progress = Callable[[float], None]
"""Told how far the work is, 0 to 1. Raises Cancelled when it should stop."""


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """A rendition in scratch, measured from the file itself."""

    path: Path
    frames: int
    duration_seconds: float
    keyframes: tuple[float, ...]
    lost_seconds: float | None = None
    """the longest time over which it is black, or stands still, though its source is not, or does not; None for a copy,
    which is judged otherwise"""
    parts: int = 1
    """of which it was joined"""


@dataclass(frozen=True, slots=True)
class EncodedAudio:
    """An encoded track in scratch, measured from the file itself. Loudness is None for silence. A track of which not
    one sample decodes lasts 0 s and has no file."""

    path: Path
    channels: int
    start_seconds: float
    duration_seconds: float
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    decoded_seconds: float
    """up to where the source's track decodes; what follows is silence"""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture: packed RGB, `width * height * 3` bytes."""

    at: float
    """seconds"""
    width: int
    height: int
    rgb: bytes


class MediaTool(Protocol):
    """The one way an upload is decoded: a sandboxed ffmpeg. All outputs go to `scratch`, a directory of the
    caller's. Every method raises BadMedia when the file is at fault, Unavailable when we are."""

    @property
    def build(self) -> str:
        """Program, version and sandbox, for provenance."""
        ...

    def probe(self, source: Path) -> MediaInfo: ...

    def encode(
        self,
        source: Path,
        info: MediaInfo,
        renditions: Sequence[PlannedRendition],
        tracks: Sequence[AudioStream],
        *,
        audio: AudioRecipe,
        stream: StreamRecipe,
        set_aside: Sequence[range] = (),
        follow: bool = False,
        scratch: Path,
        progress: Progress,
    ) -> tuple[list[EncodedVideo], list[EncodedAudio]]:
        """Decode once and encode everything asked for, in the order asked, largest first. The frames of the
        passages `set_aside`, counted in output frames, stay in `scratch` for `likeness`. With `follow` keyframes
        stand where the source has its own."""
        ...

    def encode_chunk(
        self,
        source: Path,
        info: MediaInfo,
        renditions: Sequence[PlannedRendition],
        chunk: Chunk,
        *,
        gop_seconds: float | None,
        scratch: Path,
        progress: Progress,
    ) -> tuple[Path, ...]:
        """Encode a part of the picture alone: the files that `join_chunks` needs of it, of the same names whichever
        part it is. Without `gop_seconds`, keyframes stand where the source has its own. BadMedia also where the
        picture cannot be cut: whether the file is bad is for `encode` to say."""
        ...

    def ranges(self, source: Path, info: MediaInfo, chunks: Sequence[Chunk], *, scratch: Path) -> list[Ranges]:
        """What of the source's bytes `encode_chunk` reads, for each of these; empty where that is about all of it. It
        may be wrong of odd files: `packets` tells."""
        ...

    def packets(self, source: Path, info: MediaInfo, chunk: Chunk, *, scratch: Path) -> str:
        """A digest of all that the decoder is given when `encode_chunk` encodes this: the same of a source with holes,
        and what is encoded is the same."""
        ...

    def join_chunks(
        self, info: MediaInfo, renditions: Sequence[PlannedRendition], chunks: Sequence[Path], *, scratch: Path
    ) -> list[EncodedVideo]:
        """What `encode` gives of these renditions, put together of parts. Each has its files in a directory below
        `scratch`; they are in order, and nothing between them is missing. Nothing is encoded."""
        ...

    def set_aside(
        self, source: Path, info: MediaInfo, largest: PlannedRendition, passages: Sequence[range], *, scratch: Path
    ) -> None:
        """Leave in `scratch` for `likeness` what `encode` does."""
        ...

    def copy(self, source: Path, info: MediaInfo, *, scratch: Path, progress: Progress) -> tuple[EncodedVideo, Copy]:
        """The picture as it is, without anything that is not picture, and what its packets hold."""
        ...

    def decodes(self, copy: EncodedVideo, info: MediaInfo, *, progress: Progress) -> bool:
        """Whether a copy decodes from its first frame to its last without one error."""
        ...

    def join(self, inputs: Sequence[Path], *, scratch: Path) -> Path:
        """Our own MP4s of one track each as one MP4 that plays while it is downloaded. Nothing is encoded."""
        ...

    def likeness(
        self,
        info: MediaInfo,
        renditions: Sequence[PlannedRendition],
        videos: Sequence[EncodedVideo],
        *,
        passages: Sequence[range],
        scratch: Path,
    ) -> list[Likeness | None]:
        """How like the pictures that `encode` set aside in the same `scratch` these look, each at its own size; None
        for one too small to judge. Largest first."""
        ...

    def keyframe_tiles(
        self, source: Path, info: MediaInfo, *, interval_seconds: float, width: int, scratch: Path
    ) -> list[Frame]:
        """One small picture per interval, decoded from keyframes only; at least one."""
        ...

    def picture(self, source: Path, info: MediaInfo, *, at: float, width: int, scratch: Path) -> Path:
        """A JPEG of the picture at a time, at most `width` wide, never upscaled."""
        ...

    def preview(
        self,
        source: Path,
        info: MediaInfo,
        *,
        starts: Sequence[float],
        seconds: float,
        rate: int,
        width: int,
        scratch: Path,
    ) -> Path:
        """An animated WebP that loops: passages of so many seconds, one after the other, never upscaled."""
        ...

    def look(
        self, source: Path, info: MediaInfo, *, every_seconds: float, width: int, scratch: Path, progress: Progress
    ) -> tuple[list[Frame], list[float]]:
        """Decode once: sampled frames, and the times in seconds at which the scene cuts."""
        ...

    def speech(self, source: Path, info: MediaInfo, track: AudioStream, *, scratch: Path) -> Path:
        """The track as 16 kHz mono signed 16-bit little-endian PCM, its time starting at the media's start."""
        ...

    def text(self, source: Path, info: MediaInfo, stream: TextStream, *, scratch: Path) -> list[Cue]:
        """The cues of an embedded text track as their author left them: neither clean nor in order."""
        ...


@dataclass(frozen=True, slots=True)
class Packaged:
    """What the packager left in `directory`: file names, all relative to it."""

    directory: Path
    hls: str
    dash: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackagingInput:
    """One of our own MP4s or WebVTTs to package. `label` and `language` are "" for video."""

    path: Path
    kind: Literal["video", "audio", "text"]
    name: str
    """of its files; letters, digits and - only"""
    label: str
    """what a player's menu shows; unique among the tracks of a kind, without commas"""
    language: str
    default: bool


class Packager(Protocol):
    """HLS and DASH over one set of CMAF files. Reads only what our own ffmpeg made."""

    @property
    def build(self) -> str: ...

    def package(self, inputs: Sequence[PackagingInput], *, segment_seconds: float, scratch: Path) -> Packaged:
        """Writes into a directory of its own below `scratch`."""
        ...


class Recogniser(Protocol):
    """Speech to text. Gets PCM, never a file of a user's."""

    @property
    def build(self) -> str: ...

    def transcribe(
        self, pcm: Path, *, model: SpeechModel, language: str | None, progress: Progress
    ) -> Transcript | None:
        """The words of 16 kHz mono s16le PCM; None when nobody speaks."""
        ...


class Eye(Protocol):
    """Pictures to sightings: labels and on-screen text. Gets RGB, never a file of a user's."""

    @property
    def build(self) -> str: ...

    def look(self, frames: Sequence[Frame], *, model: VisionModel, progress: Progress) -> list[Sighting]:
        """Everything seen in each frame, above the model's own floor; evidence is the caller's business."""
        ...
