"""What all ChunkWorkers promise: the fake, threads, and runs that wait in a queue which nobody works off."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from media_pipeline.application.ports.chunks import ChunkWorkers
from media_pipeline.application.ports.tools import Progress
from media_pipeline.domain.chunks import Chunk, ChunkOrder
from media_pipeline.domain.errors import BadMedia, Cancelled, RejectionCode
from media_pipeline.domain.profile import PlannedRendition
from media_pipeline.infrastructure.chunk_pool import ChunkPool
from media_pipeline_tests import builders as a
from media_pipeline_tests.defs.chunk_runs import chunk_runs
from media_pipeline_tests.fake_chunks import InlineWorkers
from media_pipeline_tests.instance import QUEUE, new_instance

FIRST = ChunkOrder("m", "v", (PlannedRendition(a.rung(360), 640, 360),), 2.0, Chunk(0, 0, 50, 0), "ffmpeg 9")
ORDERS = [replace(FIRST, chunk=Chunk(n, 50 * n, 50 * n + 50, n)) for n in range(5)]


@pytest.fixture(params=["inline", "one thread", "three threads", "runs"])
def workers(request: pytest.FixtureRequest) -> Iterator[ChunkWorkers]:
    match request.param:
        case "inline":
            yield InlineWorkers()
        case "one thread":
            yield ChunkPool(1)
        case "three threads":
            yield ChunkPool(3)
        case "runs":
            with new_instance(QUEUE) as instance:
                yield chunk_runs(instance)


def test_each_part_comes_once_when_it_is_done(workers: ChunkWorkers) -> None:
    done: set[int] = set()

    def here(order: ChunkOrder, progress: Progress) -> None:
        progress(0.5)
        done.add(order.chunk.number)

    came = []
    with workers.working(ORDERS, here=here, progress=lambda _: None) as coming:
        for order in coming:
            assert order.chunk.number in done
            came.append(order)
    assert sorted(came, key=lambda o: o.chunk.number) == ORDERS


def test_where_there_is_nothing_to_do_nothing_is_done(workers: ChunkWorkers) -> None:
    with workers.working([], here=lambda *_: pytest.fail(), progress=lambda _: None) as coming:
        assert list(coming) == []


def test_progress_grows_to_the_end(workers: ChunkWorkers) -> None:
    told: list[float] = []
    with workers.working(ORDERS, here=lambda _, progress: progress(0.3), progress=told.append) as coming:
        list(coming)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_who_does_something_else_is_told_how_far_they_are_and_may_break_off(workers: ChunkWorkers) -> None:
    told: list[float] = []
    with workers.working(ORDERS, here=lambda *_: None, progress=told.append) as coming:
        coming.look()
        assert len(told) == 1
        assert len(list(coming)) == len(ORDERS)
        coming.look()
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_where_there_is_nothing_to_do_a_look_says_so(workers: ChunkWorkers) -> None:
    told: list[float] = []
    with workers.working([], here=lambda *_: pytest.fail(), progress=told.append) as coming:
        coming.look()
    assert told == [1.0]


def test_what_a_part_fails_of_passes_on_and_nothing_is_left_at_work(workers: ChunkWorkers) -> None:
    at_work: set[str] = set()
    first = threading.Lock()

    def here(order: ChunkOrder, progress: Progress) -> None:
        at_work.add(threading.current_thread().name)
        try:
            if first.acquire(blocking=False):
                raise BadMedia(RejectionCode.UNREADABLE, "Too few frames.")
            while True:  # until somebody says that it is over
                progress(0.1)
        finally:
            at_work.discard(threading.current_thread().name)

    with pytest.raises(BadMedia), workers.working(ORDERS, here=here, progress=lambda _: None) as coming:
        list(coming)
    assert at_work == set()


def test_a_cancelled_wait_ends_all_that_is_at_work(workers: ChunkWorkers) -> None:
    begun, ended = [], []

    def here(order: ChunkOrder, progress: Progress) -> None:
        begun.append(order)
        try:
            while True:
                progress(0.1)
        finally:
            ended.append(order)

    def cancelled(_: float) -> None:
        raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled), workers.working(ORDERS, here=here, progress=cancelled) as coming:
        next(iter(coming))
    assert len(ended) == len(begun) > 0


def test_so_many_are_at_work_at_once() -> None:
    together = threading.Barrier(3, timeout=10)

    def here(order: ChunkOrder, progress: Progress) -> None:
        together.wait()

    with ChunkPool(3).working(ORDERS[:3], here=here, progress=lambda _: None) as coming:
        assert len(list(coming)) == 3
