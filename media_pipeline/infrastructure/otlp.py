"""The OpenTelemetry SDK, sending to a collector by OTLP over HTTP. Loaded by `tracing.start` and nobody else."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import metadata

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace import Span as Going
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from media_pipeline.infrastructure.tracing import Facts, Kind

_SERVICE = "media-pipeline"
_SCOPE = InstrumentationScope("media_pipeline", metadata.version("media-pipeline"))
_EXPORT_SECONDS = 3.0
"""until an export is given up, unless a variable says otherwise: a collector that is away must not hold up the work"""
_REST_SECONDS = 60.0
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_OURS = "http/protobuf"
_ERROR_TYPE = "error.type"
_W3C = TraceContextTextMapPropagator()


class Otlp:
    """Spans of this process, on their way to a collector."""

    def __init__(self) -> None:
        for name in _PROTOCOLS:
            if os.environ.get(name, _OURS) != _OURS:
                raise ValueError(f"{name}: {os.environ[name]!r} is not spoken here; {_OURS} is")
        timeout = None if any(name in os.environ for name in _TIMEOUTS) else _EXPORT_SECONDS
        self._exporter = _Exporter(timeout=timeout)
        self._processor = BatchSpanProcessor(self._exporter)
        self._provider = TracerProvider(resource=_resource())
        self._provider.add_span_processor(self._processor)
        self._tracer = self._provider.get_tracer(_SCOPE.name, _SCOPE.version)

    @contextmanager
    def span(
        self, name: str, facts: Facts, *, kind: Kind, parent: str | None, links: Sequence[str]
    ) -> Iterator["_Span"]:
        around = set_span_in_context(get_current_span(_read(parent))) if parent else None
        with self._tracer.start_as_current_span(
            name,
            context=around,
            kind=SpanKind[kind.upper()],
            attributes=dict(facts),
            links=[Link(context) for link in links if (context := _context(link)).is_valid],
            record_exception=False,  # its words may hold what a file is called
            set_status_on_exception=False,
        ) as going:
            current = _Span(going)
            try:
                yield current
            except BaseException as error:
                current.failed(str(getattr(error, "code", type(error).__name__)))
                raise

    def over(
        self,
        name: str,
        own: str,
        *,
        parent: str | None,
        began: datetime,
        ended: datetime,
        facts: Facts,
        failed: str | None,
    ) -> None:
        context = _context(own)
        if not context.trace_flags.sampled:
            return
        told = ReadableSpan(
            name,
            context=context,
            parent=_context(parent) if parent else None,
            resource=self._provider.resource,
            attributes=dict(facts) | ({_ERROR_TYPE: failed} if failed else {}),
            status=Status(StatusCode.ERROR) if failed else Status(),
            start_time=_nanoseconds(began),
            end_time=_nanoseconds(ended),
            instrumentation_scope=_SCOPE,
        )
        self._processor.on_end(told)

    def traceparent(self) -> str | None:
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get("traceparent")

    def flush(self) -> None:
        if time.monotonic() >= self._exporter.rests_until:
            self._processor.force_flush()

    def close(self) -> None:
        self._provider.shutdown()


class _Span:
    def __init__(self, going: Going) -> None:
        self._going = going

    def note(self, facts: Facts) -> None:
        self._going.set_attributes(dict(facts))

    def rename(self, name: str) -> None:
        self._going.update_name(name)

    def failed(self, code: str) -> None:
        self._going.set_attribute(_ERROR_TYPE, code)
        self._going.set_status(Status(StatusCode.ERROR))


class _Exporter(OTLPSpanExporter):
    """Remembers for a while that nobody answered."""

    rests_until = 0.0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        self.rests_until = 0.0 if result is SpanExportResult.SUCCESS else time.monotonic() + _REST_SECONDS
        return result


def _resource() -> Resource:
    """As OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have it."""
    told = Resource.create({SERVICE_VERSION: _SCOPE.version or ""})
    unnamed = str(told.attributes[SERVICE_NAME]).startswith("unknown_service")
    return told.merge(Resource({SERVICE_NAME: _SERVICE})) if unnamed else told


def _read(traceparent: str) -> Context:
    return _W3C.extract({"traceparent": traceparent}, context=Context())


def _context(traceparent: str) -> SpanContext:
    return get_current_span(_read(traceparent)).get_span_context()


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000
