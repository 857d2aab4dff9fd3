"""A long picture in parts: what is encoded, what is found, what is done again."""

from dataclasses import replace
from pathlib import Path

import pytest

from media_pipeline.application.chunked import Chunking, Encoder, clear, needed_of
from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.tools import Progress
from media_pipeline.domain import keys
from media_pipeline.domain.chunks import Chunk, ChunkOrder, Cutting, Passage
from media_pipeline.domain.errors import BadMedia, Cancelled, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.profile import PlannedRendition
from media_pipeline.infrastructure import recipes
from media_pipeline_tests import builders as a
from media_pipeline_tests.fake_chunks import InlineWorkers, PaperTool
from media_pipeline_tests.fakes import MemoryStore

PLANS = [PlannedRendition(a.rung(720), 1280, 720), PlannedRendition(a.rung(360), 640, 360)]
STEADY = replace(a.video(), steady=True, longest_gop_seconds=4.0)
SOURCE = a.source(video=STEADY)
PARTS = ["0-100", "100-200", "200-None"]


class Long:
    """A picture of ten seconds that is taken for long."""

    def __init__(self, scratch: Path) -> None:
        self.shelf = Shelf(MemoryStore(), "media")
        self.scratch = scratch
        self.workers = InlineWorkers()
        (scratch / "source").write_bytes(b"source")

    def encoder(self, tool: PaperTool, told: Progress = lambda _: None, *, above: float = 5.0) -> Encoder:
        chunking = Chunking(Cutting(above, 3.5), self.workers)
        known = recipes.load(recipes.PACKAGED)
        return Encoder(self.scratch / "source", SOURCE, known, None, self.shelf, tool, self.scratch, told, chunking)

    @property
    def kept(self) -> set[str]:
        prefix = keys.chunks(SOURCE.upload.media_id, SOURCE.upload.version)
        return {o.key.removeprefix(prefix).partition("/")[0] for o in self.shelf.store.list("media", prefix)}


@pytest.fixture
def long(tmp_path: Path) -> Long:
    return Long(tmp_path)


def failing(number: int, failure: Exception) -> PaperTool:
    def meet(chunk: Chunk) -> None:
        if chunk.number == number:
            raise failure

    return PaperTool(meet)


def test_parts_are_encoded_and_joined_and_the_sound_stays_whole(long: Long) -> None:
    tool = PaperTool()
    videos, sounds = long.encoder(tool).encode(PLANS, SOURCE.info.audio, set_aside=[range(5, 9)])
    assert videos[0].path.read_text() == "".join(f"720p {part} crf 23\n" for part in PARTS)
    assert videos[1].path.read_text() == "".join(f"360p {part} crf 23\n" for part in PARTS)
    assert (tool.chunks, tool.wholes, tool.aside) == ([0, 1, 2], [(0, 1)], [range(5, 9)])
    assert ([v.parts for v in videos], len(sounds)) == ([3, 3], 1)


def test_others_are_given_parts_while_the_sound_is_encoded(long: Long) -> None:
    looks: list[int] = []
    long.encoder(PaperTool(lambda _: looks.append(long.workers.looks))).encode(PLANS, SOURCE.info.audio)
    assert looks == [1, 1, 1]  # in the middle of the sound, before any part is encoded here


def test_a_short_picture_is_encoded_as_ever(long: Long) -> None:
    tool = PaperTool()
    videos, _ = long.encoder(tool, above=10.0).encode(PLANS, SOURCE.info.audio)
    assert (tool.chunks, tool.wholes, videos[0].parts) == ([], [(2, 1)], 1)


def test_a_part_that_failed_is_all_that_is_done_again(long: Long) -> None:
    lost = failing(1, Unavailable(QuarantineCode.WORKER_LOST, "The worker was lost."))
    with pytest.raises(Unavailable):
        long.encoder(lost).encode(PLANS, ())
    again = PaperTool()
    videos, _ = long.encoder(again).encode(PLANS, ())
    assert (lost.chunks, again.chunks) == ([0], [1, 2])
    assert videos[0].path.read_text() == "".join(f"720p {part} crf 23\n" for part in PARTS)


def test_who_begins_anew_after_the_last_part_encodes_nothing(long: Long) -> None:
    long.encoder(PaperTool()).encode(PLANS, ())
    again = PaperTool()
    long.encoder(again).encode(PLANS, ())
    assert again.chunks == []


@pytest.mark.parametrize("change", ["rung", "build"])
def test_parts_that_are_made_otherwise_are_not_taken(long: Long, change: str) -> None:
    long.encoder(PaperTool()).encode(PLANS, ())
    again, plans = PaperTool(), PLANS
    if change == "build":
        again.build = "paper 2"
    else:
        plans = [PlannedRendition(a.rung(720, crf=19), 1280, 720), PLANS[1]]
    videos, _ = long.encoder(again).encode(plans, ())
    assert again.chunks == [0, 1, 2]
    assert long.encoder(again).encode(plans, ())[0] == videos


def test_what_cannot_be_cut_after_all_is_encoded_whole(long: Long) -> None:
    tool = failing(2, BadMedia(RejectionCode.UNREADABLE, "Too few frames."))
    videos, sounds = long.encoder(tool).encode(PLANS, SOURCE.info.audio)
    assert (tool.wholes[-1], videos[0].parts, len(sounds)) == ((2, 1), 1, 1)
    assert long.kept == set()


def test_a_cancelled_step_keeps_what_it_has(long: Long) -> None:
    def cancel(share: float) -> None:
        if share > 0.7:
            raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        long.encoder(PaperTool(), cancel).encode(PLANS, ())
    assert len(long.kept) == 2
    assert sorted(p.name for p in long.scratch.iterdir()) == ["source"]  # and nothing lies about


def test_progress_counts_the_parts_that_were_there(long: Long) -> None:
    lost = failing(2, Unavailable(QuarantineCode.WORKER_LOST, "The worker was lost."))
    with pytest.raises(Unavailable):
        long.encoder(lost).encode(PLANS, ())
    told: list[float] = []
    long.encoder(PaperTool(), told.append).encode(PLANS, ())
    assert told == sorted(told)
    assert told[0] == pytest.approx(2 / 3 + 1 / 6)
    assert told[-1] == 1.0


def test_parts_are_gone_when_they_are_not_needed_any_more(long: Long) -> None:
    long.encoder(PaperTool()).encode(PLANS, ())
    assert len(long.kept) == 3
    clear(SOURCE, long.shelf)
    assert long.kept == set()


def test_who_encodes_a_part_elsewhere_is_told_which_bytes_it_needs(long: Long) -> None:
    long.workers.elsewhere = True
    long.encoder(PaperTool()).encode(PLANS, ())
    first, second, last = long.workers.given
    assert (first.passage, second.passage) == (Passage(((0, 1),), repr(ord("s"))), Passage(((1, 2),), repr(ord("o"))))
    assert last.passage is None  # it needs all
    assert first.fingerprint == replace(first, passage=None).fingerprint


def test_where_the_bytes_of_a_part_are_not_found_it_is_given_all(long: Long) -> None:
    long.workers.elsewhere = True
    met: list[int] = []

    def odd(chunk: Chunk) -> None:
        met.append(chunk.number)
        if len(met) == 2:
            raise BadMedia(RejectionCode.UNREADABLE, "No keyframe there.")

    videos, _ = long.encoder(PaperTool(odd)).encode(PLANS, ())
    assert [order.passage for order in long.workers.given] == [None] * 3
    assert videos[0].parts == 3


@pytest.mark.parametrize(
    ("passage", "found"),
    [
        (None, b"source"),
        (Passage(((1, 2),), repr(ord("o"))), b"\xffo\xff\xff\xff\xff"),
        (Passage(((3, 4),), repr(ord("o"))), b"source"),  # which was not enough
    ],
)
def test_a_part_is_encoded_from_the_bytes_it_needs_where_they_are_enough(
    long: Long, passage: Passage | None, found: bytes
) -> None:
    part = Chunk(1, 100, 200, 1)
    store, upload = long.shelf.store, SOURCE.upload
    etag = store.write(upload.bucket, upload.key, b"source", content_type="video/mp4")
    source = replace(SOURCE, upload=replace(upload, etag=etag))
    order = ChunkOrder("m", "v", (), 2.0, part, "paper 1", passage)
    scratch = long.scratch / "own"
    scratch.mkdir()
    told: list[str] = []

    def short() -> None:
        told.append("short")

    with needed_of(order, source, store=store, tool=PaperTool(), scratch=scratch, short=short) as path:
        assert path.read_bytes() == found
    assert list(scratch.iterdir()) == []
    assert bool(told) == (passage is not None and found == b"source")


def test_what_cannot_be_read_for_holes_is_fetched_whole(long: Long) -> None:
    tool = failing(1, BadMedia(RejectionCode.UNREADABLE, "There is nothing."))
    store, upload = long.shelf.store, SOURCE.upload
    etag = store.write(upload.bucket, upload.key, b"source", content_type="video/mp4")
    source = replace(SOURCE, upload=replace(upload, etag=etag))
    order = ChunkOrder("m", "v", (), 2.0, Chunk(1, 100, 200, 1), "paper 1", Passage(((1, 2),), "o"))
    scratch = long.scratch / "own"
    scratch.mkdir()
    with needed_of(order, source, store=store, tool=tool, scratch=scratch, short=lambda: None) as path:
        assert path.read_bytes() == b"source"
