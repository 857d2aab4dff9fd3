"""What sound and renditions measure: of an upload's tracks before they are encoded, of our own files after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from media_pipeline.application.ports.tools import EncodedAudio, EncodedVideo
from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.domain.media import AudioStream, MediaInfo
from media_pipeline.domain.profile import AudioRecipe
from media_pipeline.domain.watch import Glimpse, lost_seconds
from media_pipeline.infrastructure.ffmpeg import answers
from media_pipeline.infrastructure.ffmpeg.commands import listening, probing, watching
from media_pipeline.infrastructure.ffmpeg.commands.listening import Gain
from media_pipeline.infrastructure.ffmpeg.programs import Programs

_LIMITERS_HEADROOM_DB = 0.7
"""AAC raises peaks a little after the limiter has set them."""
_UNCHANGED = Gain(0.0, None)


_CHANGED = "Reconfiguring filter graph"  # what ffmpeg says of sound that changes


@dataclass(frozen=True, slots=True)
class Heard:
    """Up to where a track decodes, and what brings it to its loudness."""

    seconds: float
    gain: Gain = _UNCHANGED
    refusal: BadMedia | None = None
    """why it does not"""
    changes: bool = False
    """whether it has another rate or layout on the way"""


def heard(
    programs: Programs,
    info: MediaInfo,
    track: AudioStream,
    recipe: AudioRecipe,
    *,
    scratch: Path,
    on_line: Callable[[str], None],
) -> Heard:
    """A track that cannot be decoded, or breaks its decoder, costs itself and not the media: zero seconds."""
    reached = [0.0]

    def note(line: str) -> None:
        reached[0] = answers.progress_seconds(line) or reached[0]
        on_line(line)

    argv = listening.measure_loudness(programs.ffmpeg, info, track, recipe, threads=programs.threads)
    try:
        output = programs.on_upload(argv, scratch, programs.encode_seconds(info), RejectionCode.UNREADABLE, note)
    except BadMedia as refusal:
        return Heard(0.0, refusal=refusal)
    loudness = answers.loudness(output.stderr) if reached[0] else None
    changes = _CHANGED in output.stderr
    if loudness is None:
        return Heard(reached[0], changes=changes)
    decibels = recipe.loudness_lufs - loudness[0]
    ceiling = recipe.true_peak_dbtp - _LIMITERS_HEADROOM_DB
    gain = Gain(decibels, ceiling if loudness[1] + decibels > ceiling else None)
    return Heard(reached[0], gain, changes=changes)


def encoded_video(programs: Programs, path: Path) -> EncodedVideo:
    output = programs.on_our_own(probing.packets(programs.ffprobe, path.name), path.parent)
    frames, duration, keyframes = answers.packets(output.stdout.decode())
    return EncodedVideo(path, frames, duration, keyframes)


def watched(programs: Programs, videos: Sequence[EncodedVideo], *, scratch: Path) -> list[EncodedVideo]:
    """Renditions beside the glimpses of their source, which their encode left in `scratch`."""
    seen = [video.path.name for video in videos if video.frames]
    if not seen:
        return list(videos)
    programs.on_our_own(watching.glimpses(programs.ffmpeg, seen, threads=programs.threads), scratch)
    source = _glimpses(scratch, watching.SOURCE)
    return [
        replace(v, lost_seconds=lost_seconds(source, _glimpses(scratch, v.path.name), end=v.duration_seconds))
        if v.frames else v
        for v in videos
    ]  # fmt: skip


def _glimpses(scratch: Path, name: str) -> Sequence[Glimpse]:
    return answers.glimpses((scratch / f"{name}.times").read_text(), (scratch / f"{name}.gray").read_bytes())


def encoded_audio(programs: Programs, path: Path, recipe: AudioRecipe) -> EncodedAudio:
    output = programs.on_our_own(
        listening.measure_our_own(programs.ffmpeg, path.name, threads=programs.threads), path.parent
    )
    loudness, peak = answers.loudness(output.stderr) or (None, None)
    probed = programs.on_our_own(probing.sound(programs.ffprobe, path.name), path.parent)
    start, duration = (float(word) for word in probed.stdout.decode().strip().split(","))
    return EncodedAudio(path, recipe.channels, start, duration, loudness, peak, duration)
