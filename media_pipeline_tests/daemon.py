"""A real daemon of Dagster for tests, over a platform below a temporary home."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from media_pipeline.defs.resources import Platform
from media_pipeline_tests.processes import end


def log_of(here: Platform) -> Path:
    return here.settings.home / "daemon.log"


@contextmanager
def daemon(here: Platform, **environment: str) -> Iterator[None]:
    """Dagster's daemon with its code server and workers, killed with all of them at the end."""
    whole = os.environ | {
        "DAGSTER_HOME": str(here.settings.dagster_home),
        "MEDIA_PIPELINE_HOME": str(here.settings.home),
        "MEDIA_PIPELINE_MODELS": str(here.settings.models_dir),
        "MEDIA_PIPELINE_RECIPES": str(here.settings.recipes),
        "MEDIA_PIPELINE_PROFILE": here.settings.profile,
    }
    workspace = Path(__file__).parents[1] / "workspace.yaml"
    command = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)]
    with log_of(here).open("ab") as log:
        process = subprocess.Popen(command, env=whole | environment, cwd=here.settings.home, stdout=log, stderr=log)
    try:
        yield
    finally:
        end(process)


def until(true: Callable[[], bool], here: Platform, *, seconds: float) -> None:
    """Wait for it; the daemon's last words where it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(log_of(here).read_text()[-5000:])
        time.sleep(0.1)
