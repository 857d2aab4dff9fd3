"""The listed operations fit the schema of the Dagster that is installed, and stay cheap and discreet."""

from collections.abc import Iterator
from typing import cast

import pytest
from dagster_graphql.schema import create_schema
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    Visitor,
    parse,
    type_from_ast,
    validate,
    visit,
)
from graphql.validation import NoDeprecatedCustomRule, specified_rules

from media_pipeline.gateway import persisted
from media_pipeline.gateway.persisted import ABOUT, LISTED, Operation

OPERATIONS = persisted.load()
COSTLY = {
    "assetPartitionStatuses",
    "dataVersion",
    "dataVersionByPartition",
    "latestMaterializationByPartition",
    "partitionKeys",
    "partitionNames",
    "partitionStats",
    "partitionStatuses",
    "staleCauses",
    "staleStatus",
}
"""Each reads every partition there is."""
TELLING = {
    "cause",
    "causes",
    "description",
    "error",
    "message",
    "metadataPath",
    "runConfigYaml",
    "stack",
    "tags",
    "url",
}
"""May hold a path of the machine, a trace, an address or what is for operators."""

pytestmark = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return cast(GraphQLSchema, create_schema().graphql_schema)


def test_it_fits_the_schema_of_the_installed_dagster(operation: Operation, schema: GraphQLSchema) -> None:
    """No field of it is deprecated."""
    assert validate(schema, parse(operation.text), [*specified_rules, NoDeprecatedCustomRule]) == []


def test_it_says_what_it_is_about(operation: Operation, schema: GraphQLSchema) -> None:
    """One media, one run or one backfill: that decides who may ask."""
    assert len(set(ABOUT) & operation.variables.keys()) == 1
    assert operation.variables[operation.about]
    for variable in definition(operation).variable_definitions:
        given = type_from_ast(schema, variable.type)
        assert str(given).rstrip("!") in {"String", "ID"}


def test_it_is_cheap_and_discreet(operation: Operation) -> None:
    chosen = {field.name.value for field in fields(parse(operation.text))}
    assert not chosen & COSTLY
    assert not chosen & TELLING


def test_metadata_comes_with_the_label_it_is_known_by(operation: Operation) -> None:
    for field in fields(parse(operation.text)):
        if field.name.value == "metadataEntries":
            assert field.selection_set is not None
            inner = [getattr(s, "name", None) for s in field.selection_set.selections]
            assert "label" in [name.value for name in inner if name]
            assert field.alias is None


def test_its_file_has_its_name_and_says_what_it_is_for(operation: Operation) -> None:
    text = (LISTED / f"{operation.name}.graphql").read_text()
    assert text.startswith("# ")
    name = definition(operation).name
    assert name is not None and name.value == operation.name


def definition(operation: Operation) -> OperationDefinitionNode:
    return cast(OperationDefinitionNode, parse(operation.text).definitions[0])


def fields(document: DocumentNode) -> Iterator[FieldNode]:
    found: list[FieldNode] = []

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            found.append(node)

    visit(cast(Node, document), Fields())
    yield from found
