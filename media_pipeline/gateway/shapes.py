"""What the API answers: the shapes of docs/openapi.json. Times are ISO 8601 in UTC, durations in seconds."""

from datetime import datetime

from pydantic import BaseModel

from media_pipeline.domain.job import JobState, TaskState
from media_pipeline.domain.manifest import Manifest


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
    """A media, and the job of its current version. `poster` is an address that expires, null before there is anything
    to watch."""

    id: str
    version: str
    title: str
    profile: str
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
