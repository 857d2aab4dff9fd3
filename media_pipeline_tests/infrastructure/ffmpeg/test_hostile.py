"""Hostile files against the real tools: each ends with its code in seconds, reads and reaches nothing, and the next
file works. The sandbox is also tried alone, with every allow-list of ours taken away."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.domain.admission import Limits as Admission
from media_pipeline.domain.admission import admit
from media_pipeline.domain.errors import BadMedia, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import ladder
from media_pipeline.infrastructure.ffmpeg import runner
from media_pipeline.infrastructure.ffmpeg.runner import LimitHit, Limits, ToolFailed
from media_pipeline.infrastructure.ffmpeg.tool import Ffmpeg
from media_pipeline.infrastructure.sandbox.modes import Choice
from media_pipeline_tests import hostile, media, sandbox
from media_pipeline_tests.builders import AAC, CMAF, rung

SECONDS = 20
"""the longest that any hostile file here may keep us busy on a loaded machine; alone, all take under one"""
CODES = RejectionCode


def admitted(scratch: Path, file: Path) -> MediaInfo:
    """Probe and judge, as `source` does."""
    link = scratch / "source"
    link.unlink(missing_ok=True)
    link.symlink_to(file)
    info = media.tool().probe(link)
    admit(info, Admission())
    return info


def refusal(scratch: Path, file: Path) -> CODES:
    began = time.monotonic()
    with pytest.raises(BadMedia) as refused:
        admitted(scratch, file)
    assert time.monotonic() - began < SECONDS
    assert str(scratch) not in refused.value.message
    return refused.value.code


def untouched(listener: socket.socket) -> bool:
    try:
        listener.accept()
    except BlockingIOError:
        return True
    return False


LISTS = hostile.lists(Path("/canary"), 1)


@pytest.mark.parametrize("name", LISTS)
def test_no_list_is_opened_and_nothing_it_names_is_read_or_asked(
    tmp_path: Path, scratch: Path, listener: socket.socket, name: str
) -> None:
    canary = media.clip(tmp_path / "canary.ts", 1) if name == "hls of a local file" else tmp_path / "canary.ts"
    file = tmp_path / "holiday.mp4"
    file.write_bytes(hostile.lists(canary, listener.getsockname()[1])[name])
    assert refusal(scratch, file) in {CODES.FORMAT_NOT_ALLOWED, CODES.NOT_MEDIA}
    assert untouched(listener)


@pytest.mark.parametrize("mode", sandbox.EVERY)
def test_the_sandbox_alone_keeps_a_willing_ffmpeg_from_files_and_hosts(
    tmp_path: Path, scratch: Path, listener: socket.socket, mode: Choice
) -> None:
    """Without our allow-lists ffmpeg follows a list. With limits alone it does read and ask: the test can fail."""
    canary = media.clip(tmp_path / "canary.ts", 1)
    lists = hostile.lists(canary, listener.getsockname()[1])
    willing = ["-protocol_whitelist", "file,http,tcp,crypto,data", "-safe", "0"]
    packets, reached = 0, False
    for name in ("ffconcat", "ffconcat of a web address"):
        (scratch / "source").write_bytes(lists[name])
        argv = [media.settings().ffmpeg_path, "-nostdin", "-v", "error", "-rw_timeout", "500000", *willing]
        argv += ["-i", "source", "-c", "copy", "-f", "framecrc", "-"]
        with suppress(ToolFailed, Unavailable):
            output = runner.run(argv, scratch=scratch, limits=Limits(wall_seconds=2), sandbox=mode)
            packets += output.stdout.count(b"\n0,")
        reached = reached or not untouched(listener)
    assert (packets > 0, reached) == ((True, True) if mode == "rlimits" else (False, False))


@pytest.mark.parametrize(
    ("bomb", "codes"),
    [
        (lambda: hostile.compressed_index(0x7FFFFFFF, 10_000_000), {CODES.NOT_MEDIA, CODES.LIMIT_DECODE_COST}),
        (lambda: hostile.compressed_index(300_000_000, 300_000_000),
         {CODES.NOT_MEDIA, CODES.TRUNCATED, CODES.NO_AV_STREAM}),
        (lambda: hostile.nested_boxes(20_000), {CODES.NOT_MEDIA, CODES.NO_AV_STREAM, CODES.TRUNCATED}),
        (hostile.lying_boxes, {CODES.LIMIT_DECODE_COST, CODES.NOT_MEDIA, CODES.TRUNCATED}),
        (lambda: hostile.wav(320_000, channels=40) + bytes(320_000), {CODES.LIMIT_CHANNELS}),
    ],
    ids=["packed index claims 2 GB", "packed index of 300 MB", "nested boxes", "lying boxes", "40 channels"],
)  # fmt: skip
@pytest.mark.slow
def test_a_bomb_ends_with_its_code(tmp_path: Path, scratch: Path, bomb: Callable[[], bytes], codes: set[CODES]) -> None:
    file = tmp_path / "bomb.mov"
    file.write_bytes(bomb())
    assert refusal(scratch, file) in codes


def test_every_dimension_has_its_limit(tmp_path: Path, scratch: Path) -> None:
    wide = media.make(tmp_path / "wide.mkv", *media.picture(1, "9000x16", "1"), "-c:v", "ffv1")
    assert refusal(scratch, wide) is CODES.LIMIT_DIMENSIONS
    blank = ["-f", "lavfi", "-i", "color=size=6000x6000:rate=1:duration=1"]
    large = media.make(tmp_path / "large.mkv", *blank, "-c:v", "mjpeg")
    assert refusal(scratch, large) is CODES.LIMIT_DIMENSIONS
    tracks = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=0.2", *["-map", "0"] * 70, "-c:a", "pcm_s16le"]
    assert refusal(scratch, media.make(tmp_path / "tracks.mkv", *tracks)) is CODES.LIMIT_STREAMS
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    texts = [*media.picture(1, "64x48"), "-i", str(tmp_path / "a.srt"), "-map", "0", *["-map", "1"] * 64]
    texts = [*texts, *media.h264(), "-c:s", "srt"]
    assert refusal(scratch, media.make(tmp_path / "texts.mkv", *texts)) is CODES.LIMIT_STREAMS
    nothing = media.clip(tmp_path / "nothing.mp4", 1, "64x48", "-movflags", "empty_moov+frag_keyframe")
    whole = nothing.read_bytes()
    nothing.write_bytes(whole[: whole.index(b"moof") - 4])  # an index of streams, and no sample
    assert refusal(scratch, nothing) is CODES.ZERO_DURATION
    long = tmp_path / "long.wav"
    long.write_bytes(hostile.wav(13 * 3600, rate=1))
    os.truncate(long, 44 + 13 * 3600)  # sparse
    assert refusal(scratch, long) is CODES.LIMIT_DURATION


def test_a_decoder_known_to_be_unsafe_is_never_opened(tmp_path: Path, scratch: Path) -> None:
    file = media.make(tmp_path / "a.avi", *media.picture(1), "-c:v", "magicyuv")
    assert refusal(scratch, file) is CODES.CODEC_UNSUPPORTED


def test_a_picture_that_grows_half_way_costs_no_more_than_it_promised(tmp_path: Path, scratch: Path) -> None:
    """The probe sees 64×64; later frames claim 60,000×60,000. They are dropped, and memory for one of them is more than
    the call may have."""
    info = admitted(scratch, hostile.growing_picture(tmp_path, side=60_000))
    assert info.video is not None
    began = time.monotonic()
    videos, _ = media.tool().encode(
        scratch / "source", info, ladder(info.video, [rung(120)]), (), audio=AAC, stream=CMAF, scratch=scratch,
        progress=lambda _: None,
    )  # fmt: skip
    assert time.monotonic() - began < SECONDS
    assert 0 < videos[0].frames < 50


def test_the_next_file_works(tmp_path: Path, scratch: Path) -> None:
    bomb = tmp_path / "bomb.mov"
    bomb.write_bytes(hostile.lying_boxes())
    refusal(scratch, bomb)
    assert admitted(scratch, media.clip(tmp_path / "good.mp4")).duration_seconds == pytest.approx(2, abs=0.1)


def test_metadata_without_end_costs_little(tmp_path: Path, scratch: Path) -> None:
    """30 MB of titles, 2,000 chapters: no limit of ours is needed where nothing is read."""
    chapters = (f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={i}\nEND={i + 1}\ntitle={'A' * 2000}\n" for i in range(2000))
    (tmp_path / "notes.txt").write_text(";FFMETADATA1\n" + "".join(chapters))
    notes = ["-i", str(tmp_path / "notes.txt"), "-map", "0", "-map_chapters", "1"]
    clip = media.make(tmp_path / "a.mp4", *media.picture(2), *notes, *media.h264())
    title = hostile.box(b"\xa9nam", b"\xea\x60\x00\x00", b"A" * 60_000)
    with clip.open("ab") as file:
        file.write(hostile.box(b"moov", hostile.box(b"udta", title * 500)))
    began = time.monotonic()
    info = admitted(scratch, clip)
    assert (info.kind, info.duration_seconds) == ("video", 2.0)
    videos, _ = media.tool().encode(
        scratch / "source", info, ladder(info.video, [rung(120)]) if info.video else (), info.audio, audio=AAC,
        stream=CMAF, scratch=scratch, progress=lambda _: None,
    )  # fmt: skip
    assert time.monotonic() - began < SECONDS
    assert (videos[0].frames, b"AAAA" in videos[0].path.read_bytes()) == (50, False)


def test_every_call_that_decodes_says_how_many_threads_may(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = runner.run, []

    def noted(argv: list[str], **options: object) -> object:
        calls.append(argv)
        return real(argv, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run", noted)
    tool = replace(media.tool(), threads=3)
    source = scratch / "source"
    source.symlink_to(media.clip(tmp_path / "a.mp4", 1))
    info = tool.probe(source)
    assert info.video is not None
    tool.encode(
        source, info, ladder(info.video, [rung(120)]), info.audio, audio=AAC, stream=CMAF, scratch=scratch,
        progress=lambda _: None,
    )  # fmt: skip
    tool.keyframe_tiles(source, info, interval_seconds=1, width=64, scratch=scratch)
    tool.picture(source, info, at=0, width=64, scratch=scratch)
    tool.preview(source, info, starts=[0.0], seconds=0.5, rate=5, width=64, scratch=scratch)
    tool.look(source, info, every_seconds=1, width=64, scratch=scratch, progress=lambda _: None)
    tool.speech(source, info, info.audio[0], scratch=scratch)
    decoding = [argv[: argv.index("-i")] for argv in calls if "-i" in argv]
    assert len(decoding) == 11
    assert {argv[argv.index("-threads") + 1] for argv in decoding} == {"1", "3"}  # one where nothing is decoded


def test_what_decoding_needs_beyond_its_memory_is_the_files_fault(tmp_path: Path, scratch: Path) -> None:
    """4K in 300 MB: the real encoder fails for want of memory, and the file is told the reason."""
    info = admitted(scratch, media.make(tmp_path / "a.mp4", *media.picture(0.2, "3840x2160"), *media.h264()))
    assert info.video is not None
    ours = Ffmpeg(
        media.settings().ffmpeg_path, media.settings().ffprobe_path, threads=1, base_seconds=20,
        base_memory=300_000_000, memory_per_thread=0,
    )  # fmt: skip
    with pytest.raises(BadMedia) as refused:
        ours.encode(
            scratch / "source", info, ladder(info.video, [rung(2160)]), (), audio=AAC, stream=CMAF, scratch=scratch,
            progress=lambda _: None,
        )  # fmt: skip
    assert refused.value.code is CODES.LIMIT_DECODE_COST
    assert "ran out of memory" in str(refused.value.__cause__)


def test_a_deadline_that_passes_is_the_files_fault(tmp_path: Path, scratch: Path) -> None:
    info = admitted(scratch, media.clip(tmp_path / "a.mp4", 5, "640x360"))
    assert info.video is not None
    hasty = Ffmpeg(media.settings().ffmpeg_path, media.settings().ffprobe_path, base_seconds=0.3, seconds_per_second=0)
    with pytest.raises(BadMedia) as refused:
        hasty.encode(
            scratch / "source", info, ladder(info.video, [rung(720, preset="veryslow")]), (), audio=AAC, stream=CMAF,
            scratch=scratch, progress=lambda _: None,
        )  # fmt: skip
    assert refused.value.code is CODES.LIMIT_DECODE_COST


TROUBLES = {
    "crash": Unavailable(QuarantineCode.TOOL_CRASH, "ffprobe was ended by SIGSEGV."),
    "limit": LimitHit(QuarantineCode.OUT_OF_MEMORY, "ffprobe ran out of memory."),
    "disk": Unavailable(QuarantineCode.DISK_FULL, "ffprobe ran out of disk space."),
    "start": Unavailable(QuarantineCode.INTERNAL, "ffprobe could not be started in its sandbox."),
}


@pytest.mark.parametrize(
    ("trouble", "tries", "code"),
    [
        ("crash", 2, CODES.UNREADABLE),
        ("limit", 2, CODES.LIMIT_DECODE_COST),
        ("disk", 1, QuarantineCode.DISK_FULL),
        ("start", 1, QuarantineCode.INTERNAL),
    ],
)
def test_what_ends_a_decoder_is_tried_once_more_and_then_blamed_on_the_file_what_is_ours_is_not(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, trouble: str, tries: int, code: str
) -> None:
    real, tried = runner.run, []

    def fails(argv: list[str], **options: object) -> object:
        if "-version" in argv:
            return real(argv, **options)  # type: ignore[arg-type]
        tried.append(argv)
        raise TROUBLES[trouble]

    monkeypatch.setattr(runner, "run", fails)
    with pytest.raises((BadMedia, Unavailable)) as failed:
        admitted(scratch, media.clip(tmp_path / "a.mp4", 1))
    assert isinstance(failed.value, BadMedia | Unavailable)
    assert (len(tried), failed.value.code) == (tries, code)


def test_a_decoder_that_crashes_once_costs_nothing(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, troubles = runner.run, [TROUBLES["crash"]]

    def fails_once(argv: list[str], **options: object) -> object:
        if troubles and "-version" not in argv:
            raise troubles.pop()
        return real(argv, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run", fails_once)
    assert admitted(scratch, media.clip(tmp_path / "a.mp4", 1)).video is not None


@pytest.mark.parametrize("mode", sandbox.EVERY)
def test_probing_encoding_and_looking_work_in_every_mode(tmp_path: Path, scratch: Path, mode: Choice) -> None:
    ours = Ffmpeg(media.settings().ffmpeg_path, media.settings().ffprobe_path, sandbox=mode)
    assert ours.build.endswith(f"({mode})")
    source = scratch / "source"
    source.symlink_to(media.clip(tmp_path / "a.mp4", 1))
    info = ours.probe(source)
    assert info.video is not None
    videos, sounds = ours.encode(
        source, info, ladder(info.video, [rung(120), rung(240)]), info.audio, audio=AAC, stream=CMAF, scratch=scratch,
        progress=lambda _: None,
    )  # fmt: skip
    assert [v.frames for v in videos] == [25, 25]
    assert sounds[0].loudness_lufs == pytest.approx(-16, abs=1)
    assert ours.picture(source, info, at=0.5, width=100, scratch=scratch).stat().st_size > 0


@pytest.mark.parametrize(
    ("version", "good"),
    [("4.4.2", False), ("5.0", False), ("5.1.9", True), ("n9.0.2-17-g2a571b6068", True), ("N-119999-gabc", True)],
)
def test_a_tool_too_old_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch, version: str, good: bool) -> None:
    said = runner.Output(f"ffmpeg version {version} Copyright".encode(), "")
    monkeypatch.setattr(runner, "run", lambda *_, **__: said)
    ours = Ffmpeg("/usr/bin/ffmpeg", "/usr/bin/ffprobe")
    if good:
        assert version in ours.build
    else:
        with pytest.raises(Unavailable, match=rf"ffmpeg {version} is too old to be safe; 5.1 is the oldest"):
            ours.vet()


def test_a_program_that_is_no_ffmpeg_is_our_fault_and_not_the_files() -> None:
    with pytest.raises(Unavailable, match="does not tell its version"):
        Ffmpeg("/bin/true", "/bin/true").vet()
