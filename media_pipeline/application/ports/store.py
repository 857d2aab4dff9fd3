"""What the use cases ask of an object store, and of the queue that tells of its objects."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from media_pipeline.domain.upload import StoredObject


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the objects under a prefix, and how to ask for those after them."""

    objects: tuple[StoredObject, ...]
    next_token: str | None
    """None after the last page"""


class Store(Protocol):
    """Objects in buckets. Every method raises Unavailable(STORE_UNAVAILABLE) when the store does not answer,
    Unavailable(DISK_FULL) when it is full."""

    def head(self, bucket: str, key: str) -> StoredObject:
        """Raises Missing."""
        ...

    def list(self, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
        """Every object under a prefix, in no particular order."""
        ...

    def page(self, bucket: str, prefix: str = "", *, token: str | None = None, limit: int = 1000) -> Page:
        """At most `limit` objects under a prefix, beginning where the page that gave `token` ended. What is there
        throughout is on exactly one page, whatever comes and goes meanwhile. Raises Missing for a token that the
        store does not know (any more)."""
        ...

    def read(self, bucket: str, key: str) -> tuple[bytes, str]:
        """A small object and its ETag. Raises Missing."""
        ...

    def fetch(self, bucket: str, key: str, to: Path) -> None:
        """Make an object readable at the local path `to`, which must not exist yet: by link where the store
        is local, else by download. Raises Missing; Unavailable if fewer bytes came than promised."""
        ...

    def fetch_ranges(self, bucket: str, key: str, to: Path, ranges: Sequence[tuple[int, int]]) -> None:
        """Like `fetch`, of these bytes, from one up to but without the other: the file has its full size, and may hold
        anything elsewhere."""
        ...

    def write(
        self, bucket: str, key: str, data: bytes, *, content_type: str, if_match: str | None = None, new: bool = False
    ) -> str:
        """Write a small object whole and return its ETag. Raises Conflict when `if_match` is not the
        current ETag, or when `new` and the key exists."""
        ...

    def put(self, bucket: str, key: str, path: Path, *, content_type: str) -> None:
        """Store the file at `path` whole. The file is the store's from now on (it may be moved)."""
        ...

    def copy(self, bucket: str, key: str, to: str, *, content_type: str) -> None:
        """Store an object once more under another key of its bucket, without moving its bytes through here. Neither
        feels what becomes of the other. Raises Missing."""
        ...

    def delete(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects; a missing one is no error."""
        ...

    def unfinished(self, bucket: str, *, before: datetime, delete: bool) -> Iterator[StoredObject]:
        """Writes that began before then and were never finished, as far as the store knows of such; taken back if
        asked. Their sizes may be unknown, and then 0."""
        ...

    def link(
        self, bucket: str, key: str, *, until: datetime, content_type: str, filename: str | None = None
    ) -> str | Path:
        """Where the bytes can be had without us: an address that is good until then and answers with this type, and
        with a `filename` as a download of that name; or a file, where the store is this machine's own. Raises Missing
        for what a local store has not; another store's address says so itself."""
        ...

    def url(self, bucket: str, key: str) -> str:
        """Where a person or operator finds the object: a file path or an s3:// address. Never signed."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came, and the receipt to answer it with."""

    id: str
    """the same whenever it comes again"""
    body: str
    receipt: str
    received: int
    """how often it was handed out, this time too"""


class Hints(Protocol):
    """A queue of messages that tell of objects: each at least once, in no order, and some never.

    Raises Unavailable(STORE_UNAVAILABLE) when the queue does not answer.
    """

    def receive(self) -> list[Message]:
        """Some messages, at most ten, waiting a little where there are none. Nobody else gets them for a while; those
        that are not answered by then come again."""
        ...

    def done(self, messages: Sequence[Message]) -> None:
        """Take these off the queue; one that is not there any more is no error."""
        ...

    def set_aside(self, message: Message, reason: str) -> None:
        """Take a message off the queue after keeping it where an operator finds it, with the reason."""
        ...

    def waiting(self) -> int:
        """About how many messages nobody has answered yet."""
        ...
