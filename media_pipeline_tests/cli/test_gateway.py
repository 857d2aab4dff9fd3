"""`gateway`: a server that says where it is, and what to show it."""

import os
import re
import signal
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from media_pipeline.application.access import identify
from media_pipeline.cli.gateway import development_key
from media_pipeline.cli.main import app
from media_pipeline.domain.caller import Scope
from media_pipeline_tests.gateway.upstream import until
from media_pipeline_tests.platform import platform

CLI = CliRunner()


def test_the_development_key_is_the_same_at_every_start_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    here = platform(tmp_path)
    key = development_key(here)
    assert development_key(here) == key
    assert identify(key, keys=here.keys).scopes == {Scope.ADMIN}
    (file,) = tmp_path.glob("*-key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value"), [("SIGNING_KEY", "short"), ("OIDC_ISSUER", "https://a.example"), ("OIDC_AUDIENCE", "media")]
)
def test_a_setting_that_cannot_be_ends_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv(f"MEDIA_PIPELINE_{name}", value)
    answer = CLI.invoke(app, ["gateway"])
    assert answer.exit_code == 64
    assert f"MEDIA_PIPELINE_{name}" in answer.stderr


@pytest.mark.slow
def test_the_address_that_is_printed_opens_the_gateway(tmp_path: Path) -> None:
    environment = os.environ | {"MEDIA_PIPELINE_HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path / "dagster")}
    argv = [sys.executable, "-c", "from media_pipeline.cli.main import main; main()", "gateway"]
    process = subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "#key=" in line)
        url, key = re.findall(r"(http://\S+)/#key=(\S+)", said)[0]
        with httpx.Client(transport=httpx.HTTPTransport(retries=5), timeout=30) as client:
            assert client.get(f"{url}/v1/media", headers={"Authorization": f"Bearer {key}"}).json()["items"] == []
            assert client.get(f"{url}/v1/media").status_code == 401
            asked = {"operationName": "RunProgress", "variables": {"runId": "unknown"}}
            headers = {"Authorization": f"Bearer {key}"}
            answer = partial(client.post, f"{url}/graphql", json=asked, headers=headers)
            until(lambda: answer().status_code == 404, seconds=90)  # not 502: Dagster has started
            (reader,) = psutil.Process(process.pid).children()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, -signal.SIGTERM}
    assert not reader.is_running()
