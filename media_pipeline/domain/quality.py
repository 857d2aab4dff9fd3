"""How far an output may stray: measured values beside their limits. They report; gates stand in the use cases."""

from collections.abc import Sequence

from media_pipeline.domain.manifest import Check
from media_pipeline.domain.profile import AudioRecipe, StreamRecipe
from media_pipeline.domain.results import AudioTracks, Rendition, Source, Stream, SubtitleTrack

LOUDNESS_TOLERANCE_LU = 1.0
MOST_HURRIED = 0.05
"""share of cues that may be shown for less than a second: people answer each other quickly"""
CHECKS = {
    "transcodes": ("duration_drift_seconds",),
    "audio": ("loudness_error_lu", "true_peak_dbtp"),
    "stream": ("rungs_out_of_step", "longest_segment_seconds"),
    "subtitles": ("seconds_past_end", "hurried_cue_share"),
}
"""The names of the checks of each asset."""


def rendition(made: Rendition, source: Source) -> tuple[Check, ...]:
    """Nothing lost: the rung is as long as its source's picture, within 100 ms or 1 %."""
    promised = _picture_seconds(source)
    return (_check("duration_drift_seconds", abs(made.duration_seconds - promised), max(0.1, 0.01 * promised)),)


def audio(made: AudioTracks, recipe: AudioRecipe) -> tuple[Check, ...]:
    """The worst track counts. Silence has no loudness and passes."""
    errors = [abs(t.loudness_lufs - recipe.loudness_lufs) for t in made.tracks if t.loudness_lufs is not None]
    peaks = [t.true_peak_dbtp for t in made.tracks if t.true_peak_dbtp is not None]
    return (
        _check("loudness_error_lu", max(errors, default=0.0), LOUDNESS_TOLERANCE_LU),
        _check("true_peak_dbtp", max(peaks, default=-70.0), recipe.true_peak_dbtp),
    )


def stream(made: Stream, renditions: Sequence[Rendition], recipe: StreamRecipe) -> tuple[Check, ...]:
    """Every rung has its keyframes at the same instants, and no segment exceeds the target by more than the two
    frames that a forced keyframe may be late."""
    apart = sum(r.keyframes != renditions[0].keyframes for r in renditions)
    frame = max((r.duration_seconds / r.frames for r in renditions if r.frames), default=0.0)
    return (
        _check("rungs_out_of_step", apart, 0),
        _check("longest_segment_seconds", made.longest_segment_seconds, recipe.segment_seconds + max(0.1, 2 * frame)),
    )


def subtitles(made: Sequence[SubtitleTrack], source: Source) -> tuple[Check, ...]:
    """No cue outlives the media, and few of what was heard are gone before they are read."""
    past = max((t.last_cue_end - source.info.duration_seconds for t in made), default=0.0)
    share = max((t.hurried / t.cues for t in made if t.origin == "speech"), default=0.0)
    return (
        _check("seconds_past_end", max(0.0, past), 0.0),
        _check("hurried_cue_share", share, MOST_HURRIED),
    )


def _picture_seconds(source: Source) -> float:
    video = source.info.video
    if video is not None and video.frames:
        return video.frames / float(video.frame_rate)
    return source.info.duration_seconds


def _check(name: str, value: float, limit: float) -> Check:
    value = round(value, 3)
    return Check(name, value, round(limit, 3), value <= limit)
