"""Files that are sent to S3 and its kin: every part goes to the store itself, by a URL that we signed for it."""

import base64
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config

from media_pipeline.application.ports.intake import Address
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.session import Arrived, Session
from media_pipeline.infrastructure.s3_errors import reading, writing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_SINGLE = "put"
"""the ticket of a file in one part: it needs no multipart upload, and nothing of it is anywhere before it is there"""


class S3Intake:
    """Intake over a boto3 S3 client. URLs are signed by another one, which never connects: it names the endpoint that
    senders reach.

    Length and, for a file in one part, type and SHA-256 are in the signature: the store refuses anything else. What the
    SHA-256 of several parts is only shows when the file is read.
    """

    def __init__(self, client: "S3Client", *, signer: "S3Client") -> None:
        self._client = client
        self._signer = signer

    def open(self, session: Session) -> str:
        if session.parts == 1:
            return _SINGLE
        with writing(session.bucket, session.key):
            made = self._client.create_multipart_upload(
                Bucket=session.bucket, Key=session.key, ContentType=session.announced.content_type
            )
        return made["UploadId"]

    def address(self, session: Session, number: int, *, expires_at: datetime) -> Address:
        size = session.size_of(number)
        operation: Literal["put_object", "upload_part"] = "upload_part"
        where: dict[str, Any] = {"UploadId": session.ticket, "PartNumber": number}
        headers: dict[str, str] = {}
        if session.ticket == _SINGLE:
            operation, where, headers = "put_object", *_whole(session)
        seconds = max(1, int((expires_at - datetime.now(UTC)).total_seconds()))
        url = self._signer.generate_presigned_url(
            operation,
            Params={"Bucket": session.bucket, "Key": session.key, "ContentLength": size, **where},
            ExpiresIn=seconds,
        )
        return Address(number, size, "PUT", url, headers, expires_at)

    def arrived(self, session: Session) -> list[Arrived]:
        """Some stores list a part as often as it was sent: the newest counts, by their clock of seconds."""
        if session.ticket == _SINGLE:
            with suppress(Missing), reading(session.bucket, session.key):
                found = self._client.head_object(Bucket=session.bucket, Key=session.key)
                return [Arrived(1, found["ContentLength"], found["ETag"].strip('"'))]
            return []
        with reading(session.bucket, session.key):
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=session.bucket, Key=session.key, UploadId=session.ticket
            )
            listed = sorted((p for page in pages for p in page.get("Parts", ())), key=lambda p: p["LastModified"])
        newest = {part["PartNumber"]: part for part in listed}
        return [Arrived(n, part["Size"], part["ETag"].strip('"')) for n, part in sorted(newest.items())]

    def complete(self, session: Session, parts: Sequence[Arrived]) -> None:
        """A file in one part is complete as soon as it is there."""
        if session.ticket == _SINGLE:
            return
        told: list[CompletedPartTypeDef] = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        with writing(session.bucket, session.key):
            self._client.complete_multipart_upload(
                Bucket=session.bucket, Key=session.key, UploadId=session.ticket, MultipartUpload={"Parts": told}
            )

    def abort(self, session: Session) -> None:
        """Also what a session began of which nobody noted the ticket."""
        with writing(session.bucket, session.key):
            for ticket in self._tickets(session):
                with suppress(Missing), writing(session.bucket, session.key):
                    self._client.abort_multipart_upload(Bucket=session.bucket, Key=session.key, UploadId=ticket)

    def _tickets(self, session: Session) -> list[str]:
        if session.ticket:
            return [] if session.ticket == _SINGLE else [session.ticket]
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=session.bucket, Prefix=session.key)
        found = (upload for page in pages for upload in page.get("Uploads", ()))
        return [upload["UploadId"] for upload in found if upload["Key"] == session.key]


def signer(endpoint: str | None, region: str | None) -> "S3Client":
    """A client that signs for an endpoint (None: the one of the AWS chain). Only signatures of version 4 hold a
    length."""
    return boto3.client("s3", endpoint_url=endpoint, region_name=region, config=Config(signature_version="s3v4"))


def _whole(session: Session) -> tuple[dict[str, str], dict[str, str]]:
    """What is signed of a file in one part beside its length, and the headers that say it again."""
    announced = session.announced
    signed, headers = {"ContentType": announced.content_type}, {"content-type": announced.content_type}
    if announced.sha256 is not None:
        sha256 = base64.b64encode(bytes.fromhex(announced.sha256)).decode()
        signed["ChecksumSHA256"] = headers["x-amz-checksum-sha256"] = sha256
    return signed, headers
