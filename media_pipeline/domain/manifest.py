"""Manifest v1: what was published. The contract with every player and frontend."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from media_pipeline.domain.media import TextKind
from media_pipeline.domain.tags import Span, Tag


@dataclass(frozen=True, slots=True)
class ManifestRendition:
    """`bitrate` in bits/s."""

    name: str
    codec: str
    width: int
    height: int
    bitrate: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ManifestAudio:
    """`loudness_lufs` is null for silence."""

    language: str
    channels: int
    codec: str
    loudness_lufs: float | None


@dataclass(frozen=True, slots=True)
class Storyboard:
    vtt: str
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ManifestSubtitles:
    language: str
    kind: TextKind
    origin: Literal["speech", "embedded", "human"]
    vtt: str
    srt: str
    words: str | None


@dataclass(frozen=True, slots=True)
class Chapter:
    start: float
    end: float
    title: str


@dataclass(frozen=True, slots=True)
class Check:
    """A measured value beside its limit."""

    name: str
    value: float
    limit: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    output: str
    fingerprint: str
    tool: str
    model: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """Paths are relative to the manifest; what was not made is null or an empty list."""

    schema_version: Literal["1.0"]
    id: str
    version: str
    revision: int
    kind: Literal["video", "audio"]
    duration_seconds: float
    display_width: int | None
    display_height: int | None
    frame_rate: str | None
    hls: str | None
    dash: str | None
    mp4: str | None
    renditions: tuple[ManifestRendition, ...]
    audio: tuple[ManifestAudio, ...]
    poster: str | None
    storyboard: Storyboard | None
    preview: str | None
    subtitles: tuple[ManifestSubtitles, ...]
    tags: tuple[Tag, ...]
    scenes: tuple[Span, ...]
    chapters: tuple[Chapter, ...]
    checks: tuple[Check, ...]
    provenance: tuple[Provenance, ...]
    warnings: tuple[str, ...]


def addressed(manifest: Manifest, address: Callable[[str], str]) -> Manifest:
    """The manifest with an address in the place of every path."""

    def of(path: str | None) -> str | None:
        return None if path is None else address(path)

    board = manifest.storyboard
    subtitles = (replace(s, vtt=address(s.vtt), srt=address(s.srt), words=of(s.words)) for s in manifest.subtitles)
    return replace(
        manifest,
        hls=of(manifest.hls),
        dash=of(manifest.dash),
        mp4=of(manifest.mp4),
        poster=of(manifest.poster),
        preview=of(manifest.preview),
        storyboard=board and Storyboard(address(board.vtt), tuple(address(image) for image in board.images)),
        subtitles=tuple(subtitles),
    )
