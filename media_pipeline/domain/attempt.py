"""One try at a stage of a job: what was tried, when, and why it came to nothing; and the one budget of tries.

Errors inside a step and lost workers draw on the same budget: what kills its worker is tried as often as what fails.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from media_pipeline.domain.errors import QuarantineCode, RejectionCode
from media_pipeline.domain.job import Failure

BUDGET = 3
"""how often a stage is tried before it is given up"""

LOST = Failure(QuarantineCode.WORKER_LOST, "The worker was lost before it finished.")

BUG = Failure(QuarantineCode.INTERNAL, "An error of ours stopped the work; the run's log says which.")

VITAL = ("source", "transcodes", "stream", "publication")
"""Without these stages there is nothing to play: their failure is the job's."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a try that was done came to."""

    encoded_seconds: float = 0.0
    """of media that went through an encoder"""
    stored_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a stage. Without `ended_at` somebody is at it, or was when the worker was lost."""

    stage: str
    run_id: str
    started_at: datetime
    ended_at: datetime | None
    failure: Failure | None
    """None: it goes on, was done, or was stopped by a person"""
    counted: bool
    """whether it draws on the budget: not after somebody asked for the job anew"""


def stage(task: str) -> str:
    """The step that a task is made in, which tries are counted by: the rungs of the ladder and the sound are one.

    >>> stage("transcodes/720p"), stage("audio"), stage("stream")
    ('transcodes', 'transcodes', 'stream')
    """
    return "transcodes" if task == "audio" else task.split("/", maxsplit=1)[0]


def spent(attempts: Sequence[Attempt], of: str) -> int:
    """How much of a stage's budget is used up. A try that nobody ended was lost with its worker."""
    return sum(a.counted and a.stage == of and (a.failure is not None or a.ended_at is None) for a in attempts)


def verdict(attempts: Sequence[Attempt], of: str) -> Failure | None:
    """Why a stage is not tried again: the file is at fault, or the budget is used up. None: it may be tried."""
    failures = [a.failure or LOST for a in attempts if a.counted and a.stage == of and (a.failure or not a.ended_at)]
    if failures and (isinstance(failures[-1].code, RejectionCode) or len(failures) >= BUDGET):
        return failures[-1]
    return None


def last_failure(attempts: Sequence[Attempt], of: Collection[str] = VITAL) -> Failure | None:
    """Why the last try at these stages came to nothing, if it did; of those that playing needs, why there is nothing
    to play."""
    mine = [a for a in attempts if a.counted and a.stage in of]
    return mine[-1].failure if mine else None
