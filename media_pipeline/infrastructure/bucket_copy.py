"""A bucket's objects in a directory, and back into a bucket, as they were: keys, types, metadata, and ETags.

An object's ETag is its version: one that came back with another would be taken for a new upload. The ETag of an object
that was sent in parts depends on their size, which is found out when it is saved, and sent again with.

    DIRECTORY/index.jsonl        a line for each object
    DIRECTORY/objects/ab/abcd…   its bytes, named by key and ETag: what did not change is not fetched again
"""

import hashlib
import json
import math
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_MIB = 1024 * 1024
_AT_ONCE = 8
_NAMES_OTHERS = "/media.json"
_KEPT = {"ContentType": "content_type", "ContentEncoding": "content_encoding", "CacheControl": "cache_control"}


@dataclass(frozen=True, slots=True)
class Kept:
    """An object as it was. `part_bytes` is None where it was sent in one piece, or how is unknown."""

    key: str
    etag: str
    size: int
    part_bytes: int | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    cache_control: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    def file(self, directory: Path) -> Path:
        name = hashlib.sha256(f"{self.etag} {self.key}".encode(errors="surrogatepass")).hexdigest()
        return directory / "objects" / name[:2] / name


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy came to."""

    objects: int
    bytes: int
    moved: int
    """of the objects, those whose bytes were not there yet"""
    changed: tuple[str, ...] = ()
    """keys that came back with another ETag"""


def save(client: "S3Client", bucket: str, directory: Path) -> Copied:
    """Copy a bucket that is in use; what is deleted meanwhile is left out. Manifests first: what they name is never
    overwritten, so that a listing after them has all of it. Raises ClientError, OSError."""
    known = {(kept.key, kept.etag): kept for kept in _index(directory)}
    saved: list[Kept] = []

    def kept(found: "ObjectTypeDef") -> Kept | None:
        there = known.get((found["Key"], _plain(found["ETag"])))
        return there or _fetched(client, bucket, found["Key"], directory)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for manifests in (True, False):
            turn = [o for o in _listed(client, bucket) if o["Key"].endswith(_NAMES_OTHERS) is manifests]
            saved += filter(None, pool.map(kept, turn))
    _write_index(directory, saved)
    moved = sum((one.key, one.etag) not in known for one in saved)
    return Copied(len(saved), sum(one.size for one in saved), moved)


def load(client: "S3Client", bucket: str, directory: Path) -> Copied:
    """Put everything back that is missing or different; nothing is deleted. Manifests last: until then nobody is told
    of what is not there. Raises ClientError, OSError, FileNotFoundError where there is no copy."""
    if not (directory / "index.jsonl").is_file():
        raise FileNotFoundError(f"there is no copy of a bucket in {directory}")
    there = {o["Key"]: _plain(o["ETag"]) for o in _listed(client, bucket)}
    everything = list(_index(directory))
    missing = [kept for kept in everything if there.get(kept.key) != kept.etag]
    changed: list[str] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for manifests in (False, True):
            turn = [kept for kept in missing if kept.key.endswith(_NAMES_OTHERS) is manifests]
            etags = pool.map(lambda kept: _sent(client, bucket, kept, directory), turn)
            changed += [kept.key for kept, etag in zip(turn, etags, strict=True) if etag != kept.etag]
    return Copied(len(everything), sum(k.size for k in everything), len(missing), tuple(changed))


def _listed(client: "S3Client", bucket: str) -> Iterator["ObjectTypeDef"]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", [])


def _fetched(client: "S3Client", bucket: str, key: str, directory: Path) -> Kept | None:
    """The object as it is now, its bytes on the disk; None where it is gone."""
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
    except client.exceptions.NoSuchKey:
        return None
    about: dict[str, Any] = {ours: answer.get(theirs) for theirs, ours in _KEPT.items()}
    kept = Kept(key, _plain(answer["ETag"]), answer["ContentLength"], metadata=answer.get("Metadata", {}), **about)
    to = kept.file(directory)
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(f"{to.name}.part")
    with partial.open("wb") as file:
        for block in answer["Body"].iter_chunks(_MIB):
            file.write(block)
    partial.rename(to)
    return replace(kept, part_bytes=part_bytes(to, kept.etag))


def _sent(client: "S3Client", bucket: str, kept: Kept, directory: Path) -> str:
    """The ETag that it has now."""
    about: dict[str, Any] = {theirs: getattr(kept, ours) for theirs, ours in _KEPT.items() if getattr(kept, ours)}
    about |= {"Metadata": kept.metadata, "Bucket": bucket, "Key": kept.key}
    with kept.file(directory).open("rb") as file:
        if kept.part_bytes is None:
            return _plain(client.put_object(Body=file, **about)["ETag"])
        upload: dict[str, Any] = {"Bucket": bucket, "Key": kept.key}
        upload["UploadId"] = client.create_multipart_upload(**about)["UploadId"]
        parts: list[Any] = []
        for number in range(1, math.ceil(kept.size / kept.part_bytes) + 1):
            sent = client.upload_part(PartNumber=number, Body=file.read(kept.part_bytes), **upload)
            parts.append({"ETag": sent["ETag"], "PartNumber": number})
    return _plain(client.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)["ETag"])


def part_bytes(path: Path, etag: str) -> int | None:
    """The size of the parts that a file has this ETag by: whole MiB, as clients use. None: one piece, or unknown."""
    _, dash, count = etag.partition("-")
    size = path.stat().st_size
    if not dash or not count.isdigit() or not int(count) or not size:
        return None
    least = math.ceil(size / int(count))
    most = size if count == "1" else math.ceil(size / (int(count) - 1)) - 1
    sizes = (mib * _MIB for mib in range(max(1, least // _MIB), math.ceil(most / _MIB) + 1))
    return next((p for p in sizes if math.ceil(size / p) == int(count) and _etag(path, p) == etag), None)


def _etag(path: Path, part: int) -> str:
    digests = []
    with path.open("rb") as file:
        while block := file.read(part):
            digests.append(hashlib.md5(block, usedforsecurity=False).digest())
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    return f"{whole}-{len(digests)}"


def _index(directory: Path) -> Iterator[Kept]:
    path = directory / "index.jsonl"
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            yield from (Kept(**json.loads(line)) for line in lines)


def _write_index(directory: Path, kept: Collection[Kept]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    fresh = directory / "index.jsonl.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(one)) + "\n" for one in kept)
    fresh.rename(directory / "index.jsonl")
    named = {one.file(directory) for one in kept}
    for stale in [path for path in (directory / "objects").glob("*/*") if path not in named]:
        stale.unlink()


def _plain(etag: str) -> str:
    return etag.strip('"')
