"""Two tenants, a gateway, and a scripted webserver of Dagster behind it."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from media_pipeline.gateway.app import create_app
from media_pipeline_tests.gateway.tenants import Tenants, tenants
from media_pipeline_tests.gateway.upstream import Upstream, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Upstream, Tenants]]:
    upstream = Upstream()
    with serving(upstream.app) as url:
        yield upstream, tenants(tmp_path_factory.mktemp("home"), url)


@pytest.fixture
def upstream(served: tuple[Upstream, Tenants]) -> Upstream:
    upstream, here = served
    upstream.reset()
    upstream.tags = {"a": {"dagster/partition": here.anna}, "b": {"dagster/partition": here.berta}}
    return upstream


@pytest.fixture
def here(served: tuple[Upstream, Tenants], upstream: Upstream) -> Tenants:
    return served[1]


@pytest.fixture
def client(here: Tenants) -> Iterator[TestClient]:
    with TestClient(create_app(here.front)) as client:
        yield client
