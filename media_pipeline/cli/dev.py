"""`dev`: Dagster's UI, daemon and sensors on this machine, with busy ports handled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import typer

from media_pipeline.cli.gateway import LOOPBACK, development_key, environment
from media_pipeline.cli.ports import free_port
from media_pipeline.defs.resources import Platform
from media_pipeline.infrastructure.dagster_engine import seed
from media_pipeline.infrastructure.dagster_webserver import command as reader
from media_pipeline.infrastructure.settings import Settings

_LOOK_SECONDS = 0.2
_DAGSTER_URL = "MEDIA_PIPELINE_DAGSTER_URL"
_WORKSPACE = Path(__file__).parent.parent.parent / "workspace.yaml"


def run(platform: Platform, *, port: int, gateway_port: int) -> int:
    """Run `dagster dev` and the gateway until one of them ends or both are told to; Dagster's exit code."""
    settings = platform.settings
    dagster_port, page_port = _port(port), _port(gateway_port)
    reading_port = free_port(dagster_port + 1)
    page = f"http://{LOOPBACK}:{page_port}/#key={development_key(platform)}"
    typer.echo(f"Dagster  http://{LOOPBACK}:{dagster_port}    Page  {page}", err=True)
    typer.echo(f"Inbox    {settings.inbox}   (drop a file here and watch it become media)", err=True)
    seed(settings.dagster_home)
    os.environ[_DAGSTER_URL] = f"http://{LOOPBACK}:{reading_port}"
    return together([command(dagster_port), gateway_command(page_port), reader(reading_port)], settings)


def together(commands: Sequence[Sequence[str]], settings: Settings) -> int:
    """Run programs until one ends or they are told to; the first one's exit code."""
    running: list[subprocess.Popen[bytes]] = []
    surroundings = environment(settings)

    def end(*_: object) -> None:
        for process in running:  # the terminal tells the whole group; a plain `kill` tells only us
            process.send_signal(signal.SIGINT)  # Dagster ends its children itself

    for name in (signal.SIGINT, signal.SIGTERM):
        # Before they start: begun in the background by a script, we ignore Ctrl-C, and they would inherit that.
        signal.signal(name, end)
    # Away from the checkout: Dagster warns of a dagster.yaml in the current directory that is not the one in force.
    for argv in commands:
        running.append(subprocess.Popen(argv, env=surroundings, cwd=settings.home))
    while all(process.poll() is None for process in running):
        time.sleep(_LOOK_SECONDS)
    end()
    codes = [process.wait() for process in running]
    return codes[0]


def validate(settings: Settings) -> int:
    """Run `dagster definitions validate` over our workspace; its exit code."""
    argv = [sys.executable, "-m", "dagster", "definitions", "validate", *_where()]
    return subprocess.run(argv, env=environment(settings), cwd=settings.home, check=False).returncode


def command(port: int) -> list[str]:
    """`dagster dev` over our workspace, reachable from this machine only: its UI has no authentication."""
    return [sys.executable, "-m", "dagster", "dev", *_where(), "-h", "127.0.0.1", "-p", str(port)]


def gateway_command(port: int) -> list[str]:
    """The gateway, which leaves telling its address to us."""
    return [sys.executable, "-m", "media_pipeline.cli.main", "gateway", "--port", str(port), "--no-tell"]


def _port(wanted: int) -> int:
    chosen = free_port(wanted)
    if chosen != wanted:
        typer.echo(f"Port {wanted} is busy; using {chosen}.", err=True)
    return chosen


def _where() -> list[str]:
    return ["-w", str(_WORKSPACE)] if _WORKSPACE.exists() else ["-m", "media_pipeline.definitions"]
