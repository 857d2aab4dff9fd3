"""Checks of subtitles: what is measured, and what fails."""

from dataclasses import replace

from media_pipeline.domain import quality
from media_pipeline.domain.results import SubtitleTrack
from media_pipeline_tests import builders as a


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
