"""Errors as problem documents (RFC 9457), each with a code that does not change."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
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
}
"""of what is refused; all else is 422"""
_log = telemetry.log("gateway")


class Problem(Exception):
    """An answer that is no success: a status, a stable code, one sentence that says what to do."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers, self.more = status, code, detail, headers, more


def response(problem: Problem) -> JSONResponse:
    """The document: `type` and `code` are the same for ever, `title` is the status in words."""
    body = {
        "type": f"urn:media-pipeline:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.more,
    }
    return JSONResponse(body, status_code=problem.status, media_type=CONTENT_TYPE, headers=problem.headers)


def unauthenticated(detail: str) -> Problem:
    return Problem(401, "unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})


def install(app: FastAPI) -> None:
    """Every error of this application becomes a problem document, foreseen or not."""

    @app.exception_handler(Problem)
    async def ours(_: Request, error: Problem) -> JSONResponse:
        return response(error)

    @app.exception_handler(MediaError)
    async def of_the_platform(_: Request, error: MediaError) -> JSONResponse:
        return response(translated(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [{"where": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
        return response(Problem(422, "invalid-request", "The request does not fit the API.", errors=faults))

    @app.exception_handler(HTTPException)
    async def of_the_framework(_: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        headers = dict(error.headers) if error.headers else None
        return response(Problem(error.status_code, code, str(error.detail), headers=headers))

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
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
