"""The files of a directory in an order that a listing can go on in: no file is looked at twice, and none is missed that
stays where it is."""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from media_pipeline.infrastructure.disk_errors import ABSENT, unavailable

_log = logging.getLogger(__name__)


def files(root: Path, folder: str, after: str | None) -> Iterator[tuple[str, os.stat_result]]:
    """The regular files below a folder of a bucket that come after a key: the files of a folder by name, then what
    is in its folders."""
    past = _order(after) if after else ((), "")
    folders = [folder]
    while folders:
        folder = folders.pop()
        inner = []
        for name in _names(root / folder):
            key = f"{folder}/{name}" if folder else name
            within = (*_order(key)[0], name)
            is_past, all_past = _order(key) <= past, within < past[0][: len(within)]
            if is_past and all_past:
                continue
            found = _seen(root / key, root)
            if found and stat.S_ISDIR(found.st_mode) and not all_past:
                inner.append(key)
            elif found and stat.S_ISREG(found.st_mode) and not is_past:
                yield key, found
        folders.extend(reversed(inner))


def _order(key: str) -> tuple[tuple[str, ...], str]:
    """Where a file stands in the order of a listing."""
    *folders, name = key.split("/")
    return tuple(folders), name


def _names(directory: Path) -> list[str]:
    """What is in a directory, sorted; nothing in one that is gone or closed to us."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except PermissionError:
        _log.warning("a directory may not be read and is left out", extra={"directory": str(directory)})
        return []
    except OSError as error:
        if error.errno in ABSENT:
            return []
        raise unavailable(error) from error


def _seen(path: Path, root: Path) -> os.stat_result | None:
    """None for what has vanished, and for a symlink to a directory or out of the bucket."""
    try:
        found = path.lstat()
        if not stat.S_ISLNK(found.st_mode):
            return found
        real = Path(os.path.realpath(path, strict=True))
        found = real.stat()
    except PermissionError:
        _log.warning("a file may not be looked at and is left out", extra={"path": str(path)})
        return None
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise unavailable(error) from error
    return found if real.is_relative_to(root) and stat.S_ISREG(found.st_mode) else None
