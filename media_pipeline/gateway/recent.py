"""Answers that many ask for at once, asked for once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from media_pipeline.domain.errors import QuarantineCode, Unavailable

V = TypeVar("V")


class Recent(Generic[V]):
    """Answers by what was asked, each good for some seconds after it was asked for. Who asks the same while it is
    awaited waits for the same answer; a failure is told to them and not kept. Belongs to one event loop."""

    def __init__(self, *, good_seconds: float, at_most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._good_seconds = good_seconds
        self._at_most = at_most
        self._clock = clock
        self._answers: dict[Hashable, tuple[float, asyncio.Task[V]]] = {}

    async def answer(self, question: Hashable, ask: Callable[[], Awaitable[V]]) -> V:
        """Raises Unavailable when too many answers are awaited already, and what `ask` raises."""
        self._forget()
        if question not in self._answers:
            if len(self._answers) >= self._at_most:
                raise Unavailable(QuarantineCode.INTERNAL, "Too much is being asked for at once.")
            self._answers[question] = self._clock(), asyncio.ensure_future(_asked(ask))
        # Whoever asked first may go away while others wait.
        return await asyncio.shield(self._answers[question][1])

    def _forget(self) -> None:
        """What is old or failed; everything awaited stays."""
        now = self._clock()
        for question, (since, task) in list(self._answers.items()):
            if task.done() and (now - since >= self._good_seconds or task.cancelled() or task.exception()):
                del self._answers[question]


async def _asked(ask: Callable[[], Awaitable[V]]) -> V:
    return await ask()
