"""Uploads: announced, sent part by part to wherever the parts' addresses say, completed. Resumable: `…/parts` says what
has arrived."""

import unicodedata
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urljoin

from fastapi import APIRouter, BackgroundTasks, Body, Depends, Header, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from media_pipeline.application import uploading
from media_pipeline.defs.arrivals import taken_up
from media_pipeline.domain.errors import Missing, RefusalCode, Refused
from media_pipeline.domain.language import UNKNOWN, bcp47
from media_pipeline.domain.quota import Quota
from media_pipeline.domain.session import Announced, Session, part_claim
from media_pipeline.gateway import shapes
from media_pipeline.gateway.access import FrontDoor, Uploader, require_signed
from media_pipeline.gateway.front import Front

_CHUNK = 2**20
router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


def _text(text: str) -> str:
    """What a person can read. Raises ValueError for control characters and halves of characters."""
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise ValueError("it holds what is no text")
    return text


def _language(tag: str) -> str:
    """Raises ValueError for what is no language tag."""
    if bcp47(tag) == UNKNOWN:
        raise ValueError("it is no language tag, such as en or pt-BR")
    return bcp47(tag)


_Text = AfterValidator(_text)
_Tag = Annotated[str, Field(min_length=1, max_length=100), _Text]


class NewUpload(BaseModel):
    """A file that is to be sent, and what is to be made of it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    filename: Annotated[str, Field(min_length=1, max_length=1024), _Text]
    size: int = Field(ge=0, le=2**53, description="Bytes.")
    content_type: str = Field(default="application/octet-stream", max_length=255, pattern=r"^[!-~]+/[ -~]*[!-~]$")
    sha256: str | None = Field(default=None, pattern="^[0-9a-fA-F]{64}$", description="Of the whole file, in hex.")
    title: Annotated[str, Field(min_length=1, max_length=500), _Text] | None = Field(
        default=None, description="What people see; without it the file's name."
    )
    profile: str | None = Field(default=None, max_length=100, description="What is to be made.")
    language: Annotated[str, Field(max_length=64), AfterValidator(_language)] | None = Field(
        default=None, description="Of the speech; without it, it is found out."
    )
    tags: list[_Tag] = Field(default=[], max_length=50, description="What it is found by, beside its title.")


class PartTold(BaseModel):
    """A part as its sender knows it."""

    number: int
    etag: str


class Completed(BaseModel):
    """What was sent. May be left out, or name as few parts as one likes: what has arrived is known here."""

    parts: list[PartTold] = Field(default=[], max_length=10_000)


@router.post("", status_code=201)
def begin_upload(
    asked: NewUpload,
    request: Request,
    front: FrontDoor,
    caller: Uploader,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> shapes.UploadWithParts:
    """Announce a file. The answer says where to send its parts, in any order, several at a time.

    With the same `Idempotency-Key` and the same body it is the same upload; with another body it is refused."""
    p, settings = front.platform, front.platform.settings
    session = uploading.begin(
        _announced(asked, settings.profile), tenant=caller.tenant, bucket=p.inbox.bucket,
        prefix=p.folder(caller.tenant), idempotency_key=idempotency_key, limits=settings.limits,
        profiles=p.recipes.profiles, uploads=p.uploads, intake=p.intake, now=p.now(),
        expires_at=p.now() + timedelta(hours=settings.upload_expires_hours),
        quota=Quota(settings.quota_uploads_a_day, settings.quota_bytes_a_day),
    )  # fmt: skip
    return shapes.UploadWithParts(**_plain(session, front), parts=_parts(session, front, request).parts)


def _own(upload_id: str, front: FrontDoor, caller: Uploader) -> Session:
    """Raises Missing for an upload of another tenant, in the words of one that never was."""
    if not upload_id.isascii() or not upload_id.isalnum():  # nothing that databases refuse to look for
        raise Missing("There is no such upload.")
    session = front.platform.uploads.get(upload_id)
    if session.tenant != caller.tenant:
        raise Missing("There is no such upload.")
    return session


_Own = Annotated[Session, Depends(_own)]


@router.get("/{upload_id}")
def get_upload(session: _Own, front: FrontDoor) -> shapes.Upload:
    """How an upload stands."""
    return shapes.Upload(**_plain(session, front))


@router.get("/{upload_id}/parts")
def list_parts(session: _Own, request: Request, front: FrontDoor) -> shapes.Parts:
    """Which parts have arrived, and fresh addresses for those that have not."""
    return _parts(session, front, request)


@router.post("/{upload_id}/complete")
def complete_upload(
    session: _Own, front: FrontDoor, background: BackgroundTasks, told: Annotated[Completed | None, Body()] = None
) -> shapes.Upload:
    """Every part was sent: the media is registered, and its run asked for. Asked again, the answer is the same.

    409 `parts-missing` where parts are not here; 422 `checksum-mismatch` where the bytes are not those announced, of
    which nothing is kept then."""
    p = front.platform
    done = uploading.complete(
        session, {part.number: part.etag for part in told.parts} if told else {}, uploads=p.uploads, intake=p.intake,
        store=p.store, catalogue=p.catalogue, take_up=partial(taken_up, platform=p, engine=front.engine),
        launch=lambda job: background.add_task(front.launch, job), now=p.now,
    )  # fmt: skip
    return shapes.Upload(**_plain(done, front))


@router.delete("/{upload_id}", status_code=204)
def abort_upload(session: _Own, front: FrontDoor) -> None:
    """Take an upload back that is not complete; what arrived of it is deleted."""
    p = front.platform
    uploading.abort(session, uploads=p.uploads, intake=p.intake, store=p.store, now=p.now())


@router.put(
    "/{upload_id}/parts/{number}", openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}},
    responses={status: {} for status in (403, 409, 410, 507)},
)  # fmt: skip
async def send_part(upload_id: str, number: int, token: str, request: Request, front: FrontDoor) -> Response:
    """One part, by its signed address. The `ETag` of the answer is that of the part."""
    require_signed(token, *part_claim(upload_id, number), front=front)
    receiver, now = front.platform.receiver, front.platform.now()
    if receiver is None:
        raise Missing("Parts are sent to the store, not here.")
    session = await run_in_threadpool(front.platform.uploads.get, upload_id)
    _require_length(request, session.size_of(number))
    sink = await run_in_threadpool(partial(uploading.receive, session, number, receiver=receiver, now=now))
    try:
        async for piece in _pieces(request):
            await run_in_threadpool(sink.write, piece)
        arrived = await run_in_threadpool(sink.done)
    except ClientDisconnect:  # nobody is there to be told; the part is not here
        return Response(status_code=400)
    finally:
        sink.close()
    return Response(headers={"ETag": f'"{arrived.etag}"'})


def _announced(asked: NewUpload, profile: str) -> Announced:
    return Announced(
        filename=asked.filename,
        size=asked.size,
        content_type=asked.content_type,
        title=asked.title or asked.filename,
        profile=asked.profile or profile,
        sha256=asked.sha256.lower() if asked.sha256 else None,
        language=asked.language,
        tags=tuple(dict.fromkeys(asked.tags)),
    )


def _plain(session: Session, front: Front) -> dict[str, Any]:
    own = {name: getattr(session, name) for name in ("id", "media_id", "part_size", "created_at", "expires_at")}
    said = {name: getattr(session.announced, name) for name in ("filename", "title", "size")}
    return own | said | {"state": session.standing(front.platform.now()), "part_count": session.parts}


def _parts(session: Session, front: Front, request: Request) -> shapes.Parts:
    intake, now = front.platform.intake, front.platform.now()
    seconds = front.platform.settings.upload_url_seconds
    arrived = uploading.received(session, intake=intake)
    wanted = uploading.addresses(session, arrived, intake=intake, now=now, seconds=seconds)
    base = front.platform.settings.gateway_url or str(request.base_url)
    return shapes.Parts(
        arrived=[shapes.Arrived(**asdict(part)) for part in arrived],
        parts=[shapes.Part(**asdict(to) | {"url": urljoin(base, to.url)}) for to in wanted],
    )


def _require_length(request: Request, size: int) -> None:
    """Before a byte is read, where the length is told. Raises Refused PART_SIZE."""
    told = request.headers.get("content-length")
    if told is not None and told != str(size):
        raise Refused(RefusalCode.PART_SIZE, f"The part has {size} bytes, and {told} were announced.")


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces large enough to be worth a write, and small enough to hold."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    yield bytes(held)
