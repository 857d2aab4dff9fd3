"""What becomes of a media, as it happens: server-sent events."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from media_pipeline.domain.caller import Caller
from media_pipeline.domain.job import Job, JobState
from media_pipeline.gateway import answers
from media_pipeline.gateway.access import FrontDoor, Reader, own_job
from media_pipeline.gateway.live import Live

BEAT_SECONDS = 15.0
LONGEST_SECONDS = 3600.0
"""Then the stream ends without `end`, and who still wants to know asks again: with a key that may be revoked by now."""
_BEAT = ": still here\n\n"  # so that whoever is between does not take the silence for an end
_END = "event: end\ndata: {}\n\n"
router = APIRouter(prefix="/v1/media", tags=["media"])


_TYPE = "text/event-stream"
_EVENT = {
    "type": "object",
    "description": "One event of the stream; `data` of a status is a Media as JSON.",
    "properties": {"event": {"enum": ["status", "end"]}, "data": {"type": "string"}},
}
_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"content": {_TYPE: {"schema": _EVENT}}}}


@router.get("/{media_id}/events", response_class=Response, responses=_ANSWERS)
async def follow_media(media_id: str, request: Request, front: FrontDoor, caller: Reader) -> StreamingResponse:
    """Server-sent events: `status` with the media as in the list, now and each time it is another, at most twice a
    second; `end` when nobody has anything left to do for it, after which the stream closes."""
    job = await asyncio.to_thread(own_job, media_id, caller, front)

    def text(job: Job) -> str:
        return answers.summary(job, front, request).model_dump_json()

    live: Live = request.app.state.live
    live.require_room()
    return StreamingResponse(told(job, live, text=text, visible=partial(_visible, caller)), media_type=_TYPE)


async def told(
    job: Job,
    live: Live,
    *,
    text: Callable[[Job], str],
    visible: Callable[[Job], bool],
    beat_seconds: float = BEAT_SECONDS,
) -> AsyncGenerator[str]:
    """The events of a job, until it is over or not to be seen any more."""
    until = time.monotonic() + LONGEST_SECONDS
    async with live.listening(job) as queue:
        while (left := until - time.monotonic()) > 0:
            try:
                job = await asyncio.wait_for(queue.get(), min(beat_seconds, left))
            except TimeoutError:
                yield _BEAT
                continue
            if visible(job):
                yield f"event: status\ndata: {text(job)}\n\n"
            if job.is_over or not visible(job):
                yield _END
                return


def _visible(caller: Caller, job: Job) -> bool:
    """Whether it is still the caller's: it may be erased meanwhile, and then it is nobody's."""
    return job.tenant == caller.tenant and job.state is not JobState.REMOVED
