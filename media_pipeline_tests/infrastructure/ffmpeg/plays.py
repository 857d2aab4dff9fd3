"""A row of `odd` through the real tool, and what came out measured."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.application.ports.tools import EncodedAudio, EncodedVideo
from media_pipeline.domain.admission import Limits, admit
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import Rung, ladder
from media_pipeline_tests import media
from media_pipeline_tests.builders import AAC, CMAF, rung
from media_pipeline_tests.infrastructure.ffmpeg.odd import Odd, Refused

RUNGS = [rung(360, preset="ultrafast")]
AV_OFFSET_SECONDS = 0.04
QUICK = {
    "plain.mp4", "turned-90.mp4", "mirrored.mp4", "wide-pixels.mp4", "odd-size.mkv", "size-changes.ts",
    "yuv444p16.mkv", "full-range.mp4", "alpha.mov", "hdr10.mp4", "ycgco.mkv", "interlaced-flagged.mp4",
    "ntsc.mkv", "variable.mp4", "late-clock.ts", "jumping-far-back.ts", "pausing.mkv", "flash.mkv", "long-header.mp4",
    "still-with-song.mp4", "sound-late.mkv", "raw.h264",
    "sound.m4a", "surround-5.1.mkv", "discrete-12-11.wav", "cover.mp3", "languages.mkv", "extra-codec.mp4",
    "still.png", "packed.mp4", "unknown-codec.mp4", "encrypted.mp4", "cut.mp4", "cut.wav",
}  # fmt: skip
"""one row of every kind; all the others are slow"""


def rows(*odds: Odd | Refused) -> list[Any]:
    """The parameters of a test over tables."""
    return [pytest.param(odd, id=odd.name, marks=() if odd.name in QUICK else pytest.mark.slow) for odd in odds]


@dataclass(frozen=True)
class Played:
    info: MediaInfo
    videos: list[EncodedVideo]
    sounds: list[EncodedAudio]


def check(odd: Odd, directory: Path) -> None:
    """Make it, play it, and compare what is seen and heard with what the row says."""
    scratch = directory / "scratch"
    scratch.mkdir()
    result = played(odd.make(directory), scratch)
    _right_facts(odd, result)
    for video in result.videos:
        _right_picture(odd, video)
        assert video.lost_seconds == 0
    for sound in result.sounds:
        assert sound.loudness_lufs is None or sound.loudness_lufs == pytest.approx(-16, abs=1)
        assert sound.duration_seconds == pytest.approx(result.info.duration_seconds, abs=0.05)
        if not odd.flashes:
            assert sound.loudness_lufs is not None, "nothing is heard"
    if odd.flashes:
        seen, heard = _flashes(result.videos[0].path), _beeps(result.sounds[0].path)
        assert seen == pytest.approx(odd.flashes, abs=AV_OFFSET_SECONDS)
        assert [a - b for a, b in zip(heard, seen, strict=True)] == pytest.approx(
            [0] * len(seen), abs=AV_OFFSET_SECONDS
        )


def played(file: Path, scratch: Path, rungs: Sequence[Rung] = RUNGS) -> Played:
    source = scratch / "source"
    source.symlink_to(file)
    info = media.tool().probe(source)
    admit(info, Limits())
    plans = ladder(info.video, rungs) if info.video else ()
    videos, sounds = media.tool().encode(
        source, info, plans, info.audio, audio=AAC, stream=CMAF, scratch=scratch, progress=lambda _: None
    )
    return Played(info, videos, sounds)


def _right_facts(odd: Odd, played: Played) -> None:
    video = played.info.video
    if odd.size is None and odd.rate is None:
        assert video is None
    elif odd.size is not None:
        assert video is not None
        assert abs(video.display_width - odd.size[0]) <= 1
        assert abs(video.display_height - odd.size[1]) <= 1
        assert video.interlaced is odd.interlaced
    if odd.seconds is not None:
        assert played.info.duration_seconds == pytest.approx(odd.seconds, abs=0.12)
    assert tuple(track.language for track in played.info.audio) == odd.tracks


def _right_picture(odd: Odd, video: EncodedVideo) -> None:
    facts = probe(video.path)
    assert facts["color_space"] == facts["color_primaries"] == facts["color_transfer"] == "bt709"
    assert facts["pix_fmt"] == "yuv420p"
    above, below = (int(n) for n in facts["avg_frame_rate"].split("/"))
    assert above <= 60 * below
    if odd.rate is not None:
        assert above / below == pytest.approx(odd.rate, rel=0.01)
    if odd.frames is not None:
        assert video.frames == odd.frames
    if odd.seconds is not None:
        assert video.duration_seconds == pytest.approx(odd.seconds, abs=0.12)
    if odd.colours is not None:
        for seen, meant in zip(_patches(video.path), odd.colours, strict=True):
            wanted = bytes.fromhex(meant)
            assert max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) <= odd.tolerance, (seen, wanted)


def probe(path: Path) -> dict[str, Any]:
    argv = [media.settings().ffprobe_path, "-v", "error", "-show_streams", "-of", "json", str(path)]
    facts: dict[str, Any] = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)["streams"][0]
    return facts


def _patches(path: Path) -> list[tuple[int, ...]]:
    """The colour in the middle of each quarter, in the last frame."""
    graph = "scale=in_color_matrix=bt709:in_range=tv,format=rgb24,scale=4:4:flags=area"
    rgb = run(["-i", str(path), "-vf", graph, "-f", "rawvideo", "-"])[-48:]
    corners = (0, 3, 12, 15)
    return [tuple(rgb[3 * i : 3 * i + 3]) for i in corners]


def _flashes(path: Path) -> list[float]:
    """When white frames begin."""
    graph = "scale=16:16,signalstats,metadata=print:file=-"
    lines = run(["-i", str(path), "-vf", graph, "-f", "null", "-"]).decode()
    frames = re.findall(r"pts_time:([\d.]+)\n(?:.*\n)*?lavfi.signalstats.YAVG=([\d.]+)", lines)
    white = [(float(at), float(luma) > 128) for at, luma in frames]
    return [at for (at, is_white), (_, was_white) in zip(white, [(0.0, False), *white], strict=False)
            if is_white and not was_white]  # fmt: skip


def _beeps(path: Path) -> list[float]:
    """When sound begins that is far from its neighbours."""
    pcm = memoryview(run(["-i", str(path), "-ac", "1", "-ar", "48000", "-f", "s16le", "-"])).cast("h")
    loudest = max(abs(sample) for sample in pcm)
    loud = [i for i, sample in enumerate(pcm) if abs(sample) > loudest / 3]
    return [i / 48_000 for before, i in zip([-(10**6), *loud], loud, strict=False) if i - before > 4_800]


def run(arguments: list[str]) -> bytes:
    argv = [media.settings().ffmpeg_path, "-nostdin", "-v", "error", *arguments]
    return subprocess.run(argv, check=True, capture_output=True).stdout
