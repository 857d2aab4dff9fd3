"""A whole gateway for a browser: a real platform in directories and SQLite, served on a port, and a worker beside it
that takes runs off Dagster's queue as its daemon would. What is heard and seen is scripted; one tool can be broken."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from media_pipeline.application.access import issue
from media_pipeline.application.ports.tools import Packaged, Packager, PackagingInput
from media_pipeline.application.settle import settle
from media_pipeline.definitions import build
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.caller import Scope
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.upload import DEFAULT_TENANT
from media_pipeline.gateway.app import create_app
from media_pipeline.gateway.front import opened
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG, instance
from media_pipeline_tests.fake_models import ScriptedEye, ScriptedRecogniser
from media_pipeline_tests.gateway.upstream import serving
from media_pipeline_tests.platform import platform

LINE = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
LABELS = (("rabbit", 0.93), ("bicycle", 0.81))
PATIENCE_SECONDS = 240
"""for one thing to happen, on a machine that has others to do"""
_LOOK_SECONDS = 0.1


@dataclass
class Breakable:
    """A Packager that is out of order when told so."""

    sound: Packager
    broken: bool = False

    @property
    def build(self) -> str:
        return self.sound.build

    def package(self, inputs: Sequence[PackagingInput], *, segment_seconds: float, scratch: Path) -> Packaged:
        if self.broken:
            raise Unavailable(QuarantineCode.TOOL_CRASH, "The packager is out of order.")
        return self.sound.package(inputs, segment_seconds=segment_seconds, scratch=scratch)


@dataclass
class House:
    """`door` is the address a person opens, with a key in it."""

    url: str
    key: str
    packager: Breakable

    @property
    def door(self) -> str:
        return f"{self.url}/#key={self.key}"

    def sent(self, file: Path, **wishes: Any) -> str:
        """The id of the media that a file becomes, sent by the API."""
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}) as client:
            announced = {"filename": file.name, "size": file.stat().st_size, "content_type": "video/mp4"} | wishes
            upload = client.post("/v1/uploads", json=announced).raise_for_status().json()
            data = file.read_bytes()
            for part in upload["parts"]:
                start = (part["number"] - 1) * upload["part_size"]
                body = data[start : start + part["size"]]
                httpx.put(part["url"], content=body, headers=part["headers"]).raise_for_status()
            client.post(f"/v1/uploads/{upload['id']}/complete").raise_for_status()
            return str(upload["media_id"])

    def arrived(self, upload_id: str) -> set[int]:
        """The numbers of the parts of an upload that are there."""
        headers = {"Authorization": f"Bearer {self.key}"}
        told = httpx.get(f"{self.url}/v1/uploads/{upload_id}/parts", headers=headers).raise_for_status().json()
        return {part["number"] for part in told["arrived"]}

    def media(self, media_id: str) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.get(f"{self.url}/v1/media/{media_id}", headers=headers).raise_for_status().json()

    def became(self, media_id: str, state: str) -> str:
        """Waits for a media to be in a state; its id."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (now := self.media(media_id)["state"]) != state:
            assert time.monotonic() < deadline, f"still {now}, never {state}"
            time.sleep(_LOOK_SECONDS)
        return media_id


@contextmanager
def house(home: Path, stored: Callable[[Platform], Platform] = lambda built: built) -> Iterator[House]:
    """`stored` puts other stores in the place of directories."""
    built = stored(platform(home, profile="fast"))
    packager = Breakable(built.packager)
    here = replace(built, packager=packager, recogniser=ScriptedRecogniser(LINE), eye=ScriptedEye(LABELS))
    graph = build(here).resolve_job_def("process_upload")
    with ExitStack() as open_:
        front = open_.enter_context(opened(here, graph))
        open_.enter_context(_worker(here, graph))
        url = open_.enter_context(serving(create_app(front)))
        _, key = issue("browser", tenant=DEFAULT_TENANT, scopes={Scope.ADMIN}, keys=here.keys, now=here.now())
        yield House(url, key, packager)


@contextmanager
def _worker(here: Platform, graph: dg.JobDefinition) -> Iterator[None]:
    over = threading.Event()

    def work() -> None:
        queued = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])
        with instance(here.settings.dagster_home) as dagster:
            while not over.wait(_LOOK_SECONDS):
                for run in dagster.get_runs(queued, ascending=True):
                    _execute(run.run_id, here, graph, dagster)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _execute(run_id: str, here: Platform, graph: dg.JobDefinition, dagster: dg.DagsterInstance) -> None:
    """What the daemon, the run's process and, afterwards, a sensor do."""
    starting = dg.DagsterEventType.PIPELINE_STARTING.value
    dagster.report_dagster_event(dg.DagsterEvent(event_type_value=starting, job_name=graph.name), run_id=run_id)
    run = dagster.get_run_by_id(run_id)
    assert run is not None
    execute_run(InMemoryJob(graph), run, dagster)
    settle(
        run.tags["dagster/partition"], run.tags[VERSION_TAG], catalogue=here.catalogue, code=QuarantineCode.INTERNAL,
        now=here.now(),
    )  # fmt: skip
