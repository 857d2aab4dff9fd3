"""Frames that change their shape on the way keep it: they get bars, and are not stretched."""

from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline_tests.infrastructure.ffmpeg import plays
from media_pipeline_tests.infrastructure.ffmpeg.odd import Odd, again, joined


def jpegs(*sizes: str) -> Callable[[Path], None]:
    """One stream of which each part has a size of its own."""
    return joined(*[f"-f lavfi -i color=white:s={size}:d=1:r=25,format=yuvj420p -c:v mjpeg -f mjpeg" for size in sizes])


def in_mkv(*sizes: str) -> Callable[[Path], None]:
    return again(jpegs(*sizes), "-f mjpeg -r 25 -i {it} -c copy")


FULL = (0, 0, 160, 90)
ODDS = [  # the first is quick
    (Odd("upright-amid.mkv", in_mkv("160x90", "90x160")), (160, 90), [FULL, (55, 0, 51, 90)]),
    (Odd("wide-amid.mkv", in_mkv("160x90", "320x90", "64x36")), (160, 90), [FULL, (0, 22, 160, 45), FULL]),
    (Odd("wide-amid-upright.mkv", in_mkv("90x160", "160x90")), (90, 160), [(0, 0, 90, 160), (0, 55, 90, 51)]),
    # The sizes of television: both are shown in one shape.
    (Odd("television.mkv", in_mkv("1280x720", "720x576")), (640, 360), [(0, 0, 640, 360)] * 2),
    (
        Odd("turned.mov", again(in_mkv("160x90", "90x160"), "-display_rotation -90 -i {it} -c copy")),
        (90, 160),
        [(0, 0, 90, 160), (0, 55, 90, 51)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("odd", "size", "boxes"),
    [pytest.param(*row, id=row[0].name, marks=pytest.mark.slow if number else ()) for number, row in enumerate(ODDS)],
)
def test_a_frame_of_another_shape_gets_bars(
    tmp_path: Path, odd: Odd, size: tuple[int, int], boxes: list[tuple[int, int, int, int]]
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (video,) = plays.played(odd.make(tmp_path), scratch).videos
    frames = luma(video.path, size)
    assert video.lost_seconds == 0
    # Filters of a turned picture are built anew, and begin with a frame of their own.
    assert len(frames) in (25 * len(boxes), 25 * len(boxes) + 1)
    for part, meant in enumerate(boxes):
        seen = white_box(frames[25 * part + 12], size[0])
        assert seen == pytest.approx(meant, abs=2), part


def luma(path: Path, size: tuple[int, int]) -> list[bytes]:
    raw = plays.run(["-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray", "-"])
    step = size[0] * size[1]
    return [raw[i : i + step] for i in range(0, len(raw), step)]


def white_box(frame: bytes, width: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of what is lit."""
    lit = [(i % width, i // width) for i, value in enumerate(frame) if value > 128]
    left, top = min(x for x, _ in lit), min(y for _, y in lit)
    return left, top, max(x for x, _ in lit) - left + 1, max(y for _, y in lit) - top + 1
