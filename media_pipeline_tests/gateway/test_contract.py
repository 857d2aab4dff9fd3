"""The API is what its document says: the document is agreed on, and whatever fits it is answered as it says."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi import checks
from starlette.testclient import TestClient

from media_pipeline.domain.job import JobState
from media_pipeline.gateway.contract import document
from media_pipeline_tests.gateway.house import House, house

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "openapi.json"
EXAMPLES = 8
LEFT_OUT: list[CheckFunction] = [
    checks.positive_data_acceptance,  # of a cursor or a search more is asked than a schema can say
    checks.ignored_auth,  # asks twice more each time: test_access.py
]
ELSEWHERE = {"graphql"}
"""what needs a webserver of Dagster: test_graphql.py"""
HTTP_METHODS = {"get", "post", "put", "delete"}


def operations(schema: Any) -> dict[str, tuple[str, str]]:
    """Path and method of each, by its id."""
    found = {
        operation["operationId"]: (path, method)
        for path, each in schema["paths"].items()
        for method, operation in each.items()
        if method in HTTP_METHODS
    }
    assert len(found) == sum(len(each) for each in schema["paths"].values()), "two operations have the same id"
    return found


def test_the_document_is_the_one_that_was_agreed(home: House) -> None:
    found = json.dumps(document(home.app), indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        DOCUMENT.write_text(found)
    assert json.loads(found) == json.loads(DOCUMENT.read_text())
    assert operations(document(home.app))


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory, empty: bytes) -> Iterator[House]:
    """A running gateway with media in every state, over a catalogue that nobody looks at afterwards."""
    home = house(tmp_path_factory.mktemp("contract") / "home", empty, requests_per_minute=1_000_000)
    for number in range(3):
        home.finish(home.media(f"clip-{number}"), JobState.PROCESSING, JobState.READY)
    with TestClient(home.app):
        yield home


@pytest.fixture(scope="module")
def schema(lively: House) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", lively.app)


AGREED = operations(json.loads(DOCUMENT.read_text()))
CHANGING_NOTHING_FIRST = sorted(set(AGREED) - ELSEWHERE, key=lambda id: (AGREED[id][1] != "get", id))


@pytest.mark.parametrize("id", CHANGING_NOTHING_FIRST)
def test_whatever_is_asked_is_answered_as_the_document_says(lively: House, schema: Any, id: str) -> None:
    """A few requests that fit the document and a few that do not."""
    path, method = AGREED[id]
    key, media_ids = lively.key(), [job.media_id for job in lively.platform.catalogue.jobs()]

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=schema[path][method.upper()].as_strategy())
    def ask(case: "schemathesis.Case[Any]") -> None:
        if "media_id" in case.path_parameters and media_ids:  # what nobody could guess
            case.path_parameters["media_id"] = media_ids[len(str(case.path_parameters["media_id"])) % len(media_ids)]
        case.call_and_validate(headers=key, excluded_checks=LEFT_OUT)

    ask()
