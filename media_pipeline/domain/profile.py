"""What can be made (recipes), what an upload asks for (profile), what a source deserves (ladder)."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from media_pipeline.domain.media import VideoStream

ENCODER_REVISION = 1
"""Bumped by hand when an encoder's output really changes, so that an ffmpeg security update does
not make a library stale. The build that ran is recorded in provenance."""

MAX_FRAME_RATE = Fraction(60)

REDUNDANT_ABOVE = 0.85
"""A rung whose short side is over this share of the next larger one's adds nothing and is not made."""
SMALLEST_SIDE = 64
"""pixels; below it HEVC and AV1 save nothing beside H.264, and some of their encoders refuse"""


@dataclass(frozen=True, slots=True)
class Rung:
    """One named way to encode video. Capped CRF: quality-defined, with a ceiling."""

    name: str
    codec: Literal["h264", "hevc", "av1"]
    short_side: int
    """pixels; width and height swap for portrait"""
    crf: int
    max_bitrate: int
    """bits/s, the VBV ceiling"""
    preset: str
    """of the codec's encoder: `PRESETS`"""


_NAMED_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
PRESETS: Mapping[str, tuple[str, ...]] = {
    "h264": _NAMED_PRESETS,
    "hevc": _NAMED_PRESETS,
    "av1": tuple(str(n) for n in range(14)),
}
"""What each codec's encoder calls its trades of time for bits, x264 and x265 fastest first, SVT-AV1 slowest first."""


@dataclass(frozen=True, slots=True)
class AudioRecipe:
    """How every audio track is encoded: AAC-LC, loudness-normalised, at most `channels`."""

    name: str
    bitrate: int
    """bits/s"""
    channels: int
    sample_rate: int
    """Hz"""
    loudness_lufs: float
    true_peak_dbtp: float


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """A speech recogniser: which engine runs which weights. `weights` is an official name or a path."""

    name: str
    engine: Literal["faster-whisper", "openai-whisper"]
    weights: str
    beam_size: int


@dataclass(frozen=True, slots=True)
class VisionModel:
    """What looks at pictures. `classifier` is a packaged name or the path of an ONNX file."""

    name: str
    classifier: str
    min_confidence: float
    """a label counts from this confidence on…"""
    min_frames: int
    """…in at least so many sampled frames"""
    sample_seconds: float
    """one frame is looked at every so many seconds"""
    max_frames: int
    text: bool
    """read on-screen text"""


@dataclass(frozen=True, slots=True)
class ThumbnailRecipe:
    """Poster and storyboard. Tiles come from keyframes only."""

    name: str
    poster_width: int
    tile_width: int
    columns: int
    rows: int
    interval_seconds: float
    preview_width: int
    preview_passages: int
    """the animated preview shows so many passages, spread evenly…"""
    preview_passage_seconds: float
    """…each so long"""
    preview_rate: int
    """frames per second"""


@dataclass(frozen=True, slots=True)
class StreamRecipe:
    """How renditions are packaged: CMAF, one set of segments for HLS and DASH."""

    name: str
    gop_seconds: float
    segment_seconds: float


@dataclass(frozen=True, slots=True)
class QualityGate:
    """How good a rung must look beside what was encoded, in VMAF (0-100) at the rung's own size, and what to try once
    when it does not."""

    name: str
    vmaf_mean: float
    vmaf_p5: float
    """of the frames looked at, 5 % may look worse than this"""
    passages: int
    """this many passages, spread evenly, are compared…"""
    passage_seconds: float
    """…each so long"""
    retry_crf: int
    """added to the rung's CRF for the second try: negative is better and larger"""
    retry_bitrate: float
    """times the rung's ceiling, for the second try"""


@dataclass(frozen=True, slots=True)
class Profile:
    """What one upload asks for: names out of `Recipes`. None: do not make it."""

    name: str
    rungs: tuple[str, ...]
    audio: str
    stream: str
    quality: str | None
    """the gate that every rung must pass"""
    thumbnails: str | None
    subtitles: str | None
    tags: str | None
    language: str | None = None
    """BCP 47 of the speech; None: find out"""
    passthrough: bool = False
    """a picture that is standard already becomes its top rung as it is"""
    mp4: bool = False
    """also publish one MP4 for downloads: the best H.264 rung with the default sound"""


@dataclass(frozen=True, slots=True)
class Recipes:
    """Everything this deployment can make. It gives asset keys and code versions; a profile only selects."""

    rungs: Mapping[str, Rung]
    audio: Mapping[str, AudioRecipe]
    stream: Mapping[str, StreamRecipe]
    thumbnails: Mapping[str, ThumbnailRecipe]
    quality: Mapping[str, QualityGate]
    speech: Mapping[str, SpeechModel]
    vision: Mapping[str, VisionModel]
    profiles: Mapping[str, Profile]

    def gate(self, profile: str) -> QualityGate | None:
        """The quality gate of a profile, if it has one."""
        name = self.profiles[profile].quality
        return self.quality[name] if name else None


@dataclass(frozen=True, slots=True)
class PlannedRendition:
    """One rung as it will be encoded for one source: `width` and `height` are even."""

    rung: Rung
    width: int
    height: int


def fingerprint(*recipes: Any) -> str:
    """What an output depends on besides its source: 16 hex digits over the recipes' values."""
    facts = json.dumps([ENCODER_REVISION, *[_plain(r) for r in recipes]], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def ladder(video: VideoStream, rungs: Iterable[Rung]) -> tuple[PlannedRendition, ...]:
    """The renditions a source deserves, largest first: never upscaled, never none.

    A rung above the source is made at the source's own size, once a codec; a rung within 15 % of its larger
    neighbour of the same codec is dropped, and so is a picture too small for its codec beside one of H.264.
    """
    by_codec: dict[str, list[Rung]] = {}
    for rung in rungs:
        by_codec.setdefault(rung.codec, []).append(rung)
    planned = [plan for mine in by_codec.values() for plan in _ladder(video, mine)]
    served = [p for p in planned if p.rung.codec == "h264" or min(p.width, p.height) >= SMALLEST_SIDE]
    return tuple(sorted(served or planned, key=lambda p: p.width * p.height, reverse=True))


def safer(rung: Rung, gate: QualityGate) -> Rung:
    """The rung as it is tried a second time."""
    better = max(1, rung.crf + gate.retry_crf)
    return replace(rung, crf=better, max_bitrate=round(rung.max_bitrate * gate.retry_bitrate))


def _ladder(video: VideoStream, rungs: Iterable[Rung]) -> tuple[PlannedRendition, ...]:
    planned: list[tuple[int, Rung]] = []
    for rung in sorted(rungs, key=lambda r: r.short_side):
        size = min(rung.short_side, video.short_side)
        while planned and planned[-1][0] > REDUNDANT_ABOVE * size:
            if planned[-1][0] == size:  # both would be the source's own size: keep the smaller name
                break
            planned.pop()
        else:
            planned.append((size, rung))
    return tuple(
        PlannedRendition(rung, *_fit(video.display_width, video.display_height, size))
        for size, rung in reversed(planned)
    )


def output_rate(video: VideoStream) -> Fraction:
    """Frames per second of every rung: the source's own; above 60 every second, third… frame, so that motion stays
    even; below 1 each frame several times, so that a segment need not wait for one."""
    rate = video.frame_rate
    if rate < 1:
        return rate * math.ceil(1 / rate)
    # Clocks are not exact: 60.1 measured is 60 meant.
    return min(rate / max(1, math.ceil(rate / MAX_FRAME_RATE - Fraction(1, 20))), MAX_FRAME_RATE)


def _fit(width: int, height: int, short_side: int) -> tuple[int, int]:
    scale = short_side / min(width, height)
    return _even(width * scale), _even(height * scale)


def _even(pixels: float) -> int:
    return max(2, 2 * math.floor(pixels / 2 + 0.5))


def _plain(recipe: Any) -> Any:
    return asdict(recipe) if hasattr(recipe, "__dataclass_fields__") else recipe
