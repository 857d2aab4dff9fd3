"""A file on its way here: what was announced of it, in which parts it comes, and how its sending ended."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from media_pipeline.domain.errors import RefusalCode, Refused
from media_pipeline.domain.upload import media_id

_MIB = 1024 * 1024
SINGLE_BYTES = 16 * _MIB
"""up to here one part is all: resuming it would save less than listing what has arrived"""
SMALLEST_PART = 8 * _MIB
"""S3 takes none below 5 MiB but the last; one is sent in seconds, and is what a dropped connection costs"""
MOST_PARTS = 10_000  # of one multipart upload of S3
LAUNCH_GRACE = timedelta(minutes=2)
"""how long whoever completes an upload has to ask for its run, before the sensor does; asking takes a second"""
_SEGMENT_BYTES = 255  # of one name in a directory, and of what some object stores keep in one


class SessionState(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    ABORTED = "aborted"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Announced:
    """What whoever sends a file says of it, and what is to be made of it."""

    filename: str
    """as it is called there; never a path here"""
    size: int
    """bytes"""
    content_type: str
    """for the store alone: content decides what it is"""
    title: str
    profile: str
    sha256: str | None = None
    """of the bytes, in hex"""
    language: str | None = None
    """of the speech, as BCP 47 has it; None: to be found out"""
    tags: tuple[str, ...] = ()
    """what people shall find it by, beside its title"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A part that is here."""

    number: int
    """from 1"""
    size: int
    """bytes"""
    etag: str
    """opaque: another one means that other bytes were sent"""


@dataclass(frozen=True, slots=True)
class Session:
    """The sending of one file to one fresh key."""

    id: str
    tenant: str
    bucket: str
    key: str
    announced: Announced
    part_size: int
    """bytes of every part but the last"""
    created_at: datetime
    expires_at: datetime
    ticket: str = ""
    """what the store calls it; empty until the store was asked"""
    state: SessionState = SessionState.OPEN
    etag: str | None = None
    """of the object that it became"""
    closed_at: datetime | None = None
    claimed_until: datetime | None = None
    """until then whoever completed it asks for the run"""
    idempotency_key: str | None = None

    @property
    def media_id(self) -> str:
        return media_id(self.bucket, self.key)

    @property
    def parts(self) -> int:
        return math.ceil(self.announced.size / self.part_size)

    def size_of(self, number: int) -> int:
        """Of a part, in bytes. Raises Refused PART_UNKNOWN."""
        if not 1 <= number <= self.parts:
            raise Refused(RefusalCode.PART_UNKNOWN, f"There is no part {number}: the upload has 1 to {self.parts}.")
        return min(self.part_size, self.announced.size - (number - 1) * self.part_size)

    def standing(self, now: datetime) -> SessionState:
        """How it stands, whether or not somebody has cleared away after it yet."""
        return SessionState.EXPIRED if self.state is SessionState.OPEN and now >= self.expires_at else self.state


def part_size(size: int) -> int:
    """The bytes of every part but the last of so many: a power of two, so that there are at most MOST_PARTS.

    >>> [part_size(n) // 2**20 for n in (1, 16 * 2**20, 17 * 2**20, 5 * 2**30, 2**40)]
    [16, 16, 8, 8, 128]
    """
    if size <= SINGLE_BYTES:
        return SINGLE_BYTES
    chosen = SMALLEST_PART
    while math.ceil(size / chosen) > MOST_PARTS:
        chosen *= 2
    return chosen


def part_claim(session_id: str, number: int) -> tuple[str, ...]:
    """What the token in an address of ours is for."""
    return "part", session_id, str(number)


def missing(session: Session, arrived: Sequence[Arrived]) -> list[int]:
    """The numbers of the parts that are not here, whole."""
    there = {part.number for part in arrived if part.size == _size(session, part.number)}
    return [number for number in range(1, session.parts + 1) if number not in there]


def _size(session: Session, number: int) -> int | None:
    return session.size_of(number) if 1 <= number <= session.parts else None


def key_of(filename: str, session_id: str, prefix: str = "") -> str:
    """A fresh key. The name in it is for people who look into the bucket; what users see is the title.

    >>> key_of("../Holiday 2026/.Über uns.mp4", "u1", "acme/")
    'acme/u1/Über uns.mp4'
    """
    return f"{prefix}{session_id}/{_safe_name(filename)}"


def _safe_name(filename: str) -> str:
    """The last name of a path as every store can have it: printable, visible, at most 255 bytes, its ending kept."""
    last = re.split(r"[/\\]", filename.rstrip("/\\"))[-1]
    shown = "".join(c if c.isprintable() else "_" for c in last).lstrip(".").strip()
    name = PurePosixPath(shown or "upload")
    suffix = name.suffix if len(name.suffix.encode()) < _SEGMENT_BYTES // 2 else ""
    stem = name.name.removesuffix(suffix).encode()[: _SEGMENT_BYTES - len(suffix.encode())]
    return stem.decode(errors="ignore") + suffix
