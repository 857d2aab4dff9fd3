"""What the engine remembers of one run, and what it means for a job: that it goes on, is over, or shows no life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from media_pipeline.domain.attempt import BUDGET, Attempt
from media_pipeline.domain.errors import QuarantineCode
from media_pipeline.domain.job import LIVE, OPEN, Job, JobState, TaskState

RETRY_PROMISE = timedelta(minutes=4)
"""how long the engine has for a retry that it promised, or for the decision: then it is taken for forgotten"""
RETRY_GRACE = timedelta(minutes=10)
"""how long a run that another is to take the place of may be over before nobody waits for that any more"""

_BETWEEN_TASKS = 4


class RunState(StrEnum):
    MADE = "made"
    """and not in the queue yet: who made it may have died"""
    QUEUED = "queued"
    UNDERWAY = "underway"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """by a person"""
    STOPPED = "stopped"
    """by us, because it showed no sign of life"""
    LOST = "lost"
    """its worker is gone, and the engine has given up starting one more in its place"""


GOING_ON = frozenset({RunState.MADE, RunState.QUEUED, RunState.UNDERWAY})

BROKEN_OFF = frozenset({RunState.STOPPED, RunState.LOST})
"""So may a run end that another is to take the place of: we start it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run over one media. A run retried from where it failed has the `root` of the first one."""

    run_id: str
    root: str
    version: str | None
    """None for a run that a person started by hand: it works on the version that is current"""
    state: RunState
    retried: bool
    """whether the engine is going to start one more in its place, or has yet to decide"""
    created_at: datetime
    updated_at: datetime
    code: QuarantineCode = QuarantineCode.INTERNAL
    """what is said of work that its end cut short"""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the work on a job ended: which runs count, and what is said of what they left open."""

    run_ids: tuple[str, ...]
    cancelled: bool
    code: QuarantineCode


def ending(job: Job, runs: Sequence[Run], *, now: datetime) -> Ending | None:
    """How the work on a job ended; None while it goes on, or has yet to begin.

    A job in the queue that no run was made for, or that was put back there, is not over: it will be asked for.
    """
    mine = _of(job, runs)
    queued = job.state is JobState.QUEUED
    if under_way(job, runs, now=now) or (queued and (job.run_id or not mine)):
        return None
    if not mine:
        return Ending((), False, QuarantineCode.WORKER_LOST)
    last = mine[-1]
    broken_off = [r for r in _broken_off(mine, now) if r.updated_at >= (job.started_at or r.updated_at)]
    awaited = last in broken_off and len(broken_off) <= BUDGET
    if awaited and now - last.updated_at < RETRY_GRACE:
        return None
    return Ending(_counted(job, mine), last.state is RunState.CANCELLED, last.code)


def under_way(job: Job, runs: Sequence[Run], *, now: datetime) -> bool:
    """Whether a run is at work on a job or waits to be, or the engine is about to retry the last one."""
    mine = _of(job, runs)
    to_be_retried = bool(mine) and mine[-1].retried and not _broken_off(mine[-1:], now)
    return to_be_retried or any(r.state in GOING_ON for r in mine)


def silent(job: Job, runs: Sequence[Run], *, patience: timedelta, now: datetime) -> Run | None:
    """The run that is said to be at work on a job and shows no sign of life: nothing was told of any task for as long
    as `patience`, or so many times longer between tasks, where a run may wait for a place. One that never got into the
    queue is such a run, too."""
    going = [r for r in _of(job, runs) if r.state in GOING_ON]
    if not going or going[-1].state is RunState.QUEUED:
        return None
    told = [t.started_at + timedelta(seconds=t.seconds or 0) for t in job.tasks if t.started_at]
    at_work = any(t.state is TaskState.RUNNING for t in job.tasks)
    quiet = now - max([*told, going[-1].updated_at])
    return going[-1] if quiet > patience * (1 if at_work else _BETWEEN_TASKS) else None


def resumable(job: Job, runs: Sequence[Run], attempts: Sequence[Attempt], *, now: datetime) -> bool:
    """Whether a run is to take the place of the last one, which was broken off: not while another goes on, and not for
    ever where none even gets to a task that would be counted."""
    mine = _of(job, runs)
    if not mine or not _broken_off(mine[-1:], now) or any(r.state in GOING_ON for r in mine):
        return False
    since = min((a.started_at for a in attempts if a.counted), default=mine[0].created_at)
    broken_off = [r for r in _broken_off(mine, now) if r.updated_at >= since]
    at_it = job.state in LIVE or any(t.state in OPEN for t in job.tasks)
    return at_it and len(broken_off) <= BUDGET


def _broken_off(runs: Sequence[Run], now: datetime) -> list[Run]:
    """Of runs in the order of their making, those that another of ours is to take the place of. The last one is of them
    when its retry does not come: what reads the engine's events may die between a failure and starting the retry."""

    def forgotten(run: Run) -> bool:
        return (
            run is runs[-1] and run.state is RunState.FAILED and run.retried and now - run.updated_at >= RETRY_PROMISE
        )

    return [run for run in runs if run.state in BROKEN_OFF or forgotten(run)]


def _of(job: Job, runs: Sequence[Run]) -> list[Run]:
    """The runs over a job's version, in the order of their making."""
    return sorted((r for r in runs if r.version in {None, job.version}), key=lambda r: r.created_at)


def _counted(job: Job, runs: Sequence[Run]) -> tuple[str, ...]:
    """The runs whose work stands: since the one that the job's tasks began anew with, and those it retried. All of
    them where the catalogue does not know of any, as after a backup was put back."""
    began = next((r for r in runs if r.run_id == job.run_id), None)
    if began is None:
        return tuple(r.run_id for r in runs)
    return tuple(r.run_id for r in runs if r.created_at >= began.created_at or r.root == began.root)
