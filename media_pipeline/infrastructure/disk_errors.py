"""What the operating system says of files, as failures of ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from media_pipeline.domain.errors import BadMedia, Missing, QuarantineCode, RejectionCode, Unavailable

ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}
_IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.ENAMETOOLONG}
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def reading() -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise BadMedia(RejectionCode.UNREADABLE, "The file may not be read.", detail=str(error)) from error
    except OSError as error:
        if error.errno in ABSENT:
            raise Missing("There is no such file.", detail=str(error)) from error
        raise unavailable(error) from error


@contextmanager
def writing() -> Iterator[None]:
    """Raises ValueError for a key that has another one in its way, FileNotFoundError for the caller's own file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _IN_THE_WAY:
            raise ValueError(f"no object can have this key: {error}") from error
        raise unavailable(error) from error


def unavailable(error: OSError) -> Unavailable:
    """What a failure of the disk means."""
    if error.errno in _FULL:
        return Unavailable(QuarantineCode.DISK_FULL, "The disk is full.", detail=str(error))
    return Unavailable(QuarantineCode.STORE_UNAVAILABLE, "The disk does not answer.", detail=str(error))
