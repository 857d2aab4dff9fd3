"""What shows no progress comes to an end, and is taken up again as long as its budget of tries lasts."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import Engine, History
from media_pipeline.application.ports.results import Results
from media_pipeline.application.redrive import again, missing
from media_pipeline.domain.job import Job
from media_pipeline.domain.redo import redo
from media_pipeline.domain.run import resumable, silent


def watch(
    job: Job,
    *,
    catalogue: Catalogue,
    history: History,
    engine: Engine,
    results: Results,
    tags: Mapping[str, str],
    patience: timedelta,
    now: datetime,
) -> str | None:
    """Stop the run of a job that shows no sign of life, and put another in the place of a stopped one, over what is
    missing. The budget stays what it is: a stage that was tried often enough is refused when it begins. What was done,
    or None."""
    runs = history.runs([job.media_id]).get(job.media_id, [])
    dead = silent(job, runs, patience=patience, now=now)
    if dead is not None:
        engine.stop(dead.run_id)
        runs = history.runs([job.media_id]).get(job.media_id, [])
    current = catalogue.job(job.media_id).version == job.version
    if current and resumable(job, runs, catalogue.attempts(job.media_id, job.version), now=now):
        tasks = redo([t.name for t in job.tasks], missing(job, results))
        run_id = again(job, tasks, fresh=False, catalogue=catalogue, engine=engine, tags=tags, now=now)
        return f"taken up again by run {run_id}" if run_id else None
    return f"run {dead.run_id} is told to stop" if dead else None
