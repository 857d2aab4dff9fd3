"""Jobs as they change, for everybody who listens: one query for all of them, however many they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain.errors import Unavailable
from media_pipeline.domain.job import Job
from media_pipeline.gateway.problems import Problem
from media_pipeline.infrastructure import telemetry

_EVERY_SECONDS = 0.5
MOST_LISTENERS = 2000
_log = telemetry.log("gateway.live")


@dataclass(eq=False)
class _Listener:
    """What it was told last, and what it has not read yet: at most one, the newest."""

    told: Job
    queue: "asyncio.Queue[Job]" = field(default_factory=lambda: asyncio.Queue(maxsize=1))

    def tell(self, job: Job) -> None:
        self.told = job
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(job)


class Live:
    """Polls the catalogue while somebody listens. What a listener has not read yet is replaced by what is newer, so
    that a slow one costs one job of memory."""

    def __init__(self, catalogue: Catalogue, *, every_seconds: float = _EVERY_SECONDS) -> None:
        self._catalogue, self._every_seconds = catalogue, every_seconds
        self._listeners: dict[str, set[_Listener]] = {}
        self._someone = asyncio.Event()

    @property
    def listeners(self) -> int:
        return sum(map(len, self._listeners.values()))

    def require_room(self) -> None:
        """Raises Problem `too-many-listeners`."""
        if self.listeners >= MOST_LISTENERS:
            raise Problem(503, "too-many-listeners", "Too many are listening: ask for the status now and then instead.")

    @asynccontextmanager
    async def listening(self, job: Job) -> AsyncIterator["asyncio.Queue[Job]"]:
        """A queue of at most one: how the job stands now, then each time it is another."""
        listener = _Listener(job)
        listener.tell(job)
        self._listeners.setdefault(job.media_id, set()).add(listener)
        self._someone.set()
        try:
            yield listener.queue
        finally:
            self._leave(job.media_id, listener)

    def _leave(self, media_id: str, listener: _Listener) -> None:
        self._listeners[media_id].discard(listener)
        if not self._listeners[media_id]:
            del self._listeners[media_id]
        if not self._listeners:
            self._someone.clear()

    async def poll(self) -> None:
        """For ever. Nobody is told anything unless this runs."""
        while True:
            await self._someone.wait()
            try:
                jobs = await asyncio.to_thread(self._catalogue.current, set(self._listeners))
            except Unavailable as trouble:  # listeners keep what they know; it passes
                _log.warning("the catalogue does not answer", extra={"detail": trouble.detail})
            else:
                for job in jobs:
                    self._tell(job)
            await asyncio.sleep(self._every_seconds)

    def _tell(self, job: Job) -> None:
        # Each by what it was told itself: one that came a moment ago may have read the job before the last change.
        for listener in self._listeners.get(job.media_id, ()):
            if listener.told is not job and listener.told != job:
                listener.tell(job)
