"""A real store that does wrong on purpose, and what is promised all the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from media_pipeline.application.outputs import Shelf
from media_pipeline.domain.errors import Missing, QuarantineCode, Unavailable
from media_pipeline.infrastructure.s3 import S3Store
from media_pipeline_tests import builders as a
from media_pipeline_tests.conftest import KEY, SECRET
from media_pipeline_tests.faulty import EXPIRED, Fault, Late, Lost, Proxy, Refuse, Short, faulty

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "media"
DATA = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def proxy(s3_server: "S3Client") -> Iterator[Proxy]:
    with faulty(s3_server.meta.endpoint_url) as found:
        yield found


@pytest.fixture(scope="module")
def store(proxy: Proxy) -> S3Store:
    """An impatient client of the proxy, which tries twice."""
    client = boto3.client(
        "s3", endpoint_url=proxy.endpoint, region_name="us-east-1", aws_access_key_id=KEY,
        aws_secret_access_key=SECRET, config=Config(
            s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}, read_timeout=0.5, connect_timeout=5
        ),
    )  # fmt: skip
    return S3Store(client)


@pytest.fixture
def key(store: S3Store) -> str:
    """Of an object that is there."""
    name = f"faulty-{uuid4().hex}/clip ü.mp4"
    store.write(BUCKET, name, DATA, content_type="video/mp4")
    return name


def operations(key: str, scratch: Path) -> dict[str, Callable[[S3Store], object]]:
    file = scratch / "file"
    file.write_bytes(b"new")
    return {
        "head": lambda store: store.head(BUCKET, key),
        "list": lambda store: list(store.list(BUCKET, key)),
        "read": lambda store: store.read(BUCKET, key),
        "fetch": lambda store: store.fetch(BUCKET, key, scratch / "to"),
        "write": lambda store: store.write(BUCKET, key, b"new", content_type="text/plain"),
        "put": lambda store: store.put(BUCKET, key, file, content_type="text/plain"),
        "copy": lambda store: store.copy(BUCKET, key, f"{key}.copy", content_type="text/plain"),
        "delete": lambda store: store.delete(BUCKET, [key]),
    }


OPERATIONS = sorted(operations("", Path("/tmp")))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("fault", [Refuse(503), Refuse(500, "InternalError"), EXPIRED], ids=["503", "500", "expired"])
def test_a_store_that_refuses_everything_is_unavailable_and_nothing_has_changed(
    store: S3Store, proxy: Proxy, key: str, scratch: Path, name: str, fault: Fault
) -> None:
    with proxy.doing(fault), pytest.raises(Unavailable) as trouble:
        operations(key, scratch)[name](store)
    assert trouble.value.code is QuarantineCode.STORE_UNAVAILABLE
    assert "ExpiredToken" not in trouble.value.message
    assert store.read(BUCKET, key)[0] == DATA
    assert [p.name for p in scratch.iterdir()] == ["file"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_store_that_refuses_once_is_asked_again(
    store: S3Store, proxy: Proxy, key: str, scratch: Path, name: str
) -> None:
    with proxy.doing(Refuse(503), times=1):
        operations(key, scratch)[name](store)


@pytest.mark.parametrize("fault", [Late(2), Short(), Short(200_000), Lost()], ids=["late", "short", "half", "lost"])
@pytest.mark.parametrize("name", ["read", "fetch"])
def test_a_source_that_comes_late_or_short_is_unavailable_and_leaves_nothing(
    store: S3Store, proxy: Proxy, key: str, scratch: Path, name: str, fault: Fault
) -> None:
    with proxy.doing(fault, method="GET"), pytest.raises(Unavailable):
        operations(key, scratch)[name](store)
    assert [p.name for p in scratch.iterdir()] == ["file"]


def test_a_source_that_comes_short_once_comes_whole_at_the_second_try(
    store: S3Store, proxy: Proxy, key: str, scratch: Path
) -> None:
    with proxy.doing(Short(100_000), method="GET", times=1):
        store.fetch(BUCKET, key, scratch / "to")
    assert (scratch / "to").read_bytes() == DATA


@pytest.mark.parametrize("fault", [Refuse(503), EXPIRED, Lost()], ids=["503", "expired", "lost"])
def test_a_store_that_fails_half_way_through_many_keeps_none(
    store: S3Store, proxy: Proxy, scratch: Path, fault: Fault
) -> None:
    upload = a.upload(f"{uuid4().hex}.mp4")
    files = {f"part-{n}.mp4": scratch / f"part-{n}" for n in range(5)}
    for file in files.values():
        file.write_bytes(DATA)
    with proxy.doing(fault, method="PUT", path="part-3"), pytest.raises(Unavailable):
        Shelf(store, BUCKET).keep(upload, "renditions", files)
    assert list(store.list(BUCKET, f"{upload.media_id}/")) == []


@pytest.mark.parametrize("fault", [Refuse(503), EXPIRED], ids=["503", "expired"])
def test_a_manifest_that_cannot_be_written_leaves_the_old_one(
    store: S3Store, proxy: Proxy, key: str, fault: Fault
) -> None:
    etag = store.head(BUCKET, key).etag
    with proxy.doing(fault, method="PUT"), pytest.raises(Unavailable):
        store.write(BUCKET, key, b"{}", content_type="application/json", if_match=etag)
    assert store.read(BUCKET, key) == (DATA, etag)
    store.write(BUCKET, key, b"{}", content_type="application/json", if_match=etag)


def test_nobody_takes_a_store_that_is_away_for_one_without_the_object(store: S3Store, proxy: Proxy, key: str) -> None:
    """Else its outputs would be withdrawn."""
    for fault in (Refuse(503), Refuse(403, "AccessDenied"), EXPIRED, Lost()):
        with proxy.doing(fault), pytest.raises(Unavailable):
            store.head(BUCKET, key)
    store.delete(BUCKET, [key])
    with pytest.raises(Missing):
        store.head(BUCKET, key)
