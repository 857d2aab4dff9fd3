"""What the gateway does beside answering."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from media_pipeline.infrastructure import telemetry

Tasks = list["asyncio.Task[None]"]
_log = telemetry.log("gateway")


@asynccontextmanager
async def running(*works: Coroutine[None, None, None]) -> AsyncIterator[Tasks]:
    """Works that have no end go on inside of this. One that fails all the same is told of in the log, and its task is
    done: see `failed`."""
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_tell)
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def failed(tasks: Tasks) -> bool:
    """Whether one of them does not go on."""
    return any(task.done() for task in tasks)


def _tell(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("work in the background failed: the gateway must be started anew", exc_info=error)
