"""Parts of a long picture, encoded by processes of this machine, so many at once."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Event

from media_pipeline.application.ports.chunks import Here
from media_pipeline.application.ports.tools import Progress
from media_pipeline.domain.chunks import ChunkOrder
from media_pipeline.domain.errors import Cancelled

_TELL_SECONDS = 0.5


@dataclass(frozen=True)
class ChunkPool:
    """A thread for each part that is at work: it waits for the encoder, which is a process of its own."""

    at_once: int

    @property
    def elsewhere(self) -> bool:
        return False

    @contextmanager
    def working(self, orders: Sequence[ChunkOrder], *, here: Here, progress: Progress) -> Iterator["_Work"]:
        work = _Work(here, progress)
        with ThreadPoolExecutor(self.at_once, "chunk") as pool:
            work.futures.extend(pool.submit(copy_context().run, work.do, order) for order in orders)
            try:
                yield work
            finally:
                work.over.set()  # whoever tells next how far it is learns of it, and ends its encoder
                for future in work.futures:
                    future.cancel()


@dataclass(frozen=True)
class _Work:
    here: Here
    progress: Progress
    futures: list[Future[ChunkOrder]] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    shares: dict[str, float] = field(default_factory=dict)
    """how far each part is that was begun"""

    def do(self, order: ChunkOrder) -> ChunkOrder:
        def told(share: float) -> None:
            if self.over.is_set():
                raise Cancelled("Nobody waits for this part any more.")
            self.shares[order.fingerprint] = share

        told(0.0)
        self.here(order, told)
        self.shares[order.fingerprint] = 1.0
        return order

    def look(self) -> None:
        self.progress(sum(list(self.shares.values())) / len(self.futures) if self.futures else 1.0)

    def __iter__(self) -> Iterator[ChunkOrder]:
        pending = set(self.futures)
        while pending:
            done, pending = wait(pending, _TELL_SECONDS, FIRST_COMPLETED)
            self.look()
            for future in done:
                yield future.result()
