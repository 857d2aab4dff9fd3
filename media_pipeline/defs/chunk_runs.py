"""What a step does with the parts of a long picture where every pod has one: each becomes a run in Dagster's queue.

For that a step needs the database that it has, and no right to ask Kubernetes for anything. It never only waits: it
encodes what no run has begun, so that parts come also where the queue has no room.
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

from media_pipeline.application.ports.chunks import Here
from media_pipeline.application.ports.tools import Progress
from media_pipeline.defs.console import CONFIG
from media_pipeline.domain.chunks import ChunkOrder
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.job import Failure
from media_pipeline.infrastructure import telemetry
from media_pipeline.infrastructure.dagster_engine import CHUNK_TAG, VERSION_TAG, beside, cause

OP = "encode_ordered"
ORDER: TypeAdapter[ChunkOrder] = TypeAdapter(ChunkOrder)
LOOK_SECONDS = 2.0
_MOST_WAITING = 8
"""runs of one step in the queue: others are to find their way in between"""
_UNBEGUN = dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED
_GOING_ON = [*_UNBEGUN, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
_NO_RETRY = {"dagster/max_retries": "0"}  # the step encodes what a run failed of
_ENDS = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
_log = telemetry.log("chunks")


def config(order: ChunkOrder) -> dict[str, Any]:
    """Of a run over one part."""
    return {**CONFIG, "ops": {OP: {"config": {"order": ORDER.dump_json(order).decode()}}}}


@dataclass(frozen=True)
class ChunkRuns:
    """A run for each part, beside the step of the run `parent`."""

    instance: dg.DagsterInstance
    parent: dg.DagsterRun
    graph: dg.JobDefinition
    tags: Mapping[str, str]
    patience_seconds: float
    """for a run that has begun; then its part is encoded here too"""
    count: Callable[[Failure], None]
    """what a run failed of, where that is a fault of ours"""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def elsewhere(self) -> bool:
        return True

    @contextmanager
    def working(self, orders: Sequence[ChunkOrder], *, here: Here, progress: Progress) -> Iterator["_Work"]:
        work = _Work(self, here, progress, deque(orders), len(orders), changed=self.clock())
        work.adopt()
        try:
            work.ask()
            yield work
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
        with _asked():
            remote, code = beside(self.parent, self.graph.name, self.instance)
            run = self.instance.create_run_for_job(
                self.graph,
                run_config=config(order),
                tags={**self.tags, **_NO_RETRY, **_of(order)},
                remote_job_origin=remote,
                job_code_origin=code,
            )
            self.instance.run_coordinator.submit_run(SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]
            return run.run_id

    def note(self, run: dg.DagsterRun, order: ChunkOrder) -> None:
        """Say why a run over a part came to nothing: nobody else will, and the step does without it."""
        with _asked():
            events = [entry.get_dagster_event() for entry in self.instance.all_logs(run.run_id, of_type=_ENDS)]
        code, reason = _end(run, events)
        _log.warning("part lost", extra=_facts(run.run_id, order) | {"code": code, "reason": reason})
        if code in set(QuarantineCode):
            self.count(Failure(QuarantineCode(code), reason))

    def found(self, wanted: dg.RunsFilter) -> Sequence[dg.DagsterRun]:
        """The first asked for first."""
        with _asked():
            return self.instance.get_runs(wanted, ascending=True)


@dataclass
class _Work:
    """The parts of one picture, each in one place: waiting for a run, at a run, to be encoded here, or done."""

    workers: ChunkRuns
    here: Here
    progress: Progress
    waiting: deque[ChunkOrder]
    total: int
    changed: float
    """when a run was last asked for, or over"""
    runs: dict[str, ChunkOrder] = field(default_factory=dict)
    """by the run's id"""
    failed: list[ChunkOrder] = field(default_factory=list)
    done: list[ChunkOrder] = field(default_factory=list)
    came: int = 0
    looked: float = float("-inf")

    def __iter__(self) -> Iterator[ChunkOrder]:
        while self.came < self.total:
            self.ask()
            while self.done:
                self.came += 1
                yield self.done.pop()
            mine = self._mine()
            if mine:
                self.here(mine, self._told)
                self.done.append(mine)
                self.look()
            elif self.came < self.total:
                self.look()
                self.workers.sleep(LOOK_SECONDS)

    def look(self) -> None:
        self._told(0.0)

    def _told(self, share: float) -> None:
        self.ask()
        self.progress((self.came + len(self.done) + share) / self.total if self.total else 1.0)

    def adopt(self) -> None:
        """Runs that an earlier try of the step asked for, and that nobody took back."""
        going = dg.RunsFilter(tags=_of(self.waiting[0]), statuses=_GOING_ON) if self.waiting else None
        for run in self.workers.found(going) if going else ():
            order = _order(run)
            if order in self.waiting:
                self.waiting.remove(order)
                self.runs[run.run_id] = order

    def ask(self) -> None:
        """See what became of the runs, and ask for more of them; every other second."""
        now = self.workers.clock()
        if now - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        found = self.found()
        for run_id in self.runs.keys() - {run.run_id for run in found}:
            self.failed.append(self.runs.pop(run_id))
            _log.warning("part forgotten", extra=_facts(run_id, self.failed[-1]))
        for run in found:
            if run.is_finished:
                self._over(run, self.runs.pop(run.run_id))
                self.changed = now
        unbegun = sum(run.status in _UNBEGUN for run in found)
        while self.waiting and unbegun < _MOST_WAITING:
            order = self.waiting.popleft()
            self.runs[self.workers.submitted(order)] = order
            unbegun, self.changed = unbegun + 1, now

    def _over(self, run: dg.DagsterRun, order: ChunkOrder) -> None:
        if run.is_success:
            self.done.append(order)
            return
        self.failed.append(order)
        self.workers.note(run, order)

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
            unbegun = self.workers.taken_back(run.run_id)
            if unbegun or late:
                self.changed = self.workers.clock()
                order = self.runs.pop(run.run_id)
                if not unbegun:
                    _log.warning("part late", extra=_facts(run.run_id, order))
                return order
        return None


def _of(order: ChunkOrder) -> dict[str, str]:
    return {CHUNK_TAG: order.media_id, VERSION_TAG: order.version}


def _order(run: dg.DagsterRun) -> ChunkOrder:
    said: Any = run.run_config
    return ORDER.validate_json(said["ops"][OP]["config"]["order"])


def _facts(run_id: str, order: ChunkOrder) -> dict[str, str | int]:
    """What a line of the log says of a part; `run_id` is there that of the step's own run."""
    return {"part": order.chunk.number, "part_run_id": run_id}


def _end(run: dg.DagsterRun, events: Sequence[dg.DagsterEvent]) -> tuple[str, str]:
    """The code and the words of how a run over a part came to nothing: its own, or Dagster's of its worker."""
    if run.status is dg.DagsterRunStatus.CANCELED:
        return run.status.value, "The run was ended."
    for event in events:
        told = event.step_failure_data.user_failure_data if event.is_step_failure else None
        if told and "code" in told.metadata:  # see failures.py
            return str(told.metadata["code"].value), str(told.metadata["sentence"].value)
    said = next((event.message or "" for event in events if event.is_run_failure), "")
    return cause(run, said).value, said


@contextmanager
def _asked() -> Iterator[None]:
    """Raises Unavailable(STORE_UNAVAILABLE)."""
    try:
        yield
    except (SQLAlchemyError, dg.DagsterError) as error:
        message = "Dagster's history does not answer."
        raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, message, detail=str(error)) from error
