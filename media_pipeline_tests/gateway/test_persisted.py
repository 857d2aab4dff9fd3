"""What a caller may ask for."""

from typing import Any

import pytest

from media_pipeline.gateway.persisted import LISTED, Malformed, NotListed, WrongVariables, asked, load

OPERATIONS = load()
MEDIA = {"mediaId": "clip-1"}
TEXT = (LISTED / "UploadStatus.graphql").read_text()


@pytest.mark.parametrize(
    "body",
    [
        {"operationName": "UploadStatus"},
        {"id": "UploadStatus"},
        {"operationName": "UploadStatus", "query": TEXT},
        {"operationName": "UploadStatus", "query": TEXT.replace("\n", " , ")[TEXT.index("query") :]},
        {"query": "# with a comment\n" + TEXT},
        {"operationName": "UploadStatus", "query": None, "extensions": {}},
    ],
)
def test_an_operation_of_the_list_is_known_by_name_or_text(body: dict[str, Any]) -> None:
    found = asked(body | {"variables": MEDIA}, OPERATIONS)
    assert found.operation is OPERATIONS["UploadStatus"]
    assert found.about == ("mediaId", "clip-1")


@pytest.mark.parametrize(
    "body",
    [
        {"operationName": "Nothing"},
        {"operationName": "Failures", "query": TEXT},
        {"operationName": "UploadStatus", "query": TEXT.replace("limit: 3", "limit: 30000")},
        {"query": 'mutation { deleteRun(runId: "x") { __typename } }'},
        {"query": "{ __schema { types { name } } }"},
        {"query": TEXT + "query Second { version }"},
        {"operationName": "UploadStatus", "query": TEXT.replace("UploadStatus", "Uploadstatus")},
    ],
)
def test_anything_else_is_refused_with_the_list(body: dict[str, Any]) -> None:
    with pytest.raises(NotListed, match="BackfillState, Failures, LiveProgress, Materializations, RunProgress, Up"):
        asked(body | {"variables": MEDIA}, OPERATIONS)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        [{"operationName": "UploadStatus", "variables": MEDIA}],
        {},
        {"variables": MEDIA},
        {"operationName": 1},
        {"operationName": "UploadStatus", "variables": "{}"},
        {"query": "{"},
        {"query": "query" + "{a" * 1500},
        {"query": "{" * 5000},
        {"query": "{ a " * 900 + "}" * 900},
        {"query": "\x00"},
    ],
)
def test_what_is_no_graphql_request_is_malformed(body: object) -> None:
    with pytest.raises(Malformed):
        asked(body, OPERATIONS)


@pytest.mark.parametrize(
    "variables",
    [{}, {"mediaId": None}, {"mediaId": ""}, {"mediaId": 1}, {"mediaId": ["a"]}, {"mediaId": "a" * 301},
     {"mediaId": "a b"}, {"mediaId": "a\n"}, MEDIA | {"limit": "5"}],
)  # fmt: skip
def test_variables_are_those_that_the_operation_has(variables: dict[str, Any]) -> None:
    with pytest.raises(WrongVariables, match="UploadStatus has these variables, each a text: mediaId"):
        asked({"operationName": "UploadStatus", "variables": variables}, OPERATIONS)


def test_a_variable_that_may_be_absent_may_be_null() -> None:
    live = {"operationName": "LiveProgress", "variables": {"runId": "r", "cursor": None}}
    assert asked(live, OPERATIONS).variables == {"runId": "r"}
