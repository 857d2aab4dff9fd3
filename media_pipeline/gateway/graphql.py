"""POST /graphql: the listed operations, and no others."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from media_pipeline.gateway.access import Reader
from media_pipeline.gateway.dagster_view import DagsterView
from media_pipeline.gateway.persisted import (
    VALUE,
    Asked,
    Malformed,
    NotListed,
    Operation,
    WrongVariables,
    asked,
    load,
)
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


def _request(operation: Operation) -> dict[str, Any]:
    """Of OpenAPI: what a request for it looks like."""
    value = {"type": "string", "pattern": VALUE}
    variables = {
        "type": "object",
        "properties": dict.fromkeys(operation.variables, value),
        "required": [name for name, needed in operation.variables.items() if needed],
        "additionalProperties": False,
    }
    named = {"operationName": {"const": operation.name}, "variables": variables}
    return {"type": "object", "title": operation.name, "properties": named, "required": list(named)}


_REQUESTS = {"oneOf": [_request(operation) for operation in OPERATIONS.values() if not operation.live]}
_DOCUMENTED = {"requestBody": {"required": True, "content": {"application/json": {"schema": _REQUESTS}}}}


class Answer(BaseModel):
    """What Dagster answers to the operation, as its schema has it."""

    data: dict[str, Any]


@router.post("/graphql", openapi_extra=_DOCUMENTED, response_model=Answer)
async def graphql(request: Request, caller: Reader, view: Annotated[DagsterView, Depends(view_of)]) -> JSONResponse:
    """Runs and materialisations as Dagster has them: the answer to one of the listed operations, by its name. Its text
    may come along as `query`. Subscriptions are for the WebSocket of the same path."""
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
