"""A Dagster with runs to ask about: few steps that do nothing but tell what ours tell, and a real webserver over it."""

import os
import queue
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

from media_pipeline.defs.failures import translated
from media_pipeline.domain.errors import BadMedia, RejectionCode
from media_pipeline.infrastructure.dagster_webserver import command
from media_pipeline_tests.conftest import free_ports

SECRET = "/home/operator/secret"
"""stands in metadata, messages and errors that no caller may see"""
BACKFILL = "librarian"
READY_SECONDS = 60
_PATIENCE_SECONDS = 60
_PARTITIONS = dg.DynamicPartitionsDefinition(name="uploads")


class Toy:
    """Runs over media, in this process. Each is one after another."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._gate = threading.Event()
        self._gate.set()
        self._waiting: queue.Queue[str] = queue.Queue()
        self._graph = dg.Definitions(
            [_source, _subtitles, self._stream()],
            jobs=[dg.define_asset_job("process_upload", executor_def=dg.in_process_executor)],
        ).resolve_job_def("process_upload")

    def hold(self) -> None:
        """The next run waits in `stream` until it is released."""
        self._waiting = queue.Queue()
        self._gate.clear()

    def begun(self) -> str:
        """The id of the run that waits, as soon as it does."""
        return self._waiting.get(timeout=_PATIENCE_SECONDS)

    def release(self) -> None:
        self._gate.set()

    def run(self, media_id: str, *, tags: dict[str, str] | None = None) -> str:
        """The run's id. A run over media whose name begins with bad fails in `subtitles`."""
        self._instance.add_dynamic_partitions("uploads", [media_id])
        done = self._graph.execute_in_process(
            instance=self._instance, partition_key=media_id, raise_on_error=False, tags=tags or {}
        )
        return done.run_id

    def _stream(self) -> dg.AssetsDefinition:
        @dg.asset(name="stream", partitions_def=_PARTITIONS, deps=["source"])
        def stream(context: dg.AssetExecutionContext) -> None:
            self._waiting.put(context.run.run_id)
            assert self._gate.wait(_PATIENCE_SECONDS)

        return stream

    def backfill(self, *media_ids: str) -> None:
        tags = {"dagster/backfill": BACKFILL}
        for media_id in media_ids:
            self.run(media_id, tags=tags)
        backfill = PartitionBackfill(
            BACKFILL, BulkActionStatus.REQUESTED, from_failure=False, tags={}, backfill_timestamp=time.time(),
            asset_selection=[dg.AssetKey("source")], partition_names=list(media_ids),
        )  # fmt: skip
        self._instance.add_backfill(backfill)


@dg.asset(name="source", partitions_def=_PARTITIONS)
def _source(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    context.log.info(SECRET)
    shown: dict[str, Any] = {"bytes": 12, "container": "mov", "duration_seconds": 1.5}
    secret = {"hls": dg.MetadataValue.path(SECRET), "detail": SECRET, "play": dg.MetadataValue.md(SECRET)}
    return dg.MaterializeResult(metadata=shown | secret)


@dg.asset(name="subtitles", partitions_def=_PARTITIONS, deps=["source"])
def _subtitles(context: dg.AssetExecutionContext) -> None:
    if context.partition_key.startswith("bad"):
        with translated():
            raise BadMedia(RejectionCode.NOT_MEDIA, "The file is no media.", detail=SECRET)


@contextmanager
def webserver(home: Path) -> Iterator[str]:
    """The address of a webserver as the gateway starts it, over the instance of this home."""
    (port,) = free_ports(1)
    log = home / "webserver.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(port), env=os.environ | {"DAGSTER_HOME": str(home)}, stdout=output, stderr=output, cwd=home
        )
    try:
        _wait(f"http://127.0.0.1:{port}/server_info", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise AssertionError(f"the webserver did not start:\n{log.read_text(errors='replace')[-2000:]}")
