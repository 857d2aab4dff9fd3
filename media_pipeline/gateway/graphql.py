"""POST /graphql: the listed operations, and no others."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from starlette.requests import HTTPConnection

from media_pipeline.gateway.access import Reader
from media_pipeline.gateway.dagster_view import DagsterView
from media_pipeline.gateway.persisted import Asked, Malformed, NotListed, WrongVariables, asked, load
from media_pipeline.gateway.problems import Problem

OPERATIONS = load()
BYTES = 16 * 1024
"""of a request, over HTTP or a WebSocket"""
router = APIRouter(tags=["graphql"])


def view_of(connection: HTTPConnection) -> DagsterView:
    """Raises Problem `dagster-unavailable` where no webserver is configured."""
    view: DagsterView | None = connection.app.state.dagster
    if view is None:
        raise Problem(502, "dagster-unavailable", "This gateway was started without a webserver of Dagster.")
    return view


@router.post("/graphql")
async def graphql(request: Request, caller: Reader, view: Annotated[DagsterView, Depends(view_of)]) -> JSONResponse:
    """Runs and materialisations as Dagster has them, by one of its listed operations."""
    wanted = understood(await _body(request))
    if wanted.operation.live:
        raise Problem(400, "operation-not-allowed", f"{wanted.operation.name} is a subscription: use the WebSocket.")
    return JSONResponse({"data": await view.answer(wanted, caller)})


def understood(body: object) -> Asked:
    """Raises Problem: `malformed-graphql`, `operation-not-allowed` with the list, `wrong-variables`."""
    try:
        return asked(body, OPERATIONS)
    except Malformed as fault:
        raise Problem(400, "malformed-graphql", str(fault)) from fault
    except NotListed as fault:
        raise Problem(403, "operation-not-allowed", str(fault), operations=list(OPERATIONS)) from fault
    except WrongVariables as fault:
        raise Problem(400, "wrong-variables", str(fault)) from fault


async def _body(request: Request) -> Any:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > BYTES:
            raise Problem(413, "request-too-large", f"A GraphQL request has at most {BYTES} bytes.")
    try:
        return json.loads(received)
    except (ValueError, RecursionError) as fault:
        raise Problem(400, "malformed-graphql", "The request is not JSON.") from fault
