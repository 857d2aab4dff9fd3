"""An object was seen, whoever saw it: a sensor, the import, the gateway."""

from media_pipeline.application.ports.engine import Engine
from media_pipeline.application.register import arrived
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.job import Job, Origin
from media_pipeline.domain.upload import StoredObject


def taken_up(obj: StoredObject, platform: Platform, engine: Engine, *, origin: Origin = Origin.LIVE) -> Job:
    """Its job, registered under the tenant of its key; runs of versions that it replaces end."""
    return arrived(
        obj, profile=platform.profile, catalogue=platform.catalogue, engine=engine, now=platform.now(),
        tenant=platform.tenant(obj.key), origin=origin,
    )  # fmt: skip
