"""What the use cases ask of the catalogue."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from media_pipeline.domain.attempt import Attempt, Work
from media_pipeline.domain.job import Failure, Job, JobState, Origin, Task, TaskState
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.search import EVERYTHING, Filter
from media_pipeline.domain.upload import Upload


class Catalogue(Protocol):
    """The truth users are told: jobs by media and version, their states and tasks.

    Raises Unavailable(STORE_UNAVAILABLE) when the database does not answer.
    """

    def register(
        self,
        upload: Upload,
        *,
        title: str,
        tenant: str,
        profile: str,
        tasks: Sequence[str],
        origin: Origin = Origin.LIVE,
        language: str | None = None,
        tags: Sequence[str] = (),
        claimed_until: datetime | None = None,
        trace: str | None = None,
        at: datetime,
    ) -> Job:
        """The job of this object version: made now (*queued*, tasks *waiting*), or as it already is. Until
        `claimed_until` somebody else than `line` sees to its run.

        A new version becomes the media's current one, and in the same transaction whatever is under way of the others
        is *cancelled* as superseded. Bytes that were current before and are not any more, or whose file had gone
        (`domain.job.WITHDRAWN`), are a new version of the same ETag. Erased bytes stay erased."""
        ...

    def known(self, bucket: str, versions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these (key, ETag) pairs `register` would leave as they are: the current version of a file that has
        not gone, or erased. A set query, however many are asked for."""
        ...

    def job(self, media_id: str, version: str | None = None) -> Job:
        """The job of a version, by default the media's current one. Raises Missing."""
        ...

    def versions(self, media_id: str) -> list[Job]:
        """The jobs of every version of a media, the current one first, then the newest; none of one that is not
        known."""
        ...

    def content(self, media_id: str, version: str, sha256: str) -> None:
        """Note the SHA-256 of a version's bytes. Raises Missing."""
        ...

    def alike(self, media_id: str, version: str, *, limit: int) -> list[Job]:
        """Other jobs of the same tenant whose bytes are the same, newest first, without the removed; none where the
        version's own content was not noted."""
        ...

    def erase(self, receipt: Receipt) -> None:
        """Make a tombstone of a media and keep the receipt: every version is *removed* as erased; title, key, tenant,
        language, tags, words and reasons are gone. What its ETags name is known for ever. Raises Missing."""
        ...

    def receipt(self, media_id: str) -> Receipt | None:
        """Of the last time a media was erased; None while it is not, or not any more."""
        ...

    def current(self, media_ids: Collection[str]) -> list[Job]:
        """The current jobs of these media, in no order; none of a media that is not known. A set query."""
        ...

    def jobs(
        self, wanted: Filter = EVERYTHING, *, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[Job]:
        """Current jobs, newest first: a page of those wanted, beginning after a place (`Job.place` of the last one
        seen). What it costs does not grow with the library."""
        ...

    def describe(self, media_id: str, texts: Iterable[str]) -> None:
        """What a media is found by, beside its title and its uploader's tags; in the place of what was there. Raises
        Missing."""
        ...

    def line(self, bucket: str, *, limit: int, now: datetime) -> list[Job]:
        """Current jobs of a bucket that are in the queue, that no run has worked on and nobody else sees to (any more),
        in the order of `domain.fairness`, as if none were underway."""
        ...

    def restart(
        self,
        media_id: str,
        version: str,
        *,
        run_id: str,
        profile: str,
        tasks: Sequence[str],
        fresh: bool = False,
        seen: Job | None = None,
        at: datetime,
    ) -> bool:
        """A run begins to work on a job: forget earlier failures, set these tasks *waiting* (adding those the
        job lacks; under another profile they are all it has), note run and profile; a job that is not playable yet
        becomes *processing*, a ready one is *playable* until the run is over. `fresh`: somebody asked for it, the
        tries before count no more. False when it may not, or when the job is not as `seen` any more."""
        ...

    def begin(self, media_id: str, version: str, stage: str, *, run_id: str, at: datetime) -> None:
        """A try at a stage begins; one that was still open ends as WORKER_LOST. Raises Missing."""
        ...

    def end(
        self,
        media_id: str,
        version: str,
        stage: str | None = None,
        *,
        failure: Failure | None = None,
        work: Work | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> None:
        """The open try at a stage is over, or every open one of the job; `work`: of one that was done. Raises Conflict
        when the job's state or run is not as `seen` any more."""
        ...

    def failed(self, stage: str, failure: Failure) -> None:
        """Count a failure beside a try at a stage, which goes on without what failed: it draws on no budget."""
        ...

    def attempts(self, media_id: str, version: str) -> list[Attempt]:
        """Every try at a job, as they began."""
        ...

    def unsettled(self, *, limit: int) -> list[Job]:
        """Jobs of any version that look as if a run were at work on them: *processing*, or *playable* and not
        finished, or with an open task. Without those in the queue; longest received first."""
        ...

    def settled(self, media_id: str, version: str, *, seen: Job, at: datetime) -> None:
        """Nobody works on a *playable* job any more: stamp `finished_at`, if it is still as `seen`."""
        ...

    def move(
        self,
        media_id: str,
        version: str,
        to: JobState,
        *,
        failure: Failure | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> bool:
        """Compare-and-set along `domain.job.ALLOWED`; False when the current state does not allow it or is
        already `to`, or when the job's state or run is not as `seen` any more. Stamps started_at, playable_at and
        finished_at. Raises Missing."""
        ...

    def over_since(self, media_ids: Collection[str]) -> dict[str, datetime]:
        """Since when nobody works on these media, or has to: those that are over, by id. A set query."""
        ...

    def published(self, media_id: str, version: str, revision: int) -> None:
        """Note the manifest's revision; never lowers it, but 0 says that it is out no more. Raises Missing."""
        ...

    def task(
        self,
        media_id: str,
        version: str,
        name: str,
        state: TaskState,
        *,
        progress: float = 0.0,
        seconds: float | None = None,
        reason: str | None = None,
        fingerprint: str | None = None,
        seen: Job | None = None,
        at: datetime,
    ) -> Task:
        """Write how a task stands, whole. Stamps `started_at` when it starts running. Raises Missing; Conflict when
        the job's state or run is not as `seen` any more."""
        ...

    def progress(self, media_id: str, version: str, names: Collection[str], done: float, *, seconds: float) -> JobState:
        """Note in one write how far these tasks are, of which only the running ones change, and answer how their job
        stands. Raises Missing."""
        ...
