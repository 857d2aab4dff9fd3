"""What the gateway tells of the requests it answers: numbers of all, a span of what is asked of the API, a line in the
log of what changed something or failed. Routes are told by their pattern: a path may hold a token, or what somebody
typed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from media_pipeline.infrastructure import telemetry, tracing

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OTHER = "other"
_API, _PLAYBACK = ("/v1/", "/graphql"), "/v1/play/"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_log = telemetry.log("gateway")


class Numbers:
    """Of the requests of one process, since it began."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        of_route = ("method", "route")
        self.requests = Counter(
            "media_pipeline_gateway_requests", "Requests answered.", (*of_route, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "media_pipeline_gateway_request_seconds", "From the first byte of a request to the last of its answer.",
            of_route, buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.received = Counter(
            "media_pipeline_gateway_received_bytes", "Bytes of bodies that came.", of_route, registry=self.registry
        )
        self.sent = Counter(
            "media_pipeline_gateway_sent_bytes", "Bytes of bodies that were sent.", of_route, registry=self.registry
        )
        self.going = Gauge(
            "media_pipeline_gateway_requests_in_progress", "Requests that are being answered.", registry=self.registry
        )


class _Answer:
    """What is known of a request when it is answered."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.began = time.monotonic()
        self.status = 500  # what a caller gets who gets nothing
        self.received = self.sent = 0

    @property
    def method(self) -> str:
        method: str = self._scope["method"]
        return method if method in _METHODS else _OTHER

    @property
    def route(self) -> str:
        return str(getattr(self._scope.get("route"), "path", _OTHER))

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def about(self) -> dict[str, str]:
        """The media, where it is one: a path that names none may hold anything."""
        there = self.status < 400 and self._scope.get("path_params", {}).get("media_id")
        return {"media_id": str(there)} if there else {}


class Watched:
    """The application, watched from outside. Plain ASGI: a stream passes through as it is."""

    def __init__(self, app: ASGIApp, numbers: Numbers) -> None:
        self._app = app
        self._numbers = numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope)

        async def counted_in() -> Message:
            message = await receive()
            answer.received += len(message.get("body", b""))
            return message

        async def counted_out(message: Message) -> None:
            answer.status = message.get("status", answer.status)
            answer.sent += len(message.get("body", b""))
            await send(message)

        with self._numbers.going.track_inprogress(), _told(scope, answer, self._numbers):
            await self._app(scope, counted_in, counted_out)


@contextmanager
def _told(scope: Scope, answer: _Answer, numbers: Numbers) -> Iterator[None]:
    path: str = scope["path"]
    if not path.startswith(_API) or path.startswith(_PLAYBACK):
        try:
            yield
        finally:
            _count(answer, numbers)
        return
    # Whoever calls from outside has no say in which of our traces are kept: theirs is named, ours begins anew.
    theirs = [value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"]
    with tracing.span(answer.method, {"url.scheme": scope["scheme"]}, kind="server", links=theirs) as span:
        try:
            yield
        finally:
            span.rename(f"{answer.method} {answer.route}")
            span.note({"http.request.method": answer.method, "http.route": answer.route})
            span.note({"http.response.status_code": answer.status})
            if there := answer.about:
                span.note({tracing.MEDIA_ID: there["media_id"]})
            if answer.status >= 500:
                span.failed(str(answer.status))
            _count(answer, numbers)


def _count(answer: _Answer, numbers: Numbers) -> None:
    of_route = answer.method, answer.route
    numbers.requests.labels(*of_route, str(answer.status)).inc()
    numbers.seconds.labels(*of_route).observe(answer.seconds)
    numbers.received.labels(*of_route).inc(answer.received)
    numbers.sent.labels(*of_route).inc(answer.sent)
    if answer.status >= 400 or answer.method not in _READING:
        facts = {"method": answer.method, "route": answer.route, "status": answer.status}
        _log.info("answered", extra=facts | {"seconds": round(answer.seconds, 3)} | answer.about)
