"""Everything that `media-pipeline dev` runs, as a program of its own."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from media_pipeline_tests.conftest import free_ports
from media_pipeline_tests.processes import end

_READY_SECONDS = 240
_POLL_SECONDS = 0.2


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


@contextmanager
def developing(home: Path, settings: Mapping[str, str]) -> Iterator[Running]:
    """`dev` over a home of its own, from when Dagster answers behind its gateway until it is killed with all it
    started."""
    environment = {**os.environ, "MEDIA_PIPELINE_HOME": str(home), "DAGSTER_HOME": str(home / "dagster"), **settings}
    dagster, gateway = free_ports(2)  # two that look upwards from one number take each other's
    ports = ["--port", str(dagster), "--gateway-port", str(gateway)]
    log = home / "dev.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "media_pipeline.cli.main", "dev", *ports], env=environment, cwd=home, stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        yield _ready(process, log)
    finally:
        end(process)


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
