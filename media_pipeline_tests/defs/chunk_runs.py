"""Parts of a picture as runs, in an instance of which the test itself is the daemon."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from media_pipeline.defs.chunk_runs import ChunkRuns
from media_pipeline.defs.chunks import NAME, encode_chunk_job
from media_pipeline.domain.job import Failure
from media_pipeline.infrastructure.dagster_engine import CHUNK_TAG


@dataclass
class Clock:
    """Each look at it is three seconds after the last. It began when the machine did, not when the test does."""

    now: float = 1e6

    def __call__(self) -> float:
        self.now += 3.0
        return self.now


def chunk_runs(
    instance: dg.DagsterInstance, patience_seconds: float = 1e5, count: Callable[[Failure], None] = lambda _: None
) -> ChunkRuns:
    """The workers of a step of a run that is at work."""
    nothing: Any = object()
    graph = dg.Definitions(jobs=[encode_chunk_job], resources={"platform": nothing}).resolve_job_def(NAME)
    parent = dg.DagsterRun(job_name="process_upload", run_id=dg_run_id())
    return ChunkRuns(instance, parent, graph, {}, patience_seconds, count, clock=Clock(), sleep=lambda _: None)


def dg_run_id() -> str:
    return "00000000-0000-4000-8000-000000000000"


def runs_of(instance: dg.DagsterInstance, media_id: str) -> list[dg.DagsterRun]:
    """The first asked for first."""
    return list(instance.get_runs(dg.RunsFilter(tags={CHUNK_TAG: media_id}), ascending=True))


def begin(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    _tell(instance, run, dg.DagsterEventType.PIPELINE_STARTING)
    _tell(instance, run, dg.DagsterEventType.PIPELINE_START)


def end(instance: dg.DagsterInstance, run: dg.DagsterRun, *, success: bool = True) -> None:
    """A run that is over; without success its pod is lost, and Dagster knows no more."""
    kind = dg.DagsterEventType.PIPELINE_SUCCESS if success else dg.DagsterEventType.PIPELINE_FAILURE
    _tell(instance, run, kind)


def _tell(instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType) -> None:
    event = dg.DagsterEvent(event_type_value=kind.value, job_name=run.job_name, message=kind.value)
    instance.report_dagster_event(event, run_id=run.run_id)
