"""The storm: uploads arrive, harm after harm is done, and then it is calm until everything has healed."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

from media_pipeline.domain.job import JobState
from media_pipeline_tests.chaos import harms
from media_pipeline_tests.chaos.feed import Feed
from media_pipeline_tests.chaos.judge import unhealed
from media_pipeline_tests.chaos.plan import Harm
from media_pipeline_tests.chaos.world import World

_AT_ONCE = 3
"""uploads without an end, while the storm goes on"""
_BEGINS_SECONDS = 180
"""from the first upload to the first run, on a machine however busy"""


def rage(
    world: World, feed: Feed, planned: Iterator[Harm], *, seconds: float, tell: Callable[[str], object]
) -> tuple[Counter[str], Counter[str]]:
    """For so long, once the deployment is at work. How often each harm hit, and how often it missed. Raises
    RuntimeError for a deployment that does not begin to work."""
    hit, missed = Counter[str](), Counter[str]()
    feed.new()
    _at_work(world)
    began = time.monotonic()
    for harm in planned:
        while _open(world, feed) < _AT_ONCE:
            feed.new()
        time.sleep(harm.wait)
        if time.monotonic() - began >= seconds:
            break
        times = harms.do(harm, world, feed)
        (hit if times else missed)[harm.kind] += 1
        tell(f"{time.monotonic() - began:6.1f} s  {harm.kind}{'' if times else ': nothing there'}")
    return hit, missed


def heal(world: World, feed: Feed, *, patience: float) -> float:
    """Wait until nothing is open, as long as that; how long it took, in seconds."""
    began = time.monotonic()
    with world.stores() as stores:
        while time.monotonic() - began < patience and unhealed(feed.sent, stores):
            time.sleep(1)
    return time.monotonic() - began


def _at_work(world: World) -> None:
    until = time.monotonic() + _BEGINS_SECONDS
    while not any(job.run_id for job in world.jobs()):
        if time.monotonic() > until:
            raise RuntimeError(f"the deployment does not work, before any harm:\n{world.last_words()}")
        time.sleep(0.2)


def _open(world: World, feed: Feed) -> int:
    over = {JobState.READY, JobState.REJECTED, JobState.QUARANTINED}
    ended = sum(job.state in over for job in world.jobs())
    return len(feed.sent) - ended
