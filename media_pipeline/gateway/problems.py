"""Errors as problem documents (RFC 9457), each with a code that does not change. docs/gateway.md lists them all."""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from media_pipeline.domain.errors import (
    BadMedia,
    Conflict,
    Denied,
    MediaError,
    Missing,
    QuarantineCode,
    RefusalCode,
    Refused,
    RejectionCode,
    Unavailable,
)
from media_pipeline.infrastructure import telemetry

CONTENT_TYPE = "application/problem+json"
_STATUS: dict[RejectionCode | RefusalCode, int] = {
    RejectionCode.LIMIT_SIZE: 413,
    RefusalCode.PART_UNKNOWN: 404,
    RefusalCode.PARTS_MISSING: 409,
    RefusalCode.UPLOAD_CLOSED: 409,
    RefusalCode.UPLOAD_EXPIRED: 410,
    RefusalCode.QUOTA_EXCEEDED: 429,
}
"""of what is refused; all else is 422"""
TITLES = {
    # Our own words: those of Python's http module differ between its versions.
    400: "Bad request",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    412: "Precondition failed",
    413: "Request too large",
    416: "Range not satisfiable",
    422: "Invalid request",
    429: "Too many requests",
    500: "Internal error",
    502: "Bad gateway",
    503: "Unavailable",
    507: "Out of room",
}
"""of every status that is no success"""
_OF_THE_FRAMEWORK = {
    400: ("bad-request", "The request cannot be read."),
    404: ("not-found", "There is no such address."),
    405: ("method-not-allowed", "The address does not take this method."),
    413: ("request-too-large", "The request has more bytes than are read."),
}
_MOST_FAULTS = 20
_log = telemetry.log("gateway")


class Problem(Exception):
    """An answer that is no success: a status, a stable code, one sentence that says what to do."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers, self.more = status, code, detail, headers, more


def response(problem: Problem) -> Response:
    """The document: `type` and `code` are the same for ever, `title` is the status in words."""
    body = {
        "type": f"urn:media-pipeline:problem:{problem.code}",
        "title": TITLES[problem.status],
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.more,
    }
    text = json.dumps(body)  # in ASCII: what a caller sent and gets told may be no text that UTF-8 has
    return Response(text, status_code=problem.status, media_type=CONTENT_TYPE, headers=problem.headers)


def unauthenticated(detail: str) -> Problem:
    return Problem(401, "unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})


def install(app: FastAPI) -> None:
    """Every error that is foreseen becomes a problem document."""

    @app.exception_handler(Problem)
    async def ours(_: Request, error: Problem) -> Response:
        return response(error)

    @app.exception_handler(MediaError)
    async def of_the_platform(_: Request, error: MediaError) -> Response:
        return response(translated(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        faults = [{"where": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()[:_MOST_FAULTS]]
        return response(Problem(422, "invalid-request", "The request does not fit the API.", errors=faults))

    @app.exception_handler(HTTPException)
    async def of_the_framework(_: Request, error: HTTPException) -> Response:
        code, detail = _OF_THE_FRAMEWORK[error.status_code]
        return response(Problem(error.status_code, code, detail, headers=dict(error.headers or {})))


async def unforeseen(_: Request, error: Exception) -> Response:
    """What is left; whoever calls this logs the error."""
    return response(Problem(500, "internal", "Something failed here. It is in the log of the gateway."))


def translated(error: MediaError) -> Problem:
    """What the platform's own errors are to a caller: never a detail, which is for operators."""
    match error:
        case BadMedia() | Refused():
            code = error.code.lower().replace("_", "-")
            return Problem(_STATUS.get(error.code, 422), code, error.message)
        case Missing():
            return Problem(404, "not-found", error.message)
        case Denied():
            return unauthenticated(error.message)
        case Conflict():
            return Problem(409, "conflict", error.message)
        case Unavailable():
            _log.warning("unavailable", extra={"reason": error.message, "detail": error.detail})
            status, code = (507, "disk-full") if error.code is QuarantineCode.DISK_FULL else (503, "unavailable")
            return Problem(status, code, error.message, headers={"Retry-After": "5"})
        case _:
            return Problem(422, "refused", error.message)
