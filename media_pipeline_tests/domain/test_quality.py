"""Checks: what is measured, and what fails."""

from dataclasses import replace
from itertools import pairwise

from media_pipeline.domain import quality
from media_pipeline.domain.profile import QualityGate
from media_pipeline.domain.results import Likeness, Rendition, SubtitleTrack
from media_pipeline_tests import builders as a

GATE = QualityGate("gate", 85, 70, passages=5, passage_seconds=0.5, retry_crf=-4, retry_bitrate=1.5)


def failed(rendition: Rendition) -> list[str]:
    return [c.name for c in quality.rendition(rendition, a.source(), GATE) if not c.passed]


def test_a_whole_rung_that_looks_like_its_source_passes() -> None:
    assert failed(a.rendition(likeness=Likeness(95, 90, 38))) == []


def test_lost_frames_fail() -> None:
    assert failed(a.rendition(frames=240, duration_seconds=9.6)) == ["duration_drift_seconds", "frames_off"]


def test_a_black_or_frozen_frame_fails_by_the_worst_one() -> None:
    assert failed(a.rendition(likeness=Likeness(91, 72, 14))) == ["psnr_worst_db"]


def test_a_rung_below_the_gate_misses_it_and_fails() -> None:
    poor = Likeness(84, 60, 30)
    assert quality.misses(poor, GATE)
    assert failed(a.rendition(likeness=poor)) == ["vmaf_mean", "vmaf_p5"]


def test_passages_are_spread_over_the_media_and_inside_it() -> None:
    passages = quality.passages(a.source(), GATE)
    assert [len(p) for p in passages] == [12] * 5
    assert passages[0].start > 0
    assert passages[-1].stop < 250
    assert all(x.stop <= y.start for x, y in pairwise(passages))


def test_of_a_short_picture_all_frames_are_compared() -> None:
    short = a.source(duration_seconds=1.0)
    assert quality.passages(short, GATE) == (range(24),)


def test_sound_that_begins_too_late_fails() -> None:
    late = a.tracks(start_seconds=0.05)
    checks = quality.stream(a.stream(), [a.rendition()], late, a.CMAF)
    assert [c.name for c in checks if not c.passed] == ["av_offset_seconds"]


def passed(*tracks: SubtitleTrack) -> dict[str, bool]:
    return {c.name: c.passed for c in quality.subtitles(tracks, a.source())}


def test_readable_cues_inside_the_media_pass_both() -> None:
    track = a.subtitles().track
    assert passed(track, replace(track, origin="embedded", cues=2, hurried=2)) == dict.fromkeys(
        quality.CHECKS["subtitles"], True
    )


def test_a_cue_past_the_end_in_any_track_fails() -> None:
    track = a.subtitles().track
    assert not passed(track, replace(track, last_cue_end=10.5))["seconds_past_end"]


def test_too_many_cues_too_short_to_read_fail() -> None:
    assert not passed(replace(a.subtitles().track, cues=10, hurried=1))["hurried_cue_share"]


def test_a_rung_that_lost_its_picture_for_long_fails_and_a_copy_is_not_asked() -> None:
    assert failed(a.rendition(lost_seconds=2.0)) == ["lost_picture_seconds"]
    assert failed(a.rendition(lost_seconds=0.6)) == []
    assert "lost_picture_seconds" not in {c.name for c in quality.rendition(a.rendition(), a.source(), None)}
