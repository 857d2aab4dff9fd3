"""What an answer of S3 means, or that there is none."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError

from media_pipeline.domain.errors import Conflict, MediaError, Missing, QuarantineCode, Unavailable

MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NoSuchUpload", "NotFound", "NoSuchCORSConfiguration"}
_CONFLICT = {"412", "409", "PreconditionFailed", "ConditionalRequestConflict"}
_BAD_KEY = {"KeyTooLongError", "InvalidRequest", "InvalidArgument", "InvalidURI"}
_FULL = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"}
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def _code(error: ClientError) -> str:
    """The store's own code, or the HTTP status where the answer had no body."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def reading(bucket: str, key: str) -> Iterator[None]:
    try:
        with writing(bucket, key):
            yield
    except ValueError as error:
        raise Missing("There is no such object.", detail=str(error)) from error


@contextmanager
def writing(bucket: str, key: str) -> Iterator[None]:
    """Raises ValueError for a key that the store cannot have."""
    try:
        yield
    except ClientError as error:
        raise _translated(error, f"{bucket}/{key}: {error}") from error
    except ParamValidationError as error:
        raise ValueError(f"no object can have the key {key!r}: {error}") from error
    except (BotoCoreError, RetriesExceededError, S3DownloadFailedError) as error:
        raise unavailable(f"{bucket}/{key}: {error}") from error
    except OSError as error:
        raise unavailable(f"{bucket}/{key}: {error}", full=error.errno in _DISK_FULL) from error


def _translated(error: ClientError, detail: str) -> MediaError | ValueError:
    code = _code(error)
    if code in MISSING:
        return Missing("There is no such object.", detail=detail)
    if code in _CONFLICT:
        return Conflict("The object has changed meanwhile.", detail=detail)
    if code in _BAD_KEY:
        return ValueError(detail)
    # Expired credentials, throttling, a server's own fault: all pass, or are an operator's to mend.
    return unavailable(detail, full=code in _FULL)


def unavailable(detail: str, *, full: bool = False) -> Unavailable:
    if full:
        return Unavailable(QuarantineCode.DISK_FULL, "There is no room left.", detail=detail)
    return Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The object store does not answer.", detail=detail)
