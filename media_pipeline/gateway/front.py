"""What the gateway needs of the platform, built once when it starts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from media_pipeline.application.ports.engine import Engine, History
from media_pipeline.application.redrive import Redriven
from media_pipeline.defs.asking import asked_at_once
from media_pipeline.defs.redrive import Wanted, redriven
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.caller import Caller
from media_pipeline.domain.job import Job
from media_pipeline.infrastructure.dagster_engine import DagsterEngine, instance
from media_pipeline.infrastructure.oidc import Oidc
from media_pipeline.infrastructure.outgoing import Outgoing
from media_pipeline.infrastructure.signing_key import of_settings


@dataclass(frozen=True)
class Front:
    """The platform, and what only its front door knows."""

    platform: Platform
    engine: Engine
    history: History
    redrive: Callable[[str], Redriven]
    """a media by its id, see application.redrive; raises MediaError"""
    oidc: Callable[[str], Caller] | None
    """whose token this is; raises Denied. None where no issuer is configured"""
    outgoing: Outgoing
    """the way to webhooks"""
    secret: bytes
    """signs addresses"""
    launch: Callable[[Job], object]
    """asks for the run of a job that is not to wait for the sensor"""


@contextmanager
def opened(platform: Platform, graph: Any) -> Iterator[Front]:
    """The front of a platform whose job is `graph`. Raises ValueError naming the setting at fault."""
    settings = platform.settings
    secret = of_settings(settings)
    oidc = Oidc.of(settings)
    with instance(settings.dagster_home) as dagster:
        engine = DagsterEngine(dagster, graph=graph)

        def redrive(media_id: str) -> Redriven:
            (answer,) = redriven(Wanted(ids=[media_id]), platform, dagster, graph)
            if answer.trouble is not None:
                raise answer.trouble
            return answer

        def launch(job: Job) -> str | None:
            return asked_at_once(job, dagster, platform, engine)

        outgoing = Outgoing(private=settings.webhook_private_addresses)
        who = oidc.caller if oidc else None
        yield Front(platform, engine, engine, redrive, who, outgoing, secret, launch)
