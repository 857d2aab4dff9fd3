"""Command lines that measure sound or hand it to a recogniser, and what brings it to its loudness."""

from dataclasses import dataclass
from typing import Any

import ffmpeg

from media_pipeline.domain.media import AudioStream, MediaInfo
from media_pipeline.domain.profile import AudioRecipe
from media_pipeline.infrastructure.ffmpeg import filters
from media_pipeline.infrastructure.ffmpeg.commands import line


@dataclass(frozen=True, slots=True)
class Gain:
    """What brings a track to its loudness: decibels to add, and whether a limiter must hold the peaks."""

    decibels: float
    limit_dbtp: float | None


def measure_loudness(
    ffmpeg_path: str, info: MediaInfo, track: AudioStream, recipe: AudioRecipe, *, threads: int
) -> list[str]:
    """EBU R128 of one track as a listener gets it (after the down-mix); the summary is the end of stderr."""
    heard = filters.sound(
        line.source(info, threads=threads), info, track, recipe.channels, recipe.sample_rate, whole=False
    )
    return _measured(ffmpeg_path, heard)


def measure_our_own(ffmpeg_path: str, name: str, *, threads: int) -> list[str]:
    """EBU R128 of a file that we made."""
    return _measured(ffmpeg_path, ffmpeg.input(name, threads=threads).audio)


def speech(ffmpeg_path: str, info: MediaInfo, track: AudioStream, *, threads: int) -> list[str]:
    """The track as PCM for a recogniser, speech.pcm; silence stands in where it starts late."""
    heard = filters.sound(line.source(info, threads=threads), info, track, 1, 16000)
    options = {"format": "s16le", "c:a": "pcm_s16le"}
    return line.compiled(ffmpeg_path, [ffmpeg.output(heard, "speech.pcm", **options)])


def normalised(heard: Any, gain: Gain, recipe: AudioRecipe) -> Any:
    if gain.decibels:
        heard = heard.filter("volume", f"{gain.decibels:.2f}dB")
    if gain.limit_dbtp is not None:
        # Limiting at four times the rate holds the peaks between samples too.
        ceiling = 10 ** (gain.limit_dbtp / 20)
        heard = (
            heard.filter("aresample", 4 * recipe.sample_rate)
            .filter("alimiter", limit=f"{ceiling:.4f}", attack=5, release=50, level="false")
            .filter("aresample", recipe.sample_rate)
        )
    return heard


def _measured(ffmpeg_path: str, heard: Any) -> list[str]:
    loudness = heard.filter("ebur128", peak="true", framelog="quiet")
    return line.compiled(ffmpeg_path, [ffmpeg.output(loudness, "-", format="null")], level="info", progress=True)
