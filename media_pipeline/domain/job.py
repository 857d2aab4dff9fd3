"""What a user is told about one upload: the job, its tasks, and which state may follow which."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from media_pipeline.domain.errors import ClosingCode, QuarantineCode, RejectionCode


class JobState(StrEnum):
    QUEUED = "queued"
    PROCESSING = "processing"
    PLAYABLE = "playable"
    READY = "ready"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"
    REMOVED = "removed"


class TaskState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Origin(StrEnum):
    """Why there is a job: somebody waits for it, or a library is worked off."""

    LIVE = "live"
    IMPORT = "import"


_S = JobState
ALLOWED: dict[JobState, frozenset[JobState]] = {
    # to: from. A finished job may be processed again (redrive), hence the way back to processing.
    _S.QUEUED: frozenset({_S.READY, _S.PLAYABLE, _S.REJECTED, _S.QUARANTINED, _S.CANCELLED}),
    _S.PROCESSING: frozenset({_S.QUEUED, _S.QUARANTINED, _S.REJECTED, _S.CANCELLED}),
    _S.PLAYABLE: frozenset({_S.PROCESSING, _S.READY}),
    _S.READY: frozenset({_S.PROCESSING, _S.PLAYABLE}),
    _S.REJECTED: frozenset({_S.QUEUED, _S.PROCESSING}),
    _S.QUARANTINED: frozenset({_S.QUEUED, _S.PROCESSING}),
    _S.CANCELLED: frozenset({_S.QUEUED, _S.PROCESSING, _S.PLAYABLE}),
    _S.REMOVED: frozenset(set(_S) - {_S.REMOVED}),
}
"""Which states a job may come from, by the state it moves to."""

LIVE = frozenset({_S.QUEUED, _S.PROCESSING})
"""Nothing to watch yet, and no verdict."""

OPEN = frozenset({TaskState.WAITING, TaskState.RUNNING})
"""Somebody has yet to work on the task, or does."""

LAST = "publication"
"""The task that closes a job."""

STOPPED = frozenset({_S.CANCELLED, _S.REMOVED})
"""Nobody works on the job any more, and what somebody still makes of it is not wanted."""


def taken_up(state: JobState) -> JobState:
    """What becomes of a job when a run takes it up: what is not playable is processed, a ready one is playable until
    the run is over."""
    if state in ALLOWED[JobState.PROCESSING]:
        return JobState.PROCESSING
    return JobState.PLAYABLE if state is JobState.READY else state


@dataclass(frozen=True, slots=True)
class Failure:
    """A code of the closed lists and one human sentence."""

    code: RejectionCode | QuarantineCode | ClosingCode
    message: str


SUPERSEDED = Failure(ClosingCode.SUPERSEDED, "A newer version of the file was uploaded.")
SOURCE_DELETED = Failure(ClosingCode.SOURCE_DELETED, "The file was deleted, and what was made from it with it.")
ERASED = Failure(ClosingCode.ERASED, "Everything made from the file was erased on request.")
WITHDRAWN = frozenset({RejectionCode.SOURCE_GONE, ClosingCode.SOURCE_DELETED})
"""The codes of jobs whose file went away: should it come back, it is taken up anew."""


def standing(received: Sequence["Job"], *, current: str | None) -> "Job | None":
    """Of the jobs of the same bytes of one media, first received first: the one that stands when these bytes are the
    object. None where they are to be taken up (again): they were replaced since, or their file had gone."""
    for job in received:
        if job.failure == ERASED:
            return job
    last = received[-1] if received else None
    gone = last is not None and last.failure is not None and last.failure.code in WITHDRAWN
    return last if last and last.version == current and not gone else None


@dataclass(frozen=True, slots=True)
class Task:
    """One asset of one job, as a user sees it."""

    name: str
    state: TaskState = TaskState.WAITING
    progress: float = 0.0
    """0 to 1"""
    seconds: float | None = None
    """how long it took, or has run so far"""
    reason: str | None = None
    """why it was skipped or failed"""
    fingerprint: str | None = None
    """of the recipe that made its output"""
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """The story of one object version, from received to published."""

    media_id: str
    version: str
    bucket: str
    key: str
    etag: str
    size: int
    """bytes"""
    title: str
    tenant: str
    profile: str
    state: JobState
    tasks: tuple[Task, ...]
    failure: Failure | None
    revision: int
    """of the published manifest; 0 before the first"""
    received_at: datetime
    started_at: datetime | None
    playable_at: datetime | None
    finished_at: datetime | None
    run_id: str | None
    origin: Origin = Origin.LIVE
    language: str | None = None
    """of the speech, as its uploader says"""
    tags: tuple[str, ...] = ()
    """of its uploader"""
    trace: str | None = None
    """the W3C traceparent of what received it, where somebody watches"""

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands in the list of all jobs."""
        return self.received_at, self.media_id

    @property
    def progress(self) -> float:
        """How far it is, 0 to 1: the mean of its tasks, of which one that is over counts whole, however it ended."""
        done = [task.progress if task.state in OPEN else 1.0 for task in self.tasks]
        return sum(done) / max(1, len(done))

    @property
    def is_over(self) -> bool:
        """Nobody has anything left to do for it."""
        return self.state not in LIVE and all(task.state not in OPEN for task in self.tasks)

    def task(self, name: str) -> Task:
        """Raises KeyError for a task the job does not have."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)
