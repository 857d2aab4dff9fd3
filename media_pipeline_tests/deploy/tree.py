"""What `deploy/` and its kin say, for tests to look at; and the linters, which come as programs in wheels."""

import os
import re
import shutil
import subprocess
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from media_pipeline.infrastructure.settings import Settings

ROOT = Path(__file__).parent.parent.parent
DOCKER = ROOT / "deploy" / "docker"
COMPOSE_FILE = ROOT / "docker-compose.yml"
SECRETS = ("postgres_password", "store_key", "store_secret", "signing_key", "operator_password")
_READ_BY_DAGSTER = {"MEDIA_PIPELINE_LOGS_BUCKET"}


def program(name: str) -> str:
    """A linter of the environment that the tests run in. Skips, and says so, where this machine has none."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here: its package has no program for this kind of machine")
    return found


def run(name: str, *words: str | Path, **environment: str) -> str:
    """What a program answers on stdout; fails with all it said where it ends with an error."""
    own = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}  # not what a person has set
    argv = [program(name), *map(str, words)]
    done = subprocess.run(argv, cwd=ROOT, env=own | environment, capture_output=True, check=False)
    if done.returncode:
        pytest.fail(f"{name} ended with {done.returncode}:\n{(done.stdout + done.stderr).decode()}")
    return done.stdout.decode()


def rendered(secrets: Path, **environment: str) -> dict[str, Any]:
    """The compose file as the engine would get it, everything in it switched on."""
    words = ("--env-file", "/dev/null", "--profile", "observability", "config")
    text = run("docker-compose", *words, SECRETS=str(secrets), **environment)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def read_from_files() -> frozenset[str]:
    """The variables that the entry point reads from files."""
    loop = re.search(r"for name in (.*?); do", (DOCKER / "with-secrets").read_text(), re.S)
    assert loop is not None
    return frozenset(loop[1].replace("\\\n", " ").split())


def is_known(variable: str) -> bool:
    """Whether somebody reads this variable of ours. Those of others are not judged."""
    name = variable.removesuffix("_FILE") if variable.removesuffix("_FILE") in read_from_files() else variable
    if not name.startswith("MEDIA_PIPELINE_"):
        return True
    ours = {f"MEDIA_PIPELINE_{field.upper()}" for field in Settings.model_fields} | _READ_BY_DAGSTER
    return name.split("__")[0] in ours


def commands(text: str) -> set[str]:
    """Every `media-pipeline COMMAND` in a text, be it a list of words or a line of shell."""
    return set(re.findall(r"media-pipeline[\"']?[\s,]+[\"']?([a-z][a-z-]*)", text))
