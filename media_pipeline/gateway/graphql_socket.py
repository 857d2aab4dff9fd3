"""The WebSocket of /graphql: the listed subscriptions, in the protocol of today (graphql-transport-ws) or the one that
Dagster speaks itself (graphql-ws)."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from media_pipeline.domain.caller import Caller
from media_pipeline.domain.errors import MediaError
from media_pipeline.gateway.access import Limiter, caller_of
from media_pipeline.gateway.dagster_view import DagsterView
from media_pipeline.gateway.graphql import BYTES, understood
from media_pipeline.gateway.problems import Problem, translated, unauthenticated

router = APIRouter()
SUBSCRIPTIONS = 4
"""of one socket at once"""
_INIT_SECONDS = 10
_LIFE_SECONDS = 3600
"""after which a socket is closed, so that its key is looked at again"""
_SEND_SECONDS = 30
"""in which a client has to take a message"""
_ID_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a protocol says what both can."""

    start: str
    stop: str
    event: str
    errors_are_a_list: bool


DIALECTS = {
    "graphql-transport-ws": _Dialect("subscribe", "complete", "next", errors_are_a_list=True),
    "graphql-ws": _Dialect("start", "stop", "data", errors_are_a_list=False),
}


class _Closed(Exception):
    """The socket is to be closed, with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@router.websocket("/graphql")
async def socket(websocket: WebSocket) -> None:
    """One client. A socket that speaks neither protocol, or for which there is no place, is not accepted."""
    view: DagsterView | None = websocket.app.state.dagster
    offered = [name for name in websocket.scope["subprotocols"] if name in DIALECTS]
    if view is None or not offered or view.sockets.locked():
        await websocket.close()
        return
    async with view.sockets:
        await websocket.accept(subprotocol=offered[0])
        try:
            async with asyncio.timeout(_LIFE_SECONDS), asyncio.TaskGroup() as group:
                await _Session(websocket, DIALECTS[offered[0]], view, group).run()
        except* WebSocketDisconnect:
            pass
        except* TimeoutError:
            await websocket.close(1001, "Connect again.")
        except* _Closed as ends:
            end = ends.exceptions[0]
            assert isinstance(end, _Closed)
            await websocket.close(end.code, end.reason)


class _Session:
    """What one client says, and what it is told. Its subscriptions are tasks of the group."""

    def __init__(self, websocket: WebSocket, dialect: _Dialect, view: DagsterView, group: asyncio.TaskGroup) -> None:
        self._websocket, self._dialect, self._view, self._group = websocket, dialect, view, group
        self._limiter: Limiter = websocket.app.state.limiter
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Ends by _Closed or WebSocketDisconnect, which ends its subscriptions."""
        caller = await self._greeted()
        while True:
            message = await self._received()
            match message.get("type"):
                case self._dialect.start:
                    self._start(message, caller)
                case self._dialect.stop:
                    self._stop(message)
                case "ping":
                    await self._send("pong")
                case "pong":
                    pass
                case "connection_terminate":
                    raise _Closed(1000, "")
                case _:
                    raise _Closed(4400, "A message of no known type.")

    async def _greeted(self) -> Caller:
        """Who it is, by `authorization` in the payload of connection_init or by the header of the request."""
        try:
            async with asyncio.timeout(_INIT_SECONDS):
                message = await self._received()
        except TimeoutError as late:
            raise _Closed(4408, "Connection initialisation timeout") from late
        if message.get("type") != "connection_init":
            raise _Closed(4401, "Unauthorized")
        payload = message.get("payload") or {}
        shown = payload.get("authorization") if isinstance(payload, dict) else None
        try:
            caller = await run_sync(self._caller, shown or self._websocket.headers.get("authorization"))
        except (Problem, MediaError) as refusal:
            raise _Closed(4403, _problem(refusal).detail) from refusal
        await self._send("connection_ack")
        return caller

    def _caller(self, shown: object) -> Caller:
        kind, _, text = str(shown or "").partition(" ")
        if kind.lower() != "bearer":
            raise unauthenticated("Send `authorization: Bearer <API key>`.")
        return caller_of(text, self._websocket.app.state.front, self._limiter)

    def _start(self, message: dict[str, Any], caller: Caller) -> None:
        id = message.get("id")
        if not isinstance(id, str) or not 0 < len(id) <= _ID_CHARACTERS:
            raise _Closed(4400, "A subscription has an id.")
        if id in self._tasks:
            raise _Closed(4409, f"Subscriber for {id} already exists")
        if len(self._tasks) >= SUBSCRIPTIONS:
            raise _Closed(4429, f"A socket has at most {SUBSCRIPTIONS} subscriptions.")
        self._tasks[id] = self._group.create_task(self._follow(id, message.get("payload"), caller))

    def _stop(self, message: dict[str, Any]) -> None:
        task = self._tasks.pop(str(message.get("id")), None)
        if task:
            task.cancel()

    async def _follow(self, id: str, body: object, caller: Caller) -> None:
        try:
            self._limiter.take(caller.tenant)
            wanted = understood(body)
            if not wanted.operation.live:
                raise Problem(400, "operation-not-allowed", f"{wanted.operation.name} is a query: POST it.")
            async with aclosing(self._view.follow(wanted, caller)) as events:
                async for event in events:
                    await self._send(self._dialect.event, id=id, payload={"data": event})
        except (Problem, MediaError) as refusal:
            problem = _problem(refusal)
            error = {"message": problem.detail, "extensions": {"code": problem.code, **problem.more}}
            await self._send("error", id=id, payload=[error] if self._dialect.errors_are_a_list else error)
        else:
            await self._send("complete", id=id)
        finally:
            if self._tasks.get(id) is asyncio.current_task():
                del self._tasks[id]

    async def _received(self) -> dict[str, Any]:
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1000))
        text = received.get("text")
        if text is None or len(text) > BYTES:
            raise _Closed(1009, f"A message is a text of at most {BYTES} characters.")
        try:
            message = json.loads(text)
        except (ValueError, RecursionError) as fault:
            raise _Closed(4400, "A message is JSON.") from fault
        if not isinstance(message, dict):
            raise _Closed(4400, "A message is an object.")
        return message

    async def _send(self, kind: str, **more: Any) -> None:
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._websocket.send_json({"type": kind, **more})
        except TimeoutError as slow:
            raise _Closed(1008, "The client takes nothing.") from slow


def _problem(error: Problem | MediaError) -> Problem:
    return error if isinstance(error, Problem) else translated(error)
