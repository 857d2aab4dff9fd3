"""What failed is asked for again: only what is missing, with a fresh budget of tries."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import Engine, History
from media_pipeline.application.ports.results import Results
from media_pipeline.domain.errors import MediaError
from media_pipeline.domain.job import LAST, LIVE, Job, JobState, TaskState
from media_pipeline.domain.redo import redo
from media_pipeline.domain.results import kind
from media_pipeline.domain.run import Run, under_way
from media_pipeline.domain.search import Filter
from media_pipeline.domain.upload import Upload

_PAGE = 200
_FAILED = JobState.QUARANTINED, JobState.PLAYABLE
_WITH_A_CODE = *_FAILED, JobState.REJECTED


@dataclass(frozen=True, slots=True)
class Redriven:
    """What became of one wish. Without a run nothing was done, and the sentence says why."""

    media_id: str
    run_id: str | None
    tasks: tuple[str, ...]
    sentence: str
    trouble: MediaError | None = None
    """what came between"""


def redrive(
    media_id: str,
    *,
    catalogue: Catalogue,
    history: History,
    engine: Engine,
    results: Results,
    tags: Callable[[Job], Mapping[str, str]],
    now: datetime,
) -> Redriven:
    """Ask for one run over what is missing of a media's current version. What is done stays, and what is under way is
    left alone, so that asking twice changes nothing. Raises Missing."""
    job = catalogue.job(media_id)
    runs = history.runs([media_id]).get(media_id, [])
    if refused := _refused(job, runs, now):
        return Redriven(media_id, None, (), refused)
    tasks = redo([t.name for t in job.tasks], missing(job, results))
    if not tasks:
        return Redriven(media_id, None, (), f"nothing is missing, it is {job.state}")
    run_id = again(job, tasks, fresh=True, catalogue=catalogue, engine=engine, tags=tags(job), now=now)
    if run_id is None:
        return Redriven(media_id, None, (), "somebody else has taken it up")
    return Redriven(media_id, run_id, tasks, f"asked for again: {', '.join(tasks)}")


def again(
    job: Job,
    tasks: Sequence[str],
    *,
    fresh: bool,
    catalogue: Catalogue,
    engine: Engine,
    tags: Mapping[str, str],
    now: datetime,
) -> str | None:
    """One more run over these tasks of a job, as long as the job is as seen: its id, or None where it was not."""
    everything = len(tasks) == len(job.tasks)
    run_id = engine.launch(job.media_id, job.version, assets=None if everything else tasks, tags=tags)
    taken = catalogue.restart(
        job.media_id, job.version, run_id=run_id, profile=job.profile, tasks=tasks, fresh=fresh, seen=job, at=now
    )
    if taken or catalogue.job(job.media_id, job.version).run_id == run_id:  # it may have begun already
        return run_id
    engine.stop(run_id)
    return None


def missing(job: Job, results: Results) -> set[str]:
    """The tasks of which there is no answer: neither something made nor a reason why there is nothing to make."""
    over = {TaskState.DONE, TaskState.SKIPPED}
    upload = Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)
    return {
        t.name
        for t in job.tasks
        if t.state not in over
        or (t.name == LAST and job.state is not JobState.READY)
        or (t.name != LAST and results.load(upload, t.name, kind(t.name)) is None)
    }


def failed(catalogue: Catalogue, *, code: str | None = None) -> Iterator[Job]:
    """The jobs that are worth asking for again: quarantined ones and those of which an extra failed. With a code
    those that have it, rejected ones too."""
    for state in _FAILED if code is None else _WITH_A_CODE:
        place = None
        while page := catalogue.jobs(Filter(state=state), after=place, limit=_PAGE):
            place = page[-1].place
            yield from (job for job in page if _worth(job, code, catalogue))


def _worth(job: Job, code: str | None, catalogue: Catalogue) -> bool:
    if job.state is not JobState.PLAYABLE:
        return code is None or (job.failure is not None and job.failure.code == code)
    if all(t.state is not TaskState.FAILED for t in job.tasks):
        return False
    tries = catalogue.attempts(job.media_id, job.version) if code else []
    return code is None or any(t.counted and t.failure and t.failure.code == code for t in tries)


def _refused(job: Job, runs: Sequence[Run], now: datetime) -> str | None:
    if job.state is JobState.REMOVED:
        return "it was removed"
    if under_way(job, runs, now=now):
        return "it is under way"
    if job.state in LIVE and all(r.version not in {None, job.version} for r in runs):
        return "its first run is yet to come"
    return None
