"""The object store of S3 and its kin. An object's version is its ETag, which is opaque: no MD5, no order."""

import functools
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

from media_pipeline.application.ports.store import Page
from media_pipeline.domain.errors import Conflict, Missing
from media_pipeline.domain.upload import StoredObject
from media_pipeline.infrastructure import tracing
from media_pipeline.infrastructure.s3_errors import MISSING, reading, unavailable, writing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2RequestTypeDef, ObjectTypeDef, PutObjectRequestTypeDef

_MIB = 1024 * 1024
_TRANSFER = TransferConfig(multipart_threshold=16 * _MIB, multipart_chunksize=16 * _MIB, max_concurrency=8)
_COPY = TransferConfig(multipart_threshold=5 * 1024 * _MIB, multipart_chunksize=512 * _MIB, max_concurrency=8)
_PIECE, _PIECES_AT_ONCE = 8 * _MIB, 4  # what is in memory at a time
_DELETE_BATCH = 1000  # keys that one DeleteObjects takes
_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # legal in a key, not in a DeleteObjects request


def client(
    endpoint: str | None, region: str | None, *, connect_seconds: float, read_seconds: float, attempts: int
) -> "S3Client":
    """By the usual AWS chain. A store that is silent for so long is asked again, up to so many times in all, with more
    and more patience between (some seconds at the most)."""
    patience = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )
    return boto3.client("s3", endpoint_url=endpoint, region_name=region, config=patience)


class S3Store:
    """Store over a boto3 S3 client, which may be shared between threads. Retries are the client's own.

    `write` relies on conditional PutObject (`If-Match`, `If-None-Match: *`): AWS, SeaweedFS 4, Ceph, R2 and others
    have it. A store that ignores the condition would overwrite in silence; the first conditional write to a bucket
    therefore tries one that must fail, on a key of its own, and raises Unavailable where it does not.

    Reads raise Missing for a key the store cannot have, writes ValueError; S3 takes up to 1,024 bytes of UTF-8,
    some stores (SeaweedFS) no `.` and `..` segments and no segment over 255 bytes.
    """

    def __init__(self, client: "S3Client", public: "S3Client | None" = None) -> None:
        """`public` is a client of the endpoint that browsers reach, where that is another."""
        self._client = client
        self._public = public or client
        self._conditional: set[str] = set()

    def head(self, bucket: str, key: str) -> StoredObject:
        with reading(bucket, key):
            found = self._client.head_object(Bucket=bucket, Key=key)
        return StoredObject(
            bucket,
            key,
            _opaque(found["ETag"]),
            found["ContentLength"],
            found["LastModified"],
            _readable_class(
                found.get("ArchiveStatus") or found.get("StorageClass"),
                restored='ongoing-request="false"' in found.get("Restore", ""),
            ),
            _encoding(found.get("ContentEncoding", "")),
        )

    def list(self, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
        while True:
            with reading(bucket, prefix):
                page = next(pages, None)
            if page is None:
                return
            yield from (_listed(bucket, found) for found in page.get("Contents", []))

    def page(self, bucket: str, prefix: str = "", *, token: str | None = None, limit: int = 1000) -> Page:
        """Raises Missing for a bucket that does not exist, too."""
        request: ListObjectsV2RequestTypeDef = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": limit}
        request["OptionalObjectAttributes"] = ["RestoreStatus"]
        if token is not None:
            request["ContinuationToken"] = token
        with reading(bucket, prefix):
            found = self._client.list_objects_v2(**request)
        objects = tuple(_listed(bucket, each) for each in found.get("Contents", []))
        return Page(objects, found.get("NextContinuationToken") if found["IsTruncated"] else None)

    def read(self, bucket: str, key: str) -> tuple[bytes, str]:
        with reading(bucket, key):
            found = self._client.get_object(Bucket=bucket, Key=key)
            return found["Body"].read(), _opaque(found["ETag"])

    def fetch(self, bucket: str, key: str, to: Path) -> None:
        """Downloads in parallel parts to a name beside `to`, which appears when it is whole."""
        promised = self.head(bucket, key).size
        with _appearing(to) as partial:
            with _asked("GetObject", bucket, promised), reading(bucket, key), partial.open("xb") as file:
                self._client.download_fileobj(bucket, key, file, Config=_TRANSFER)
            received = partial.stat().st_size
            if received != promised:
                raise unavailable(f"{received} of {promised} bytes of {bucket}/{key}")

    def fetch_ranges(self, bucket: str, key: str, to: Path, ranges: Sequence[tuple[int, int]]) -> None:
        """Several pieces at a time, into a sparse file."""
        size = self.head(bucket, key).size
        pieces = [
            (at, min(at + _PIECE, stop, size)) for start, stop in ranges for at in range(start, min(stop, size), _PIECE)
        ]
        total = sum(stop - start for start, stop in pieces)
        with (
            _appearing(to) as partial,
            _asked("GetObject", bucket, total),
            reading(bucket, key),
            partial.open("xb") as file,
            ThreadPoolExecutor(_PIECES_AT_ONCE, "range") as pool,
        ):
            file.truncate(size)
            for _ in pool.map(functools.partial(self._piece, bucket, key, file.fileno()), pieces):
                pass

    def _piece(self, bucket: str, key: str, file: int, piece: tuple[int, int]) -> None:
        start, stop = piece
        for last in (False, False, True):  # the client's own tries end where the body begins
            try:
                found = self._client.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{stop - 1}")
                data = found["Body"].read()
                break
            except (ResponseStreamingError, IncompleteReadError, ReadTimeoutError):
                if last:
                    raise
        if len(data) != stop - start:
            raise unavailable(f"{len(data)} of {stop - start} bytes of {bucket}/{key}")
        os.pwrite(file, data, start)

    def write(
        self, bucket: str, key: str, data: bytes, *, content_type: str, if_match: str | None = None, new: bool = False
    ) -> str:
        """Raises Unavailable, and writes nothing, on a store that does not keep conditions."""
        request: PutObjectRequestTypeDef = {"Bucket": bucket, "Key": key, "Body": data, "ContentType": content_type}
        if if_match is not None:
            request["IfMatch"] = f'"{if_match}"'
        if new:
            request["IfNoneMatch"] = "*"
        if if_match is not None or new:
            self._require_conditional_writes(bucket)
        try:
            with writing(bucket, key):
                written = self._client.put_object(**request)
        except Missing as error:
            if if_match is None:
                raise
            raise Conflict("The object has changed meanwhile.", detail=error.detail) from error
        return _opaque(written["ETag"])

    def put(self, bucket: str, key: str, path: Path, *, content_type: str) -> None:
        """Uploads in parallel parts; the object appears when it is whole. The file is left as it was. Raises
        FileNotFoundError when there is no file at `path`."""
        size = path.stat().st_size
        with path.open("rb") as file, _asked("PutObject", bucket, size), writing(bucket, key):
            self._client.upload_fileobj(file, bucket, key, ExtraArgs={"ContentType": content_type}, Config=_TRANSFER)

    def copy(self, bucket: str, key: str, to: str, *, content_type: str) -> None:
        """One request up to what CopyObject takes, in parts above."""
        with writing(bucket, to):
            self._client.copy(
                {"Bucket": bucket, "Key": key}, bucket, to, ExtraArgs={"ContentType": content_type}, Config=_COPY
            )

    def delete(self, bucket: str, keys: Iterable[str]) -> None:
        ordinary = []
        for key in keys:
            if _NOT_XML.search(key):
                with writing(bucket, key):
                    self._client.delete_object(Bucket=bucket, Key=key)
            else:
                ordinary.append(key)
        for start in range(0, len(ordinary), _DELETE_BATCH):
            self._delete(bucket, ordinary[start : start + _DELETE_BATCH])

    def unfinished(self, bucket: str, *, before: datetime, delete: bool) -> Iterator[StoredObject]:
        """Multipart uploads that nobody completed or aborted."""
        pages = iter(self._client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket))
        while True:
            with reading(bucket, "…"):
                page = next(pages, None)
            if page is None:
                return
            for found in page.get("Uploads", []):
                if found["Initiated"] >= before:
                    continue
                yield StoredObject(bucket, found["Key"], found["UploadId"], 0, found["Initiated"])
                if delete:
                    with suppress(Missing), writing(bucket, found["Key"]):  # somebody else was first
                        self._client.abort_multipart_upload(Bucket=bucket, Key=found["Key"], UploadId=found["UploadId"])

    def link(self, bucket: str, key: str, *, until: datetime, content_type: str, filename: str | None = None) -> str:
        disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}" if filename else "inline"
        asked = {"Bucket": bucket, "Key": key, "ResponseContentType": content_type}
        seconds = max(1, int((until - datetime.now(UTC)).total_seconds()))
        with reading(bucket, key):
            return self._public.generate_presigned_url(
                "get_object", Params=asked | {"ResponseContentDisposition": disposition}, ExpiresIn=seconds
            )

    def url(self, bucket: str, key: str) -> str:
        return f"s3://{bucket}/{key}"

    def _delete(self, bucket: str, keys: Iterable[str]) -> None:
        with writing(bucket, "…"):
            answer = self._client.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
        failed = [e for e in answer.get("Errors", []) if e.get("Code") not in MISSING]
        if failed:
            raise unavailable(f"{len(failed)} objects of {bucket} were not deleted, the first: {failed[0]}")

    def _require_conditional_writes(self, bucket: str) -> None:
        """Ask once a bucket. A store that keeps conditions refuses to replace what does not exist."""
        if bucket in self._conditional:
            return
        key = f".media-pipeline/{uuid.uuid4().hex}"
        try:
            with writing(bucket, key):
                self._client.put_object(Bucket=bucket, Key=key, Body=b"", IfMatch='"none"')
        except (Missing, Conflict):
            self._conditional.add(bucket)
        else:
            self.delete(bucket, [key])
            raise unavailable(f"the store of bucket {bucket} does not keep If-Match: compare-and-set is impossible")


@contextmanager
def _appearing(to: Path) -> Iterator[Path]:
    """A name beside `to` for a file that appears there when it is whole."""
    partial = to.with_name(f"{to.name}.{uuid.uuid4().hex}.part")
    try:
        yield partial
        partial.rename(to)
    finally:
        partial.unlink(missing_ok=True)


def _listed(bucket: str, found: "ObjectTypeDef") -> StoredObject:
    status = found.get("RestoreStatus", {})
    restored = "RestoreExpiryDate" in status and not status.get("IsRestoreInProgress")
    storage_class = _readable_class(found.get("StorageClass"), restored=restored)
    return StoredObject(
        bucket, found["Key"], _opaque(found["ETag"]), found["Size"], found["LastModified"], storage_class
    )


def _readable_class(name: str | None, *, restored: bool) -> str:
    """What a store that names no class has is ordinary, and so is the copy that a restore makes."""
    return "STANDARD" if restored or not name else name


def _encoding(names: str) -> str:
    """Without `aws-chunked`, the wrapping of the request alone, which some stores keep."""
    found = [name.strip() for name in names.split(",")]
    return ", ".join(name for name in found if name and name != "aws-chunked")


def _opaque(etag: str) -> str:
    return etag.strip('"')


def _asked(operation: str, bucket: str, size: int) -> AbstractContextManager[object]:
    """A span over moving so many bytes. OpenTelemetry would have the key told too: it may say what a file is called."""
    facts = {"rpc.system": "aws-api", "rpc.service": "S3", "rpc.method": operation, "aws.s3.bucket": bucket}
    return tracing.span(f"S3.{operation}", {**facts, tracing.BYTES: size}, kind="client")
