"""Which harm is done when: drawn from a seed, every kind before any comes again."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

STEPS = ("source", "transcodes", "stream", "thumbnails", "subtitles", "ai_tags", "publication")
KINDS = (
    *(f"kill the step {name}" for name in STEPS),
    "kill a worker",
    "kill a tool",
    "kill the daemon",
    "kill the code server",
    "kill everything",
    "restart Postgres",
    "the store refuses",
    "the store is slow",
    "the store ends short",
    "the store loses answers",
    "the store is full",
    "the disk is full",
    "overwrite",
)


@dataclass(frozen=True)
class Harm:
    kind: str
    wait: float
    """seconds since the one before"""
    lasts: float
    """seconds, of what lasts"""
    choice: float
    """0 to 1: which one of those that there are"""


def plan(seed: int, *, longest: float) -> Iterator[Harm]:
    """Without end. No harm lasts longer than so many seconds."""
    random = Random(seed)
    while True:
        for kind in random.sample(KINDS, len(KINDS)):
            yield Harm(kind, random.uniform(1, 6), random.uniform(0.3, 1) * longest, random.random())
