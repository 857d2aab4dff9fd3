"""encode_chunk: a part of a long picture as a run of its own, and what a step does with its parts.

On Kubernetes a step puts runs into Dagster's queue: for that it needs the database that it has, and no right to ask
Kubernetes for anything. It never only waits: it encodes what no run has begun, so that parts come also where the queue
has no room.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.run_coordinator import SubmitRunContext
from pydantic import TypeAdapter
from sqlalchemy.exc import SQLAlchemyError

from media_pipeline.application.chunked import Chunking, encode_chunk
from media_pipeline.application.outputs import opened
from media_pipeline.application.ports.chunks import Here
from media_pipeline.application.ports.tools import Progress
from media_pipeline.defs.console import CONFIG
from media_pipeline.defs.failures import translated
from media_pipeline.defs.one_pod import POD_TAG
from media_pipeline.defs.partitions import BYTES_TAG, ORIGIN_TAG, PRIORITY_TAG, TENANT_TAG, TRACE_TAG
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.chunks import ChunkOrder
from media_pipeline.domain.errors import Cancelled, Conflict, QuarantineCode, Unavailable
from media_pipeline.domain.job import OPEN, STOPPED, Job, Origin
from media_pipeline.domain.results import NotMade, Source
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure import pods
from media_pipeline.infrastructure.chunk_pool import ChunkPool
from media_pipeline.infrastructure.dagster_engine import CHUNK_TAG, VERSION_TAG, beside

NAME, _OP = "encode_chunk", "encode_ordered"
_MOST_WAITING = 8
"""runs of one step in the queue: others are to find their way in between"""
_LOOK_SECONDS = 2.0
_UNBEGUN = dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED
_GOING_ON = [*_UNBEGUN, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
_NO_RETRY = {"dagster/max_retries": "0"}  # the step encodes what a run failed of
_ORDER: TypeAdapter[ChunkOrder] = TypeAdapter(ChunkOrder)


class Ordered(dg.Config):
    """`order`: JSON, as a step wrote it."""

    order: str


@dg.op(name=_OP, description="Encodes one part of a long picture, for a step that waits for it.")
def encode_ordered(context: dg.OpExecutionContext, config: Ordered, platform: dg.ResourceParam[Platform]) -> None:
    order, p = _ORDER.validate_json(config.order), platform
    with translated():
        job = p.catalogue.job(order.media_id, order.version)
        upload = Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)
        source = p.results.load(upload, "source", Source)
        if order.build != p.tool.build or source is None or isinstance(source, NotMade):
            raise Conflict("What this worker has does not fit the order: the step encodes the part itself.")
        _refuse_unwanted(order, job)
        with p.scratch("chunk") as scratch, opened(upload, store=p.store, scratch=scratch) as path:
            encode_chunk(
                order, path, source.info, shelf=p.shelf, tool=p.tool, scratch=scratch, progress=_while_wanted(order, p)
            )


@dg.job(name=NAME, executor_def=dg.in_process_executor, description="A part of a long picture. Steps ask for it.")
def encode_chunk_job() -> None:
    encode_ordered()


def chunking(context: dg.AssetExecutionContext, platform: Platform, source: Source) -> Chunking | None:
    """How the step of this context encodes a picture that may be long; None where it is not."""
    s = platform.settings
    if source.info.duration_seconds <= s.chunks.above_seconds:
        return None
    if s.executor != "k8s":
        return Chunking(s.chunks, ChunkPool(s.chunks_at_once))
    graph = context.repository_def.get_job(NAME)
    return Chunking(
        s.chunks, ChunkRuns(context.instance, context.run, graph, _tags(context.run, platform), s.stall_seconds)
    )


@dataclass(frozen=True)
class ChunkRuns:
    """A run for each part, beside the step of the run `parent`."""

    instance: dg.DagsterInstance
    parent: dg.DagsterRun
    graph: dg.JobDefinition
    tags: Mapping[str, str]
    patience_seconds: float
    """for a run that has begun; then its part is encoded here too"""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def working(
        self, orders: Sequence[ChunkOrder], *, here: Here, progress: Progress
    ) -> Iterator[Iterator[ChunkOrder]]:
        work = _Work(self, deque(orders), len(orders))
        work.adopt()
        try:
            work.look()
            yield work.coming(here, progress)
        finally:
            for run in work.found():
                self.taken_back(run.run_id)  # those at work see by themselves whether they are wanted

    def taken_back(self, run_id: str) -> bool:
        """Take a run out of the queue that nobody has begun. Dagster's own way to cancel would ask Kubernetes to end
        one that begins just now; one that is cancelled before ends by itself."""
        with _asked():
            run = self.instance.get_run_by_id(run_id)
            if run is None or run.status not in _UNBEGUN:
                return False
            self.instance.report_run_canceling(run, message="The step encodes this part itself, or is over.")
            self.instance.report_run_canceled(run)
            return True

    def submitted(self, order: ChunkOrder) -> str:
        """The id of a run over one part, in the queue."""
        ops = {_OP: {"config": {"order": _ORDER.dump_json(order).decode()}}}
        with _asked():
            remote, code = beside(self.parent, NAME, self.instance)
            run = self.instance.create_run_for_job(
                self.graph,
                run_config={**CONFIG, "ops": ops},
                tags={**self.tags, **_NO_RETRY, **_of(order)},
                remote_job_origin=remote,
                job_code_origin=code,
            )
            self.instance.run_coordinator.submit_run(SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]
            return run.run_id

    def found(self, wanted: dg.RunsFilter) -> Sequence[dg.DagsterRun]:
        """The first asked for first."""
        with _asked():
            return self.instance.get_runs(wanted, ascending=True)


@dataclass
class _Work:
    """The parts of one picture, each in one place: waiting for a run, at a run, to be encoded here, or done."""

    workers: ChunkRuns
    waiting: deque[ChunkOrder]
    total: int
    runs: dict[str, ChunkOrder] = field(default_factory=dict)
    """by the run's id"""
    failed: list[ChunkOrder] = field(default_factory=list)
    done: list[ChunkOrder] = field(default_factory=list)
    came: int = 0
    looked: float = float("-inf")
    changed: float = 0.0

    def coming(self, here: Here, progress: Progress) -> Iterator[ChunkOrder]:
        def told(share: float) -> None:
            self.look()
            progress((self.came + len(self.done) + share) / self.total)

        while self.came < self.total:
            self.look()
            while self.done:
                self.came += 1
                yield self.done.pop()
            mine = self._mine()
            if mine:
                here(mine, told)
                self.done.append(mine)
                told(0.0)
            elif self.came < self.total:
                told(0.0)
                self.workers.sleep(_LOOK_SECONDS)

    def adopt(self) -> None:
        """Runs that an earlier try of the step asked for, and that nobody took back."""
        going = dg.RunsFilter(tags=_of(self.waiting[0]), statuses=_GOING_ON) if self.waiting else None
        for run in self.workers.found(going) if going else ():
            order = _order(run)
            if order in self.waiting:
                self.waiting.remove(order)
                self.runs[run.run_id] = order

    def look(self) -> None:
        """See what became of the runs, and ask for more of them; every other second."""
        now = self.workers.clock()
        if now - self.looked < _LOOK_SECONDS:
            return
        self.looked, unbegun = now, 0
        found = self.found()
        forgotten = self.runs.keys() - {run.run_id for run in found}
        self.failed += [self.runs.pop(run_id) for run_id in forgotten]
        for run in found:
            if run.is_finished:  # why one failed, the encode here will say
                (self.done if run.is_success else self.failed).append(self.runs.pop(run.run_id))
                self.changed = now
            unbegun += run.status in _UNBEGUN
        while self.waiting and unbegun < _MOST_WAITING:
            order = self.waiting.popleft()
            self.runs[self.workers.submitted(order)] = order
            unbegun, self.changed = unbegun + 1, now

    def found(self) -> Sequence[dg.DagsterRun]:
        """The runs of which no end is known yet, the first asked for first."""
        return self.workers.found(dg.RunsFilter(run_ids=list(self.runs))) if self.runs else []

    def _mine(self) -> ChunkOrder | None:
        """What is to be encoded here next: what a run failed of, then the last that nobody has begun, then what takes a
        run too long."""
        if self.failed:
            return self.failed.pop()
        if self.waiting:
            return self.waiting.pop()
        for run in reversed(self.found()):
            late = self.workers.clock() - self.changed > self.workers.patience_seconds
            if self.workers.taken_back(run.run_id) or late:
                self.changed = self.workers.clock()
                return self.runs.pop(run.run_id)
        return None


def _of(order: ChunkOrder) -> dict[str, str]:
    return {CHUNK_TAG: order.media_id, VERSION_TAG: order.version}


def _order(run: dg.DagsterRun) -> ChunkOrder:
    config: Any = run.run_config
    return _ORDER.validate_json(config["ops"][_OP]["config"]["order"])


@contextmanager
def _asked() -> Iterator[None]:
    """Raises Unavailable(STORE_UNAVAILABLE)."""
    try:
        yield
    except (SQLAlchemyError, dg.DagsterError) as error:
        message = "Dagster's history does not answer."
        raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, message, detail=str(error)) from error


def _tags(parent: dg.DagsterRun, platform: Platform) -> dict[str, str]:
    """Whoever asks for another upload goes before: a part is one of many. Nothing else than the tenant is shared with
    the parent, or the parts would stand in its line and count among uploads."""
    shared = {name: parent.tags[name] for name in (TENANT_TAG, TRACE_TAG) if name in parent.tags}
    said, origin = parent.tags.get(BYTES_TAG, ""), Origin(parent.tags.get(ORIGIN_TAG, Origin.LIVE))
    described = pods.load(platform.settings.pods)
    return {
        **shared,
        PRIORITY_TAG: str(int(parent.tags.get(PRIORITY_TAG, "0")) - 1),
        POD_TAG: described.alone(NAME, source_bytes=int(said) if said.isdecimal() else None, origin=origin),
    }


def _while_wanted(order: ChunkOrder, platform: Platform) -> Progress:
    asked = [time.monotonic()]

    def told(_: float) -> None:
        if time.monotonic() - asked[0] > _LOOK_SECONDS:
            asked[0] = time.monotonic()
            _refuse_unwanted(order, platform.catalogue.job(order.media_id, order.version))

    return told


def _refuse_unwanted(order: ChunkOrder, job: Job) -> None:
    """Raises Cancelled when nobody makes these renditions any more."""
    names = {f"transcodes/{plan.rung.name}" for plan in order.plans}
    if job.state in STOPPED or not any(task.name in names and task.state in OPEN for task in job.tasks):
        raise Cancelled("Nobody waits for this part any more.")
