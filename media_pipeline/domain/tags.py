"""What is seen, when, how sure, found by which model."""

from dataclasses import dataclass
from typing import Literal

Span = tuple[float, float]
"""Start and end in seconds."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One thing seen or read. `confidence` is the best of its frames, 0 to 1."""

    name: str
    kind: Literal["label", "text"]
    confidence: float
    spans: tuple[Span, ...]
    model: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one model said of one sampled frame."""

    at: float
    """seconds"""
    name: str
    kind: Literal["label", "text"]
    confidence: float
