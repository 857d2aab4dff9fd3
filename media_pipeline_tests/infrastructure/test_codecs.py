"""HEVC and AV1 rungs beside H.264: what the playlists call them, that they switch, and that others read them."""

from pathlib import Path

import m3u8
import pytest
from mpegdash.parser import MPEGDASHParser

from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.infrastructure.test_packager import decoded, probed
from media_pipeline_tests.published import Published, published

pytestmark = pytest.mark.slow

SECONDS, RATE = 5.0, 25
PRESETS = {"h264": "ultrafast", "hevc": "ultrafast", "av1": "12"}
NAMES = {"h264": "avc1.", "hevc": "hvc1.", "av1": "av01."}


@pytest.fixture(scope="module", params=[False, True], ids=["encoded", "passed through"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Two sizes in each codec; of a source that may be one of them, with keyframes where no recipe has them."""
    root = tmp_path_factory.mktemp("codecs")
    (root / "uploads").mkdir()
    clip = media.make(
        root / "uploads" / "clip.mp4", *media.picture(SECONDS, "320x180", str(RATE)), *media.tone(SECONDS),
        *media.h264("-g", "40", "-sc_threshold", "0", "-crf", "30", "-color_primaries", "bt709", "-color_trc", "bt709"),
        "-colorspace", "bt709", "-c:a", "aac",
    )  # fmt: skip
    rungs = [
        a.rung(side, f"{side}p-{codec}", codec=codec, crf=30, preset=preset)
        for codec, preset in PRESETS.items()
        for side in (180, 90)
    ]
    return published(root / "made", clip, rungs, quality=None, passthrough=request.param)


def test_each_rung_is_called_by_its_codec(film: Published) -> None:
    master = m3u8.load(str(film.hls))
    named = [(p.stream_info.resolution, p.stream_info.codecs) for p in master.playlists]
    for side in (180, 90):
        codecs = [codecs.split(",") for size, codecs in named if size[1] == side]
        assert sorted(video.split(".")[0] + "." for video, _ in codecs) == sorted(NAMES.values())
        assert {sound for _, sound in codecs} == {"mp4a.40.2"}
    assert all(p.stream_info.video_range == "SDR" for p in master.playlists)
    assert all(c.passed for c in film.manifest.checks)
    assert film.manifest.schema_version == "1.0"
    through = [p.output for p in film.manifest.provenance if "passed through" in p.tool]
    assert through in ([], ["transcodes/180p-h264"])


def test_the_mpd_has_a_set_for_each_codec_that_can_be_switched(film: Published) -> None:
    mpd = MPEGDASHParser.parse(str(film.dash))
    sets = [s for s in mpd.periods[0].adaptation_sets if s.content_type == "video"]
    found = {}
    for one in sets:
        (name,) = {next(n for n in NAMES.values() if r.codecs.startswith(n)) for r in one.representations}
        found[name] = sorted(r.height for r in one.representations)
    assert found == {name: [90, 180] for name in NAMES.values()}
    ids = {one.id for one in sets}
    text = film.dash.read_text()
    assert text.count("urn:mpeg:dash:adaptation-set-switching:2016") == len(ids)


def test_segments_of_all_codecs_begin_together(film: Published) -> None:
    master = m3u8.load(str(film.hls))
    edges = [[s.duration for s in m3u8.load(str(film.hls.parent / p.uri)).segments] for p in master.playlists]
    assert len(edges) == 6
    assert all(one == edges[0] for one in edges)


def test_ffprobe_and_ffmpeg_read_every_rung(film: Published) -> None:
    master = m3u8.load(str(film.hls))
    for playlist in master.playlists:
        file = film.hls.parent / Path(playlist.uri).with_suffix(".mp4")
        (stream,) = probed(file)
        tag = playlist.stream_info.codecs.split(".")[0]
        assert stream["codec_tag_string"] == tag
        assert decoded(film.hls.parent / playlist.uri, "0:v:0") == (SECONDS * RATE, SECONDS)
