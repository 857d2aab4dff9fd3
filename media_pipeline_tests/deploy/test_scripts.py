"""The small programs of the images and of the platform's directory, run as they are."""

import http.server
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
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


def test_a_backup_that_was_broken_off_is_none(tmp_path: Path) -> None:
    def run(script: str, store: str) -> subprocess.CompletedProcess[str]:
        ways = {"DATABASE_RUN": "echo", "STORE_RUN": store, "PATH": os.environ["PATH"]}
        argv = ["sh", str(ROOT / "deploy" / script), str(tmp_path)]
        return subprocess.run(argv, env=ways, capture_output=True, text=True, check=False)

    assert run("backup.sh", "true").returncode == 0
    assert run("backup.sh", "false").returncode != 0
    refused = run("restore.sh", "true")
    assert refused.returncode != 0
    assert "holds no finished backup" in refused.stderr


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


KUBECTL = """#!/bin/sh
case $1 in kustomize) exec "$REAL" "$@" ;; esac
echo "kubectl $*" >> "$CALLS"
case "$*" in
  *apply*) cat > "$CALLS.$(grep -c apply "$CALLS")" ;;
  *"get job"*) echo "$ENDED" ;;
esac
"""
HELM = '#!/bin/sh\necho "helm $*" >> "$CALLS"\n'


@pytest.fixture
def deployed(tmp_path: Path) -> Callable[..., tuple[int, list[str]]]:
    """Runs deploy.sh against a cluster that only writes down what it is told: the exit code, and what was told."""
    real = shutil.which("kubectl")
    if real is None:
        pytest.skip("no kubectl here: what deploy.sh does was not tried")
    for name, text in (("kubectl", KUBECTL), ("helm", HELM)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    calls = tmp_path / "calls"

    def run(*, ended: str = "Complete", **more: str) -> tuple[int, list[str]]:
        calls.write_text("")
        said = {"OVERLAY": "local", "TAG": "1.2.3", "IMAGES": "somewhere/ours/", "CHART": "dagster", "ENDED": ended}
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REAL": real, "CALLS": str(calls), **said, **more}
        argv = ["sh", str(ROOT / "deploy" / "deploy.sh")]
        done = subprocess.run(argv, env=environment, capture_output=True, timeout=60, check=False)
        return done.returncode, calls.read_text().splitlines()

    return run


def step(calls: list[str], *words: str) -> int:
    """Which call it is that has all these words."""
    (found,) = [number for number, call in enumerate(calls) if all(word in call for word in words)]
    return found


def test_tables_come_before_what_needs_them_and_images_have_one_name(
    deployed: Callable[..., tuple[int, list[str]]], tmp_path: Path
) -> None:
    code, calls = deployed()
    assert code == 0
    order = [
        step(calls, "delete job"), step(calls, "apply -l"), step(calls, "get job"), step(calls, "apply -f"),
        step(calls, "helm upgrade"), step(calls, "instance migrate"), step(calls, "rollout status"),
    ]  # fmt: skip
    assert order == sorted(order)
    text = (tmp_path / "calls.2").read_text()
    images = set(re.findall(r"\S*media-pipeline-(?:gateway|code-server)[:@]\S+", text))
    assert images == {f"somewhere/ours/media-pipeline-{each}:1.2.3" for each in ("gateway", "code-server")}
    assert "somewhere/ours/media-pipeline-dagster" in calls[step(calls, "helm upgrade")]


def test_a_migration_that_fails_ends_it_before_anything_new_starts(
    deployed: Callable[..., tuple[int, list[str]]],
) -> None:
    code, calls = deployed(ended="Failed")
    assert code != 0
    assert "logs job/media-pipeline-migrate" in calls[-1]
    assert not any("helm" in call or "apply -f" in call for call in calls)


def test_on_the_way_back_the_release_that_runs_takes_its_changes_back_first(
    deployed: Callable[..., tuple[int, list[str]]],
) -> None:
    code, calls = deployed(DOWN_TO="0010")
    assert code == 0
    back = step(calls, "exec deployment/media-pipeline-gateway", "migrate --to 0010")
    assert back < step(calls, "delete job")
