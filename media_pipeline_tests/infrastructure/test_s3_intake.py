"""What a real store refuses of what was signed for it, sent as a browser sends."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from botocore.stub import Stubber

from media_pipeline.domain.session import Session
from media_pipeline.infrastructure.s3_intake import S3Intake, signer
from media_pipeline_tests.builders import session
from media_pipeline_tests.conftest import KEY, SECRET, signing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SOON = datetime.now(UTC) + timedelta(hours=1)
DATA = b"x" * 1000


@pytest.fixture
def intake(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> S3Intake:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    endpoint = s3.meta.endpoint_url
    return S3Intake(s3, signer=signer(endpoint, "us-east-1"))


def opened(intake: S3Intake, size: int = len(DATA), sha256: str | None = None) -> Session:
    one = session(size=size)
    one = replace(one, announced=replace(one.announced, sha256=sha256))
    return replace(one, ticket=intake.open(one))


def put(url: str, data: bytes = DATA, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in ({"content_type": "video/mp4"} | headers).items()}
    return httpx.put(url, content=data, headers=named).status_code


def stored(s3: "S3Client") -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="uploads").get("Contents", [])]


def test_the_store_takes_what_was_signed_and_nothing_else(intake: S3Intake, s3: "S3Client") -> None:
    url = intake.address(opened(intake), 1, expires_at=SOON).url
    assert put(url, DATA + b"x") == 403
    assert put(url, DATA[1:]) == 403
    assert put(url, content_type="text/html") == 403
    assert put(url.replace("clip.mp4", "clap.mp4")) == 403
    assert put(re.sub(r"X-Amz-Expires=\d+", "X-Amz-Expires=9999", url)) == 403
    assert httpx.get(url).status_code == 403
    assert stored(s3) == []
    assert put(url) == 200
    assert stored(s3) == ["u1/clip.mp4"]


def test_a_part_is_signed_with_its_number_and_its_size(intake: S3Intake) -> None:
    one = opened(intake, 17 * 2**20)
    url = intake.address(one, 3, expires_at=SOON).url
    assert one.size_of(3) == 2**20
    assert put(url, b"x") == 403
    assert put(url.replace("partNumber=3", "partNumber=2"), bytes(2**20)) == 403
    assert put(url, bytes(2**20)) == 200
    assert [part.number for part in intake.arrived(one)] == [3]
    intake.abort(one)


def test_the_store_checks_the_checksum_of_a_file_in_one_part(intake: S3Intake, s3: "S3Client") -> None:
    one = opened(intake, sha256=hashlib.sha256(DATA).hexdigest())
    to = intake.address(one, 1, expires_at=SOON)
    assert to.headers["x-amz-checksum-sha256"] == base64.b64encode(hashlib.sha256(DATA).digest()).decode()
    assert put(to.url, b"y" * len(DATA), **to.headers) == 400
    assert put(to.url, DATA) == 403  # without the header
    assert stored(s3) == []
    assert put(to.url, DATA, **to.headers) == 200


def test_a_url_dies_by_itself(intake: S3Intake, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    one = opened(intake)
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    with monkeypatch.context() as earlier:
        earlier.setattr("botocore.auth.get_current_datetime", lambda **_: long_ago.replace(tzinfo=None))
        url = intake.address(one, 1, expires_at=SOON).url
    assert put(url) == 403
    assert stored(s3) == []


def test_urls_name_the_endpoint_that_senders_reach(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    intake = S3Intake(s3, signer=signer("https://media.example.com:8443", "us-east-1"))
    small, large = opened(intake), opened(intake, 17 * 2**20)
    for one in (small, large):
        url = httpx.URL(intake.address(one, 1, expires_at=SOON).url)
        assert (url.scheme, url.host, url.port, url.path) == (
            "https", "media.example.com", 8443, "/uploads/u1/clip.mp4"
        )  # fmt: skip
    intake.abort(large)


def test_only_its_own_key_is_taken_back_where_another_begins_like_it(s3: "S3Client") -> None:
    """By a scripted store: SeaweedFS does not list the other one."""
    one, client = session(), signing(s3)
    begun = [{"Key": one.key, "UploadId": "mine"}, {"Key": f"{one.key}.mp4", "UploadId": "another's"}]
    with Stubber(client) as stub:
        asked = {"Bucket": one.bucket, "Prefix": one.key}
        stub.add_response("list_multipart_uploads", {"Uploads": begun, "IsTruncated": False}, asked)
        taken_back = {"Bucket": one.bucket, "Key": one.key, "UploadId": "mine"}
        stub.add_response("abort_multipart_upload", {}, taken_back)
        S3Intake(client, signer=client).abort(one)
        stub.assert_no_pending_responses()
