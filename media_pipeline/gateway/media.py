"""Status and library: what became of uploads, as it happens; and what their owner may do with them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from media_pipeline.application import cancel as cancelling
from media_pipeline.application import remove as removing
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.search import Filter, query
from media_pipeline.gateway import answers, cursor, shapes
from media_pipeline.gateway.access import FrontDoor, Reader, Uploader, own_job
from media_pipeline.gateway.live import Live
from media_pipeline.gateway.problems import Problem

_BEAT_SECONDS = 15.0
_GONE = frozenset({JobState.REMOVED})
router = APIRouter(prefix="/v1/media", tags=["media"])


class Asked(BaseModel):
    """Everything given narrows the list."""

    model_config = ConfigDict(extra="forbid")

    state: JobState | None = None
    q: str | None = Field(default=None, max_length=500, description="Words of the title, tags, speech, on-screen text.")
    since: AwareDatetime | None = Field(default=None, description="Received then or later.")
    before: AwareDatetime | None = Field(default=None, description="Received earlier.")
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=500, description="`next` of the page before.")


@router.get("")
def listed(request: Request, front: FrontDoor, caller: Reader, asked: Annotated[Asked, Query()]) -> shapes.MediaPage:
    """The caller's media, newest first: a page of them."""
    try:
        text = query(asked.q) if asked.q is not None else None
    except ValueError as error:
        raise Problem(422, "nothing-to-search-for", "The search has no word in it.") from error
    after = _place(asked)
    without = _GONE if asked.state not in _GONE else frozenset()
    wanted = Filter(asked.state, without=without, text=text, tenant=caller.tenant, since=asked.since)
    jobs = front.platform.catalogue.jobs(wanted, after=after, limit=asked.limit + 1)
    more = cursor.written(jobs[asked.limit - 1].place) if len(jobs) > asked.limit else None
    return shapes.MediaPage(items=[answers.summary(job, front, request) for job in jobs[: asked.limit]], next=more)


@router.get("/{media_id}")
def status(media_id: str, request: Request, front: FrontDoor, caller: Reader) -> shapes.MediaDetail:
    """How the job of a media stands and, from *playable* on, where to play it."""
    return answers.detail(own_job(media_id, caller, front), front, request)


@router.get(
    "/{media_id}/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
)
async def events(media_id: str, request: Request, front: FrontDoor, caller: Reader) -> StreamingResponse:
    """Server-sent events: `status` with the media as it is now and each time it is another, at most twice a second;
    `end` when nobody has anything left to do for it, after which the stream closes."""
    job = await asyncio.to_thread(own_job, media_id, caller, front)
    live: Live = request.app.state.live
    told = _told(job, live, lambda job: answers.summary(job, front, request).model_dump_json())
    return StreamingResponse(told, media_type="text/event-stream")


@router.post("/{media_id}/cancel")
def cancel(media_id: str, request: Request, front: FrontDoor, caller: Uploader) -> shapes.MediaDetail:
    """Stop the job. What is published already stays."""
    own_job(media_id, caller, front)
    platform = front.platform
    job = cancelling.cancel(media_id, catalogue=platform.catalogue, engine=front.engine, now=platform.now())
    return answers.detail(job, front, request)


@router.post("/{media_id}/redrive", status_code=202)
def redrive(media_id: str, front: FrontDoor, caller: Uploader) -> shapes.Redriven:
    """Ask again for what failed: only what is missing is made. 409 where there is nothing to do, and why."""
    own_job(media_id, caller, front)
    answer = front.redrive(media_id)
    if answer.run_id is None:
        raise Problem(409, "nothing-to-redrive", f"Nothing was asked for: {answer.sentence}.")
    return shapes.Redriven(media_id=answer.media_id, run_id=answer.run_id, tasks=list(answer.tasks))


@router.delete("/{media_id}")
def remove(
    media_id: str,
    front: FrontDoor,
    caller: Uploader,
    keep_source: Annotated[bool, Query(description="Leave the uploaded object where it is.")] = False,
) -> shapes.Receipt:
    """Erase the uploaded object and everything made from it, for good."""
    own_job(media_id, caller, front)
    platform = front.platform
    receipt = removing.remove(
        media_id, with_source=not keep_source, store=platform.store, shelf=platform.shelf,
        catalogue=platform.catalogue, uploads=platform.uploads, engine=front.engine, now=platform.now(),
    )  # fmt: skip
    return shapes.Receipt.model_validate(receipt.as_json())


@router.get("/{media_id}/original", response_class=RedirectResponse, status_code=307)
def original(media_id: str, request: Request, front: FrontDoor, caller: Reader) -> str:
    """To the uploaded file, as a download."""
    own_job(media_id, caller, front)
    return f"{answers.prefix(media_id, front, request)}/original"


@router.get("/{media_id}/mp4", response_class=RedirectResponse, status_code=307)
def mp4(media_id: str, request: Request, front: FrontDoor, caller: Reader) -> str:
    """To one MP4 of the best picture and the default sound, as a download."""
    own_job(media_id, caller, front)
    return f"{answers.prefix(media_id, front, request)}/download.mp4"


def _place(asked: Asked) -> tuple[datetime, str] | None:
    """After which the page begins."""
    if asked.cursor is not None:
        return cursor.read(asked.cursor)
    return (asked.before, "") if asked.before else None


async def _told(job: Job, live: Live, text: Callable[[Job], str]) -> AsyncIterator[str]:
    async with live.listening(job) as queue:
        while True:
            try:
                job = await asyncio.wait_for(queue.get(), _BEAT_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"  # so that whoever is between does not take the silence for an end
                continue
            yield f"event: status\ndata: {text(job)}\n\n"
            if job.is_over:
                yield "event: end\ndata: {}\n\n"
                return
