"""A gateway over a real platform: directories and SQLite below a temporary home. Only the engine starts nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from media_pipeline.application.access import issue
from media_pipeline.application.redrive import Redriven, redrive
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.job import Failure, Job, JobState, TaskState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.upload import StoredObject, received
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.front import Front
from media_pipeline.infrastructure.outgoing import Outgoing
from media_pipeline_tests import builders as a
from media_pipeline_tests.fakes import MemoryEngine
from media_pipeline_tests.platform import platform

SECRET = b"a secret of thirty-two characters"
TENANT, OTHER = "acme", "rival"
TASKS = ("source", "audio", "publication")


@dataclass(frozen=True)
class House:
    """`app` is the gateway; what a caller cannot do from outside, a test does to `platform`."""

    platform: Platform
    engine: MemoryEngine
    front: Front
    app: FastAPI

    def key(self, tenant: str = TENANT, *scopes: Scope) -> dict[str, str]:
        """Headers with a new key of a tenant, which may do everything unless it is told what."""
        _, text = self.issued(tenant, *scopes)
        return {"Authorization": f"Bearer {text}"}

    def issued(self, tenant: str, *scopes: Scope) -> tuple[str, str]:
        """The id of a new key, and the key."""
        key, text = issue(
            "test", tenant=tenant, scopes=scopes or {Scope.ADMIN}, keys=self.platform.keys, now=a.NOW
        )  # fmt: skip
        return key.id, text

    def media(self, name: str = "clip.mp4", *, tenant: str = TENANT, **changes: Any) -> Job:
        """A job of an upload that nobody has looked at."""
        of = received(StoredObject("uploads", f"{tenant}/{name}", changes.get("etag", "e1"), 5, a.NOW))
        return self.platform.catalogue.register(
            of, title=changes.get("title", name), tenant=tenant, profile="default", tasks=changes.get("tasks", TASKS),
            at=changes.get("at", a.NOW),
        )  # fmt: skip

    def move(self, job: Job, *states: JobState, failure: Failure | None = None) -> Job:
        """The job, taken through these states."""
        for number, state in enumerate(states, 1):
            why = failure if number == len(states) else None
            assert self.platform.catalogue.move(job.media_id, job.version, state, failure=why, at=a.NOW)
        return self.platform.catalogue.job(job.media_id)

    def task(self, job: Job, name: str, state: TaskState, **changes: Any) -> None:
        self.platform.catalogue.task(job.media_id, job.version, name, state, at=a.NOW, **changes)

    def finish(self, job: Job, *states: JobState) -> Job:
        """Like `move`, with every task done."""
        for task in job.tasks:
            self.task(job, task.name, TaskState.DONE)
        return self.move(job, *states)


@dataclass(frozen=True)
class Film:
    """What is published of `job`: a manifest, in a folder."""

    home: House
    job: Job
    manifest: Manifest
    folder: Path


def house(home: Path, empty: bytes, **changes: Any) -> House:
    """`empty` is a catalogue without a row; `changes` are settings."""
    home.mkdir(exist_ok=True)
    (home / "catalogue.db").write_bytes(empty)
    return of(platform(home, **{"tenancy": True} | changes))


def of(built: Platform, **changes: Any) -> House:
    engine = MemoryEngine()

    def again(media_id: str) -> Redriven:
        return redrive(
            media_id, catalogue=built.catalogue, history=engine.history, engine=engine, results=built.results,
            tags=lambda _: {}, now=built.now(),
        )  # fmt: skip

    launched: list[Job] = []
    outgoing = Outgoing(private=built.settings.webhook_private_addresses)
    front = replace(Front(built, engine, engine.history, again, None, outgoing, SECRET, launched.append), **changes)
    return House(built, engine, front, create_app(front))


def within(seconds: float, true: Callable[[], object]) -> None:
    """Wait until something is true. Fails when it is not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address of a real server, for what a test client cannot: answers that come bit by bit."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        within(10, lambda: server.started)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
