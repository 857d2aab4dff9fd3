"""What has happened, counted where it happened: numbers that only grow, whatever becomes of the jobs they came from.

A tally says how often, and how much in all; tallies of the same kind add up. Nothing in them tells one media from
another, so they stay when a media is erased, and there are only so many kinds: every label is out of a closed list.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from media_pipeline.domain.attempt import Work
from media_pipeline.domain.errors import ClosingCode, QuarantineCode, RejectionCode
from media_pipeline.domain.job import Failure, JobState, Origin

THOUSAND = 1000


class Measure(StrEnum):
    """What is counted. Seconds and ratios add up in thousandths, so that a sum never depends on its order."""

    RECEIVED = "received"
    """versions taken up, by origin; bytes"""
    PLAYABLE = "playable"
    """versions that could be watched for the first time, by origin; seconds since they were received"""
    READY = "ready"
    """versions that were complete for the first time, by origin; seconds since they were received"""
    CLOSED = "closed"
    """jobs that came to an end, by state and code"""
    TRIED = "tried"
    """tries that are over, by stage and outcome; seconds"""
    FAILED = "failed"
    """tries that came to nothing, and parts of tries, by stage and code"""
    RETRIED = "retried"
    """tries that were not the first, by stage"""
    ENCODED = "encoded"
    """tries at a ladder in which an encoder was at work; seconds of media"""
    SPEED = "speed"
    """the same; seconds of media a second"""
    STORED = "stored"
    """tries that were done, by stage; bytes of what they made"""


class Outcome(StrEnum):
    """How a try ended."""

    DONE = "done"
    REJECTED = "rejected"
    """the file's fault"""
    FAILED = "failed"
    """ours"""
    STOPPED = "stopped"
    """nobody wanted it any more"""


STAGES = ("source", "transcodes", "stream", "thumbnails", "subtitles", "ai_tags", "publication")
"""what tries are counted by, see `domain.attempt.stage`"""
_WAITS = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0)
BOUNDS: dict[Measure, tuple[float, ...]] = {
    Measure.PLAYABLE: _WAITS,
    Measure.READY: _WAITS,
    Measure.TRIED: (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0),
    Measure.SPEED: (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0),
}
"""The upper bounds of the buckets of what is told as a histogram. What is counted keeps the bucket it was counted in: a
change of them needs a migration that forgets those."""


@dataclass(frozen=True, slots=True)
class Tally:
    """So many of a kind. `of` and `code` are its labels, `bucket` the place of its value among the measure's bounds."""

    measure: Measure
    of: str = ""
    code: str = ""
    bucket: int = 0
    count: int = 1
    total: int = 0

    @property
    def kind(self) -> tuple[Measure, str, str, int]:
        return self.measure, self.of, self.code, self.bucket


def received(origin: Origin, size: int) -> Tally:
    return Tally(Measure.RECEIVED, origin, total=size)


def watchable(origin: Origin, seconds: float) -> Tally:
    return _measured(Measure.PLAYABLE, seconds, of=origin)


def complete(origin: Origin, seconds: float) -> Tally:
    return _measured(Measure.READY, seconds, of=origin)


def closed(state: JobState, failure: Failure | None) -> Tally:
    return Tally(Measure.CLOSED, state, failure.code if failure else "")


def retried(stage: str) -> Tally:
    return Tally(Measure.RETRIED, stage)


def failed(stage: str, failure: Failure) -> Tally:
    return Tally(Measure.FAILED, stage, failure.code)


def tried(stage: str, seconds: float, failure: Failure | None, work: Work | None) -> list[Tally]:
    """What one try that is over comes to. `work`: of one that was done."""
    told = [_measured(Measure.TRIED, seconds, of=stage, code=_outcome(failure, work))]
    if failure is not None:
        told.append(failed(stage, failure))
    if work is not None and work.stored_bytes:
        told.append(Tally(Measure.STORED, stage, total=work.stored_bytes))
    if work is not None and work.encoded_seconds:
        told.append(Tally(Measure.ENCODED, total=round(work.encoded_seconds * THOUSAND)))
        told.append(_measured(Measure.SPEED, work.encoded_seconds / max(seconds, 1 / THOUSAND)))
    return told


def moved(
    to: JobState,
    failure: Failure | None,
    *,
    origin: Origin,
    received_at: datetime,
    playable_at: datetime | None,
    ready_at: datetime | None,
    at: datetime,
) -> list[Tally]:
    """What a job's move comes to. `playable_at` and `ready_at` are of before it: only the first time counts."""
    seconds, told = (at - received_at).total_seconds(), []
    if to in {JobState.PLAYABLE, JobState.READY} and playable_at is None:
        told.append(watchable(origin, seconds))
    if to is JobState.READY and ready_at is None:
        told.append(complete(origin, seconds))
    if to not in {JobState.QUEUED, JobState.PROCESSING, JobState.PLAYABLE}:
        told.append(closed(to, failure))
    return told


def nothing() -> list[Tally]:
    """Of every kind that there may be one that says zero: what was never seen can not be seen to grow."""
    rejected, ours = list(RejectionCode), list(QuarantineCode)
    ends = [(JobState.READY, ""), (JobState.CANCELLED, ""), (JobState.CANCELLED, ClosingCode.SUPERSEDED)]
    ends += [(JobState.REMOVED, code) for code in (ClosingCode.SOURCE_DELETED, ClosingCode.ERASED)]
    ends += [(JobState.REJECTED, code) for code in rejected] + [(JobState.QUARANTINED, code) for code in ours]
    kinds: list[tuple[Measure, str, str]] = [(Measure.CLOSED, state, code) for state, code in ends]
    kinds += [(m, origin, "") for m in (Measure.RECEIVED, Measure.PLAYABLE, Measure.READY) for origin in Origin]
    kinds += [(m, stage, "") for m in (Measure.RETRIED, Measure.STORED) for stage in STAGES]
    kinds += [(Measure.TRIED, stage, outcome) for stage in STAGES for outcome in Outcome]
    kinds += [(Measure.FAILED, stage, code) for stage in STAGES for code in (*rejected, *ours)]
    kinds += [(Measure.ENCODED, "", ""), (Measure.SPEED, "", "")]
    return [Tally(*kind, count=0) for kind in kinds]


def summed(tallies: Iterable[Tally]) -> list[Tally]:
    """One tally a kind."""
    found: dict[tuple[Measure, str, str, int], tuple[int, int]] = {}
    for one in tallies:
        count, total = found.get(one.kind, (0, 0))
        found[one.kind] = count + one.count, total + one.total
    return [Tally(*kind, *sums) for kind, sums in sorted(found.items())]


def _measured(measure: Measure, value: float, *, of: str = "", code: str = "") -> Tally:
    value = max(0.0, value)  # the clocks of two machines
    return Tally(measure, of, code, bisect_left(BOUNDS[measure], value), total=round(value * THOUSAND))


def _outcome(failure: Failure | None, work: Work | None) -> Outcome:
    if failure is not None:
        return Outcome.REJECTED if isinstance(failure.code, RejectionCode) else Outcome.FAILED
    return Outcome.STOPPED if work is None else Outcome.DONE
