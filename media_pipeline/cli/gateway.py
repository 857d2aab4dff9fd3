"""`gateway`: the front door, over HTTP."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import typer
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from media_pipeline.application.access import adopt
from media_pipeline.cli.console import graph, usage
from media_pipeline.cli.ports import free_port
from media_pipeline.cli.scraped import served
from media_pipeline.defs.resources import Platform
from media_pipeline.domain import api_key
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.upload import DEFAULT_TENANT
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.front import opened
from media_pipeline.gateway.graphql import BYTES
from media_pipeline.infrastructure.dagster_engine import prepare_home
from media_pipeline.infrastructure.dagster_webserver import command
from media_pipeline.infrastructure.settings import Settings
from media_pipeline.infrastructure.signing_key import kept

LOOPBACK = "127.0.0.1"
_OF_THIS_MACHINE = "localmachine"  # the id of its development key
_ENDING_SECONDS = 5


def serve(platform: Platform, *, host: str, port: int, tell: bool, metrics_port: int | None = None) -> None:
    """Answer until the process is told to end. A gateway of one machine prints its development key, once, and starts
    the webserver that it asks, unless the settings name one. The numbers of its requests have a port of their own,
    which nobody outside needs to reach."""
    with ExitStack() as held:
        reading_port = None
        if platform.settings.resources == "local" and platform.settings.dagster_url is None:
            reading_port = free_port(port + 1)
            told = {"dagster_url": f"http://{LOOPBACK}:{reading_port}"}
            platform = replace(platform, settings=platform.settings.model_copy(update=told))
        try:
            front = held.enter_context(opened(platform, graph(platform)))
        except ValueError as error:  # settings name the field at fault; what goes wrong later is no wrong call
            usage(str(error))
        if reading_port is not None:
            held.enter_context(_reading(platform.settings, reading_port))
        app = create_app(front)
        if metrics_port is not None:
            held.enter_context(served(app.state.numbers.registry, host=host, port=metrics_port))
        if tell and host == LOOPBACK and platform.settings.resources == "local":
            key = development_key(platform)
            typer.echo(f"Gateway  http://{host}:{port}/#key={key}", err=True)
        config = uvicorn.Config(
            app, host=host, port=port, log_level="warning", server_header=False,
            timeout_graceful_shutdown=_ENDING_SECONDS, ws_max_size=BYTES,
            log_config=None if platform.settings.json_logs else LOGGING_CONFIG,
        )  # fmt: skip
        uvicorn.Server(config).run()


@contextmanager
def _reading(settings: Settings, port: int) -> Iterator[None]:
    """Dagster's webserver, which only reads, for as long as we are there."""
    # The server ends in good order, and then sends itself the signal again, which would end us before what follows it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with subprocess.Popen(command(port), env=environment(settings), cwd=settings.home) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)


def environment(settings: Settings) -> dict[str, str]:
    """Of the programs that are started beside us, which share our home and Dagster's, made ready."""
    home = prepare_home(settings.dagster_home)
    return {**os.environ, "DAGSTER_HOME": str(home), "MEDIA_PIPELINE_HOME": str(settings.home)}


def development_key(platform: Platform) -> str:
    """The key of whoever works on this machine: in a file that only they may read, the same at every start."""
    text = api_key.shown(_OF_THIS_MACHINE, kept(platform.settings.home / "development-key"))
    adopt(
        text, "development", tenant=DEFAULT_TENANT, scopes={Scope.ADMIN}, keys=platform.keys, now=platform.now(),
    )  # fmt: skip
    return text
