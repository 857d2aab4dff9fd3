"""A picture in parts, joined, beside the same picture in one piece: real files through the real tool."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import psutil
import pytest

from media_pipeline.application.ports.tools import EncodedVideo, Progress
from media_pipeline.cli import demo
from media_pipeline.domain.chunks import Chunk, ChunkOrder, Cutting, cut, grid, uncuttable
from media_pipeline.domain.errors import BadMedia, Cancelled, Unavailable
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import PlannedRendition, ladder, output_rate
from media_pipeline.infrastructure.chunk_pool import ChunkPool
from media_pipeline_tests import media
from media_pipeline_tests.builders import AAC, CMAF, rung

RUNGS = [rung(48, preset="ultrafast"), rung(96, preset="ultrafast")]
CUTTING = Cutting(above_seconds=2, seconds=3)
BITS = 12
"""A frame says its number in bars, white for one: whatever encoders do to it, it can be read."""
NUMBERED = f"geq=lum='255*mod(floor(N/pow(2,floor(X*{BITS}/W))),2)':cb=128:cr=128"
OPEN_GOPS = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "4", "-x264-params",
             "open-gop=1:keyint=40:min-keyint=40:scenecut=0")  # fmt: skip
LEANING = (*OPEN_GOPS[:-1], "open-gop=1:keyint=61:min-keyint=61:scenecut=0:bframes=8:b-adapt=0:b-pyramid=none")
"""The second chunk begins among the frames that come before a keyframe and are decoded behind it."""


def numbered(to: Path, seconds: float, rate: str, *encoder: str) -> Path:
    picture = ["-f", "lavfi", "-i", f"color=size=192x96:rate={rate}:duration={seconds},{NUMBERED},format=yuv420p"]
    return media.make(to, *picture, *(encoder or media.h264("-g", "40")))


def numbers(video: Path) -> list[int]:
    """What each decoded frame says its number is."""
    argv = [media.settings().ffmpeg_path, "-nostdin", "-v", "error", "-threads", "1", "-i", str(video), "-vf",
            f"scale={BITS}:1:flags=area,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]  # fmt: skip
    pixels = np.frombuffer(subprocess.check_output(argv, stdin=subprocess.DEVNULL), np.uint8).reshape(-1, BITS)
    return [int(n) for n in (pixels > 127) @ (2 ** np.arange(BITS))]


def probed(scratch: Path, clip: Path) -> tuple[MediaInfo, tuple[PlannedRendition, ...]]:
    (scratch / "source").symlink_to(clip)
    info = media.tool().probe(scratch / "source")
    assert info.video is not None
    return info, ladder(info.video, RUNGS)


def chunks_of(info: MediaInfo, cutting: Cutting = CUTTING, gop: float = CMAF.gop_seconds) -> tuple[Chunk, ...]:
    assert info.video is not None
    rate = output_rate(info.video)
    keyframes = grid(info.video.end_seconds, rate=rate, gop_seconds=gop)
    return cut(keyframes, rate=rate, seconds=info.video.end_seconds, cutting=cutting)


def joined(
    scratch: Path, info: MediaInfo, plans: Sequence[PlannedRendition], chunks: Sequence[Chunk], gop: float | None = 2.0
) -> list[EncodedVideo]:
    directories: list[Path] = []
    for chunk in reversed(chunks):  # in whatever order
        own = scratch / f"chunk-{chunk.number}"
        own.mkdir()
        (own / "source").symlink_to((scratch / "source").resolve())
        files = media.tool().encode_chunk(
            own / "source", info, plans, chunk, gop_seconds=gop, scratch=own, progress=lambda _: None
        )
        assert {file.parent for file in files} == {own}
        directories.insert(0, own)
    return media.tool().join_chunks(info, plans, directories, scratch=scratch)


def whole(scratch: Path, info: MediaInfo, plans: Sequence[PlannedRendition]) -> list[EncodedVideo]:
    videos, _ = media.tool().encode(
        scratch / "source", info, plans, (), audio=AAC, stream=CMAF, scratch=scratch, progress=lambda _: None
    )
    return [replace(v, path=v.path.rename(v.path.with_name(f"whole-{v.path.name}"))) for v in videos]


def rate_of(info: MediaInfo) -> Fraction:
    """Frames of the source for each one of the output."""
    assert info.video is not None
    return info.video.frame_rate / output_rate(info.video)


def packets(video: Path) -> list[tuple[int, int, str]]:
    argv = [media.settings().ffprobe_path, "-v", "error", "-show_entries", "packet=pts,dts,flags", "-of", "csv=p=0"]
    rows = (row.split(",") for row in subprocess.check_output([*argv, str(video)], text=True).split())
    return [(int(row[0]), int(row[1]), row[2]) for row in rows]


SLOW = pytest.mark.slow
LATE = (*OPEN_GOPS, "-output_ts_offset", "7.3")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-g", "70")


@pytest.mark.parametrize(
    ("name", "rate", "encoder"),
    [
        pytest.param("open.mkv", "25", OPEN_GOPS, id="open GOPs, times in milliseconds"),
        pytest.param("ntsc.mp4", "30000/1001", LEANING, id="29.97, among leading frames", marks=SLOW),
        pytest.param("film.mp4", "24000/1001", (), id="23.976", marks=SLOW),
        pytest.param("twice.mp4", "120", (), id="every second frame", marks=SLOW),
        pytest.param("late.mkv", "25", LATE, id="a clock that begins late", marks=SLOW),
        pytest.param("late.mp4", "25", LATE, id="an edit list", marks=SLOW),
        pytest.param("hevc.mp4", "50", HEVC, id="HEVC with open GOPs", marks=SLOW),
        pytest.param("vp9.mkv", "30", VP9, id="VP9", marks=SLOW),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_no_frame_is_lost_or_doubled_or_out_of_place(
    tmp_path: Path, scratch: Path, name: str, rate: str, encoder: tuple[str, ...]
) -> None:
    info, plans = probed(scratch, numbered(tmp_path / name, 10, rate, *encoder))
    assert uncuttable(info, plans) is None
    chunks = chunks_of(info)
    assert len(chunks) == 3
    one = whole(scratch, info, plans)
    made = joined(scratch, info, plans, chunks)
    for video, like in zip(made, one, strict=True):
        assert replace(video, path=like.path, parts=1) == like
        assert numbers(like.path) == [round(i * rate_of(info)) for i in range(like.frames)]
        assert numbers(video.path) == numbers(like.path)
        assert packets(video.path) == packets(like.path)
    assert made[0].keyframes == made[1].keyframes


@pytest.mark.slow
def test_at_the_sources_own_keyframes_too(tmp_path: Path, scratch: Path) -> None:
    info, plans = probed(scratch, numbered(tmp_path / "a.mp4", 8, "25", *media.h264("-g", "70")))
    own, copy = media.tool().copy(scratch / "source", info, scratch=scratch, progress=lambda _: None)
    assert own.keyframes == copy.refreshes == (0.0, 2.8, 5.6)
    frames = [round(at * 25) for at in own.keyframes]
    chunks = cut(frames, rate=Fraction(25), seconds=8, cutting=Cutting(2, 2))
    made = joined(scratch, info, plans, chunks, gop=None)
    assert [v.keyframes for v in made] == [own.keyframes] * 2
    assert numbers(made[0].path) == list(range(200))


def test_parts_of_different_encoders_are_not_joined(tmp_path: Path, scratch: Path) -> None:
    info, plans = probed(scratch, numbered(tmp_path / "a.mp4", 4, "25"))
    for number, preset in enumerate(("ultrafast", "veryfast")):
        own = scratch / str(number)
        own.mkdir()
        (own / "source").symlink_to((scratch / "source").resolve())
        other = [replace(plan, rung=replace(plan.rung, preset=preset)) for plan in plans]
        chunk = (Chunk(0, 0, 50, 0), Chunk(1, 50, None, 1))[number]
        media.tool().encode_chunk(
            own / "source", info, other, chunk, gop_seconds=2, scratch=own, progress=lambda _: None
        )
    with pytest.raises(Unavailable, match="do not fit"):
        media.tool().join_chunks(info, plans, [scratch / "0", scratch / "1"], scratch=scratch)


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "preset"), [("hevc", "ultrafast"), ("av1", "10")])
def test_parts_of_other_codecs_join_as_well(
    tmp_path: Path, scratch: Path, codec: Literal["hevc", "av1"], preset: str
) -> None:
    info, _ = probed(scratch, numbered(tmp_path / "a.mp4", 8, "25", *OPEN_GOPS))
    plans = [PlannedRendition(rung(96, codec=codec, preset=preset, crf=20), 192, 96)]
    (like,) = whole(scratch, info, plans)
    (made,) = joined(scratch, info, plans, chunks_of(info))
    assert replace(made, path=like.path, parts=1) == like
    assert numbers(made.path) == list(range(200))


def test_what_is_set_aside_is_what_an_encode_sets_aside(tmp_path: Path, scratch: Path) -> None:
    info, plans = probed(scratch, numbered(tmp_path / "a.mkv", 6, "25", *LEANING))
    passages = [range(0, 5), range(70, 80), range(120, 130)]
    media.tool().encode(
        scratch / "source", info, plans, (), audio=AAC, stream=CMAF, set_aside=passages, scratch=scratch,
        progress=lambda _: None,
    )  # fmt: skip
    expected = numbers((scratch / "reference.nut").rename(scratch / "expected.nut"))
    media.tool().set_aside(scratch / "source", info, plans[0], passages, scratch=scratch)
    assert numbers(scratch / "reference.nut") == expected == [n for p in passages for n in p]


def test_a_part_of_which_too_little_is_there_is_refused(tmp_path: Path, scratch: Path) -> None:
    info, plans = probed(scratch, numbered(tmp_path / "a.mp4", 4, "25"))
    for beyond in (Chunk(1, 50, 150, 1), Chunk(2, 150, None, 3)):
        with pytest.raises(BadMedia):
            media.tool().encode_chunk(
                scratch / "source", info, plans, beyond, gop_seconds=2, scratch=scratch, progress=lambda _: None
            )


def test_a_part_tells_how_far_it_is(tmp_path: Path, scratch: Path) -> None:
    info, plans = probed(scratch, numbered(tmp_path / "a.mp4", 4, "25"))
    told: list[float] = []
    last = Chunk(1, 50, None, 1)
    media.tool().encode_chunk(
        scratch / "source", info, plans, last, gop_seconds=2, scratch=scratch, progress=told.append
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1, abs=0.05)


@pytest.mark.slow
def test_parts_that_nobody_waits_for_any_more_leave_no_process(tmp_path: Path, scratch: Path) -> None:
    info, plans = probed(scratch, numbered(tmp_path / "a.mp4", 10, "25"))
    slow = [replace(plan, rung=replace(plan.rung, preset="placebo")) for plan in plans]
    rate = output_rate(info.video) if info.video else Fraction(0)
    parts = cut(grid(10, rate=rate, gop_seconds=2), rate=rate, seconds=10, cutting=Cutting(2, 2))
    orders = [ChunkOrder("m", "v", tuple(slow), 2.0, part, "ffmpeg") for part in parts]
    at_work: list[psutil.Process] = []
    others = set(psutil.Process().children(recursive=True))  # servers of other tests

    def here(order: ChunkOrder, progress: Progress) -> None:
        own = scratch / str(order.chunk.number)
        own.mkdir()
        (own / "source").symlink_to((scratch / "source").resolve())
        media.tool().encode_chunk(
            own / "source", info, order.plans, order.chunk, gop_seconds=2, scratch=own, progress=progress
        )

    def cancelled(_: float) -> None:
        at_work[:] = set(psutil.Process().children(recursive=True)) - others
        if len(at_work) > 1:
            raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled), ChunkPool(2).working(orders, here=here, progress=cancelled) as coming:
        list(coming)
    assert psutil.wait_procs(at_work, timeout=10)[1] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codec", "preset"), [("h264", "medium"), ("h264", "veryfast"), ("hevc", "medium"), ("av1", "8")]
)
def test_what_is_joined_looks_like_the_whole_also_about_the_joins(
    tmp_path: Path, scratch: Path, codec: Literal["h264", "hevc", "av1"], preset: str
) -> None:
    demo.make(tmp_path / "a.mp4", ffmpeg=media.settings().ffmpeg_path)  # real footage
    info, _ = probed(scratch, tmp_path / "a.mp4")
    plans = [PlannedRendition(rung(360, codec=codec, preset=preset, crf=CRF[codec], max_bitrate=800_000), 640, 360)]
    parts = chunks_of(info, Cutting(2, 4))
    joins = [part.start for part in parts[1:]]
    assert len(joins) >= 2
    (like,) = (vmaf(scratch, video.path) for video in whole(scratch, info, plans))
    (made,) = (vmaf(scratch, video.path) for video in joined(scratch, info, plans, parts))
    near = [i for join in joins for i in range(join - AROUND, join + AROUND)]
    told = [round(np.mean(scores), 2) for scores in (like, made, like[near], made[near])]
    assert abs(made.mean() - like.mean()) < 0.5, told
    assert like[near].mean() - made[near].mean() < 2, told


CRF = {"h264": 23, "hevc": 26, "av1": 34}
AROUND = 12


def vmaf(scratch: Path, video: Path) -> "np.typing.NDArray[np.float64]":
    """Of every frame, beside the source at the same size."""
    tagged = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    graph = (
        f"[1:v]fps=25:start_time=0,{tagged},scale=640:360:flags=bicubic,setpts=N/25/TB[r];"
        f"[0:v]{tagged},setpts=N/25/TB[e];[e][r]libvmaf=log_fmt=json:log_path=vmaf.json:n_threads=2"
    )
    argv = [media.settings().ffmpeg_path, "-nostdin", "-v", "error", "-i", str(video), "-i", "source", "-lavfi", graph]
    subprocess.run([*argv, "-f", "null", "-"], cwd=scratch, check=True, stdin=subprocess.DEVNULL)
    frames = json.loads((scratch / "vmaf.json").read_text())["frames"]
    return np.array([frame["metrics"]["vmaf"] for frame in frames])
