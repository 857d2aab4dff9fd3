"""One task of a job while it is worked on: what the catalogue is told, and what a failure means for the job."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain.attempt import BUDGET, BUG, VITAL, Work, spent, stage, verdict
from media_pipeline.domain.errors import (
    BadMedia,
    Cancelled,
    Conflict,
    GivenUp,
    MediaError,
    QuarantineCode,
    RejectionCode,
    Superseded,
    Unavailable,
)
from media_pipeline.domain.job import STOPPED, SUPERSEDED, Failure, Job, JobState, TaskState
from media_pipeline.domain.results import NotMade, Result
from media_pipeline.domain.upload import Upload

Clock = Callable[[], datetime]


@dataclass
class Report:
    """Tells the catalogue how the tasks of one step stand; progress at most once a second."""

    upload: Upload
    names: Sequence[str]
    catalogue: Catalogue
    now: Clock
    seen: Job | None = None
    """only while the job is as in it, see Catalogue.task"""
    encoded_seconds: float = 0.0
    """of media that went through an encoder in this step"""
    stored_bytes: int = 0
    began: float = field(default_factory=time.monotonic)
    _told: float = -1.0
    _answered: set[str] = field(default_factory=set)

    def progress(self, done: float) -> None:
        """Raises Cancelled when the job was cancelled or removed meanwhile."""
        elapsed = time.monotonic() - self.began
        if elapsed - self._told < 1.0:
            return
        self._told = elapsed
        state = self.catalogue.progress(
            self.upload.media_id, self.upload.version, self.names, round(done, 3), seconds=round(elapsed, 3)
        )
        if state in STOPPED:
            _go_on(self.upload, self.catalogue)

    def stored(self, size: int) -> None:
        """So many bytes of what this step makes are in the store."""
        self.stored_bytes += size

    @property
    def work(self) -> Work:
        """What it came to so far."""
        return Work(self.encoded_seconds, self.stored_bytes)

    def answer(self, name: str, value: Result | NotMade) -> None:
        """A task is over: something was made, or there was nothing to make."""
        self._answered.add(name)
        if isinstance(value, NotMade):
            self._write(name, TaskState.SKIPPED, reason=value.reason)
        else:
            print_of = value.made.fingerprint
            self._write(name, TaskState.DONE, progress=1.0, seconds=value.made.seconds, fingerprint=print_of)

    def done(self, name: str, fingerprint: str) -> None:
        """A task without a result of its own is over."""
        self._answered.add(name)
        seconds = time.monotonic() - self.began
        self._write(name, TaskState.DONE, progress=1.0, seconds=seconds, fingerprint=fingerprint)

    def failed(self, state: TaskState, reason: str) -> None:
        for name in self.names:
            if name not in self._answered:
                self._write(name, state, seconds=time.monotonic() - self.began, reason=reason)

    def _write(self, name: str, state: TaskState, *, progress: float = 0.0, seconds: float | None = None,
               reason: str | None = None, fingerprint: str | None = None) -> None:  # fmt: skip
        self.catalogue.task(
            self.upload.media_id, self.upload.version, name, state, progress=round(progress, 3),
            seconds=None if seconds is None else round(seconds, 3), reason=reason, fingerprint=fingerprint,
            seen=self.seen, at=self.now(),
        )  # fmt: skip


@contextmanager
def tracked(
    upload: Upload,
    names: Sequence[str],
    *,
    run_id: str,
    catalogue: Catalogue,
    take_back: Callable[[Upload], object],
    now: Clock,
) -> Iterator[Report]:
    """Work on tasks: *running* while inside, and on a failure the job and its tasks say so before it passes on.

    BadMedia in a vital task rejects the job and takes back what was made. Unavailable in a vital task quarantines
    the job once the budget of tries is used up, and is then GivenUp. An extra's failure is its own. What is made of a
    removed job is deleted.

    Raises Cancelled, or Superseded where a newer version is current, before anything is done; and what was the verdict
    before where nobody is to try again.
    """
    report = Report(upload, names, catalogue, now)
    at = _Try(report, stage(names[0]), run_id)
    _go_on(upload, catalogue)
    try:
        with at.counted():
            for name in names:
                catalogue.task(upload.media_id, upload.version, name, TaskState.RUNNING, at=now())
            yield report
    except BadMedia as fault:
        report.failed(TaskState.FAILED, fault.message)
        if at.vital and at.move(JobState.REJECTED, Failure(fault.code, fault.message)):
            take_back(upload)
        raise
    except GivenUp as end:
        report.failed(TaskState.FAILED, end.message)
        if at.vital:
            at.move(JobState.QUARANTINED, Failure(end.code, end.message))
        raise
    except Unavailable as trouble:
        report.failed(TaskState.WAITING, trouble.message)
        raise
    except (Cancelled, Conflict) as stop:
        report.failed(TaskState.SKIPPED, stop.message)
        raise
    except MediaError as trouble:
        report.failed(TaskState.FAILED, trouble.message)
        raise
    finally:  # of a removed job: whoever removed it may not have seen what landed since
        if catalogue.job(upload.media_id, upload.version).state is JobState.REMOVED:
            take_back(upload)
    _ready_again(upload, catalogue, now)


@dataclass(frozen=True, slots=True)
class _Try:
    """One try at a stage."""

    report: Report
    stage: str
    run_id: str

    @property
    def vital(self) -> bool:
        return self.stage in VITAL

    def move(self, to: JobState, failure: Failure) -> bool:
        return self._catalogue.move(*self._version, to, failure=failure, at=self.report.now())

    @property
    def _catalogue(self) -> Catalogue:
        return self.report.catalogue

    @property
    def _version(self) -> tuple[str, str]:
        return self.report.upload.media_id, self.report.upload.version

    @contextmanager
    def counted(self) -> Iterator[None]:
        """The catalogue is told that the try begins, and how it ended; only one whose worker is lost stays open.
        Raises GivenUp instead of Unavailable when the budget is used up."""
        before = self._catalogue.attempts(*self._version)
        if (end := verdict(before, self.stage)) is not None:
            raise _told(end)
        self._catalogue.begin(*self._version, self.stage, run_id=self.run_id, at=self.report.now())
        try:
            yield
        except BadMedia as fault:
            self._end(Failure(fault.code, fault.message))
            raise
        except Unavailable as trouble:
            self._end(Failure(trouble.code, trouble.message))
            if spent(before, self.stage) + 1 >= BUDGET:
                raise GivenUp(trouble.code, trouble.message, detail=trouble.detail) from trouble
            raise
        except MediaError:
            self._end()
            raise
        except Exception:
            self._end(BUG)
            raise
        self._end(work=self.report.work)

    def _end(self, failure: Failure | None = None, work: Work | None = None) -> None:
        self._catalogue.end(*self._version, self.stage, failure=failure, work=work, at=self.report.now())


def _told(end: Failure) -> MediaError:
    if isinstance(end.code, QuarantineCode):
        return GivenUp(end.code, end.message)
    assert isinstance(end.code, RejectionCode)
    return BadMedia(end.code, end.message)


def _go_on(upload: Upload, catalogue: Catalogue) -> None:
    job = catalogue.job(upload.media_id, upload.version)
    if job.state in STOPPED:
        raise Cancelled(job.failure.message if job.failure else "The job was cancelled.")
    if catalogue.job(upload.media_id).version != upload.version:
        raise Superseded(SUPERSEDED.message)


def _ready_again(upload: Upload, catalogue: Catalogue, now: Clock) -> None:
    """A ready job of which one thing was remade is ready again as soon as nothing of it is open or failed."""
    job = catalogue.job(upload.media_id, upload.version)
    if job.state is JobState.PLAYABLE and all(t.state in {TaskState.DONE, TaskState.SKIPPED} for t in job.tasks):
        catalogue.move(upload.media_id, upload.version, JobState.READY, at=now())
