"""Buckets of a real store."""

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from media_pipeline.infrastructure.buckets import make

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_a_bucket_is_made_once(s3: "S3Client") -> None:
    assert make(s3, "made-here")
    s3.put_object(Bucket="made-here", Key="kept", Body=b"x")
    assert not make(s3, "made-here")
    assert s3.get_object(Bucket="made-here", Key="kept")["Body"].read() == b"x"
    s3.delete_object(Bucket="made-here", Key="kept")
    s3.delete_bucket(Bucket="made-here")


def test_what_is_no_name_of_a_bucket_is_told(s3: "S3Client") -> None:
    with pytest.raises(ClientError):
        make(s3, "Not_A_Bucket")
