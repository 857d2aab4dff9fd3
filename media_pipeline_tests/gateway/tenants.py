"""A front door with two tenants, whose media and keys are known without a database."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from media_pipeline.application.access import issue
from media_pipeline.application.redrive import Redriven
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.job import Job
from media_pipeline.domain.upload import received
from media_pipeline.gateway.front import Front
from media_pipeline.infrastructure.outgoing import Outgoing
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryCatalogue, MemoryEngine, MemoryKeys
from media_pipeline_tests.platform import platform


@dataclass(frozen=True)
class Tenants:
    """Anna has the media of `anna`, Berta that of `berta`."""

    front: Front
    anna: str
    bad: str
    """hers, too"""
    berta: str
    key: Callable[..., dict[str, str]]
    """headers with a key of a tenant, by default for reading"""


def tenants(home: Path, dagster_url: str | None) -> Tenants:
    catalogue, keys, engine = MemoryCatalogue(), MemoryKeys(), MemoryEngine()
    built = replace(platform(home, dagster_url=dagster_url), catalogue=catalogue, keys=keys)
    outgoing = Outgoing(private=False)
    front = Front(built, engine, engine.history, no_redrive, None, outgoing, b"secret", _no_launch)

    def media(name: str, file: str = "clip.mp4") -> str:
        upload = received(a.stored(f"{name}/{file}"))
        return catalogue.register(
            upload, title="clip.mp4", tenant=name, profile="default", tasks=["source"], at=a.NOW
        ).media_id

    def key(tenant: str, scope: Scope = Scope.READ) -> dict[str, str]:
        _, text = issue("test", tenant=tenant, scopes={scope}, keys=keys, now=a.NOW)
        return {"Authorization": f"Bearer {text}"}

    return Tenants(front, media("anna"), media("anna", "bad.mp4"), media("berta"), key)


def no_redrive(media_id: str) -> Redriven:
    raise AssertionError(f"nobody redrives {media_id}")


def _no_launch(job: Job) -> None:
    raise AssertionError(f"nobody completes {job.media_id}")
