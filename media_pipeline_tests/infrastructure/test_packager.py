"""What Shaka Packager and we make of real renditions, judged by parsers and readers that are not ours."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import m3u8
import pytest
from mpegdash.parser import MPEGDASHParser

from media_pipeline.application.ports.tools import PackagingInput
from media_pipeline.domain.errors import Unavailable
from media_pipeline.infrastructure.packager import ShakaPackager
from media_pipeline.infrastructure.sandbox.proof import in_force
from media_pipeline_tests import builders as a
from media_pipeline_tests import media
from media_pipeline_tests.published import Published, published

pytestmark = pytest.mark.slow

SECONDS, RATE, LONGER_SOUND = 9.0, 25, 10.5
END = 10.52
"""The last frame stands still and the shorter sounds are silent until the longest one is over, to the next frame."""
RUNGS = [a.rung(360, preset="ultrafast"), a.rung(180, preset="ultrafast")]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Two rungs; three sounds, of which two are English and one is longer than the picture; scripted subtitles."""
    speech = "volume=0:enable='lt(mod(t\\,2)\\,0.4)'"
    sound = [f"sine=frequency={hertz}:duration={seconds},{speech}" for hertz, seconds in
             ((440, LONGER_SOUND), (550, SECONDS), (660, SECONDS))]  # fmt: skip
    inputs = [word for source in sound for word in ("-f", "lavfi", "-i", source)]
    languages = [f"-metadata:s:a:{i} language={code}" for i, code in enumerate(("eng", "ger", "eng"))]
    return made(
        tmp_path_factory.mktemp("film"), "clip.mp4", *media.picture(SECONDS, "640x360", str(RATE)), *inputs,
        *[word for i in range(4) for word in ("-map", str(i))], *" ".join(languages).split(), *media.h264(),
        "-c:a", "aac",
    )  # fmt: skip


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Sound alone, in two languages."""
    return made(
        tmp_path_factory.mktemp("talk"), "talk.m4a", *media.tone(5), *media.tone(5), "-map", "0", "-map", "1",
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra", "-c:a", "aac",
    )  # fmt: skip


def made(root: Path, name: str, *arguments: str) -> Published:
    (root / "uploads").mkdir()
    return published(root / "made", media.make(root / "uploads" / name, *arguments), RUNGS, quality=None)


def probed(path: Path, *more: str) -> list[dict[str, Any]]:
    argv = [media.settings().ffprobe_path, "-v", "error", "-show_streams", *more, "-of", "json", str(path)]
    streams: list[dict[str, Any]] = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)["streams"]
    return streams


def decoded(manifest: Path, stream: str) -> tuple[int, float]:
    """Frames, and seconds at which the last one ends, of one stream read through a manifest to its end by ffmpeg."""
    argv = [
        media.settings().ffmpeg_path, "-nostdin", "-v", "error", "-xerror", "-i", str(manifest), "-map", stream,
        "-copyts", "-fps_mode", "passthrough", "-f", "framecrc", "-",
    ]  # fmt: skip
    lines = subprocess.run(argv, capture_output=True, check=True, text=True).stdout.splitlines()
    base = Fraction(next(line.split(": ")[1] for line in lines if line.startswith("#tb")))
    frames = [line.split(",") for line in lines if not line.startswith("#")]
    return len(frames), float((int(frames[-1][2]) + int(frames[-1][3])) * base)


def test_the_master_names_everything_with_its_measures(film: Published) -> None:
    master = m3u8.load(str(film.hls))
    assert master.is_independent_segments
    assert [p.stream_info.resolution for p in master.playlists] == [(640, 360), (320, 180)]
    for playlist in master.playlists:
        info = playlist.stream_info
        assert info.codecs.startswith("avc1.")
        assert info.codecs.endswith("mp4a.40.2")
        assert (info.frame_rate, info.video_range, info.closed_captions) == (25.0, "SDR", "NONE")
        assert (info.audio, info.subtitles) == ("audio", "subtitles")
    sounds = [m for m in master.media if m.type == "AUDIO"]
    assert [(m.language, m.name, m.default, m.channels) for m in sounds] == [
        ("en", "English", "YES", "2"), ("de", "Deutsch", "NO", "2"), ("en", "English 2", "NO", "2"),
    ]  # fmt: skip
    assert [(m.language, m.name, m.autoselect) for m in master.media if m.type == "SUBTITLES"] == [
        ("en", "English", "YES")
    ]
    assert len(master.iframe_playlists) == 2


def test_bandwidths_are_what_the_segments_weigh(film: Published) -> None:
    master = m3u8.load(str(film.hls))

    def weighed(uri: str) -> tuple[float, float]:
        segments = m3u8.load(str(film.hls.parent / uri)).segments
        sizes = [int(s.byterange.split("@")[0]) * 8 for s in segments]
        whole = [size / s.duration for size, s in zip(sizes, segments, strict=True) if s.duration > 3]
        return max(whole), sum(sizes) / sum(s.duration for s in segments)

    sound = [weighed(m.uri) for m in master.media if m.type == "AUDIO"]
    for playlist in master.playlists:
        peak, average = weighed(playlist.uri)
        info = playlist.stream_info
        assert info.bandwidth == pytest.approx(peak + max(s[0] for s in sound), rel=0.02)
        assert info.average_bandwidth == pytest.approx(average + max(s[1] for s in sound), rel=0.02)


def test_segments_keep_their_target_and_begin_together(film: Published) -> None:
    master = m3u8.load(str(film.hls))
    playlists = [m3u8.load(str(film.hls.parent / p.uri)) for p in master.playlists]
    for playlist in playlists:
        assert playlist.is_endlist
        assert playlist.playlist_type == "vod"
        assert all(round(s.duration) <= playlist.target_duration for s in playlist.segments)
    assert [[s.duration for s in p.segments] for p in playlists] == [[4, 4, 2.52]] * 2
    frames = m3u8.load(str(film.hls.parent / master.iframe_playlists[0].uri))
    assert frames.is_i_frames_only
    assert all(c.passed for c in film.manifest.checks)
    assert {p.tool.rpartition(" ")[2] for p in film.manifest.provenance if p.output == "stream"} == {
        f"({in_force().mode})"
    }


def test_every_segment_begins_with_a_closed_group(film: Published) -> None:
    """The first frame that is shown of a segment is its keyframe, and none before it is shown after."""
    master = m3u8.load(str(film.hls))
    playlist = m3u8.load(str(film.hls.parent / master.playlists[0].uri))
    file = film.hls.parent / Path(master.playlists[0].uri).parent / playlist.segments[0].uri
    argv = [media.settings().ffprobe_path, "-v", "error", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"]
    rows = subprocess.run([*argv, str(file)], capture_output=True, check=True, text=True).stdout.split()
    packets = [(float(row.split(",")[0]), "K" in row.split(",")[1]) for row in rows]
    keys = [i for i, (_, key) in enumerate(packets) if key]
    assert {0.0, 4.0, 8.0} <= {packets[i][0] for i in keys}
    for i in keys:
        assert all(at < packets[i][0] for at, _ in packets[:i])
        assert all(at > packets[i][0] for at, _ in packets[i + 1 :])


def test_the_mpd_names_everything_once(film: Published) -> None:
    mpd = MPEGDASHParser.parse(str(film.dash))
    assert (mpd.type, mpd.media_presentation_duration) == ("static", f"PT{END:.3f}S")
    assert "isoff-on-demand" in mpd.profiles
    sets = mpd.periods[0].adaptation_sets
    assert sorted((s.content_type, s.lang or "", len(s.representations)) for s in sets) == [
        ("audio", "de", 1), ("audio", "en", 1), ("audio", "en", 1), ("text", "en", 1), ("video", "", 2),
    ]  # fmt: skip
    assert sets[-1].representations[0].codecs == "wvtt"
    for one in (r for s in sets for r in s.representations):
        assert (film.dash.parent / one.base_urls[0].base_url_value).is_file()


@pytest.mark.parametrize("name", ["hls", "dash"])
def test_ffmpeg_reads_every_frame_and_every_sound_through_both(name: str, film: Published) -> None:
    manifest: Path = getattr(film, name)
    for rung in range(2):
        assert decoded(manifest, f"0:v:{rung}") == (END * RATE, END)
    for track in range(3):
        assert decoded(manifest, f"0:a:{track}")[1] == pytest.approx(END, abs=0.04)


def test_ffprobe_finds_every_stream_of_the_hls(film: Published) -> None:
    streams = probed(film.hls, "-allowed_extensions", "ALL")
    assert sorted(s["codec_name"] for s in streams) == ["aac", "aac", "aac", "h264", "h264", "webvtt"]
    starts = [float(s["start_time"]) for s in streams]
    assert max(starts) - min(starts) < 0.04


def test_sound_alone_is_one_variant_with_its_languages(talk: Published) -> None:
    master = m3u8.load(str(talk.hls))
    assert [p.stream_info.codecs for p in master.playlists] == ["mp4a.40.2"]
    assert [(m.language, m.name) for m in master.media] == [("en", "English"), ("fr", "Français")]
    for manifest in (talk.hls, talk.dash):
        for track in range(2):
            assert decoded(manifest, f"0:a:{track}")[1] == pytest.approx(5, abs=0.04)
    assert all(c.passed for c in talk.manifest.checks)


@pytest.mark.parametrize("seconds", [0.04, pytest.param(0.52, marks=pytest.mark.slow)])
def test_the_shortest_clips_keep_the_rules(seconds: float, tmp_path: Path) -> None:
    clip = made(tmp_path, "clip.mp4", *media.picture(seconds, "640x360"), *media.h264())
    assert all(c.passed for c in clip.manifest.checks)
    # Through HLS alone: ffmpeg's DASH reader reads a file of one fragment twice.
    assert decoded(clip.hls, "0:v:0") == (round(seconds * RATE), seconds)


def test_a_rendition_that_is_none_is_our_fault(tmp_path: Path) -> None:
    broken = tmp_path / "in.mp4"
    broken.write_bytes(b"not a video")
    track = PackagingInput(broken, "video", "video-1", "", "", default=False)
    with pytest.raises(Unavailable, match="could not be packaged"):
        ShakaPackager(media.settings().packager_path).package([track], segment_seconds=4, scratch=tmp_path)
