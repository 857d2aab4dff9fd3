"""How things stand at one moment: the numbers that rise and fall."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from media_pipeline.domain.job import JobState, Origin, TaskState


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for its first run."""

    jobs: int
    oldest: datetime
    """when it was received"""


@dataclass(frozen=True, slots=True)
class Census:
    """The catalogue's jobs, of every version. What there is none of is absent."""

    jobs: Mapping[JobState, int]
    queues: Mapping[Origin, Queue]
    quarantined: Mapping[str, int]
    """by code"""
    tasks: Mapping[tuple[str, TaskState], int]
    """open ones, by stage"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """When something that comes again and again was last there."""

    seconds_ago: float
    failing: bool = False


@dataclass(frozen=True, slots=True)
class Vitals:
    """Dagster's. What has never been there is absent."""

    runs: Mapping[str, int]
    """those that are not over, by status"""
    sensors: Mapping[str, Pulse]
    daemons: Mapping[str, Pulse]
    """by what they look after"""
