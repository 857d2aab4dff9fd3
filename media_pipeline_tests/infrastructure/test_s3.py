"""How S3's answers are named, and what keeps a compare-and-set honest on a store that has none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from botocore.stub import ANY, Stubber

from media_pipeline.domain.errors import Conflict, MediaError, Missing, QuarantineCode, Unavailable
from media_pipeline.infrastructure.s3 import S3Store
from media_pipeline_tests.builders import NOW

NOT_KEPT = {"Bucket": "media", "Key": ANY, "Body": b"", "IfMatch": '"none"'}


@pytest.fixture
def client() -> Any:
    config = Config(retries={"max_attempts": 0}, connect_timeout=2)
    return boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:9",  # the discard port: nobody answers
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


@pytest.fixture
def stub(client: Any) -> Any:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def write(client: Any, **conditions: Any) -> str:
    return S3Store(client).write("media", "a", b"x", content_type="text/plain", **conditions)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, Missing),
        ("NoSuchBucket", 404, Missing),
        ("PreconditionFailed", 412, Conflict),
        ("ConditionalRequestConflict", 409, Conflict),
        ("InternalError", 500, Unavailable),
        ("SlowDown", 503, Unavailable),
        ("ServiceUnavailable", 503, Unavailable),
        ("ExpiredToken", 400, Unavailable),
        ("RequestTimeout", 400, Unavailable),
        ("InvalidAccessKeyId", 403, Unavailable),
        ("AccessDenied", 403, Unavailable),
        ("SomethingNew", 418, Unavailable),
        ("KeyTooLongError", 400, ValueError),
    ],
)
def test_an_error_is_named_for_what_to_do_next(client: Any, stub: Any, code: str, status: int, kind: type) -> None:
    stub.add_client_error("put_object", code, "…", status)
    with pytest.raises(kind):
        write(client)


def test_a_key_that_cannot_be_is_missing_to_a_reader(client: Any, stub: Any) -> None:
    stub.add_client_error("get_object", "KeyTooLongError", "…", 400)
    with pytest.raises(Missing):
        S3Store(client).read("media", "x" * 2000)


@pytest.mark.parametrize("code", ["InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"])
def test_a_full_store_says_so(client: Any, stub: Any, code: str) -> None:
    stub.add_client_error("put_object", code, "…", 507)
    with pytest.raises(Unavailable) as caught:
        write(client)
    assert caught.value.code is QuarantineCode.DISK_FULL


def test_a_message_names_neither_key_nor_endpoint(client: Any, stub: Any) -> None:
    stub.add_client_error("put_object", "InternalError", "secret-endpoint", 500)
    with pytest.raises(MediaError) as caught:
        S3Store(client).write("media", "secret-key", b"", content_type="text/plain")
    assert "secret" not in caught.value.message
    assert "secret-key" in caught.value.detail


def asks(tmp_path: Path) -> dict[str, Callable[[S3Store], object]]:
    (tmp_path / "from").write_text("x")
    return {
        "head": lambda s: s.head("media", "a"),
        "list": lambda s: list(s.list("media")),
        "page": lambda s: s.page("media"),
        "read": lambda s: s.read("media", "a"),
        "fetch": lambda s: s.fetch("media", "a", tmp_path / "to"),
        "write": lambda s: s.write("media", "a", b"", content_type="text/plain"),
        "write new": lambda s: s.write("media", "a", b"", content_type="text/plain", new=True),
        "put": lambda s: s.put("media", "a", tmp_path / "from", content_type="text/plain"),
        "delete": lambda s: s.delete("media", ["a"]),
    }


@pytest.mark.parametrize("ask", ["head", "list", "page", "read", "fetch", "write", "write new", "put", "delete"])
def test_a_store_that_does_not_answer_is_unavailable(client: Any, tmp_path: Path, ask: str) -> None:
    with pytest.raises(Unavailable) as caught:
        asks(tmp_path)[ask](S3Store(client))
    assert caught.value.code is QuarantineCode.STORE_UNAVAILABLE
    assert list(tmp_path.glob("to*")) == []


def test_a_timeout_while_reading_is_unavailable(client: Any, stub: Any) -> None:
    class Stalled:
        def read(self) -> bytes:
            raise ReadTimeoutError(endpoint_url="http://store")

    stub.add_response("get_object", {"ETag": '"e"', "Body": Stalled()})
    with pytest.raises(Unavailable):
        S3Store(client).read("media", "a")


def test_fewer_bytes_than_promised_are_unavailable_and_leave_nothing(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "head_object", lambda **_: {"ETag": '"e"', "ContentLength": 5, "LastModified": None})
    monkeypatch.setattr(client, "download_fileobj", lambda _bucket, _key, file, Config: file.write(b"123"))  # noqa: N803
    with pytest.raises(Unavailable):
        S3Store(client).fetch("media", "a", tmp_path / "to")
    assert list(tmp_path.iterdir()) == []


def test_the_conditions_are_s3s_own(client: Any, stub: Any) -> None:
    body = {"Bucket": "media", "Key": "a", "Body": b"x", "ContentType": "text/plain"}
    stub.add_client_error("put_object", "NoSuchKey", "…", 404, expected_params=NOT_KEPT)
    stub.add_response("put_object", {"ETag": '"e2"'}, body | {"IfMatch": '"e1"'})
    stub.add_response("put_object", {"ETag": '"e3"'}, body | {"IfNoneMatch": "*"})
    store = S3Store(client)
    assert store.write("media", "a", b"x", content_type="text/plain", if_match="e1") == "e2"
    assert store.write("media", "a", b"x", content_type="text/plain", new=True) == "e3"


@pytest.mark.parametrize("conditions", [{"if_match": "e1"}, {"new": True}])
def test_a_store_that_keeps_no_conditions_is_never_trusted_with_one(
    client: Any, stub: Any, conditions: dict[str, Any]
) -> None:
    stub.add_response("put_object", {"ETag": '"e"'}, NOT_KEPT)
    stub.add_response("delete_objects", {}, {"Bucket": "media", "Delete": ANY})
    with pytest.raises(Unavailable) as caught:
        write(client, **conditions)
    assert "If-Match" in caught.value.detail


def test_objects_that_stay_after_a_delete_are_unavailable(client: Any, stub: Any) -> None:
    errors = [{"Key": "a", "Code": "InternalError"}, {"Key": "b", "Code": "NoSuchKey"}]
    stub.add_response("delete_objects", {"Errors": errors})
    with pytest.raises(Unavailable):
        S3Store(client).delete("media", ["a", "b"])


def test_a_thousand_keys_are_deleted_at_a_time(client: Any, stub: Any) -> None:
    for size in (1000, 1000, 1):
        names = {"Objects": [{"Key": "k"}] * size, "Quiet": True}
        stub.add_response("delete_objects", {}, {"Bucket": "media", "Delete": names})
    S3Store(client).delete("media", ("k" for _ in range(2001)))


def test_a_url_is_an_s3_address(client: Any) -> None:
    assert S3Store(client).url("media", "a b/c") == "s3://media/a b/c"


@pytest.mark.parametrize(
    ("answer", "storage_class", "archived"),
    [
        ({}, "STANDARD", False),
        ({"StorageClass": "GLACIER_IR"}, "GLACIER_IR", False),
        ({"StorageClass": "GLACIER"}, "GLACIER", True),
        ({"StorageClass": "DEEP_ARCHIVE", "Restore": 'ongoing-request="true"'}, "DEEP_ARCHIVE", True),
        ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="…"'}, "STANDARD", False),
        ({"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}, "ARCHIVE_ACCESS", True),
    ],
)
def test_an_archived_object_is_told_from_one_that_can_be_read(
    client: Any, stub: Any, answer: dict[str, Any], storage_class: str, archived: bool
) -> None:
    stub.add_response("head_object", {"ETag": '"e"', "ContentLength": 5, "LastModified": NOW} | answer)
    found = S3Store(client).head("uploads", "a")
    assert (found.storage_class, found.archived) == (storage_class, archived)


@pytest.mark.parametrize(
    ("answer", "archived"),
    [
        ({}, False),
        ({"StorageClass": "GLACIER"}, True),
        ({"StorageClass": "GLACIER", "RestoreStatus": {"IsRestoreInProgress": True}}, True),
        (
            {
                "StorageClass": "GLACIER",
                "RestoreStatus": {"IsRestoreInProgress": False, "RestoreExpiryDate": NOW},
            },
            False,
        ),
    ],
)
def test_a_listing_tells_it_too(client: Any, stub: Any, answer: dict[str, Any], archived: bool) -> None:
    listed = {"Key": "a", "ETag": '"e"', "Size": 5, "LastModified": NOW} | answer
    stub.add_response("list_objects_v2", {"IsTruncated": False, "Contents": [listed]})
    (found,) = S3Store(client).page("uploads").objects
    assert found.archived is archived


@pytest.mark.parametrize(("said", "encoding"), [("aws-chunked", ""), ("aws-chunked,gzip", "gzip"), ("br", "br")])
def test_the_wrapping_of_a_request_is_no_encoding_of_the_object(
    client: Any, stub: Any, said: str, encoding: str
) -> None:
    answer = {"ETag": '"e"', "ContentLength": 5, "LastModified": NOW, "ContentEncoding": said}
    stub.add_response("head_object", answer)
    assert S3Store(client).head("uploads", "a").content_encoding == encoding


def test_a_token_that_is_not_known_any_more_is_missing(client: Any, stub: Any) -> None:
    stub.add_client_error("list_objects_v2", "InvalidArgument", "The continuation token provided is incorrect", 400)
    with pytest.raises(Missing):
        S3Store(client).page("uploads", token="old")
