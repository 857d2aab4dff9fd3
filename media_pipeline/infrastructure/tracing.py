"""Traces: what happens to one upload, from whoever received it to the last call of a tool, as spans of OpenTelemetry.

Off, which it is until `start`, nothing of OpenTelemetry is loaded and a span costs a function call. A span tells ids,
codes, names out of closed lists, sizes and times; never a key, a title or a message.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from media_pipeline.infrastructure.otlp import Otlp

P = ParamSpec("P")
R = TypeVar("R")
Facts = Mapping[str, str | int | float]
Kind = Literal["internal", "server", "client", "producer", "consumer"]

MEDIA_ID = "media_pipeline.media.id"
VERSION = "media_pipeline.media.version"
RUN_ID = "media_pipeline.run.id"
MODEL = "media_pipeline.model"
BYTES = "media_pipeline.bytes"
_SAMPLED = "01"
_W3C = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")
_started: list["Otlp"] = []


class Span(Protocol):
    """Something that goes on."""

    def note(self, facts: Facts) -> None:
        """What is known only now."""
        ...

    def rename(self, name: str) -> None: ...

    def failed(self, code: str) -> None:
        """It came to nothing, though nothing is raised."""
        ...


class _Nothing:
    def note(self, facts: Facts) -> None: ...

    def rename(self, name: str) -> None: ...

    def failed(self, code: str) -> None: ...


_NOTHING = _Nothing()


def start() -> None:
    """From now on spans are sent to the collector that the OTEL_* variables name. Idempotent. Raises ValueError naming
    the variable that asks for what there is not."""
    if not _started:
        from media_pipeline.infrastructure.otlp import Otlp

        _started.append(Otlp())


def stop() -> None:
    """Send what there is, and no more."""
    while _started:
        _started.pop().close()


def on() -> bool:
    return bool(_started)


@contextmanager
def span(
    name: str,
    facts: Facts | None = None,
    *,
    kind: Kind = "internal",
    parent: str | None = None,
    links: Sequence[str] = (),
) -> Iterator[Span]:
    """Time what happens inside. `parent` and `links` are W3C traceparents; without a parent it belongs to what goes on
    around it, or begins a trace. What is raised inside is named by its code or its kind, and passes on."""
    if not _started:
        yield _NOTHING
        return
    with _started[0].span(name, facts or {}, kind=kind, parent=parent, links=links) as current:
        yield current


def traced(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Every call is a span."""

    def decorated(call: Callable[P, R]) -> Callable[P, R]:
        @wraps(call)
        def within(*args: P.args, **kwargs: P.kwargs) -> R:
            with span(name):
                return call(*args, **kwargs)

        return within

    return decorated


def over(
    name: str,
    own: str,
    *,
    parent: str | None,
    began: datetime,
    ended: datetime,
    facts: Facts,
    failed: str | None = None,
) -> None:
    """Tell of something that nobody timed while it went on. `own` is its traceparent."""
    if _started:
        _started[0].over(name, own, parent=parent, began=began, ended=ended, facts=facts, failed=failed)


def traceparent() -> str | None:
    """The W3C traceparent of what goes on here; None where nothing is traced."""
    return _started[0].traceparent() if _started else None


def trace_id() -> str | None:
    """The trace that this belongs to, in hex."""
    told = traceparent()
    return told.split("-")[1] if told else None


def of_run(run_id: str, parent: str | None) -> str:
    """The traceparent of a run, which every process that works on it can tell by itself: in the trace of `parent`, or
    in one of its own where that is none, or no traceparent."""
    digest = sha256(run_id.encode()).hexdigest()
    known = _W3C.fullmatch(parent or "")
    trace, flags = known.groups() if known else (digest[:32], _SAMPLED)
    return f"00-{trace}-{digest[32:48]}-{flags}"


def same_trace(one: str, other: str | None) -> bool:
    """Whether two traceparents are of one trace; nothing is of none."""
    known = _W3C.fullmatch(other or "")
    return known is not None and known[1] == one.split("-")[1]


def flush() -> None:
    """Send what there is before this process may be gone. A collector that did not answer is not waited for again
    within a minute."""
    if _started:
        _started[0].flush()
