"""`dev`: Dagster's UI, daemon and sensors on this machine, with busy ports handled."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import typer

from media_pipeline.cli.ports import free_port
from media_pipeline.infrastructure.dagster_engine import prepare_home, seed
from media_pipeline.infrastructure.settings import Settings

_WORKSPACE = Path(__file__).parent.parent.parent / "workspace.yaml"


def run(settings: Settings, *, port: int) -> int:
    """Run `dagster dev` until it is stopped; its exit code."""
    chosen = free_port(port)
    if chosen != port:
        typer.echo(f"Port {port} is busy; using {chosen}.", err=True)
    typer.echo(f"Dagster  http://127.0.0.1:{chosen}", err=True)
    typer.echo(f"Inbox    {settings.inbox}   (drop a file here and watch it become media)", err=True)
    seed(settings.dagster_home)
    # Away from the checkout: Dagster warns of a dagster.yaml in the current directory that is not the one in force.
    for name in (signal.SIGINT, signal.SIGTERM):
        # Before Dagster starts: begun in the background by a script, we ignore Ctrl-C, and it would inherit that.
        signal.signal(name, lambda *_: process.send_signal(signal.SIGINT))
        # The terminal tells the whole group; a plain `kill` tells only us. Dagster ends its children itself.
    process = subprocess.Popen(command(chosen), env=_environment(settings), cwd=settings.home)
    return process.wait()


def validate(settings: Settings) -> int:
    """Run `dagster definitions validate` over our workspace; its exit code."""
    argv = [sys.executable, "-m", "dagster", "definitions", "validate", *_where()]
    return subprocess.run(argv, env=_environment(settings), cwd=settings.home, check=False).returncode


def command(port: int) -> list[str]:
    """`dagster dev` over our workspace, reachable from this machine only: its UI has no authentication."""
    return [sys.executable, "-m", "dagster", "dev", *_where(), "-h", "127.0.0.1", "-p", str(port)]


def _where() -> list[str]:
    return ["-w", str(_WORKSPACE)] if _WORKSPACE.exists() else ["-m", "media_pipeline.definitions"]


def _environment(settings: Settings) -> dict[str, str]:
    home = prepare_home(settings.dagster_home)
    return {**os.environ, "DAGSTER_HOME": str(home), "MEDIA_PIPELINE_HOME": str(settings.home)}
