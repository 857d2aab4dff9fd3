"""The source of a media is gone: what was made from it goes too."""

from datetime import datetime

from media_pipeline.application.outputs import Shelf
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import Engine
from media_pipeline.application.ports.store import Store
from media_pipeline.application.publish import Codec, unpublish
from media_pipeline.application.settle import close
from media_pipeline.domain import keys
from media_pipeline.domain.errors import ClosingCode, Missing, QuarantineCode
from media_pipeline.domain.job import SOURCE_DELETED, Failure, Job, JobState


def withdraw(
    media_id: str, *, store: Store, shelf: Shelf, catalogue: Catalogue, engine: Engine, codec: Codec, now: datetime
) -> bool:
    """Remove every version of a media whose source is not there: runs end, the manifest goes, then the files. False,
    and nothing is done, where the source is there after all. Safe to repeat from any point. Raises Missing.

    The versions are read before the source is looked for: one that arrives meanwhile is left alone.
    """
    versions = catalogue.versions(media_id)
    if not versions:
        raise Missing("There is no such media.", detail=media_id)
    if _erased(versions[0]) or _there(versions[0], store):
        return False
    stop(versions, SOURCE_DELETED, catalogue=catalogue, engine=engine, now=now)
    unpublish(media_id, {job.version for job in versions}, shelf=shelf, codec=codec)
    for job in versions:
        shelf.clear(keys.version_prefix(media_id, job.version))
        catalogue.published(media_id, job.version, 0)
    catalogue.describe(media_id, ())
    return True


def stop(versions: list[Job], why: Failure, *, catalogue: Catalogue, engine: Engine, now: datetime) -> None:
    """Remove these jobs: from here on nothing of them is published, and what runs ends."""
    for job in versions:
        if catalogue.move(job.media_id, job.version, JobState.REMOVED, failure=why, at=now):
            removed = catalogue.job(job.media_id, job.version)
            close(removed, catalogue=catalogue, code=QuarantineCode.INTERNAL, now=now)
        engine.cancel(job.media_id, job.version)


def _there(job: Job, store: Store) -> bool:
    try:
        store.head(job.bucket, job.key)
    except Missing:
        return False
    return True


def _erased(job: Job) -> bool:
    return job.failure is not None and job.failure.code is ClosingCode.ERASED
