"""How far an output may stray: measured values beside their limits. They report; gates stand in the use cases."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from media_pipeline.domain.manifest import Check
from media_pipeline.domain.profile import AudioRecipe, QualityGate, StreamRecipe, output_rate
from media_pipeline.domain.results import AudioTracks, Likeness, Rendition, Source, Stream, SubtitleTrack

LOUDNESS_TOLERANCE_LU = 1.0
MOST_AV_OFFSET_SECONDS = 0.04
PSNR_OF_ANOTHER_PICTURE = 20.0
"""dB; coding loss stays above it even where it is ugly"""
MOST_LOST_SECONDS = 1.0
"""of a picture that is black or stands still; less is at the end, where a last keyframe speaks for what follows"""
MOST_HURRIED = 0.05
"""share of cues that may be shown for less than a second: people answer each other quickly"""
CHECKS: Mapping[str, Mapping[str, str]] = {
    "transcodes": {
        "duration_drift_seconds": "The rung is as long as the source's picture.",
        "frames_off": "No frame was lost or made up.",
        "lost_picture_seconds": "The longest time over which it is black or frozen and its source is not.",
        "vmaf_mean": "VMAF of the passages compared with the source, at the rung's own size.",
        "vmaf_p5": "VMAF that 95 % of the frames compared reach.",
        "psnr_worst_db": "The worst frame compared: a black or frozen one falls below the limit.",
    },
    "audio": {
        "loudness_error_lu": "How far the worst track is from the loudness asked for (EBU R128).",
        "true_peak_dbtp": "The highest true peak of any track.",
    },
    "stream": {
        "av_offset_seconds": "Picture and sound begin together.",
        "rungs_out_of_step": "Rungs whose keyframes are not where the largest one has them.",
        "longest_segment_seconds": "No segment is longer than the target.",
        "segment_misalignment_seconds": "Segments of all rungs begin at the same instants.",
        "playlist_faults": "Rules of RFC 8216 that a playlist breaks.",
    },
    "subtitles": {
        "seconds_past_end": "No cue outlives the media.",
        "hurried_cue_share": "Cues shown too briefly to be read.",
    },
}
"""The checks of each asset, and what each of them means to a person."""


def passages(source: Source, gate: QualityGate | None) -> tuple[range, ...]:
    """Which frames of the output are compared with the source: passages spread evenly, or all of a short picture."""
    if source.info.video is None or gate is None:
        return ()
    rate = float(output_rate(source.info.video))
    total, each = int(source.info.duration_seconds * rate), max(1, round(gate.passage_seconds * rate))
    if total <= gate.passages * each:
        return (range(max(1, total - 1)),)
    middles = [round((i + 0.5) * total / gate.passages) for i in range(gate.passages)]
    return tuple(range(m - each // 2, m - each // 2 + each) for m in middles)


def misses(likeness: Likeness | None, gate: QualityGate) -> bool:
    """Whether a rung must be encoded again."""
    if likeness is None:
        return False
    return likeness.vmaf_mean < gate.vmaf_mean or likeness.vmaf_p5 < gate.vmaf_p5


def is_lost(seconds: float | None) -> bool:
    """Whether a rung is black or frozen for long, and its source is not."""
    return seconds is not None and seconds > MOST_LOST_SECONDS


def rendition(made: Rendition, source: Source, gate: QualityGate | None) -> tuple[Check, ...]:
    """Nothing lost: the rung is as long as its source's picture, within 100 ms or 1 %, and has a frame for every
    instant of it. It shows something wherever its source does, and looks like it where it was compared."""
    assert source.info.video is not None
    promised = source.info.video.end_seconds + source.info.held_seconds
    expected = round(promised * Fraction(made.frame_rate))
    checks = [
        _check("duration_drift_seconds", abs(made.duration_seconds - promised), max(0.1, 0.01 * promised)),
        _check("frames_off", abs(made.frames - expected), max(2, 0.01 * expected)),
    ]
    if made.lost_seconds is not None:
        checks.append(_check("lost_picture_seconds", made.lost_seconds, MOST_LOST_SECONDS))
    if gate is None or made.likeness is None:
        return tuple(checks)
    return (
        *checks,
        _at_least("vmaf_mean", made.likeness.vmaf_mean, gate.vmaf_mean),
        _at_least("vmaf_p5", made.likeness.vmaf_p5, gate.vmaf_p5),
        _at_least("psnr_worst_db", made.likeness.psnr_worst, PSNR_OF_ANOTHER_PICTURE),
    )


def audio(made: AudioTracks, recipe: AudioRecipe) -> tuple[Check, ...]:
    """The worst track counts. Silence has no loudness and passes."""
    errors = [abs(t.loudness_lufs - recipe.loudness_lufs) for t in made.tracks if t.loudness_lufs is not None]
    peaks = [t.true_peak_dbtp for t in made.tracks if t.true_peak_dbtp is not None]
    return (
        _check("loudness_error_lu", max(errors, default=0.0), LOUDNESS_TOLERANCE_LU),
        _check("true_peak_dbtp", max(peaks, default=-70.0), recipe.true_peak_dbtp),
    )


def stream(
    made: Stream, renditions: Sequence[Rendition], audio: AudioTracks | None, recipe: StreamRecipe
) -> tuple[Check, ...]:
    """Picture and sound begin together; every rung has its keyframes and its segments at the same instants, no segment
    exceeds the target by more than the two frames that a forced keyframe may be late, and the playlists keep the
    rules."""
    apart = sum(r.keyframes != renditions[0].keyframes for r in renditions)
    frame = max((r.duration_seconds / r.frames for r in renditions if r.frames), default=0.0)
    pictures = [r.keyframes[0] for r in renditions if r.keyframes]
    sounds = [t.start_seconds for t in audio.tracks] if audio else []
    offset = max((abs(p - s) for p in pictures for s in sounds), default=0.0)
    return (
        _check("av_offset_seconds", offset, MOST_AV_OFFSET_SECONDS),
        _check("rungs_out_of_step", apart, 0),
        _check("longest_segment_seconds", made.longest_segment_seconds, recipe.segment_seconds + max(0.1, 2 * frame)),
        _check("segment_misalignment_seconds", made.misalignment_seconds, 0.001),
        _check("playlist_faults", len(made.faults), 0),
    )


def subtitles(made: Sequence[SubtitleTrack], source: Source) -> tuple[Check, ...]:
    """No cue outlives the media, and few of what was heard are gone before they are read."""
    past = max((t.last_cue_end - source.info.duration_seconds for t in made), default=0.0)
    share = max((t.hurried / t.cues for t in made if t.origin == "speech"), default=0.0)
    return (
        _check("seconds_past_end", max(0.0, past), 0.0),
        _check("hurried_cue_share", share, MOST_HURRIED),
    )


def _at_least(name: str, value: float, limit: float) -> Check:
    return Check(name, round(value, 3), round(limit, 3), value >= limit)


def _check(name: str, value: float, limit: float) -> Check:
    value = round(value, 3)
    return Check(name, value, round(limit, 3), value <= limit)
