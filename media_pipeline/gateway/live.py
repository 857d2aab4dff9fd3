"""Jobs as they change, for everybody who listens: one query for all of them, however many they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain.errors import Unavailable
from media_pipeline.domain.job import Job
from media_pipeline.gateway.problems import Problem
from media_pipeline.infrastructure import telemetry

_EVERY_SECONDS = 0.5
MOST_LISTENERS = 2000
_log = telemetry.log("gateway.live")


class Live:
    """Polls the catalogue while somebody listens. What a listener has not read yet is replaced by what is newer, so
    that a slow one costs one job of memory."""

    def __init__(self, catalogue: Catalogue, *, every_seconds: float = _EVERY_SECONDS) -> None:
        self._catalogue, self._every_seconds = catalogue, every_seconds
        self._listeners: dict[str, set[asyncio.Queue[Job]]] = {}
        self._last: dict[str, Job] = {}
        self._someone = asyncio.Event()

    @asynccontextmanager
    async def polling(self) -> AsyncIterator[Self]:
        """It tells nobody anything outside of this."""
        task = asyncio.create_task(self._poll())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @asynccontextmanager
    async def listening(self, job: Job) -> AsyncIterator["asyncio.Queue[Job]"]:
        """A queue of at most one: how the job stands now, then each time it is another. Raises Problem
        `too-many-listeners`."""
        if sum(map(len, self._listeners.values())) >= MOST_LISTENERS:
            raise Problem(503, "too-many-listeners", "Too many are listening: ask for the status now and then instead.")
        queue: asyncio.Queue[Job] = asyncio.Queue(maxsize=1)
        queue.put_nowait(job)
        self._last.setdefault(job.media_id, job)
        self._listeners.setdefault(job.media_id, set()).add(queue)
        self._someone.set()
        try:
            yield queue
        finally:
            self._leave(job.media_id, queue)

    def _leave(self, media_id: str, queue: "asyncio.Queue[Job]") -> None:
        others = self._listeners[media_id]
        others.discard(queue)
        if not others:
            del self._listeners[media_id], self._last[media_id]
        if not self._listeners:
            self._someone.clear()

    async def _poll(self) -> None:
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
        if self._last.get(job.media_id) == job:
            return
        if job.media_id in self._listeners:
            self._last[job.media_id] = job
        for queue in self._listeners.get(job.media_id, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(job)
