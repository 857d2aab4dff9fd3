"""Failures, named for what to do next.

    MediaError
    ├── BadMedia      the file's fault: never retried, the job is *rejected*
    ├── Unavailable   ours, and may pass: retried, then the job is *quarantined*
    │   └── GivenUp       it has been tried often enough: not retried
    ├── Conflict      somebody else was first
    │   └── Superseded    a newer version is current, or the job was removed: nobody wants this one
    ├── Missing       the named thing does not exist
    ├── Refused       the request is at fault: nothing was done, and the same again will not help
    ├── Denied        whoever asks may not
    └── Cancelled     a person stopped the job

Adapters translate foreign exceptions into these at the edge and nowhere else.
"""

from enum import StrEnum


class RejectionCode(StrEnum):
    """Why a file is refused: the closed list, part of the public contract."""

    EMPTY_OBJECT = "EMPTY_OBJECT"
    NOT_MEDIA = "NOT_MEDIA"
    FORMAT_NOT_ALLOWED = "FORMAT_NOT_ALLOWED"
    NO_AV_STREAM = "NO_AV_STREAM"
    UNREADABLE = "UNREADABLE"
    NO_DECODABLE_FRAMES = "NO_DECODABLE_FRAMES"
    TRUNCATED = "TRUNCATED"
    CODEC_UNSUPPORTED = "CODEC_UNSUPPORTED"
    ENCRYPTED = "ENCRYPTED"
    ZERO_DURATION = "ZERO_DURATION"
    LIMIT_SIZE = "LIMIT_SIZE"
    LIMIT_DIMENSIONS = "LIMIT_DIMENSIONS"
    LIMIT_DURATION = "LIMIT_DURATION"
    LIMIT_STREAMS = "LIMIT_STREAMS"
    LIMIT_CHANNELS = "LIMIT_CHANNELS"
    LIMIT_DECODE_COST = "LIMIT_DECODE_COST"
    SOURCE_GONE = "SOURCE_GONE"


class QuarantineCode(StrEnum):
    """Why our side gave up: an operator looks, and redrives."""

    DISK_FULL = "DISK_FULL"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    TIMEOUT = "TIMEOUT"
    TOOL_CRASH = "TOOL_CRASH"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    SOURCE_ARCHIVED = "SOURCE_ARCHIVED"
    WORKER_LOST = "WORKER_LOST"
    INTERNAL = "INTERNAL"


class ClosingCode(StrEnum):
    """Why a job was closed though neither the file nor we failed."""

    SUPERSEDED = "SUPERSEDED"
    SOURCE_DELETED = "SOURCE_DELETED"
    ERASED = "ERASED"


class RefusalCode(StrEnum):
    """Why a request is refused, before there is a job to reject: part of the public contract."""

    PROFILE_UNKNOWN = "profile-unknown"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    PART_UNKNOWN = "part-unknown"
    PART_SIZE = "part-size"
    PARTS_MISSING = "parts-missing"
    CHECKSUM_MISMATCH = "checksum-mismatch"
    UPLOAD_CLOSED = "upload-closed"
    UPLOAD_EXPIRED = "upload-expired"
    QUOTA_EXCEEDED = "quota-exceeded"


class MediaError(Exception):
    """A failure a person may read: `message` is one sentence without a path, URL or trace.

    `detail` is for operators (command, exit code, a tool's last words) and goes to logs only.
    """

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class BadMedia(MediaError):
    """The upload cannot be processed, now or later."""

    def __init__(self, code: RejectionCode, message: str, *, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code


class Unavailable(MediaError):
    """Something of ours failed; trying again may help."""

    def __init__(self, code: QuarantineCode, message: str, *, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code


class GivenUp(Unavailable):
    """The budget of tries is used up: nobody tries again before a person says so."""


class Conflict(MediaError):
    """A compare-and-set lost, or a newer version made this work pointless."""


class Superseded(Conflict):
    """The version is not to be worked on, nor published."""


class Missing(MediaError):
    """No such object, media or job."""


class Refused(MediaError):
    """What was asked for cannot be had so."""

    def __init__(self, code: RefusalCode, message: str, *, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code


class Denied(MediaError):
    """Nobody we know, or nobody who may."""


class Cancelled(MediaError):
    """The job was cancelled by a person."""
