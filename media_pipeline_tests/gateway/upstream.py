"""A webserver that is not Dagster's, over real sockets: it answers what a test says, and knows what it was asked."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

PATIENCE_SECONDS = 20


class Upstream:
    """Speaks what Dagster speaks: JSON over POST, and graphql-ws."""

    def __init__(self) -> None:
        self.following = 0
        self.reset()
        self.app: ASGIApp = Starlette(
            routes=[Route("/graphql", self._post, methods=["POST"]), WebSocketRoute("/graphql", self._socket)]
        )

    def reset(self) -> None:
        """As if nobody had asked; who follows something is waited for to leave."""
        until(lambda: self.following == 0)
        self.asked: list[dict[str, Any]] = []
        self.data: dict[str, Any] = {"runsOrError": {"__typename": "Runs", "results": []}}
        self.errors: list[dict[str, Any]] = []
        self.tags: dict[str, dict[str, str]] = {}
        """of runs"""
        self.events: list[dict[str, Any]] = []
        """of every subscription, after its cursor; it stays open after them"""
        self._hung_up = threading.Event()
        self.seconds = 0.0
        """an answer takes"""

    def hang_up(self) -> None:
        """Every subscription is cut off."""
        self._hung_up.set()

    async def _post(self, request: Request) -> Response:
        body = await request.json()
        if "tags {key value}" in body["query"]:
            tags = self.tags.get(body["variables"]["runId"])
            run = {} if tags is None else {"tags": [{"key": k, "value": v} for k, v in tags.items()]}
            return JSONResponse({"data": {"runOrError": run}})
        self.asked.append(body)
        await asyncio.sleep(self.seconds)
        return JSONResponse({"data": self.data} | ({"errors": self.errors} if self.errors else {}))

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept(subprotocol="graphql-ws")
        try:
            assert (await socket.receive_json())["type"] == "connection_init"
            await socket.send_json({"type": "connection_ack"})
            start = await socket.receive_json()
            self.asked.append(start["payload"])
            self.following += 1
            try:
                for event in self._after(start["payload"]["variables"].get("cursor")):
                    await socket.send_json({"type": "data", "id": start["id"], "payload": {"data": event}})
                while not self._hung_up.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(socket.receive_json(), 0.02)
                        return
                await socket.close(1011)
            finally:
                self.following -= 1
        except WebSocketDisconnect:
            pass

    def _after(self, cursor: str | None) -> list[dict[str, Any]]:
        cursors = [event.get("pipelineRunLogs", {}).get("cursor") for event in self.events]
        return self.events[cursors.index(cursor) + 1 if cursor else 0 :]


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address of an application, served on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    try:
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def until(condition: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Waits for it to be true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "never true"
        time.sleep(0.01)
