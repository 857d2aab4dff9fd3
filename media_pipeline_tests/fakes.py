"""One fake a port: it holds state, and passes the contract suite of the real adapter."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from media_pipeline.application.ports.store import Message, Page
from media_pipeline.domain import tally
from media_pipeline.domain.api_key import ApiKey
from media_pipeline.domain.attempt import LOST, Attempt, Work, stage
from media_pipeline.domain.census import Census, Queue
from media_pipeline.domain.errors import Conflict, Missing
from media_pipeline.domain.fairness import turns
from media_pipeline.domain.job import (
    ALLOWED,
    ERASED,
    LIVE,
    OPEN,
    SUPERSEDED,
    Failure,
    Job,
    JobState,
    Origin,
    Task,
    TaskState,
    standing,
    taken_up,
)
from media_pipeline.domain.receipt import Receipt
from media_pipeline.domain.run import GOING_ON, Run, RunState
from media_pipeline.domain.search import EVERYTHING, Filter, Query, words
from media_pipeline.domain.tally import Tally
from media_pipeline.domain.upload import StoredObject, Upload, media_id, version_id


@dataclass(frozen=True)
class _Object:
    data: bytes
    content_type: str
    described: StoredObject


class MemoryStore:
    """Store in a dictionary. Buckets exist as soon as they are named."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], _Object] = {}
        self._writes = itertools.count(1)
        self._lock = threading.RLock()

    def head(self, bucket: str, key: str) -> StoredObject:
        return self._object(bucket, key).described

    def list(self, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
        for (where, key), found in sorted(self.objects.items()):
            if where == bucket and key.startswith(prefix):
                yield found.described

    def page(self, bucket: str, prefix: str = "", *, token: str | None = None, limit: int = 1000) -> Page:
        rest = [o for o in self.list(bucket, prefix) if token is None or o.key > token]
        return Page(tuple(rest[:limit]), rest[limit - 1].key if rest[limit:] else None)

    def read(self, bucket: str, key: str) -> tuple[bytes, str]:
        found = self._object(bucket, key)
        return found.data, found.described.etag

    def fetch(self, bucket: str, key: str, to: Path) -> None:
        to.write_bytes(self._object(bucket, key).data)

    def fetch_ranges(self, bucket: str, key: str, to: Path, ranges: Sequence[tuple[int, int]]) -> None:
        """What was not asked for is garbage."""
        data = self._object(bucket, key).data
        holes = bytearray(b"\xff" * len(data))
        for start, stop in ranges:
            holes[start:stop] = data[start:stop]
        to.write_bytes(holes)

    def write(
        self, bucket: str, key: str, data: bytes, *, content_type: str, if_match: str | None = None, new: bool = False
    ) -> str:
        if not key or "\0" in key:
            raise ValueError(f"not a key: {key!r}")
        with self._lock:
            current = self.objects.get((bucket, key))
            if new and current:
                raise Conflict("The object exists already.")
            if if_match is not None and (current is None or current.described.etag != if_match):
                raise Conflict("The object has changed meanwhile.")
            etag = f"etag-{next(self._writes)}"
            described = StoredObject(bucket, key, etag, len(data), datetime.now(UTC))
            self.objects[bucket, key] = _Object(data, content_type, described)
            return etag

    def put(self, bucket: str, key: str, path: Path, *, content_type: str) -> None:
        self.write(bucket, key, path.read_bytes(), content_type=content_type)

    def copy(self, bucket: str, key: str, to: str, *, content_type: str) -> None:
        self.write(bucket, to, self._object(bucket, key).data, content_type=content_type)

    def delete(self, bucket: str, keys: Iterable[str]) -> None:
        for key in keys:
            self.objects.pop((bucket, key), None)

    def unfinished(self, bucket: str, *, before: datetime, delete: bool) -> Iterator[StoredObject]:
        return iter(())  # every write is whole

    def link(self, bucket: str, key: str, *, until: datetime, content_type: str, filename: str | None = None) -> str:
        return f"memory://{bucket}/{quote(key)}?until={until.timestamp():.0f}"

    def url(self, bucket: str, key: str) -> str:
        return f"memory://{bucket}/{key}"

    def _object(self, bucket: str, key: str) -> _Object:
        try:
            return self.objects[bucket, key]
        except KeyError as error:
            raise Missing("There is no such object.", detail=f"{bucket}/{key}") from error


class MemoryHints:
    """A queue in a list. What was handed out comes again when a test says that its time is up."""

    def __init__(self) -> None:
        self.queued: list[Message] = []
        self.out: dict[str, Message] = {}
        self.aside: list[tuple[str, str]] = []
        self._numbers = itertools.count()

    def send(self, body: str) -> None:
        number = next(self._numbers)
        self.queued.append(Message(f"id-{number}", body, f"receipt-{number}", 0))

    def lapse(self) -> None:
        """Nobody answered in time."""
        self.queued += self.out.values()
        self.out.clear()

    def receive(self) -> list[Message]:
        handed = [replace(m, received=m.received + 1) for m in self.queued[:10]]
        del self.queued[:10]
        self.out.update({m.receipt: m for m in handed})
        return handed

    def done(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.out.pop(message.receipt, None)

    def set_aside(self, message: Message, reason: str) -> None:
        self.aside.append((message.body, reason))
        self.done([message])

    def waiting(self) -> int:
        return len(self.queued) + len(self.out)


def _nobody(_job: Job, _at: datetime) -> None:
    """Who does not want to know."""


class MemoryCatalogue:
    """Catalogue in dictionaries. `announce` is told of every job that changed its state."""

    def __init__(self, announce: Callable[[Job, datetime], None] = _nobody) -> None:
        self._announce = announce
        self._jobs: dict[tuple[str, str], Job] = {}
        self._current: dict[str, str] = {}
        self._receipts: dict[str, Receipt] = {}
        self._sums: dict[tuple[str, str], tuple[str, str]] = {}
        self._texts: dict[str, list[str]] = {}
        self._attempts: dict[tuple[str, str], list[Attempt]] = {}
        self._claimed: dict[tuple[str, str], datetime | None] = {}
        self._ready: set[tuple[str, str]] = set()
        self.counted: list[Tally] = []
        """what MemoryFigures adds up"""
        self._lock = threading.RLock()

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
        with self._lock:
            there = self._of_etag(upload.media_id, upload.etag)
            kept = standing(there, current=self._current.get(upload.media_id))
            if kept is None:
                upload = replace(upload, version=version_id(upload.etag, again=len(there)))
                self._supersede(upload, _utc(at))
                self._jobs[upload.media_id, upload.version] = Job(
                    **{name: getattr(upload, name) for name in Upload.__slots__},
                    title=title,
                    tenant=tenant,
                    profile=profile,
                    state=JobState.QUEUED,
                    tasks=tuple(Task(name) for name in tasks),
                    failure=None,
                    revision=0,
                    received_at=_utc(at),
                    started_at=None,
                    playable_at=None,
                    finished_at=None,
                    run_id=None,
                    origin=origin,
                    trace=trace,
                )
                self._claimed[upload.media_id, upload.version] = claimed_until
                self.counted.append(tally.received(origin, upload.size))
                self._current[upload.media_id] = upload.version
                self._show(
                    upload.media_id, key=upload.key, title=title, tenant=tenant, language=language, tags=tuple(tags)
                )
                self._announce(self._jobs[upload.media_id, upload.version], _utc(at))
            return kept or self._jobs[upload.media_id, upload.version]

    def known(self, bucket: str, versions: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        return {(key, etag) for key, etag in versions if self._known(media_id(bucket, key), etag)}

    def versions(self, media_id: str) -> list[Job]:
        mine = [j for j in self._jobs.values() if j.media_id == media_id]
        return sorted(mine, key=lambda j: (j.version == self._current[media_id], j.received_at), reverse=True)

    def erase(self, receipt: Receipt) -> None:
        with self._lock:
            self.job(receipt.media_id)
            for job in self.versions(receipt.media_id):
                if job.state is not JobState.REMOVED:
                    self.counted.append(tally.closed(JobState.REMOVED, ERASED))
                    self._announce(replace(job, state=JobState.REMOVED, failure=ERASED), _utc(receipt.erased_at))
                tasks = tuple(replace(t, reason=None) for t in job.tasks)
                blank = replace(
                    job,
                    title="",
                    key="",
                    tenant="",
                    language=None,
                    tags=(),
                    size=0,
                    revision=0,
                    tasks=tasks,
                    failure=ERASED,
                )
                self._keep(replace(blank, state=JobState.REMOVED, finished_at=_utc(receipt.erased_at)))
            self._receipts[receipt.media_id] = receipt
            self._texts.pop(receipt.media_id, None)
            for job in self.versions(receipt.media_id):
                self._sums.pop((job.media_id, job.version), None)
                self._attempts.pop((job.media_id, job.version), None)

    def content(self, media_id: str, version: str, sha256: str) -> None:
        self._sums[media_id, version] = self.job(media_id, version).tenant, sha256

    def alike(self, media_id: str, version: str, *, limit: int) -> list[Job]:
        mine = self._sums.get((media_id, version))
        others = [
            j for of, j in self._jobs.items() if mine and self._sums.get(of) == mine and of != (media_id, version)
        ]
        there = [j for j in others if j.state is not JobState.REMOVED]
        return sorted(there, key=lambda j: j.received_at, reverse=True)[:limit]

    def receipt(self, media_id: str) -> Receipt | None:
        if media_id not in self._current or self.job(media_id).key:
            return None
        return self._receipts.get(media_id)

    def job(self, media_id: str, version: str | None = None) -> Job:
        try:
            return self._jobs[media_id, self._current[media_id] if version is None else version]
        except KeyError as error:
            raise Missing("There is no such media.", detail=f"{media_id}/{version}") from error

    def current(self, media_ids: Collection[str]) -> list[Job]:
        return [self._jobs[media] for media in self._current.items() if media[0] in media_ids]

    def jobs(
        self, wanted: Filter = EVERYTHING, *, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> list[Job]:
        current = [self._jobs[media] for media in self._current.items() if self._found(media[0], wanted.text)]
        found = [
            job
            for job in current
            if wanted.state in (None, job.state)
            and wanted.tenant in (None, job.tenant)
            and job.state not in wanted.without
            and (wanted.since is None or job.received_at >= wanted.since)
            and (after is None or job.place < after)
        ]
        return sorted(found, key=lambda j: j.place, reverse=True)[:limit]

    def line(self, bucket: str, *, limit: int, now: datetime) -> list[Job]:
        everything = self.jobs(Filter(state=JobState.QUEUED), limit=len(self._jobs))
        queued = [j for j in everything if j.bucket == bucket]
        free = [j for j in queued if j.run_id is None and (self._claimed[j.media_id, j.version] or now) <= now]
        return [job for job, _ in turns(free, {})][:limit]

    def describe(self, media_id: str, texts: Iterable[str]) -> None:
        job = self.job(media_id)
        self._texts[media_id] = [job.title, *job.tags, *texts]

    def _found(self, media_id: str, text: Query | None) -> bool:
        if text is None:
            return True
        job = self.job(media_id)
        there = words(self._texts.get(media_id) or [job.title, *job.tags])
        return text.whole.issubset(there) and any(word.startswith(text.start) for word in there)

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
        with self._lock:
            job = self.job(media_id, version)
            if job.state is JobState.REMOVED or not _as_seen(job, seen):
                return False
            if fresh:
                self._attempts[media_id, version] = [
                    replace(a, counted=False) for a in self.attempts(media_id, version)
                ]
            if job.state in ALLOWED[JobState.PROCESSING]:
                job = replace(job, started_at=_utc(at))
            before, job = job.state, replace(job, state=taken_up(job.state), failure=None)
            if job.state is not before:
                self._announce(job, _utc(at))
            known = job.tasks if job.profile == profile else ()
            kept = [Task(t.name) if t.name in tasks else t for t in known]
            there = {t.name for t in known}
            added = [Task(name) for name in tasks if name not in there]
            job = replace(job, run_id=run_id, profile=profile, tasks=(*kept, *added))
            self._keep(replace(job, finished_at=None))
            return True

    def begin(self, media_id: str, version: str, stage: str, *, run_id: str, at: datetime) -> None:
        with self._lock:
            self.job(media_id, version)
            self.end(media_id, version, stage, failure=LOST, at=at)
            if any(a.stage == stage and a.counted for a in self.attempts(media_id, version)):
                self.counted.append(tally.retried(stage))
            self._attempts.setdefault((media_id, version), []).append(
                Attempt(stage, run_id, _utc(at), None, None, counted=True)
            )

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
        with self._lock:
            if not _as_seen(self.job(media_id, version), seen):
                raise Conflict("Somebody else has taken up the job.")
            told = self.attempts(media_id, version)
            for place, one in enumerate(told):
                if one.ended_at is None and stage in {None, one.stage}:
                    told[place] = replace(one, ended_at=_utc(at), failure=failure)
                    seconds = (at - one.started_at).total_seconds()
                    self.counted.extend(tally.tried(one.stage, seconds, failure, work))
            self._attempts[media_id, version] = told

    def failed(self, stage: str, failure: Failure) -> None:
        self.counted.append(tally.failed(stage, failure))

    def attempts(self, media_id: str, version: str) -> list[Attempt]:
        return list(self._attempts.get((media_id, version), ()))

    def settled(self, media_id: str, version: str, *, seen: Job, at: datetime) -> None:
        with self._lock:
            job = self.job(media_id, version)
            if job.state is JobState.PLAYABLE and _as_seen(job, seen):
                self._keep(replace(job, finished_at=_utc(at)))

    def unsettled(self, *, limit: int) -> list[Job]:
        return sorted(filter(_unsettled, self._jobs.values()), key=lambda j: (j.place, j.version))[:limit]

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
        with self._lock:
            job = self.job(media_id, version)
            if job.state not in ALLOWED[to] or not _as_seen(job, seen):
                return False
            moved, now = replace(job, state=to, failure=failure, finished_at=None), _utc(at)
            match to:
                case JobState.QUEUED:
                    moved = replace(moved, started_at=None, playable_at=None)
                case JobState.PROCESSING:
                    moved = replace(moved, started_at=now)
                case JobState.PLAYABLE:
                    moved = replace(moved, playable_at=job.playable_at or now)
                case JobState.READY:
                    moved = replace(moved, playable_at=job.playable_at or now, finished_at=now)
                case _:
                    moved = replace(moved, finished_at=now)
            self._keep(moved)
            self._count(job, to, failure, at)
            self._announce(moved, now)
            return True

    def _count(self, before: Job, to: JobState, failure: Failure | None, at: datetime) -> None:
        this = before.media_id, before.version
        told = tally.moved(
            to, failure, origin=before.origin, received_at=before.received_at, playable_at=before.playable_at,
            ready_at=before.received_at if this in self._ready else None, at=at,
        )  # fmt: skip
        self.counted.extend(told)
        self._ready |= {this} if to is JobState.READY else set()

    def over_since(self, media_ids: Collection[str]) -> dict[str, datetime]:
        jobs = [self.job(m) for m in media_ids if m in self._current]
        over = [j for j in jobs if j.state not in LIVE and not any(t.state in OPEN for t in j.tasks)]
        return {j.media_id: at for j in over if (at := j.finished_at or j.playable_at)}

    def published(self, media_id: str, version: str, revision: int) -> None:
        with self._lock:
            job = self.job(media_id, version)
            self._keep(replace(job, revision=max(revision, job.revision) if revision else 0))

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
        with self._lock:
            job = self.job(media_id, version)
            if not _as_seen(job, seen):
                raise Conflict("Somebody else has taken up the job.")
            before = next((t for t in job.tasks if t.name == name), None)
            if before is None:
                raise Missing("There is no such task.", detail=f"{media_id}/{version}/{name}")
            started_at = None if state is TaskState.WAITING else before.started_at
            if state is TaskState.RUNNING and before.state is not TaskState.RUNNING:
                started_at = _utc(at)
            task = Task(name, state, progress, seconds, reason, fingerprint, started_at)
            self._keep(replace(job, tasks=tuple(task if t.name == name else t for t in job.tasks)))
            return task

    def progress(self, media_id: str, version: str, names: Collection[str], done: float, *, seconds: float) -> JobState:
        with self._lock:
            job = self.job(media_id, version)
            running = {t.name for t in job.tasks if t.name in names and t.state is TaskState.RUNNING}
            told = [replace(t, progress=done, seconds=seconds) if t.name in running else t for t in job.tasks]
            self._keep(replace(job, tasks=tuple(told)))
            return job.state

    def every(self) -> list[Job]:
        """Every version of every media."""
        return list(self._jobs.values())

    def _keep(self, job: Job) -> None:
        self._jobs[job.media_id, job.version] = job

    def _show(self, media_id: str, **shown: Any) -> None:
        for job in self.versions(media_id):
            self._keep(replace(job, **shown))

    def _known(self, media_id: str, etag: str) -> bool:
        same = self._of_etag(media_id, etag)
        return standing(same, current=self._current.get(media_id)) is not None

    def _of_etag(self, media_id: str, etag: str) -> list[Job]:
        same = [j for j in self.versions(media_id) if j.etag == etag]
        return sorted(same, key=lambda j: (j.received_at, j.version == self._current[media_id]))

    def _supersede(self, new: Upload, at: datetime) -> None:
        for job in self.versions(new.media_id):
            skipped = {t.name: replace(t, state=TaskState.SKIPPED, reason=SUPERSEDED.message) for t in job.tasks}
            tasks = tuple(skipped[t.name] if t.state in OPEN else t for t in job.tasks)
            under_way = job.state in LIVE or (job.state is JobState.PLAYABLE and tasks != job.tasks)
            closed = replace(job, tasks=tasks)
            if under_way:
                self.counted.append(tally.closed(JobState.CANCELLED, SUPERSEDED))
                closed = replace(closed, state=JobState.CANCELLED, failure=SUPERSEDED, finished_at=at)
                self._announce(closed, at)
            self._keep(closed)


class MemoryFigures:
    """Figures of a catalogue in dictionaries."""

    def __init__(self, catalogue: MemoryCatalogue) -> None:
        self._catalogue = catalogue

    def tallies(self) -> list[Tally]:
        return tally.summed(self._catalogue.counted)

    def fold(self, *, most: int) -> int:
        taken = self._catalogue.counted[:most]
        sums = tally.summed(taken)
        self._catalogue.counted[:most] = sums
        return len(taken) - len(sums)

    def census(self) -> Census:
        jobs = self._catalogue.every()
        queued = [j for j in jobs if j.state is JobState.QUEUED]
        received = {o: [j.received_at for j in queued if j.origin is o] for o in Origin}
        kept = [j.failure.code if j.failure else "" for j in jobs if j.state is JobState.QUARANTINED]
        return Census(
            jobs=Counter(j.state for j in jobs),
            queues={origin: Queue(len(at), min(at)) for origin, at in received.items() if at},
            quarantined=Counter(map(str, kept)),
            tasks=Counter((stage(t.name), t.state) for j in jobs for t in j.tasks if t.state in OPEN),
        )


def _as_seen(job: Job, seen: Job | None) -> bool:
    return seen is None or (job.state, job.run_id) == (seen.state, seen.run_id)


def _unsettled(job: Job) -> bool:
    if job.state is JobState.QUEUED:
        return False
    unfinished = job.state is JobState.PLAYABLE and job.finished_at is None
    return job.state is JobState.PROCESSING or unfinished or any(t.state in OPEN for t in job.tasks)


class MemoryKeys:
    """API keys in a dictionary."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    def add(self, key: ApiKey) -> None:
        if key.id in self._keys:
            raise Conflict("There is such a key already.")
        self._keys[key.id] = key

    def find(self, id: str) -> ApiKey:
        if id not in self._keys:
            raise Missing("There is no such key.", detail=id)
        return self._keys[id]

    def all(self) -> list[ApiKey]:
        return sorted(self._keys.values(), key=lambda k: (k.created_at, k.id))

    def revoke(self, id: str, *, at: datetime) -> None:
        key = self.find(id)
        self._keys[id] = replace(key, revoked_at=key.revoked_at or at)


class MemoryHistory:
    """What an engine remembers, told by a test."""

    def __init__(self) -> None:
        self.told: dict[str, list[Run]] = {}
        self.assets: dict[str, set[str]] = {}

    def runs(self, media_ids: Collection[str]) -> dict[str, list[Run]]:
        return {media: runs for media, runs in self.told.items() if media in media_ids}

    def at_work(self) -> set[str]:
        busy = GOING_ON - {RunState.QUEUED}
        return {media for media, runs in self.told.items() if any(r.state in busy for r in runs)}

    def made(self, run_ids: Collection[str]) -> set[str]:
        return {name for run_id in run_ids for name in self.assets.get(run_id, ())}


class MemoryEngine:
    """An engine that starts nothing: it remembers what it was asked for, in a history."""

    def __init__(
        self, history: MemoryHistory | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.history = history or MemoryHistory()
        self.now = now
        self.asked: list[tuple[str, frozenset[str] | None, dict[str, str]]] = []
        self.stopped: list[tuple[str, str]] = []
        self.forgotten: list[str] = []

    def forget(self, media_id: str) -> int:
        self.forgotten.append(media_id)
        return len(self.history.told.pop(media_id, []))

    def cancel(self, media_id: str, version: str) -> None:
        self.stopped.append((media_id, version))
        for run in self.history.told.get(media_id, []):
            if run.version == version:
                self._end(run.run_id, RunState.CANCELLED)

    def launch(self, media_id: str, version: str, *, assets: Collection[str] | None, tags: Mapping[str, str]) -> str:
        self.asked.append((media_id, None if assets is None else frozenset(assets), dict(tags)))
        run_id, at = f"launched-{len(self.asked)}", self.now()
        run = Run(run_id, run_id, version, RunState.QUEUED, False, at, at)
        self.history.told.setdefault(media_id, []).append(run)
        return run_id

    def stop(self, run_id: str) -> None:
        self._end(run_id, RunState.STOPPED)

    def _end(self, run_id: str, state: RunState) -> None:
        for runs in self.history.told.values():
            runs[:] = [
                replace(r, state=state, updated_at=self.now()) if r.run_id == run_id and r.state in GOING_ON else r
                for r in runs
            ]


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC)
