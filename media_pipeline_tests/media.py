"""Media for tests, made by ffmpeg's generators on the spot. No file is committed."""

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline.infrastructure.packager import ShakaPackager
from media_pipeline.infrastructure.settings import Settings


@cache
def settings() -> Settings:
    return Settings()


@cache
def tool() -> Ffmpeg:
    """One for all: it asks for its version once."""
    return Ffmpeg(settings().ffmpeg_path, settings().ffprobe_path)


@cache
def packager() -> ShakaPackager:
    return ShakaPackager(settings().packager_path)


def make(to: Path, *arguments: str) -> Path:
    """Run ffmpeg with these arguments; our own inputs, so no sandbox."""
    argv = [settings().ffmpeg_path, "-nostdin", "-y", "-v", "error", *arguments, str(to)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    return to


def picture(seconds: float = 2, size: str = "320x240", rate: str = "25") -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=duration={seconds}:size={size}:rate={rate}"]


def tone(seconds: float = 2, volume: float = 0.2) -> list[str]:
    return ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}:sample_rate=48000,volume={volume}"]


def beeps(hertz: int, seconds: float) -> list[str]:
    """Sound that comes and goes as speech does."""
    shape = "volume=0.3,volume=0:enable='lt(mod(t\\,2)\\,0.4)'"
    return ["-f", "lavfi", "-i", f"sine=frequency={hertz}:duration={seconds}:sample_rate=48000,{shape}"]


def silence(seconds: float = 2) -> list[str]:
    return ["-f", "lavfi", "-i", f"anullsrc=r=48000:cl=stereo:d={seconds}"]


def h264(*more: str) -> Sequence[str]:
    return ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *more]


def clip(to: Path, seconds: float = 2, size: str = "320x240", *more: str) -> Path:
    """A small video with a tone."""
    return make(to, *picture(seconds, size), *tone(seconds), *h264(), "-c:a", "aac", "-shortest", *more)


def with_text(to: Path, tracks: Sequence[tuple[str, str]], *options: str, seconds: float = 10) -> Path:
    """A small video with text tracks, each (file name, content): ffmpeg tells the format by the name's end."""
    files = [to.with_name(f"{to.stem}-{i}-{name}") for i, (name, _) in enumerate(tracks)]
    for file, (_, content) in zip(files, tracks, strict=True):
        file.write_text(content, encoding="utf-8")
    inputs = [word for file in files for word in ("-i", str(file))]
    maps = [word for i in range(len(files) + 1) for word in ("-map", str(i))]
    return make(to, *picture(seconds, "64x48", "10"), *inputs, *maps, *h264(), *options)
