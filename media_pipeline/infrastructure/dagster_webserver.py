"""Dagster's webserver as the gateway uses it: for reading only, without code locations, over GraphQL.

What its storage knows needs no code: with an empty workspace it starts in a second or two, has no child process and
nothing that it could launch."""

import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from media_pipeline.domain.errors import QuarantineCode, Unavailable

_TIMES = httpx.Timeout(15.0, connect=2.0, pool=5.0)
"""seconds; Dagster itself gives its database 15"""
_AT_ONCE = httpx.Limits(max_connections=16, max_keepalive_connections=16)
_PROTOCOL = Subprotocol("graphql-ws")
_ID = "1"  # each subscription has a connection of its own, so that closing it ends the watch
_OPENING_SECONDS, _CLOSING_SECONDS = 5, 1
_MESSAGE_BYTES = 8 * 1024 * 1024


def command(port: int) -> list[str]:
    """The webserver on a port that only this machine reaches: it asks nobody who they are. Its DAGSTER_HOME says which
    instance it reads."""
    reading = ["--read-only", "--empty-workspace", "--dagster-log-level", "warning"]
    return [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), *reading]


class Webserver:
    """A client of it. `url` is its root, such as http://127.0.0.1:3001. Every call raises Unavailable where it does not
    answer, or answers with errors; their words go to the detail, and to no caller."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=_TIMES, limits=_AT_ONCE, trust_env=False)
        self._socket = f"{url.rstrip('/')}/graphql".replace("http", "ws", 1)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Its connections are closed at the end."""
        async with self._client:
            yield self

    async def ask(self, query: str, variables: Mapping[str, str]) -> dict[str, Any]:
        """The `data` of the answer."""
        try:
            response = await self._client.post("/graphql", json={"query": query, "variables": dict(variables)})
            answer = response.json()
        except (httpx.HTTPError, json.JSONDecodeError) as trouble:
            raise _unavailable(repr(trouble)) from trouble
        return _data(answer)

    async def subscribe(self, query: str, variables: Mapping[str, str]) -> AsyncGenerator[dict[str, Any], None]:
        """The `data` of each event, until Dagster says that there are no more. Closing the iterator ends the
        subscription at Dagster's side."""
        start = {"type": "start", "id": _ID, "payload": {"query": query, "variables": dict(variables)}}
        async with self._connected() as upstream:
            await upstream.send(json.dumps({"type": "connection_init", "payload": {}}))
            await upstream.send(json.dumps(start))
            async for raw in upstream:
                message = json.loads(raw)
                if message["type"] == "data":
                    yield _data(message["payload"])
                elif message["type"] == "error":
                    raise _unavailable(json.dumps(message["payload"]))
                elif message["type"] == "complete":
                    return
        raise _unavailable("the connection was closed")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[ClientConnection]:
        try:
            async with connect(
                self._socket, subprotocols=[_PROTOCOL], proxy=None, max_size=_MESSAGE_BYTES,
                open_timeout=_OPENING_SECONDS, close_timeout=_CLOSING_SECONDS,
            ) as connection:  # fmt: skip
                yield connection
        except (OSError, WebSocketException) as trouble:  # a timeout is an OSError
            raise _unavailable(repr(trouble)) from trouble


def _data(answer: Any) -> dict[str, Any]:
    """Raises Unavailable where there are errors, even beside data."""
    if not isinstance(answer, dict) or answer.get("errors") or not isinstance(answer.get("data"), dict):
        raise _unavailable(json.dumps(answer)[:2000])
    data: dict[str, Any] = answer["data"]
    return data


def _unavailable(detail: str) -> Unavailable:
    return Unavailable(QuarantineCode.INTERNAL, "Dagster does not answer.", detail=detail)
