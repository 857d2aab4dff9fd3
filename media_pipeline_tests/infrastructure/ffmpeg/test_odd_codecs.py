"""HEVC and AV1 rungs of odd pictures: as many frames as the H.264 one, keyframes where it has them, and right tags."""

from pathlib import Path

import pytest

from media_pipeline.application.ports.tools import EncodedVideo
from media_pipeline_tests.builders import rung
from media_pipeline_tests.infrastructure.ffmpeg import plays
from media_pipeline_tests.infrastructure.ffmpeg.odd import COLOUR, GEOMETRY, INPUTS, TIME, Odd, patches

pytestmark = pytest.mark.slow

PRESETS = {"h264": "ultrafast", "hevc": "ultrafast", "av1": "12"}
TAGS = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}
LONG = Odd("sixty-long.mp4", f"{patches(5, '60000/1001', '90x160')} {INPUTS['x']}")
NAMES = ("portrait.mp4", "turned-90.mp4", "odd-size.mkv", "hdr10.mp4", "sixty.mkv", "slower.mp4", "one-frame.mp4")
TINY = [odd for odd in GEOMETRY if odd.name in {"one-pixel.mkv", "three-by-five.mkv", "ribbon.mp4"}]
ODDS = [LONG, *(odd for odd in (*GEOMETRY, *COLOUR, *TIME) if odd.name in NAMES)]


@pytest.mark.parametrize("odd", ODDS, ids=lambda o: o.name)
def test_every_codec_makes_the_same_of_an_odd_picture(odd: Odd, tmp_path: Path) -> None:
    videos = encoded(odd, tmp_path)
    facts = [plays.probe(video.path) for video in videos]
    assert sorted(f["codec_tag_string"] for f in facts) == sorted(TAGS.values())
    assert len({video.keyframes for video in videos}) == 1
    assert len({video.frames for video in videos}) == 1
    assert {(f["width"], f["height"], f["pix_fmt"], f["color_space"]) for f in facts} == {
        (facts[0]["width"], facts[0]["height"], "yuv420p", "bt709")
    }
    assert {video.lost_seconds for video in videos} == {0}


@pytest.mark.parametrize("odd", TINY, ids=lambda o: o.name)
def test_a_picture_too_small_for_newer_codecs_is_h264_alone(odd: Odd, tmp_path: Path) -> None:
    (video,) = encoded(odd, tmp_path)
    assert (plays.probe(video.path)["codec_tag_string"], video.frames) == ("avc1", 25)


def encoded(odd: Odd, directory: Path) -> list[EncodedVideo]:
    scratch = directory / "scratch"
    scratch.mkdir()
    rungs = [rung(360, codec, codec=codec, preset=preset) for codec, preset in PRESETS.items()]
    return plays.played(odd.make(directory), scratch, rungs).videos
