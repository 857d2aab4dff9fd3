"""What the API answers: the shapes of docs/openapi.json. Times are ISO 8601 in UTC, durations in seconds."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from media_pipeline.domain.job import JobState, TaskState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.session import SessionState
from media_pipeline.domain.webhook import DeliveryState


class Fault(BaseModel):
    """What does not fit in a request, and where."""

    where: str
    message: str


class Problem(BaseModel):
    """Why a request did not succeed (RFC 9457). `code` is one of a list that is only added to; `errors` come with
    `invalid-request`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[Fault] = []


class Failure(BaseModel):
    """A code of the closed lists, and one sentence for a person."""

    code: str
    message: str


class Task(BaseModel):
    """One asset of the job. `progress` goes from 0 to 1."""

    name: str
    state: TaskState
    progress: float
    seconds: float | None
    reason: str | None


class Attempt(BaseModel):
    """One try at a stage."""

    stage: str
    run_id: str
    started_at: datetime
    ended_at: datetime | None
    error: Failure | None


class Shown(BaseModel):
    """Which version is published: the current one, or one before it that stays (`superseded-invalid` where the newer
    file was refused)."""

    version: str
    revision: int
    standing: str


class Playback(BaseModel):
    """Addresses that are good until `expires_at`, for everybody who has them. `manifest` names everything that was
    published, by such addresses; `original` and `mp4` are downloads."""

    expires_at: datetime
    manifest: Manifest
    original: str
    mp4: str | None


class Media(BaseModel):
    """A media, and the job of its current version. `language` (of the speech) and `tags` are as its uploader said.
    `poster` is an address that expires, null where there is no picture, or none yet."""

    id: str
    version: str
    title: str
    profile: str
    language: str | None
    tags: list[str]
    size: int
    state: JobState
    error: Failure | None
    progress: float
    revision: int
    run_id: str | None
    received_at: datetime
    started_at: datetime | None
    playable_at: datetime | None
    finished_at: datetime | None
    poster: str | None
    tasks: list[Task]


class MediaDetail(Media):
    """With what was tried and, from *playable* on, what can be played."""

    attempts: list[Attempt]
    shown: Shown | None
    playback: Playback | None


class MediaPage(BaseModel):
    """Newest first. `next` asks for the page after this one; null after the last."""

    items: list[Media]
    next: str | None


class Redriven(BaseModel):
    """A run over what was missing is queued."""

    media_id: str
    run_id: str
    tasks: list[str]


class Receipt(BaseModel):
    """What was erased."""

    media_id: str
    erased_at: datetime
    versions: int
    objects: int
    bytes: int
    runs: int
    source_deleted: bool


class Part(BaseModel):
    """Where a part is to be sent until `expires_at`: exactly `size` bytes, with these headers, from
    `(number - 1) * part_size` of the file on."""

    number: int
    size: int
    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class Arrived(BaseModel):
    """A part that is here. Another `etag` is of other bytes."""

    number: int
    size: int
    etag: str


class Upload(BaseModel):
    """A file on its way. Its media is there as soon as the upload is complete."""

    id: str
    media_id: str
    state: SessionState
    filename: str
    title: str
    size: int
    part_size: int
    part_count: int
    created_at: datetime
    expires_at: datetime


class UploadWithParts(Upload):
    """With the addresses of what is missing: of the first thousand parts, more by `GET …/parts`."""

    parts: list[Part]


class Parts(BaseModel):
    """What is here, and where to send what is not: the first thousand of it."""

    arrived: list[Arrived]
    parts: list[Part]


class NewWebhook(BaseModel):
    """Where to send what happens to the caller's media, and which of it: changes into these states."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000)
    events: list[JobState] = Field(default_factory=lambda: list(JobState), min_length=1)


class Webhook(BaseModel):
    """An address that is told what happens to media."""

    id: str
    url: str
    events: list[JobState]
    created_at: datetime


class WebhookWithSecret(Webhook):
    """A new webhook. `secret` checks what it is sent; it is not shown again."""

    secret: str


class Webhooks(BaseModel):
    """Oldest first."""

    items: list[Webhook]


class Delivery(BaseModel):
    """A change, and whether the webhook was told of it. `answer` is the HTTP status of the last try, `trouble` why that
    was no success."""

    id: str
    media_id: str
    version: str
    event: JobState
    happened_at: datetime
    state: DeliveryState
    tries: int
    next_try_at: datetime | None
    answer: int | None
    trouble: str | None


class DeliveryPage(BaseModel):
    """Newest first. `next` asks for the page after this one; null after the last."""

    items: list[Delivery]
    next: str | None
