"""Whose turn it is: live work before imports, tenants in turn, and of one tenant the small not behind the large."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from media_pipeline.domain.job import Job, Origin

SMALL_BYTES = 100 * 1000 * 1000
MEDIUM_BYTES = 1000 * 1000 * 1000
STEP = 3
"""how much the priority falls with each one of the same lane that is ahead"""
_LOWEST = 900
_IMPORT = -1000  # below everything live, however much of it is ahead
_NAME_CHARACTERS = 100


class Size(StrEnum):
    """How long a job may take, by the bytes of its source."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


BONUS = {Size.SMALL: 2, Size.MEDIUM: 1, Size.LARGE: 0}


@dataclass(frozen=True, slots=True)
class Lane:
    """Jobs that stand in one line. Lanes take turns, so none waits for the end of another."""

    tenant: str
    size: Size
    origin: Origin

    @staticmethod
    def of(job: Job) -> "Lane":
        """`tenant` is as it may be shown: printable and short."""
        shown = "".join(c if c.isprintable() else "�" for c in job.tenant)[:_NAME_CHARACTERS]
        return Lane(shown, size(job.size), job.origin)

    def priority(self, ahead: int) -> int:
        """Of a job with so many of its lane ahead of it. Higher is sooner."""
        mine = BONUS[self.size] - min(STEP * ahead, _LOWEST)
        return mine + (_IMPORT if self.origin is Origin.IMPORT else 0)


def size(source_bytes: int) -> Size:
    if source_bytes < SMALL_BYTES:
        return Size.SMALL
    return Size.MEDIUM if source_bytes < MEDIUM_BYTES else Size.LARGE


def turns(jobs: Iterable[Job], underway: Mapping[Lane, int]) -> list[tuple[Job, int]]:
    """Jobs and their priorities, in the order of their turns, where so many of each lane are underway already."""
    ahead = Counter(underway)
    ranked = []
    for job in sorted(jobs, key=lambda j: j.place):
        lane = Lane.of(job)
        ranked.append((job, lane.priority(ahead[lane])))
        ahead[lane] += 1
    return sorted(ranked, key=lambda ranked: (-ranked[1], ranked[0].place))


def chosen(
    ranked: Iterable[tuple[Job, int]], waiting: Mapping[Lane, int], *, room: int, most: int
) -> list[tuple[Job, int]]:
    """Those to ask for now: as many as there is room for in the queue, and one of each lane that has none there,
    because who waits in the queue may not start and must not keep out the others. At most `most`."""
    there = Counter(waiting)
    found: list[tuple[Job, int]] = []
    for job, priority in ranked:
        lane = Lane.of(job)
        if len(found) < most and (len(found) < room or not there[lane]):
            found.append((job, priority))
            there[lane] += 1
    return found
