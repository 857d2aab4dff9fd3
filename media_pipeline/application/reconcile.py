"""The catalogue is repaired from the engine's history: what a crash left open, and no run works on, comes to an end."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import History
from media_pipeline.application.ports.results import Results
from media_pipeline.application.settle import close
from media_pipeline.application.task import Report
from media_pipeline.domain.errors import Conflict
from media_pipeline.domain.job import LAST, OPEN, Job, JobState, TaskState
from media_pipeline.domain.profile import fingerprint
from media_pipeline.domain.results import kind
from media_pipeline.domain.run import Run, ending
from media_pipeline.domain.upload import Upload


def reconcile(
    job: Job,
    runs: Sequence[Run],
    *,
    catalogue: Catalogue,
    history: History,
    results: Results,
    publish: Callable[[Upload, bool], object],
    now: Callable[[], datetime],
) -> Job:
    """Bring a job to where its runs ended, as it is afterwards; as it was while they go on.

    What the engine saw made is *done*, and published: `publish` gets the upload and whether it is complete. The rest is
    settled. Every write is a compare-and-set against `job`: whoever takes it up again meanwhile is left alone. Safe to
    repeat from any point.
    """
    end = ending(job, runs, now=now())
    if end is None:
        return job
    try:
        made = _caught_up(job, history.made(end.run_ids), catalogue=catalogue, results=results, now=now)
        seen = _published(made, publish=publish, catalogue=catalogue)
        if end.cancelled and catalogue.move(seen.media_id, seen.version, JobState.CANCELLED, seen=seen, at=now()):
            seen = _again(seen, {JobState.CANCELLED}, catalogue)
        return close(seen, catalogue=catalogue, code=end.code, now=now())
    except Conflict:  # taken up again meanwhile, or replaced by a newer version: there is another tick
        return catalogue.job(job.media_id, job.version)


def _caught_up(
    job: Job, made: Collection[str], *, catalogue: Catalogue, results: Results, now: Callable[[], datetime]
) -> Job:
    """The job after the writes it missed about what was made."""
    if job.state is JobState.QUEUED and made:
        catalogue.move(job.media_id, job.version, JobState.PROCESSING, seen=job, at=now())
        job = _again(job, {JobState.PROCESSING}, catalogue)
    report = Report(_upload(job), (), catalogue, now, seen=job)
    for task in job.tasks:
        if task.state not in OPEN:
            continue
        if task.name == LAST and (LAST in made or job.state is JobState.READY):
            report.done(LAST, fingerprint(LAST))
        elif task.name in made:
            value = results.load(_upload(job), task.name, kind(task.name))
            if value is not None:
                report.answer(task.name, value)
    return _again(job, {job.state}, catalogue)


def _published(job: Job, *, publish: Callable[[Upload, bool], object], catalogue: Catalogue) -> Job:
    """The job after the publications it missed. What a newer version has replaced is not published any more."""
    done = {t.name for t in job.tasks if t.state is TaskState.DONE}
    if "stream" not in done or job.state not in {JobState.PROCESSING, JobState.PLAYABLE}:
        return job
    if catalogue.job(job.media_id).version != job.version:
        return job
    complete = LAST in done and all(t.state in {TaskState.DONE, TaskState.SKIPPED} for t in job.tasks)
    publish(_upload(job), complete)
    return _again(job, {job.state, JobState.PLAYABLE, JobState.READY}, catalogue)


def _again(job: Job, states: Collection[JobState], catalogue: Catalogue) -> Job:
    """The job as it is now, if it is in one of these states and still of the same run. Raises Conflict."""
    now = catalogue.job(job.media_id, job.version)
    if now.run_id != job.run_id or now.state not in states:
        raise Conflict("Somebody else has taken up the job.")
    return now


def _upload(job: Job) -> Upload:
    return Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)
