"""A bucket's copy in a directory, from a real store and back."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import TransferConfig

from media_pipeline.infrastructure.bucket_copy import load, part_bytes, save

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1024 * 1024
ODD = ("plain.mp4", "Ünïcode & spaces/ +?.mov", "m1/media.json", "m1/v1/init.mp4", f"{'long/' * 40}name")


@pytest.fixture
def filled(s3: "S3Client") -> "S3Client":
    for key in ODD:
        s3.put_object(Bucket="media", Key=key, Body=key.encode(), ContentType="video/mp4", Metadata={"who": "somebody"})
    return s3


def there(s3: "S3Client", bucket: str = "media") -> dict[str, Any]:
    """What somebody sees of each object, besides the time."""
    found = {}
    for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        answer = s3.get_object(Bucket=bucket, Key=each["Key"])
        found[each["Key"]] = (answer["ETag"], answer["Body"].read(), answer["ContentType"], answer["Metadata"])
    return found


def emptied(s3: "S3Client", bucket: str = "media") -> None:
    for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=each["Key"])


def test_what_was_lost_comes_back_as_it_was(filled: "S3Client", tmp_path: Path) -> None:
    before = there(filled)
    saved = save(filled, "media", tmp_path)
    assert (saved.objects, saved.moved) == (len(ODD), len(ODD))
    emptied(filled)
    loaded = load(filled, "media", tmp_path)
    assert (loaded.moved, loaded.changed) == (len(ODD), ())
    assert there(filled) == before


def test_what_is_there_and_unchanged_is_not_moved_again(filled: "S3Client", tmp_path: Path) -> None:
    save(filled, "media", tmp_path)
    filled.put_object(Bucket="media", Key="plain.mp4", Body=b"newer")
    filled.delete_object(Bucket="media", Key="m1/v1/init.mp4")
    again = save(filled, "media", tmp_path)
    assert (again.objects, again.moved) == (len(ODD) - 1, 1)
    assert len([p for p in (tmp_path / "objects").rglob("*") if p.is_file()]) == len(ODD) - 1  # the old bytes are gone
    assert load(filled, "media", tmp_path).moved == 0
    filled.put_object(Bucket="media", Key="plain.mp4", Body=b"spoilt")
    assert load(filled, "media", tmp_path).moved == 1
    assert there(filled)["plain.mp4"][1] == b"newer"


@pytest.mark.parametrize(("size", "part"), [(12 * MIB, 5), (11 * MIB + 1, 8), (5 * MIB, 5)])
def test_an_object_sent_in_parts_keeps_its_version(s3: "S3Client", tmp_path: Path, size: int, part: int) -> None:
    parts = TransferConfig(multipart_threshold=1, multipart_chunksize=part * MIB)
    s3.upload_fileobj(io.BytesIO(bytes(range(256)) * (size // 256) + b"x" * (size % 256)), "media", "a", Config=parts)
    etag = s3.head_object(Bucket="media", Key="a")["ETag"]
    assert "-" in etag
    save(s3, "media", tmp_path)
    emptied(s3)
    assert load(s3, "media", tmp_path).changed == ()
    assert s3.head_object(Bucket="media", Key="a")["ETag"] == etag


def test_parts_of_no_known_size_are_told_of_when_they_come_back(s3: "S3Client", tmp_path: Path) -> None:
    upload: Any = {"Bucket": "media", "Key": "odd"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    sent = [
        s3.upload_part(PartNumber=n, Body=b"x" * size, **upload)["ETag"]
        for n, size in enumerate((6 * MIB + 7, 5 * MIB + 3, 1), start=1)
    ]
    whole: Any = {"Parts": [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(sent, start=1)]}
    s3.complete_multipart_upload(MultipartUpload=whole, **upload)
    save(s3, "media", tmp_path)
    emptied(s3)
    assert load(s3, "media", tmp_path).changed == ("odd",)


def test_manifests_come_back_when_everything_else_has(filled: "S3Client", tmp_path: Path) -> None:
    save(filled, "media", tmp_path)
    emptied(filled)
    sent: list[str] = []
    filled.meta.events.register("before-call.s3.PutObject", lambda params, **_: sent.append(params["url_path"]))
    load(filled, "media", tmp_path)
    assert sent[-1].endswith("/m1/media.json")


def test_no_copy_is_not_an_empty_one(s3: "S3Client", tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(s3, "media", tmp_path / "nowhere")


def test_one_piece_has_no_parts(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"whole")
    assert part_bytes(file, "6f8b") is None
    assert part_bytes(file, "6f8b-none") is None
    assert part_bytes(file, "6f8b-2") is None
