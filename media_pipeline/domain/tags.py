"""What is seen, when, how sure, found by which model; and how much evidence a tag needs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["label", "text"]
Span = tuple[float, float]
"""Start and end in seconds."""

TEXT_CONFIDENCE = 0.8
"""On-screen text counts from here on; below, the reader is guessing."""
TEXT_LETTERS = 3
"""Shorter readings are mostly edges and ornaments."""
MOST_TEXTS = 100
"""A recorded lecture would else fill the manifest with its slides."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One thing seen or read. `confidence` is the best of its frames, 0 to 1."""

    name: str
    kind: Kind
    confidence: float
    spans: tuple[Span, ...]
    model: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one model said of one sampled frame."""

    at: float
    """seconds"""
    name: str
    kind: Kind
    confidence: float


def evidence(
    sightings: Iterable[Sighting],
    *,
    frames: int,
    min_confidence: float,
    min_frames: int,
    sample_seconds: float,
    duration: float,
    models: Mapping[Kind, str],
) -> tuple[Tag, ...]:
    """The tags that enough of `frames` sampled frames speak for; there may honestly be none.

    A label needs `min_confidence` in `min_frames` frames. Where fewer frames were sampled than that, it needs all of
    them, and a confidence halfway from `min_confidence` to certainty. Text needs one frame, read with
    confidence 0.8 and three letters: a caption may flash by, but a misreading is seldom sure. Spelling is the
    surest reading's; case and spaces make no difference. A sighting stands for `sample_seconds` from its time on.
    Labels come first, then text, each with the longest seen first.
    """
    enough = min(min_frames, max(frames, 1))
    sure = min_confidence if frames >= min_frames else (1 + min_confidence) / 2
    groups: dict[tuple[Kind, str], list[Sighting]] = defaultdict(list)
    for s in sightings:
        if (s.kind == "label" and s.confidence >= sure) or (s.kind == "text" and _legible(s)):
            groups[s.kind, " ".join(s.name.casefold().split())].append(s)
    tags = [
        _tag(seen, models[kind], sample_seconds, duration)
        for (kind, _), seen in groups.items()
        if kind == "text" or len({s.at for s in seen}) >= enough
    ]
    tags.sort(key=lambda t: (-sum(end - start for start, end in t.spans), -t.confidence, t.name))
    texts = [t for t in tags if t.kind == "text"]
    return (*(t for t in tags if t.kind == "label"), *texts[:MOST_TEXTS])


def _legible(reading: Sighting) -> bool:
    return reading.confidence >= TEXT_CONFIDENCE and sum(c.isalpha() for c in reading.name) >= TEXT_LETTERS


def _tag(seen: Sequence[Sighting], model: str, sample_seconds: float, duration: float) -> Tag:
    best = max(seen, key=lambda s: s.confidence)
    spans = _merged(sorted({s.at for s in seen}), sample_seconds, duration)
    return Tag(" ".join(best.name.split()), best.kind, round(best.confidence, 3), spans, model)


def _merged(times: Sequence[float], sample_seconds: float, duration: float) -> tuple[Span, ...]:
    """One span for a run of consecutive samples; half a sample of jitter does not part them."""
    spans: list[Span] = []
    for at in times:
        end = round(max(min(at + sample_seconds, duration), at), 3)
        if spans and at - spans[-1][1] <= sample_seconds / 2:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((round(at, 3), end))
    return tuple(spans)
