"""A person stops a job."""

from datetime import datetime

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import Engine
from media_pipeline.domain.job import OPEN, Job, JobState


def cancel(media_id: str, *, catalogue: Catalogue, engine: Engine, now: datetime) -> Job:
    """Stop the current job of a media. What is already published stays. A job that has ended is left as it is.

    Steps ask the catalogue as they make progress, so a run stops wherever it is; the engine is told as well, so that
    a queued run never starts. Raises Missing.
    """
    job = catalogue.job(media_id)
    over = all(t.state not in OPEN for t in job.tasks)
    if not over and catalogue.move(job.media_id, job.version, JobState.CANCELLED, at=now):
        engine.cancel(job.media_id, job.version)
    return catalogue.job(media_id)
