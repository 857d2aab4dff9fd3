"""What of an answer of Dagster's a caller is shown. Operations select no messages, traces, tags or addresses; metadata
is known by its label only, which no operation can select by, so it is left out here unless its label is on the list."""

from typing import Any

LABELS = frozenset(
    {
        "bytes",
        "audio_tracks",
        "checks_failed",
        "code",
        "container",
        "cues",
        "display_size",
        "duration_seconds",
        "embedded",
        "fingerprint",
        "frames",
        "frames_seen",
        "kind",
        "language",
        "longest_segment_seconds",
        "model",
        "not_made",
        "passed_through",
        "poster_at_seconds",
        "profile",
        "real_time_factor",
        "revision",
        "scenes",
        "seconds",
        "sentence",
        "size",
        "tiles",
        "tool",
        "tries",
        "video",
        "vmaf",
        "warnings",
        "words",
    }
)
"""of measurements and of failures. Left out: addresses, which may be paths of the machine, what is drawn for Dagster's
own pages, and what only an operator can use."""
_METADATA = "metadataEntries"


def disclosed(answer: Any) -> Any:
    """The answer without metadata whose label is not on the list, at any depth."""
    if isinstance(answer, list):
        return [disclosed(each) for each in answer]
    if isinstance(answer, dict):
        return {name: disclosed(_listed(value) if name == _METADATA else value) for name, value in answer.items()}
    return answer


def _listed(entries: Any) -> Any:
    return [entry for entry in entries if entry["label"] in LABELS] if isinstance(entries, list) else entries
