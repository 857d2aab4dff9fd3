"""One process at a time, by an advisory lock on a file (Linux and macOS)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock named by a file, which is made and left behind. Waits as long as it takes; a holder that
    dies lets go. Excludes threads as well as processes. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Opened anew each time: flock belongs to the open file, so two threads never share one.
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
