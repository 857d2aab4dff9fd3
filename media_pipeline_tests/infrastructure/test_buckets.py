"""Buckets of a real store, as pages of a browser meet them."""

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from media_pipeline.infrastructure.buckets import make, open_to

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = "https://app.example.com"


def may(s3: "S3Client", origin: str, method: str) -> bool:
    """Whether the store answers the browser's preflight request so that the browser goes on."""
    request = urllib.request.Request(f"{s3.meta.endpoint_url}/uploads/clip.mp4", method="OPTIONS")
    request.add_header("Origin", origin)
    request.add_header("Access-Control-Request-Method", method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            methods = answer.headers.get("Access-Control-Allow-Methods", "").split(", ")
            return answer.headers["Access-Control-Allow-Origin"] == origin and method in methods
    except urllib.error.HTTPError as refused:
        assert refused.code == 403
        return False


def test_a_bucket_is_made_once(s3: "S3Client") -> None:
    assert make(s3, "made-here")
    assert not make(s3, "made-here")
    s3.delete_bucket(Bucket="made-here")


def test_pages_of_the_origins_given_may_send_and_no_others(s3: "S3Client") -> None:
    open_to(s3, "uploads", [PAGE], sending=True)
    assert may(s3, PAGE, "PUT")
    assert not may(s3, "https://elsewhere.example.com", "PUT")


def test_where_nothing_is_sent_pages_only_play(s3: "S3Client") -> None:
    open_to(s3, "uploads", [PAGE], sending=False)
    assert may(s3, PAGE, "GET")
    assert not may(s3, PAGE, "PUT")


def test_what_a_page_may_read_of_an_answer(s3: "S3Client") -> None:
    s3.put_object(Bucket="uploads", Key="clip.mp4", Body=b"x")
    open_to(s3, "uploads", [PAGE], sending=True)
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "uploads", "Key": "clip.mp4"})
    with urllib.request.urlopen(urllib.request.Request(link, headers={"Origin": PAGE}), timeout=10) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
