"""Everything that `media-pipeline dev` runs, for the examples to talk to: one rung, no models."""

import os
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from media_pipeline.infrastructure import recipes
from media_pipeline_tests import media
from media_pipeline_tests.processes import end

_READY_SECONDS = 240
_POLL_SECONDS = 0.2
_SKIPPED_BYTES = 44 * 1024 * 1024


@dataclass(frozen=True)
class Running:
    """A gateway, and whose key opens it."""

    url: str
    key: str
    log: Path

    def told(self) -> str:
        """What it has written last, for who looks for a reason."""
        return self.log.read_text(errors="replace")[-6000:]

    @property
    def environment(self) -> dict[str, str]:
        """As the examples want to be told."""
        return os.environ | {"MEDIA_GATEWAY_URL": self.url, "MEDIA_GATEWAY_KEY": self.key}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {
        "MEDIA_PIPELINE_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "MEDIA_PIPELINE_RECIPES": str(_small(home / "recipes.yaml")),
        "MEDIA_PIPELINE_PROFILE": "fast",
    }
    log = home / "dev.log"
    command = [sys.executable, "-m", "media_pipeline.cli.main", "dev", "--port", _port(), "--gateway-port", _port()]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=home, stdout=output, stderr=output)
    try:
        yield _ready(process, log)
    finally:
        end(process)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short, and of more parts than are sent at once: most of it is a box that players skip."""
    clip = media.clip(tmp_path_factory.mktemp("clips") / "clip.mp4", 2, "320x180")
    with clip.open("ab") as file:
        file.write(struct.pack(">I4s", _SKIPPED_BYTES, b"free") + bytes(_SKIPPED_BYTES - 8))
    return clip


def _small(path: Path) -> Path:
    text = yaml.safe_load(recipes.PACKAGED.read_text())
    fast = text["profiles"]["fast"]
    without = {"rungs": fast["rungs"][:1], "thumbnails": None, "subtitles": None, "tags": None}
    text["profiles"] = {"fast": fast | without}
    path.write_text(yaml.safe_dump(text))
    return path


def _port() -> str:
    """Each worker of the tests has its own: two that look upwards from one number take each other's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def _ready(process: "subprocess.Popen[bytes]", log: Path) -> Running:
    def told() -> "re.Match[str] | None":
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        return re.search(r"Page +(http://[^/]+)/#key=(\S+)", log.read_text(errors="replace"))

    def answers() -> bool:
        """The gateway, and Dagster behind it."""
        body = b'{"operationName": "RunProgress", "variables": {"runId": "unknown"}}'
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            urllib.request.urlopen(urllib.request.Request(f"{url}/graphql", body, headers), timeout=20)
        except urllib.error.HTTPError as refusal:
            return refusal.code == 404
        except OSError:
            return False
        return False

    _until(told, log)
    found = told()
    assert found
    url, key = found.groups()
    _until(answers, log)
    return Running(url, key, log)


def _until(condition: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        time.sleep(_POLL_SECONDS)
