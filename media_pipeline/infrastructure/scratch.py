"""What workers that were killed left behind in the scratch directory."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from media_pipeline.domain.upload import StoredObject


def stale_scratch(root: Path, *, before: datetime, delete: bool) -> Iterator[StoredObject]:
    """The directories in `root` in which nothing was written since `before`, as if they were objects; deleted if
    asked."""
    for directory in sorted(root.iterdir()) if root.is_dir() else ():
        if directory.is_symlink() or not directory.is_dir():
            continue
        try:
            found = [directory.lstat(), *(path.lstat() for path in directory.rglob("*"))]
        except FileNotFoundError:  # somebody works there
            continue
        changed = datetime.fromtimestamp(max(s.st_mtime for s in found), UTC)
        if changed < before:
            yield StoredObject("scratch", directory.name, "", sum(s.st_size for s in found[1:]), changed)
            if delete:
                shutil.rmtree(directory)
