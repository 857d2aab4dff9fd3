"""`metrics`: the one exporter of a deployment, which Prometheus scrapes."""

import dagster as dg
from prometheus_client import CollectorRegistry

from media_pipeline.definitions import build
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.vitals import vitals
from media_pipeline.infrastructure.prometheus import Exporter


def exporter(platform: Platform, instance: dg.DagsterInstance) -> CollectorRegistry:
    """Of this platform's catalogue and the Dagster instance beside it."""
    sensors = {sensor.name for sensor in build(platform).sensors or ()}
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        Exporter(platform.figures, lambda: vitals(instance, sensors, now=platform.now()), now=platform.now)
    )
    return registry
