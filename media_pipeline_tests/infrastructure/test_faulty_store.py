"""A real store that does wrong on purpose, and what is promised all the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from media_pipeline.application.outputs import Shelf
from media_pipeline.domain.errors import Missing, QuarantineCode, Unavailable
from media_pipeline.infrastructure import s3
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
def patience() -> Iterator[None]:
    """Credentials, and no waiting between two tries."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", KEY)
        patched.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patched.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
        yield


def asking(proxy: Proxy, *, read_seconds: float) -> S3Store:
    """A client of the proxy, which tries twice."""
    return S3Store(s3.client(proxy.endpoint, "us-east-1", connect_seconds=5, read_seconds=read_seconds, attempts=2))


@pytest.fixture(scope="module")
def store(proxy: Proxy, patience: None) -> S3Store:
    return asking(proxy, read_seconds=10)


@pytest.fixture(scope="module")
def hasty(proxy: Proxy, patience: None) -> S3Store:
    """Impatient."""
    return asking(proxy, read_seconds=0.1)


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
        "fetch_ranges": lambda store: store.fetch_ranges(BUCKET, key, scratch / "to", [(1, len(DATA) - 1)]),
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


@pytest.mark.parametrize("fault", [Short(), Short(200_000), Lost()], ids=["short", "half", "lost"])
@pytest.mark.parametrize("name", ["read", "fetch", "fetch_ranges"])
def test_a_source_that_comes_short_is_unavailable_and_leaves_nothing(
    store: S3Store, proxy: Proxy, key: str, scratch: Path, name: str, fault: Fault
) -> None:
    with proxy.doing(fault, method="GET"), pytest.raises(Unavailable):
        operations(key, scratch)[name](store)
    assert [p.name for p in scratch.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["read", "fetch", "fetch_ranges"])
def test_a_source_that_is_silent_for_too_long_is_unavailable_and_leaves_nothing(
    hasty: S3Store, proxy: Proxy, key: str, scratch: Path, name: str
) -> None:
    with proxy.doing(Late(0.5), method="GET"), pytest.raises(Unavailable):
        operations(key, scratch)[name](hasty)
    assert [p.name for p in scratch.iterdir()] == ["file"]


def test_a_store_is_asked_as_often_as_was_chosen(store: S3Store, proxy: Proxy, key: str) -> None:
    before = len(proxy.asked)
    with proxy.doing(Refuse(503)), pytest.raises(Unavailable):
        store.head(BUCKET, key)
    assert len(proxy.asked) - before == 2


def test_a_source_that_comes_short_once_comes_whole_at_the_second_try(
    store: S3Store, proxy: Proxy, key: str, scratch: Path
) -> None:
    with proxy.doing(Short(100_000), method="GET", times=1):
        store.fetch(BUCKET, key, scratch / "to")
    assert (scratch / "to").read_bytes() == DATA
    with proxy.doing(Short(100_000), method="GET", times=1):
        store.fetch_ranges(BUCKET, key, scratch / "ranges", [(0, len(DATA))])
    assert (scratch / "ranges").read_bytes() == DATA


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
