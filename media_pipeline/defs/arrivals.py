"""An object was seen, whoever saw it: a sensor, the import, the gateway."""

from media_pipeline.application.ports.engine import Engine
from media_pipeline.application.register import arrived
from media_pipeline.application.uploading import sent
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.job import Job, Origin
from media_pipeline.domain.session import Session
from media_pipeline.domain.upload import StoredObject, media_id
from media_pipeline.infrastructure import telemetry, tracing

_log = telemetry.log("arrivals")


def taken_up(obj: StoredObject, platform: Platform, engine: Engine, *, origin: Origin = Origin.LIVE) -> Job:
    """Its job, registered as it was announced, else under the tenant of its key; runs of versions that it replaces
    end. Its trace begins here, or goes on from whoever received it."""
    session = sent(obj, uploads=platform.uploads, now=platform.now())
    profile = platform.profile
    if session is not None:
        profile = platform.recipes.profiles.get(session.announced.profile, profile)
        _tell_change(session, profile.name)
    facts: tracing.Facts = {tracing.MEDIA_ID: media_id(obj.bucket, obj.key), tracing.BYTES: obj.size}
    with tracing.span("upload received", facts):
        return arrived(
            obj, profile=profile, catalogue=platform.catalogue, engine=engine, now=platform.now(),
            tenant=platform.tenant(obj.key), origin=origin, session=session, trace=tracing.traceparent(),
        )  # fmt: skip


def _tell_change(session: Session, profile: str) -> None:
    """The recipes may have changed since a profile was asked for; the file is not lost for that."""
    if profile != session.announced.profile:
        wished = session.announced.profile
        _log.warning("a profile is gone", extra={"upload": session.id, "wished": wished, "taken": profile})
