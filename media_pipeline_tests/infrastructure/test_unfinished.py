"""Writes that a killed worker never finished are found and taken back; those of a live one are not."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from media_pipeline.infrastructure.local_disk import LocalDisk
from media_pipeline.infrastructure.s3 import S3Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_an_abandoned_multipart_upload_is_aborted(s3: "S3Client") -> None:
    def uploads() -> list[str]:
        return [u["Key"] for u in s3.list_multipart_uploads(Bucket="media").get("Uploads", [])]

    store, now = S3Store(s3), datetime.now(UTC)
    begun = s3.create_multipart_upload(Bucket="media", Key="clip/v1/stream/a.mp4")
    s3.upload_part(
        Bucket="media", Key="clip/v1/stream/a.mp4", UploadId=begun["UploadId"], PartNumber=1, Body=b"x" * 1000
    )
    assert list(store.unfinished("media", before=now - timedelta(hours=1), delete=True)) == []
    later = now + timedelta(hours=1)
    for delete in (False, True):
        assert [o.key for o in store.unfinished("media", before=later, delete=delete)] == ["clip/v1/stream/a.mp4"]
    assert uploads() == []
    assert list(store.unfinished("media", before=later, delete=True)) == []


def test_a_half_written_file_is_deleted_and_the_lock_is_not(tmp_path: Path) -> None:
    store, now = LocalDisk({"media": tmp_path}), datetime.now(UTC)
    assert list(store.unfinished("media", before=now, delete=True)) == []
    store.write("media", "a", b"x", content_type="text/plain")
    for name in ("dead", "live"):
        (tmp_path / ".media-pipeline" / name).write_bytes(b"half")
    for name in ("dead", "lock"):
        os.utime(tmp_path / ".media-pipeline" / name, (0, 0))
    (found,) = store.unfinished("media", before=now - timedelta(hours=1), delete=True)
    assert found.size == 4
    assert {p.name for p in (tmp_path / ".media-pipeline").iterdir()} == {"lock", "live"}
