"""The command line that makes renditions and tracks."""

from collections.abc import Mapping, Sequence
from typing import Any

import ffmpeg

from media_pipeline.domain.media import AudioStream, MediaInfo
from media_pipeline.domain.profile import AudioRecipe, PlannedRendition, StreamRecipe, output_rate
from media_pipeline.infrastructure.ffmpeg import filters
from media_pipeline.infrastructure.ffmpeg.commands import line, listening, watching
from media_pipeline.infrastructure.ffmpeg.commands.listening import Gain

REFERENCE = "reference.nut"
"""Passages of the picture as the encoder got it, lossless: what renditions are compared with."""
FOLLOWED = "source"
"""keyframes where the source has its own"""
ENCODERS: Mapping[str, Mapping[str, Any]] = {
    # Closed GOPs, and no keyframe but those that are asked for.
    "h264": {"c:v": "libx264", "profile:v": "high", "sc_threshold": 0, "x264-params": "open-gop=0"},
    "hevc": {
        "c:v": "libx265",
        "tag:v": "hvc1",  # Apple's players refuse hev1
        "forced-idr": 1,
        "x265-params": "open-gop=0:scenecut=0:log-level=error",
    },
    "av1": {"c:v": "libsvtav1", "svtav1-params": "scd=0"},
}
_STITCHABLE = {"x264-params": "stitchable=1"}
"""Headers do not depend on what is seen: those of one part hold for all."""


def encode(
    ffmpeg_path: str,
    info: MediaInfo,
    renditions: Sequence[PlannedRendition],
    tracks: Sequence[tuple[AudioStream, Gain]],
    *,
    audio: AudioRecipe,
    stream: StreamRecipe,
    passages: Sequence[range],
    threads: int,
    follow: bool = False,
    sound_changes: bool = False,
) -> list[str]:
    """Decode once, encode every rendition to v<i>.mp4 and every track to a<i>.mp4. The frames of `passages` are set
    aside in REFERENCE, at the largest size. With `follow` keyframes are where the source has its own. Glimpses of the
    source go beside them (`watching`). `sound_changes`: a track has another rate or layout on the way."""
    source = line.source(info, threads=threads)
    outputs = []
    if renditions:
        assert info.video is not None
        largest = renditions[0]
        decoded = filters.timed(source, info.video, gaps=info.gaps).filter_multi_output("split")
        outputs += watching.source(decoded[1], info.video)
        upright = filters.sdr(decoded[0], info.video, largest.width, largest.height, flags="bicubic")
        picture = upright.filter("fps", fps=str(output_rate(info.video)), start_time=0)
        if info.held_seconds:
            picture = picture.filter("tpad", stop_mode="clone", stop_duration=f"{info.held_seconds:.3f}")
        if passages:
            both = picture.filter_multi_output("split")
            picture = both[0]
            outputs.append(_reference(both[1], passages))
        keyframes = FOLLOWED if follow else f"expr:gte(t,n_forced*{stream.gop_seconds:g})"
        outputs += rungs(picture, renditions, keyframes, threads=threads)
    for i, (track, gain) in enumerate(tracks):
        heard = filters.sound(source, info, track, audio.channels, audio.sample_rate)
        heard = listening.normalised(heard, gain, audio)
        outputs.append(ffmpeg.output(heard, f"a{i}.mp4", **_audio_options(audio)))
    outputs += line.also_read(source, [a for a in info.audio if a not in {track for track, _ in tracks}])
    return line.compiled(ffmpeg_path, outputs, progress=True, cut=sound_changes)


def rungs(
    picture: Any, renditions: Sequence[PlannedRendition], keyframes: str, *, threads: int, part: bool = False
) -> list[Any]:
    """Every rendition of a picture to v<i>.mp4. `keyframes` are where ffmpeg is to force them. With `part`, streams of
    several pictures fit together."""
    sizes = [(plan.width, plan.height) for plan in renditions]
    options = [_video_options(plan, keyframes, threads) for plan in renditions]
    if part:
        options = [o | {name: f"{o[name]}:{said}" for name, said in _STITCHABLE.items() if name in o} for o in options]
    return [ffmpeg.output(s, f"v{i}.mp4", **options[i]) for i, s in enumerate(filters.cascade(picture, sizes))]


def set_aside(picture: Any) -> Any:
    """The output that keeps a picture as it is, in REFERENCE."""
    options = {"c:v": "ffv1", "map_metadata": -1, "format": "nut", "fps_mode": "passthrough"}
    return ffmpeg.output(picture, REFERENCE, **options)


def _reference(picture: Any, passages: Sequence[range]) -> Any:
    wanted = "+".join(f"between(n,{p.start},{p.stop - 1})" for p in passages)
    return set_aside(picture.filter("select", wanted))


def _video_options(plan: PlannedRendition, keyframes: str, threads: int) -> dict[str, Any]:
    rung = plan.rung
    return {
        **ENCODERS[rung.codec],
        "preset": rung.preset,
        "crf": rung.crf,
        "maxrate": rung.max_bitrate,
        "bufsize": 2 * rung.max_bitrate,
        # The same instants in every rung, so that a player can switch at any of them; the encoder adds none.
        "force_key_frames": keyframes,
        "g": 100_000,
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "threads": threads,
        **line.private(),
    }


def _audio_options(recipe: AudioRecipe) -> dict[str, Any]:
    return {"c:a": "aac", "b:a": recipe.bitrate, "ar": recipe.sample_rate, **line.private()}
