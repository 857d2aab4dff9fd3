"""The MediaTool adapter over real files: what it measures is what is there."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from media_pipeline.application.ports.tools import EncodedAudio, EncodedVideo
from media_pipeline.domain.errors import BadMedia, Cancelled, RejectionCode
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import ladder
from media_pipeline_tests import media
from media_pipeline_tests.builders import AAC, CMAF, rung

RUNGS = [rung(120), rung(240)]


def placed(scratch: Path, file: Path) -> Path:
    link = scratch / "source"
    link.symlink_to(file)
    return link


def probed(scratch: Path, file: Path) -> MediaInfo:
    return media.tool().probe(placed(scratch, file))


def encoded(scratch: Path, file: Path) -> tuple[list[EncodedVideo], list[EncodedAudio]]:
    info = probed(scratch, file)
    plans = ladder(info.video, RUNGS) if info.video else ()
    return media.tool().encode(
        scratch / "source", info, plans, info.audio, audio=AAC, stream=CMAF, scratch=scratch, progress=lambda _: None
    )


def refusal(scratch: Path, file: Path) -> RejectionCode:
    with pytest.raises(BadMedia) as refused:
        probed(scratch, file)
    assert str(scratch) not in refused.value.message
    return refused.value.code


def test_a_probe_tells_what_a_viewer_sees(tmp_path: Path, scratch: Path) -> None:
    info = probed(scratch, media.clip(tmp_path / "a.mp4"))
    assert info.video is not None
    assert (info.video.display_width, info.video.display_height) == (320, 240)
    assert info.video.frame_rate == Fraction(25)
    assert info.duration_seconds == pytest.approx(2, abs=0.05)
    assert info.demuxer == "mov"
    assert len(info.audio) == 1


def test_every_frame_is_encoded_and_every_rung_has_its_keyframes_at_the_same_instants(
    tmp_path: Path, scratch: Path
) -> None:
    videos, sounds = encoded(scratch, media.clip(tmp_path / "a.mp4", 5))
    assert [v.frames for v in videos] == [125, 125]
    assert [v.keyframes for v in videos] == [(0.0, 2.0, 4.0)] * 2
    assert sounds[0].duration_seconds == pytest.approx(5, abs=0.05)


@pytest.mark.parametrize(("suffix", "late"), [("mkv", 0), ("mp4", 0), ("mkv", 5), ("mka", 0)])
def test_chapters_are_told_on_the_medias_clock(tmp_path: Path, scratch: Path, suffix: str, late: float) -> None:
    spans = [(0, 1500), (1500, 4000), (4000, 360_000_000)]
    notes = tmp_path / "notes.txt"
    told = (f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={a}\nEND={b}\ntitle=SECRET\n" for a, b in spans)
    notes.write_text(";FFMETADATA1\n" + "".join(told))
    picture = [] if suffix == "mka" else [*media.picture(6), *media.h264()]
    file = media.make(
        tmp_path / f"a.{suffix}", *media.tone(6), "-i", str(notes), *picture, "-map_chapters", "1",
        "-output_ts_offset", str(late), "-c:a", "aac",
    )  # fmt: skip
    found = [(c.start, c.end) for c in probed(scratch, file).chapters]
    assert found == [pytest.approx(span, abs=0.05) for span in [(0, 1.5), (1.5, 4), (4, 6)]]


@pytest.mark.parametrize("volume", [0.01, 0.9])
def test_quiet_and_loud_sound_comes_out_at_the_same_loudness(tmp_path: Path, scratch: Path, volume: float) -> None:
    file = media.make(tmp_path / "a.wav", *media.tone(4, volume))
    _, sounds = encoded(scratch, file)
    assert sounds[0].loudness_lufs == pytest.approx(-16, abs=1)
    assert sounds[0].true_peak_dbtp is not None
    assert sounds[0].true_peak_dbtp <= -1


def test_sharp_peaks_are_held_below_the_ceiling(tmp_path: Path, scratch: Path) -> None:
    clicks = "aevalsrc='0.02*sin(440*2*PI*t)+if(lt(mod(t,1),0.001),0.9,0)':d=6:s=48000"
    _, sounds = encoded(scratch, media.make(tmp_path / "a.wav", "-f", "lavfi", "-i", clicks))
    assert sounds[0].true_peak_dbtp is not None
    assert sounds[0].true_peak_dbtp <= -1


def test_silence_stays_silent(tmp_path: Path, scratch: Path) -> None:
    file = media.make(tmp_path / "a.mp4", *media.picture(), *media.silence(), *media.h264(), "-c:a", "aac")
    _, sounds = encoded(scratch, file)
    assert sounds[0].loudness_lufs is None


def test_a_storyboard_comes_from_keyframes_in_order(tmp_path: Path, scratch: Path) -> None:
    file = media.make(tmp_path / "a.mp4", *media.picture(6), *media.h264("-g", "25"))
    info = probed(scratch, file)
    tiles = media.tool().keyframe_tiles(scratch / "source", info, interval_seconds=1, width=160, scratch=scratch)
    assert [round(t.at, 1) for t in tiles] == [0, 1, 2, 3, 4, 5]
    assert {(t.width, t.height, len(t.rgb)) for t in tiles} == {(160, 120, 160 * 120 * 3)}


def test_looking_finds_the_cut(tmp_path: Path, scratch: Path) -> None:
    graph = "color=red:s=320x240:d=2:r=25[a];testsrc2=s=320x240:d=2:r=25[b];[a][b]concat=n=2:v=1"
    file = media.make(tmp_path / "a.mp4", "-f", "lavfi", "-i", graph, *media.h264())
    info = probed(scratch, file)
    frames, cuts = media.tool().look(
        scratch / "source", info, every_seconds=1, width=640, scratch=scratch, progress=lambda _: None
    )
    assert [round(f.at) for f in frames] == [0, 1, 2, 3]
    assert cuts == [pytest.approx(2, abs=0.05)]


def test_speech_is_16_khz_mono(tmp_path: Path, scratch: Path) -> None:
    info = probed(scratch, media.clip(tmp_path / "a.mp4"))
    pcm = media.tool().speech(scratch / "source", info, info.audio[0], scratch=scratch)
    assert pcm.stat().st_size == pytest.approx(2 * 16000 * 2, rel=0.03)


def test_no_title_or_place_of_the_source_is_in_any_output(tmp_path: Path, scratch: Path) -> None:
    marks = [
        "-metadata",
        "title=SECRETTITLE",
        "-metadata",
        "location=+48.85+002.35/",
        "-metadata:s:v",
        "handler=SECRET",
    ]
    videos, sounds = encoded(scratch, media.clip(tmp_path / "a.mp4", 2, "320x240", *marks))
    for path in [v.path for v in videos] + [s.path for s in sounds]:
        data = path.read_bytes()
        assert b"SECRET" not in data
        assert b"48.85" not in data


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.mp4", b"hello, I am a text file\n" * 50, RejectionCode.NOT_MEDIA),
        ("a.mp4", bytes(range(256)) * 400, RejectionCode.NOT_MEDIA),
        ("a.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n/etc/passwd\n", RejectionCode.FORMAT_NOT_ALLOWED),
        ("a.mp4", b"ffconcat version 1.0\nfile '/etc/passwd'\n", RejectionCode.FORMAT_NOT_ALLOWED),
        ("a.mp4", b'<?xml version="1.0"?>\n<MPD></MPD>', RejectionCode.FORMAT_NOT_ALLOWED),
        ("a.mp4", b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02"
         b"\x02D\x01\x00;", RejectionCode.FORMAT_NOT_ALLOWED),
    ],
)  # fmt: skip
def test_content_decides_what_is_refused(
    tmp_path: Path, scratch: Path, name: str, content: bytes, code: RejectionCode
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert refusal(scratch, file) is code


def test_a_file_without_picture_and_sound_is_refused(tmp_path: Path, scratch: Path) -> None:
    words = tmp_path / "a.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    assert refusal(scratch, media.make(tmp_path / "a.mkv", "-i", str(words))) is RejectionCode.NO_AV_STREAM


def test_a_file_whose_index_never_came_is_truncated(tmp_path: Path, scratch: Path) -> None:
    whole = media.clip(tmp_path / "a.mp4", 4)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert refusal(scratch, cut) is RejectionCode.TRUNCATED


@pytest.mark.parametrize(("codec", "preset", "tag"), [("hevc", "ultrafast", "hvc1"), ("av1", "12", "av01")])
def test_every_codec_has_its_keyframes_where_h264_has_them(
    tmp_path: Path, scratch: Path, codec: str, preset: str, tag: str
) -> None:
    clip = media.make(tmp_path / "a.mp4", *media.picture(5, "320x180", "30000/1001"), *media.h264())
    info = probed(scratch, clip)
    assert info.video is not None
    rungs = [
        rung(180),
        rung(180, codec, codec=codec, preset=preset, crf=35),
        rung(90, f"{codec}-90", codec=codec, preset=preset),
    ]
    plans = ladder(info.video, rungs)
    videos, _ = media.tool().encode(
        scratch / "source", info, plans, (), audio=AAC, stream=CMAF, scratch=scratch, progress=lambda _: None
    )
    assert [v.frames for v in videos] == [150] * 3
    assert {v.keyframes for v in videos} == {(0.0, 2.002, 4.004)}
    tags = {p.rung.name: stream_tag(v.path) for p, v in zip(plans, videos, strict=True)}
    assert tags == {"180p": "avc1", codec: tag, f"{codec}-90": tag}


def stream_tag(path: Path) -> str:
    words = ["-v", "error", "-show_entries", "stream=codec_tag_string", "-of", "csv=p=0", str(path)]
    return subprocess.run(
        [media.settings().ffprobe_path, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_a_rendition_that_shows_something_else_is_seen_in_its_worst_frame(tmp_path: Path, scratch: Path) -> None:
    clip = media.make(tmp_path / "a.mp4", *media.picture(4, "320x180"), *media.h264())
    info = probed(scratch, clip)
    assert info.video is not None
    plans = ladder(info.video, [rung(180), rung(90)])
    passages = [range(20, 30), range(70, 80)]
    videos, _ = media.tool().encode(
        scratch / "source", info, plans, (), audio=AAC, stream=CMAF, set_aside=passages, scratch=scratch,
        progress=lambda _: None,
    )  # fmt: skip
    good = media.tool().likeness(info, plans, videos, passages=passages, scratch=scratch)
    assert all(found and found.vmaf_mean > 75 and found.psnr_worst > 30 for found in good), good
    black = "drawbox=color=black:t=fill:enable='gte(t,3)'"
    media.make(scratch / "v1.mp4", *media.picture(4, "320x180"), "-vf", f"{black},scale=160:90", *media.h264())
    same, other = media.tool().likeness(info, plans, videos, passages=passages, scratch=scratch)
    assert same == good[0]
    assert other is not None
    assert other.psnr_worst < 20
    assert other.vmaf_p5 < 20


def test_a_picture_too_small_to_judge_is_not_judged(tmp_path: Path, scratch: Path) -> None:
    clip = media.make(tmp_path / "a.mp4", *media.picture(1, "16x16"), *media.h264())
    info = probed(scratch, clip)
    assert info.video is not None
    plans = ladder(info.video, [rung(90)])
    videos, _ = media.tool().encode(
        scratch / "source", info, plans, (), audio=AAC, stream=CMAF, set_aside=[range(20)], scratch=scratch,
        progress=lambda _: None,
    )  # fmt: skip
    assert media.tool().likeness(info, plans, videos, passages=[range(20)], scratch=scratch) == [None]


def test_a_preview_shows_its_passages_one_after_the_other_and_loops(tmp_path: Path, scratch: Path) -> None:
    colours = [
        word
        for name in ("red", "lime", "blue")
        for word in ("-f", "lavfi", "-i", f"color={name}:size=640x360:duration=4")
    ]
    joined = ["-filter_complex", "[0][1][2]concat=n=3", *media.h264("-g", "50")]
    info = probed(scratch, media.make(tmp_path / "a.mp4", *colours, *joined))
    preview = media.tool().preview(
        scratch / "source", info, starts=[1.0, 5.0, 9.0], seconds=0.5, rate=8, width=320, scratch=scratch
    )
    with Image.open(preview) as moving:
        assert moving.size == (320, 180)
        assert moving.info["loop"] == 0
        pixels = [
            frame.convert("RGB").tobytes()[3 * (90 * 320 + 160) :][:3] for frame in ImageSequence.Iterator(moving)
        ]
    names = ["rgb"[max(range(3), key=lambda i: p[i])] for p in pixels]
    assert "".join(dict.fromkeys(names)) == "rgb"


def test_a_cancelled_job_stops_the_encoder(tmp_path: Path, scratch: Path) -> None:
    info = probed(scratch, media.clip(tmp_path / "a.mp4", 5, "640x360"))
    assert info.video is not None

    def stop(_: float) -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        media.tool().encode(
            scratch / "source", info, ladder(info.video, [rung(720, preset="veryslow")]), (), audio=AAC, stream=CMAF,
            scratch=scratch, progress=stop,
        )  # fmt: skip
