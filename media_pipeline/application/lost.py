"""A worker was lost: the try at its stage ends with what became of it, instead of with silence."""

from datetime import datetime

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain.attempt import stage
from media_pipeline.domain.job import OPEN, STOPPED, Failure, TaskState


def lost(
    media_id: str, version: str, of: str, failure: Failure, *, run_id: str, catalogue: Catalogue, now: datetime
) -> None:
    """Note why the worker of a stage is gone. One that was lost before its try began is counted as well, or it would
    be tried for ever. The stage's tasks wait for the next try; they keep the reason. Raises Missing."""
    if catalogue.job(media_id, version).state in STOPPED:
        return
    if not begun(media_id, version, of, run_id=run_id, catalogue=catalogue):
        catalogue.begin(media_id, version, of, run_id=run_id, at=now)
    catalogue.end(media_id, version, of, failure=failure, at=now)
    waits(media_id, version, of, failure.message, catalogue=catalogue, now=now)


def begun(media_id: str, version: str, of: str, *, run_id: str, catalogue: Catalogue) -> bool:
    """Whether a try of a run at a stage has begun and, as far as is known, not ended."""
    tries = catalogue.attempts(media_id, version)
    return any(t.stage == of and t.run_id == run_id and t.ended_at is None for t in tries)


def waits(media_id: str, version: str, of: str, reason: str, *, catalogue: Catalogue, now: datetime) -> None:
    """Say what the open tasks of a stage wait for. Raises Missing."""
    for task in catalogue.job(media_id, version).tasks:
        if stage(task.name) == of and task.state in OPEN:
            catalogue.task(media_id, version, task.name, TaskState.WAITING, reason=reason, at=now)
