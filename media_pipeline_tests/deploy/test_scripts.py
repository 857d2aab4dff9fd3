"""The small programs of the images and of the platform's directory, run as they are."""

import http.server
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from media_pipeline_tests.deploy.tree import DOCKER, ROOT, SECRETS

DAEMONS = [
    {"daemonType": "SENSOR", "required": True, "healthy": True},
    {"daemonType": "BACKFILL", "required": False, "healthy": None},
]


def with_secrets(**environment: str) -> subprocess.CompletedProcess[str]:
    """The entry point, which then prints the environment that a command gets."""
    return subprocess.run(
        ["sh", str(DOCKER / "with-secrets"), "env"],
        env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_secrets_of_files_are_read_and_other_variables_left(tmp_path: Path) -> None:
    (tmp_path / "password").write_text('p\'a$(s)s "word"\n')
    done = with_secrets(PGPASSWORD_FILE=str(tmp_path / "password"), SSL_CERT_FILE="/etc/ssl/cert.pem", KEPT="yes")
    got = set(done.stdout.splitlines())
    assert {'PGPASSWORD=p\'a$(s)s "word"', "SSL_CERT_FILE=/etc/ssl/cert.pem", "KEPT=yes"} <= got
    assert not any(line.startswith("PGPASSWORD_FILE=") for line in got)  # our settings refuse what nobody reads


@pytest.mark.parametrize("content", [None, ""])
def test_a_secret_that_is_not_there_ends_the_start(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    done = with_secrets(MEDIA_PIPELINE_SIGNING_KEY_FILE=str(file))
    assert done.returncode != 0
    assert str(file) in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("given", "started"),
    [
        ("run -w /dagster-workspace/workspace.yaml", "run --log-format json -w /dagster-workspace/workspace.yaml"),
        ("run --log-format colored", "run --log-format json --log-format colored"),  # the last one counts
        ("liveness-check", "liveness-check"),
    ],
)
def test_the_daemon_prints_json_as_the_chart_starts_it(tmp_path: Path, given: str, started: str) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text('#!/bin/sh\necho "$@"\n')
    theirs.chmod(0o755)
    path = f"{DOCKER}:{os.environ['PATH']}"
    said = subprocess.run(
        ["/bin/bash", "-c", f"dagster-daemon {given}"],
        env={"PATH": path, "DAGSTER_DAEMON": str(theirs)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert said.stdout.strip() == started


def test_the_command_takes_the_place_of_the_entry_point() -> None:
    argv = ["sh", str(DOCKER / "with-secrets"), "sh", "-c", "echo $$; exit 7"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    said, _ = process.communicate(timeout=10)
    assert (int(said), process.returncode) == (process.pid, 7)


def test_secrets_are_made_once_and_their_directory_is_closed(tmp_path: Path) -> None:
    directory = tmp_path / "secrets"
    make = ["sh", str(ROOT / "deploy" / "secrets.sh"), str(directory)]
    subprocess.run(make, check=True, capture_output=True)
    before = {path.name: path.read_text() for path in directory.iterdir()}
    assert set(before) == set(SECRETS)
    assert len(set(before.values())) == len(SECRETS)
    assert all(len(text) == 64 for text in before.values())
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    (directory / "signing_key").unlink()
    subprocess.run(make, check=True, capture_output=True)
    after = {path.name: path.read_text() for path in directory.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"signing_key"}


@contextmanager
def server(daemons: list[dict[str, Any]]) -> Iterator[str]:
    """A service that answers `/well`, and what a Dagster webserver says of its daemons."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200 if self.path == "/well" else 503, {})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(200, {"data": {"instance": {"daemonHealth": {"allDaemonStatuses": daemons}}}})

        def answer(self, status: int, body: object) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{served.server_port}"
        finally:
            served.shutdown()
            thread.join()


def answers(*words: str) -> int:
    argv = [sys.executable, "-I", "-S", str(DOCKER / "answers"), *words]
    return subprocess.run(argv, capture_output=True, timeout=30, check=False).returncode


def test_a_service_that_answers_is_healthy_and_another_is_not() -> None:
    with server(DAEMONS) as url:
        port = url.rpartition(":")[2]
        assert answers(f"{url}/well") == answers(port) == answers("heartbeats", url) == 0
        assert answers(f"{url}/ill") == 1
    assert answers(f"{url}/well") == answers(port) == answers("heartbeats", url) == 1


@pytest.mark.parametrize("daemons", [[], [{"daemonType": "SENSOR", "required": True, "healthy": False}, *DAEMONS]])
def test_a_daemon_that_is_silent_is_not_healthy(daemons: list[dict[str, Any]]) -> None:
    with server(daemons) as url:
        assert answers("heartbeats", url) == 1
