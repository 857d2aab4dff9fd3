"""The HTTP application: routers, headers, errors. Everything else is a use case."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from media_pipeline.gateway import graphql, graphql_socket, health, media, page, playback, problems, uploads
from media_pipeline.gateway.access import Limiter
from media_pipeline.gateway.dagster_view import viewing
from media_pipeline.gateway.front import Front
from media_pipeline.gateway.live import Live

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # addresses of streams are signed: nobody else is to read them
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""of every answer that does not say otherwise"""
_EXPOSED = ["ETag", "Location", "Retry-After", "Content-Range", "Accept-Ranges"]


def create_app(front: Front) -> FastAPI:
    """The gateway over a platform."""

    @asynccontextmanager
    async def alive(app: FastAPI) -> AsyncIterator[None]:
        async with Live(front.platform.catalogue).polling() as app.state.live, viewing(front) as app.state.dagster:
            yield

    app = FastAPI(
        title="Media pipeline",
        version=version("media-pipeline"),
        description="Uploads, status and playback of media. Errors are RFC 9457 problem documents.",
        lifespan=alive,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.front = front
    app.state.limiter = Limiter(front.platform.settings.requests_per_minute)
    problems.install(app)
    for part in (health, uploads, media, playback, graphql, graphql_socket, page):
        app.include_router(part.router)
    app.add_middleware(_Headers)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(front.platform.settings.gateway_origins),
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Range", "Last-Event-ID"],
        expose_headers=_EXPOSED,
        max_age=600,
    )
    return app


class _Headers:
    """Adds what an answer does not say itself. Plain ASGI: a stream passes through as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
