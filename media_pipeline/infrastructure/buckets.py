"""The buckets of a deployment: made where they are missing, and open to the pages that may send and play."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef

_HOUR_SECONDS = 3600
_PLAYED: "CORSRuleTypeDef" = {
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedOrigins": [],
    "AllowedHeaders": ["*"],
    "ExposeHeaders": ["ETag", "Content-Length", "Content-Range", "Accept-Ranges"],
    "MaxAgeSeconds": _HOUR_SECONDS,
}
# A browser puts parts together by the ETag that it was answered.
_SENT: "CORSRuleTypeDef" = {**_PLAYED, "AllowedMethods": ["GET", "HEAD", "PUT", "POST"]}


def make(client: "S3Client", bucket: str) -> bool:
    """Whether it was missing. Raises ClientError."""
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
    else:
        return False
    ours = (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists)
    with suppress(*ours):  # somebody else was first
        region = client.meta.region_name
        if region in {None, "us-east-1", "aws-global"}:
            client.create_bucket(Bucket=bucket)
        else:
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]
    return True


def open_to(client: "S3Client", bucket: str, origins: Sequence[str], *, sending: bool) -> None:
    """Let pages of these origins play from a bucket, and send to it. What was allowed before is not any more. Raises
    ClientError."""
    rule = {**(_SENT if sending else _PLAYED), "AllowedOrigins": list(origins)}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})  # type: ignore[list-item]
