"""The list of GraphQL operations that callers may ask for, one a file of `operations/`, and which of them a request is
for. Nothing of what a caller sends as GraphQL goes on to Dagster: it only picks from the list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    parse,
    strip_ignored_characters,
)

LISTED = Path(__file__).parent / "operations"
MEDIA, RUN, BACKFILL = "mediaId", "runId", "backfillId"
ABOUT = (MEDIA, RUN, BACKFILL)
"""The variables that name what an operation is about; each operation has one of them, which decides who may ask."""
VALUE = r"^[!-~]{1,300}$"
"""of a variable: ids and cursors, no white space"""
_TOKENS = 2000


class Malformed(ValueError):
    """The request is no GraphQL request."""


class NotListed(ValueError):
    """The request is for an operation that is not on the list."""


class WrongVariables(ValueError):
    """The operation was not given the variables that it has."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the list."""

    name: str
    text: str
    """as Dagster is sent it: without white space and comments"""
    live: bool
    """a subscription, for the WebSocket; else a query, for POST"""
    variables: Mapping[str, bool]
    """whether each must be given; all are text"""

    @property
    def about(self) -> str:
        """One of ABOUT."""
        return next(name for name in ABOUT if name in self.variables)


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation of the list, with the variables it has."""

    operation: Operation
    variables: Mapping[str, str]

    @property
    def about(self) -> tuple[str, str]:
        """What kind of thing it is about, one of ABOUT, and which."""
        return self.operation.about, self.variables[self.operation.about]


def load(directory: Path = LISTED) -> dict[str, Operation]:
    """The list by name. Each file holds one operation of its own name."""
    return {path.stem: _operation(path) for path in sorted(directory.glob("*.graphql"))}


def asked(body: object, operations: Mapping[str, Operation]) -> Asked:
    """What a request `{operationName or id, variables, query}` is for. A `query` must be the listed text, whatever its
    white space and comments. Raises Malformed, NotListed, WrongVariables."""
    if not isinstance(body, dict):
        raise Malformed("A GraphQL request is one JSON object.")
    query, variables = body.get("query"), body.get("variables") or {}
    name = body.get("operationName") or body.get("id")
    if not (isinstance(query, str | None) and isinstance(name, str | None) and isinstance(variables, dict)):
        raise Malformed("operationName, id and query are text, and variables are an object.")
    if not name and not query:
        raise Malformed("Name an operation as operationName.")
    operation = _named(name, query, operations)
    return Asked(operation, _checked(variables, operation))


def _named(name: str | None, query: str | None, operations: Mapping[str, Operation]) -> Operation:
    text = _normal(query) if query else None
    same = [o for o in operations.values() if o.text == text]
    found = operations.get(name) if name else next(iter(same), None)
    if found is None or (query and found not in same):
        raise NotListed(f"Only these operations can be asked for, as they are: {', '.join(operations)}.")
    return found


def _normal(query: str) -> str:
    """Raises Malformed for what is no GraphQL document."""
    try:
        parse(query, no_location=True, max_tokens=_TOKENS)
        return strip_ignored_characters(query)
    except (GraphQLError, RecursionError) as fault:
        raise Malformed("The query is not a GraphQL document, or one far too large.") from fault


def _checked(given: Mapping[str, Any], operation: Operation) -> dict[str, str]:
    values = {name: value for name, value in given.items() if value is not None}
    unknown = sorted(values.keys() - operation.variables.keys())
    missing = sorted(name for name, needed in operation.variables.items() if needed and name not in values)
    wrong = sorted(name for name, value in values.items() if not _is_value(value))
    if unknown or missing or wrong:
        has = ", ".join(f"{name}{'' if needed else ' (optional)'}" for name, needed in operation.variables.items())
        raise WrongVariables(f"{operation.name} has these variables, each a text: {has}.")
    return values


def _is_value(value: object) -> bool:
    return isinstance(value, str) and re.search(VALUE, value) is not None and not value.endswith("\n")


def _operation(path: Path) -> Operation:
    document = parse(path.read_text())
    definition = _only(document)
    assert definition.name is not None and definition.name.value == path.stem
    variables = {v.variable.name.value: isinstance(v.type, NonNullTypeNode) for v in definition.variable_definitions}
    text = strip_ignored_characters(path.read_text())
    return Operation(path.stem, text, definition.operation is OperationType.SUBSCRIPTION, variables)


def _only(document: DocumentNode) -> OperationDefinitionNode:
    (definition,) = document.definitions
    assert isinstance(definition, OperationDefinitionNode)
    return definition
