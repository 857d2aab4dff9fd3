"""What callers see of Dagster: answers to listed operations about what is theirs."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from anyio.to_thread import run_sync

from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.domain.caller import Caller, Scope
from media_pipeline.domain.errors import Missing, Unavailable
from media_pipeline.gateway.access import owned
from media_pipeline.gateway.disclosed import disclosed
from media_pipeline.gateway.front import Front
from media_pipeline.gateway.persisted import BACKFILL, MEDIA, RUN, Asked
from media_pipeline.gateway.problems import Problem
from media_pipeline.gateway.recent import Recent
from media_pipeline.infrastructure import telemetry
from media_pipeline.infrastructure.dagster_webserver import Webserver

_GOOD_SECONDS = 1.0
_AT_ONCE = 300
SOCKETS = 200
"""of clients that follow something, at once, in this process"""
_RUNS_KNOWN = 10_000
_PARTITION = "dagster/partition"
_TAGS_OF_RUN = "query ($runId: ID!) {runOrError(runId: $runId) {... on Run {tags {key value}}}}"
_HEAD = "HEAD"
_SILENCE_SECONDS = 10.0
_OVER = frozenset({"RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"})
_log = telemetry.log("gateway")


class DagsterView:
    """Of one webserver. Every call raises Missing, in the same words for what is unknown and what is somebody else's,
    and Problem: `scope-missing`, `dagster-unavailable`."""

    def __init__(self, webserver: Webserver, *, catalogue: Catalogue) -> None:
        self._webserver = webserver
        self._catalogue = catalogue
        self._answers: Recent[Any] = Recent(good_seconds=_GOOD_SECONDS, at_most=_AT_ONCE)
        self._media_of: dict[str, str] = {}
        self.sockets = asyncio.Semaphore(SOCKETS)
        """places of clients that follow something"""

    async def answer(self, asked: Asked, caller: Caller) -> Any:
        """The answer to a query, at most a second old: a webserver answers some fifty a second. Raises Unavailable when
        too much is being asked for."""
        await self._permit(asked, caller)

        async def ask() -> Any:
            return disclosed(await self._ask(asked.operation.text, dict(asked.variables)))

        question = asked.operation.name, json.dumps(asked.variables, sort_keys=True)
        return await self._answers.answer(question, ask)

    async def follow(self, asked: Asked, caller: Caller) -> AsyncGenerator[Any, None]:
        """The events of a subscription, until its run is over. Closing the iterator ends it at Dagster's side."""
        await self._permit(asked, caller)
        past = asked.variables.get("cursor") == _HEAD  # is read, to know whether it is all, and not told
        variables = {k: v for k, v in asked.variables.items() if not (past and k == "cursor")}
        async with aclosing(self._logs(asked.operation.text, variables)) as events:
            async for logs in events:
                if not past and logs.get("messages") != []:
                    yield disclosed({"pipelineRunLogs": logs})
                if _is_last(logs):
                    return
                past = past and logs.get("hasMorePastEvents", False)

    async def _logs(self, text: str, variables: dict[str, str]) -> AsyncGenerator[Any, None]:
        """What Dagster tells. Over SQLite it does not tell what happens between its reading of the past and its
        beginning to watch, which may be the end: when nothing comes for a while, it is asked again from there on."""
        while True:
            try:
                async with aclosing(self._webserver.subscribe(text, variables)) as events:
                    while True:
                        async with asyncio.timeout(_SILENCE_SECONDS):
                            logs = (await anext(events))["pipelineRunLogs"]
                        variables = variables | {"cursor": logs.get("cursor", "")}
                        yield logs
            except StopAsyncIteration:
                return
            except TimeoutError:
                continue
            except Unavailable as trouble:
                raise _bad_gateway(trouble) from trouble

    async def _permit(self, asked: Asked, caller: Caller) -> None:
        kind, which = asked.about
        scope = Scope.ADMIN if kind == BACKFILL else Scope.READ
        if not caller.may(scope):
            raise Problem(403, "scope-missing", f"The key lacks the scope {scope.value!r}.")
        if kind == MEDIA:
            await self._permit_media(which, caller)
        elif kind == RUN:
            try:
                await self._permit_media(await self._media(which), caller)
            except Missing as missing:
                raise Missing("There is no such run.") from missing

    async def _permit_media(self, media_id: str, caller: Caller) -> None:
        owned(await run_sync(self._catalogue.job, media_id), caller)

    async def _media(self, run_id: str) -> str:
        """What a run is over, which never changes. Dagster knows it before the catalogue has heard of the run."""
        if run_id not in self._media_of:
            found = await self._ask(_TAGS_OF_RUN, {"runId": run_id})
            tags = {tag["key"]: tag["value"] for tag in found["runOrError"].get("tags", [])}
            if _PARTITION not in tags:
                raise Missing("The run is over no media.")
            if len(self._media_of) >= _RUNS_KNOWN:
                del self._media_of[next(iter(self._media_of))]
            self._media_of[run_id] = tags[_PARTITION]
        return self._media_of[run_id]

    async def _ask(self, query: str, variables: dict[str, str]) -> dict[str, Any]:
        try:
            return await self._webserver.ask(query, variables)
        except Unavailable as trouble:
            raise _bad_gateway(trouble) from trouble


@asynccontextmanager
async def viewing(front: Front) -> AsyncIterator[DagsterView | None]:
    """None where no webserver is configured."""
    url = front.platform.settings.dagster_url
    if url is None:
        yield None
        return
    async with Webserver(url).open() as webserver:
        yield DagsterView(webserver, catalogue=front.platform.catalogue)


def _bad_gateway(trouble: Unavailable) -> Problem:
    _log.warning("Dagster does not answer", extra={"detail": trouble.detail})
    return Problem(502, "dagster-unavailable", trouble.message, headers={"Retry-After": "2"})


def _is_last(logs: Any) -> bool:
    return any(message["__typename"] in _OVER for message in logs.get("messages", []))
