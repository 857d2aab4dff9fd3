"""What of a source's bytes a part needs: real files with holes, through the real tool."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.domain.chunks import Chunk, Ranges, uncuttable
from media_pipeline.domain.errors import BadMedia
from media_pipeline.domain.media import MediaInfo
from media_pipeline.domain.profile import PlannedRendition
from media_pipeline.infrastructure.ffmpeg import chunking
from media_pipeline_tests import media
from media_pipeline_tests.infrastructure.ffmpeg.test_chunking import (
    HEVC,
    LEANING,
    OPEN_GOPS,
    SLOW,
    VP9,
    chunks_of,
    probed,
)

SEVERAL = ("-map", "0:v", "-map", "1:a", "-map", "2:a", "-c:a", "aac", "-b:a", "128k")


def with_sound(to: Path, *options: str, encoder: Sequence[str] = OPEN_GOPS, seconds: int = 40) -> Path:
    """Two tracks of it. The picture is noise: a second is some hundred kilobytes."""
    noise = f"color=size=192x96:rate=25:duration={seconds},noise=alls=60:allf=t,format=yuv420p"
    inputs = [noise, *(f"sine=frequency={pitch}:duration={seconds}" for pitch in (300, 800))]
    given = [word for each in inputs for word in ("-f", "lavfi", "-i", each)]
    return media.make(to, *given, *SEVERAL, *encoder, *options)


def holed(to: Path, source: Path, ranges: Ranges, filling: bytes) -> None:
    """A source of which only these bytes are there."""
    data = source.read_bytes()
    holes = bytearray(filling * len(data))
    for start, stop in ranges:
        holes[start:stop] = data[start:stop]
    to.write_bytes(holes)


def part_of(scratch: Path, info: MediaInfo, plans: Sequence[PlannedRendition], chunk: Chunk) -> list[bytes]:
    alone = replace(media.tool(), threads=1)  # with two, x264 makes other bytes once in a while, of the same source
    made = alone.encode_chunk(
        scratch / "source", info, plans, chunk, gop_seconds=2, scratch=scratch, progress=lambda _: None
    )
    return [file.read_bytes() for file in made]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "encoder"),
    [
        pytest.param("end.mkv", (), OPEN_GOPS, id="cues at the end"),
        pytest.param("front.mkv", ("-cues_to_front", "1"), OPEN_GOPS, id="cues in front"),
        pytest.param("small.mkv", ("-cluster_time_limit", "200"), LEANING, id="small clusters"),
        pytest.param("late.mkv", ("-output_ts_offset", "7.3"), LEANING, id="a late clock"),
        pytest.param("end.mp4", (), LEANING, id="index at the end"),
        pytest.param("front.mp4", ("-movflags", "+faststart"), OPEN_GOPS, id="index in front"),
        pytest.param("late.mp4", ("-output_ts_offset", "7.3"), OPEN_GOPS, id="an edit list"),
        pytest.param("hevc.mov", (), (*HEVC[:-1], f"{HEVC[-1]}:keyint=60"), id="HEVC"),
        pytest.param("vp9.mkv", (), (*VP9, "-b:v", "2M"), id="VP9"),
    ],
)
def test_a_part_needs_no_more_of_a_source_than_its_ranges(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, name: str, options: tuple[str, ...],
    encoder: tuple[str, ...],
) -> None:  # fmt: skip
    """Whatever stands elsewhere: the packets are the same, and what is encoded is, to the bit."""
    monkeypatch.setattr(chunking, "_HEAD_BYTES", 100_000)  # the clip has less than ffmpeg reads of a film
    info, plans = probed(scratch, with_sound(tmp_path / name, *options, encoder=encoder))
    assert uncuttable(info, plans) is None
    tool, chunks = media.tool(), chunks_of(info)
    spans = tool.ranges(scratch / "source", info, chunks, scratch=scratch)
    for chunk, ranges in [*zip(chunks, spans, strict=True)][::5]:  # of ten
        assert 0 < sum(stop - start for start, stop in ranges) < 0.8 * info.size
        digest = tool.packets(scratch / "source", info, chunk, scratch=scratch)
        like = part_of(scratch, info, plans, chunk)
        for filling in (b"\xff", b"\0"):
            own = tmp_path / f"{chunk.number}-{filling.hex()}"
            own.mkdir()
            holed(own / "source", scratch / "source", ranges, filling)
            assert tool.packets(own / "source", info, chunk, scratch=own) == digest
            assert part_of(own, info, plans, chunk) == like


@pytest.mark.parametrize("name", [pytest.param("a.mp4", marks=SLOW), "a.mkv"])
def test_a_hole_where_a_part_reads_is_seen(tmp_path: Path, scratch: Path, name: str) -> None:
    info, _ = probed(scratch, with_sound(tmp_path / name, seconds=8))
    tool, chunk = media.tool(), chunks_of(info)[0]
    digest = tool.packets(scratch / "source", info, chunk, scratch=scratch)
    middle = info.size // 4  # and it is half of the film
    own = tmp_path / "own"
    own.mkdir()
    for filling in (b"\xff", b"\0"):
        holed(own / "source", scratch / "source", ((0, middle), (middle + 4000, info.size)), filling)
        assert tool.packets(own / "source", info, chunk, scratch=own) != digest


FRAGMENTS = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof")
"""each with an index of its own"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("fragments.mp4", FRAGMENTS, id="fragments"),
        pytest.param("live.mkv", ("-live", "1"), id="no cues"),
    ],
)
def test_of_a_source_without_one_index_holes_are_seen(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, name: str, options: tuple[str, ...]
) -> None:
    """Of which more is read than what a part needs of others."""
    monkeypatch.setattr(chunking, "_HEAD_BYTES", 100_000)
    info, _ = probed(scratch, with_sound(tmp_path / name, *options))
    tool, chunk = media.tool(), chunks_of(info)[5]
    (ranges,) = tool.ranges(scratch / "source", info, [chunk], scratch=scratch)
    assert ranges
    digest = tool.packets(scratch / "source", info, chunk, scratch=scratch)
    for filling in (b"\xff", b"\0"):
        own = tmp_path / filling.hex()
        own.mkdir()
        holed(own / "source", scratch / "source", ranges, filling)
        with suppress(BadMedia):  # which says it as well
            assert tool.packets(own / "source", info, chunk, scratch=own) != digest
