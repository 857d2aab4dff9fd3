"""What was received: one object version, and the stable id of the media it belongs to."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

DEFAULT_TENANT = "default"
_ARCHIVES = {"GLACIER", "DEEP_ARCHIVE", "ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"}
_MEDIA_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_HADOOP_FOLDER = "_$folder$"
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart", ".upload")
_HASH_CHARACTERS = 12  # of base32: 60 bits, so a collision needs about a billion media


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as its store describes it. `etag` is opaque: equal means equal bytes, no more."""

    bucket: str
    key: str
    etag: str
    size: int
    """bytes"""
    modified_at: datetime
    storage_class: str = "STANDARD"
    """of the copy that can be read now: a restored one is STANDARD"""
    content_encoding: str = ""
    """how the store says the bytes are wrapped, such as gzip; a listing does not tell"""

    @property
    def archived(self) -> bool:
        """Whether its bytes must be restored before anybody can read them."""
        return self.storage_class in _ARCHIVES


@dataclass(frozen=True, slots=True)
class Upload:
    """One received object version. `media_id` names its partition and survives overwrites."""

    media_id: str
    version: str
    bucket: str
    key: str
    etag: str
    size: int
    """bytes"""


def media_id(bucket: str, key: str) -> str:
    """The partition key of an object: a readable slug and 60 bits of hash over bucket and key.

    Always matches `[a-z0-9][a-z0-9-]{0,127}`, whatever the key holds.

    >>> media_id("uploads", "Holiday 2026/Clip One.MOV")
    'clip-one-mov-3v74fp4sylpk'
    """
    name = PurePosixPath(key).name or key
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower().encode("ascii", "ignore").decode()).strip("-")
    slug = slug[:40].strip("-") or "media"
    return f"{slug}-{_short_hash(bucket, key)}"


def is_media_id(text: str) -> bool:
    """Whether `media_id` could have made it."""
    return _MEDIA_ID.fullmatch(text) is not None


def version_id(etag: str, again: int = 0) -> str:
    """The name of a received object version in prefixes and run keys: 60 bits of hash over its ETag, and over how often
    the same bytes were received before, with others or none in between."""
    return _short_hash(etag, str(again)) if again else _short_hash(etag)


def is_upload(key: str) -> bool:
    """Whether a key may be a finished upload's: no folder marker, no hidden or temporary name."""
    path = PurePosixPath(key)
    hidden = any(part.startswith(".") for part in path.parts)
    folder = key.endswith(("/", _HADOOP_FOLDER))
    return bool(path.name) and not folder and not hidden and not path.name.lower().endswith(_UNFINISHED)


def tenant(key: str) -> str:
    """Who an upload belongs to where tenants share a bucket: the first folder, or DEFAULT_TENANT at the top."""
    folder, slash, _ = key.partition("/")
    return folder if slash and folder else DEFAULT_TENANT


def received(obj: StoredObject) -> Upload:
    """The upload that an object stands for, received for the first time."""
    return Upload(
        media_id=media_id(obj.bucket, obj.key),
        version=version_id(obj.etag),
        bucket=obj.bucket,
        key=obj.key,
        etag=obj.etag,
        size=obj.size,
    )


def _short_hash(*parts: str) -> str:
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(joined).digest()
    return base64.b32encode(digest).decode().lower()[:_HASH_CHARACTERS]
