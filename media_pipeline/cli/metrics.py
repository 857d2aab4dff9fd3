"""`metrics`: the one exporter of a deployment, which Prometheus scrapes."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from prometheus_client import CollectorRegistry, start_http_server

from media_pipeline.definitions import build
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.vitals import vitals
from media_pipeline.infrastructure.prometheus import Exporter


def exporter(platform: Platform, instance: dg.DagsterInstance) -> Exporter:
    """Of this platform's catalogue and the Dagster instance beside it."""
    sensors = {sensor.name for sensor in build(platform).sensors or ()}
    return Exporter(platform.figures, lambda: vitals(instance, sensors, now=platform.now()), now=platform.now)


@contextmanager
def served(numbers: Exporter, *, host: str, port: int) -> Iterator[str]:
    """The address of the numbers, as long as the block."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(numbers)
    server, thread = start_http_server(port, addr=host, registry=registry)
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
