"""The OpenAPI document: what the routes say themselves, and the problems that each may answer with."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from media_pipeline.gateway import shapes
from media_pipeline.gateway.problems import CONTENT_TYPE, TITLES


def name_of(route: APIRoute) -> str:
    """The id of an operation, which clients make a name of: the function's own."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """Made once, as FastAPI does."""
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        _with_problems(app.openapi_schema)
    return app.openapi_schema


def _with_problems(schema: dict[str, Any]) -> None:
    """Every answer of an operation that is no success is a problem document."""
    parts = schema["components"]
    parts["schemas"]["Problem"] = shapes.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"] |= parts["schemas"]["Problem"].pop("$defs")
    for unused in ("HTTPValidationError", "ValidationError"):  # of the framework
        parts["schemas"].pop(unused, None)
    used: set[int] = set()
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            answers = operation["responses"]
            statuses = {int(s) for s in answers if int(s) >= 400} | {*_problems(operation, named="{" in path)}
            answers |= {str(s): {"$ref": f"#/components/responses/Problem{s}"} for s in statuses}
            operation["responses"] = dict(sorted(answers.items()))
            used |= statuses
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    parts["responses"] = {f"Problem{s}": {"description": TITLES[s], "content": content} for s in sorted(used)}


def _problems(operation: dict[str, Any], *, named: bool) -> Iterator[int]:
    """What an operation may answer that says nothing of it: what it reads may be wrong, its caller nobody, or without
    leave, or too quick; what it names may not be there; and we may fail."""
    yield from (500, 503)
    if "security" in operation:
        yield from (401, 403, 429)
    if named:
        yield 404
    if "parameters" in operation or "requestBody" in operation:
        yield 422
    if "requestBody" in operation:
        yield from (400, 413)
