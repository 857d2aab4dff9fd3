"""An object was seen: make sure it has a job, once."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.engine import Engine
from media_pipeline.domain.job import SUPERSEDED, Job, Origin
from media_pipeline.domain.profile import Profile
from media_pipeline.domain.session import Session
from media_pipeline.domain.upload import DEFAULT_TENANT, StoredObject, received

EXTRAS = ("thumbnails", "subtitles", "ai_tags")


def register(
    obj: StoredObject,
    *,
    profile: Profile,
    catalogue: Catalogue,
    now: datetime,
    tenant: str = DEFAULT_TENANT,
    origin: Origin = Origin.LIVE,
    session: Session | None = None,
    trace: str | None = None,
) -> Job:
    """The job of this object version, new or as it is. `session`: how it was sent, where it was announced; the job is
    its tenant's then, and has what was wished."""
    said = session.announced if session else None
    return catalogue.register(
        received(obj),
        title=said.title if said else PurePosixPath(obj.key).name or obj.key,
        tenant=session.tenant if session else tenant,
        profile=profile.name,
        tasks=tasks(profile),
        origin=origin,
        language=said.language if said else None,
        tags=said.tags if said else (),
        claimed_until=session.claimed_until if session and session.etag == obj.etag else None,
        trace=trace,
        at=now,
    )


def arrived(
    obj: StoredObject,
    *,
    profile: Profile,
    catalogue: Catalogue,
    engine: Engine,
    now: datetime,
    tenant: str = DEFAULT_TENANT,
    origin: Origin = Origin.LIVE,
    session: Session | None = None,
    trace: str | None = None,
) -> Job:
    """What the store has now is registered, and the runs of the versions that it replaces end."""
    job = register(
        obj, profile=profile, catalogue=catalogue, now=now, tenant=tenant, origin=origin, session=session, trace=trace
    )  # fmt: skip
    for other in catalogue.versions(job.media_id):
        if other.failure == SUPERSEDED and other.finished_at == job.received_at:
            engine.cancel(other.media_id, other.version)
    return job


def tasks(profile: Profile) -> list[str]:
    """The assets of an upload under a profile, in the order people read them. An extra that the profile does not ask
    for is one of them: it answers so."""
    rungs = [f"transcodes/{name}" for name in profile.rungs]
    return ["source", *rungs, "audio", "stream", *EXTRAS, "publication"]


def unknown(objects: Sequence[StoredObject], *, catalogue: Catalogue) -> list[StoredObject]:
    """Those that `register` would make a job of, asked for all at once."""
    known: set[tuple[str, str]] = set()
    for bucket in {o.bucket for o in objects}:
        known |= catalogue.known(bucket, [(o.key, o.etag) for o in objects if o.bucket == bucket])
    return [o for o in objects if (o.key, o.etag) not in known]
