"""What a browser is let do with the buckets of a real server."""

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from media_pipeline.cli import cors
from media_pipeline.domain.errors import Missing
from media_pipeline.infrastructure import s3_cors
from media_pipeline.infrastructure.s3_cors import Rule
from media_pipeline.infrastructure.s3_intake import S3Intake
from media_pipeline.infrastructure.settings import Settings
from media_pipeline_tests.builders import session
from media_pipeline_tests.conftest import KEY, SECRET, signing
from media_pipeline_tests.infrastructure.test_intake_contract import SOON
from media_pipeline_tests.platform import settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE, STRANGER = "https://app.example.com", "https://evil.example.com"


@pytest.fixture
def here(tmp_path: Path, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    for bucket in ("uploads", "media"):
        s3.delete_bucket_cors(Bucket=bucket)
    return settings(
        tmp_path, resources="production", s3_endpoint=s3.meta.endpoint_url, s3_region="us-east-1",
        gateway_url="https://media.example.com/path", gateway_origins=(PAGE,),
    )  # fmt: skip


def asked(url: str, origin: str, method: str) -> httpx.Headers:
    """What a browser is told before it sends anything."""
    asks = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
    return httpx.options(url, headers=asks).headers


def test_pages_that_are_named_may_send_and_read_the_etag(here: Settings, s3: "S3Client") -> None:
    assert len(cors.lacking(here)) == 2
    list(cors.allow(here, cors.wanted(here)))
    list(cors.allow(here, cors.wanted(here)))
    assert cors.lacking(here) == []
    assert len(s3.get_bucket_cors(Bucket="uploads")["CORSRules"]) == 1
    intake = S3Intake(s3, signer=signing(s3))
    url = intake.address(session(ticket=intake.open(session())), 1, expires_at=SOON).url
    for origin in (PAGE, "https://media.example.com"):
        told = asked(url, origin, "PUT")
        assert (told["access-control-allow-origin"], told["access-control-allow-methods"]) == (origin, "PUT")
    assert "access-control-allow-origin" not in asked(url, STRANGER, "PUT")
    assert "access-control-allow-methods" not in asked(url, PAGE, "DELETE")
    answer = httpx.put(url, content=b"x" * 1000, headers={"Origin": PAGE, "Content-Type": "video/mp4"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
    assert answer.headers["access-control-expose-headers"] == "ETag"


def test_every_page_may_play_what_was_signed_for_it(here: Settings, s3: "S3Client") -> None:
    list(cors.allow(here, cors.wanted(here)))
    s3.put_object(Bucket="media", Key="a/segment.m4s", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "a/segment.m4s"})
    assert httpx.get(url, headers={"Origin": "null"}).headers["access-control-allow-origin"] in {"*", "null"}


def test_rules_of_others_stay(here: Settings, s3: "S3Client") -> None:
    theirs = Rule("uploads", "theirs", ("https://other.example.com",), ("GET",), ())
    s3_cors.allow(s3, theirs)
    list(cors.allow(here, cors.wanted(here)))
    assert s3_cors.is_allowed(s3, theirs)
    assert cors.lacking(here) == []


def test_a_bucket_that_is_not_there_is_told(here: Settings, s3: "S3Client") -> None:
    with pytest.raises(Missing):
        s3_cors.allow(s3, Rule("nowhere", "ours", (PAGE,), ("PUT",), ()))


def test_without_a_page_nothing_is_wanted(tmp_path: Path) -> None:
    assert cors.wanted(settings(tmp_path)) == []
