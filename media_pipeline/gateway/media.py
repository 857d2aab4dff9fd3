"""Status and library: what became of uploads, and what their owner may do with them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from media_pipeline.application import cancel as cancelling
from media_pipeline.application import remove as removing
from media_pipeline.domain.job import JobState
from media_pipeline.domain.search import Filter, query
from media_pipeline.gateway import answers, cursor, shapes
from media_pipeline.gateway.access import FrontDoor, Reader, Uploader, own_job, own_media
from media_pipeline.gateway.problems import Problem

_GONE = frozenset({JobState.REMOVED})
router = APIRouter(prefix="/v1/media", tags=["media"])


Time = Annotated[AwareDatetime, AfterValidator(cursor.utc)]


class Asked(BaseModel):
    """Everything given narrows the list."""

    model_config = ConfigDict(extra="forbid")

    state: JobState | None = Field(default=None, description="Those that were removed are listed only by theirs.")
    q: str | None = Field(default=None, max_length=500, description="Words of the title, tags, speech, on-screen text.")
    since: Time | None = Field(default=None, description="Received then or later.")
    before: Time | None = Field(default=None, description="Received earlier.")
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=500, description="`next` of the page before.")


@router.get("", responses={400: {}})
def list_media(
    request: Request, front: FrontDoor, caller: Reader, asked: Annotated[Asked, Query()]
) -> shapes.MediaPage:
    """The caller's media, newest first: a page of them."""
    try:
        text = query(asked.q) if asked.q is not None else None
    except ValueError as error:
        raise Problem(422, "nothing-to-search-for", "The search has no word in it.") from error
    without = _GONE if asked.state not in _GONE else frozenset()
    wanted = Filter(asked.state, without=without, text=text, tenant=caller.tenant, since=asked.since)
    jobs = front.platform.catalogue.jobs(wanted, after=_place(asked), limit=asked.limit + 1)
    more = cursor.written(jobs[asked.limit - 1].place) if len(jobs) > asked.limit else None
    return shapes.MediaPage(items=[answers.summary(job, front, request) for job in jobs[: asked.limit]], next=more)


@router.get("/{media_id}")
def get_media(media_id: str, request: Request, front: FrontDoor, caller: Reader) -> shapes.MediaDetail:
    """How the job of a media stands and, from *playable* on, where to play it."""
    return answers.detail(own_job(media_id, caller, front), front, request)


@router.post("/{media_id}/cancel")
def cancel_media(media_id: str, request: Request, front: FrontDoor, caller: Uploader) -> shapes.MediaDetail:
    """Stop the job. What is published already stays; a job that is over is left as it is."""
    own_job(media_id, caller, front)
    platform = front.platform
    job = cancelling.cancel(media_id, catalogue=platform.catalogue, engine=front.engine, now=platform.now())
    return answers.detail(job, front, request)


@router.post("/{media_id}/redrive", status_code=202, responses={409: {}})
def redrive_media(media_id: str, front: FrontDoor, caller: Uploader) -> shapes.Redriven:
    """Ask again for what failed: only what is missing is made. 409 where there is nothing to do, and why."""
    own_job(media_id, caller, front)
    answer = front.redrive(media_id)
    if answer.run_id is None:
        raise Problem(409, "nothing-to-redrive", f"Nothing was asked for: {answer.sentence}.")
    return shapes.Redriven(media_id=answer.media_id, run_id=answer.run_id, tasks=list(answer.tasks))


@router.delete("/{media_id}", responses={409: {}})
def delete_media(
    media_id: str,
    front: FrontDoor,
    caller: Uploader,
    keep_source: Annotated[bool, Query(description="Leave the uploaded object where it is.")] = False,
) -> shapes.Receipt:
    """Erase the uploaded object and everything made from it, for good. 409 where a run takes too long to end: ask
    again."""
    own_media(media_id, caller, front)
    platform = front.platform
    receipt = removing.remove(
        media_id, with_source=not keep_source, store=platform.store, shelf=platform.shelf,
        catalogue=platform.catalogue, uploads=platform.uploads, engine=front.engine, now=platform.now(),
    )  # fmt: skip
    return shapes.Receipt.model_validate(receipt.as_json())


@router.get("/{media_id}/original", response_class=RedirectResponse, status_code=307)
def get_original(media_id: str, request: Request, front: FrontDoor, caller: Reader) -> str:
    """To the uploaded file, as a download."""
    own_job(media_id, caller, front)
    return f"{answers.prefix(media_id, front, request)}/original"


@router.get("/{media_id}/mp4", response_class=RedirectResponse, status_code=307)
def get_mp4(media_id: str, request: Request, front: FrontDoor, caller: Reader) -> str:
    """To one MP4 of the best picture and the default sound, as a download."""
    own_job(media_id, caller, front)
    return f"{answers.prefix(media_id, front, request)}/download.mp4"


def _place(asked: Asked) -> tuple[datetime, str] | None:
    """After which the page begins."""
    if asked.cursor is not None:
        return cursor.read(asked.cursor)
    return (asked.before, "") if asked.before else None
