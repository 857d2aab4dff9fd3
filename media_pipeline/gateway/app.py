"""The HTTP application: routers, headers, errors. Everything else is a use case."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware

from media_pipeline.gateway import (
    contract,
    events,
    graphql,
    graphql_socket,
    health,
    media,
    page,
    playback,
    problems,
    uploads,
    webhooks,
)
from media_pipeline.gateway.access import Limiter
from media_pipeline.gateway.around import Headers, SmallBodies
from media_pipeline.gateway.background import running
from media_pipeline.gateway.dagster_view import viewing
from media_pipeline.gateway.delivering import Deliveries
from media_pipeline.gateway.front import Front
from media_pipeline.gateway.live import Live
from media_pipeline.gateway.watched import Numbers, Watched

_PARTS = (health, uploads, media, events, playback, webhooks, graphql, graphql_socket, page)
_EXPOSED = ["ETag", "Location", "Retry-After", "Content-Range", "Accept-Ranges"]


def create_app(front: Front) -> FastAPI:
    """The gateway over a platform."""

    @asynccontextmanager
    async def alive(app: FastAPI) -> AsyncIterator[None]:
        platform = front.platform
        app.state.live = Live(platform.catalogue)
        async with front.outgoing.open() as outgoing, viewing(front) as app.state.dagster:
            deliveries = Deliveries(platform.webhooks, outgoing.post, platform.now)
            async with running(app.state.live.poll(), deliveries.run()) as app.state.background:
                yield

    app = FastAPI(
        title="Media pipeline",
        version=version("media-pipeline"),
        description="Uploads, status and playback of media. Errors are RFC 9457 problem documents.",
        lifespan=alive,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=contract.name_of,
    )
    app.openapi = partial(contract.document, app)  # type: ignore[method-assign]
    app.state.front = front
    app.state.numbers = Numbers()
    app.state.limiter = Limiter(front.platform.settings.requests_per_minute)
    problems.install(app)
    for part in _PARTS:
        app.include_router(part.router)
    _wrap(app, origins=front.platform.settings.gateway_origins)
    return app


def _wrap(app: FastAPI, *, origins: tuple[str, ...]) -> None:
    """The innermost first."""
    # Inside of the headers: the framework's own place for what nobody foresaw is outside of everything.
    app.add_middleware(ServerErrorMiddleware, handler=problems.unforeseen)
    app.add_middleware(SmallBodies)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Range", "Last-Event-ID"],
        expose_headers=_EXPOSED,
        max_age=600,
    )
    app.add_middleware(Watched, numbers=app.state.numbers)
    app.add_middleware(Headers)
