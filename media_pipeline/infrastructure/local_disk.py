"""The object store of one machine: a directory is a bucket, a path below it is a key.

Keys are data, not paths to trust: one that has an empty, `.` or `..` segment, NUL, or a symlink on its way out of
the bucket names nothing. Names that start with a dot are no keys either: writers keep their half-written files there.

A bucket whose root is "/" is the user's own disk: read-only and never listed, its keys absolute paths without the
leading slash, hidden ones included, its symlinks followed.
"""

import errno
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from media_pipeline.application.ports.store import Page
from media_pipeline.domain.errors import Conflict, Missing
from media_pipeline.domain.upload import StoredObject
from media_pipeline.infrastructure.disk_errors import reading, writing
from media_pipeline.infrastructure.disk_listing import files
from media_pipeline.infrastructure.file_lock import locked

_OURS = ".media-pipeline"  # in each bucket: the lock, and files that are being written
_LOCK = "lock"


class LocalDisk:
    """Store over directories, each on one file system; a directory is made by its first write.

    An ETag is inode, size and time of change in ns: a rewrite or a rename over the file changes it, listing again
    does not. It needs stable inode numbers, which local disks have and some FUSE mounts have not.

    Reads raise Missing for a key that cannot be, and BadMedia(UNREADABLE) for a file this user may not read;
    writes raise ValueError for a key that cannot be, or that has another key in its way (`a` beside `a/b`).
    """

    def __init__(self, roots: Mapping[str, Path]) -> None:
        self._roots = {bucket: Path(os.path.realpath(root)) for bucket, root in roots.items()}

    def head(self, bucket: str, key: str) -> StoredObject:
        with reading():
            return _described(bucket, key, self._regular(bucket, key).stat())

    def list(self, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
        """Files that vanish meanwhile are left out; directory symlinks are not followed; a directory that may not
        be read is passed over with a warning. Raises ValueError for a bucket that is the whole disk."""
        yield from self._listed(bucket, prefix)

    def page(self, bucket: str, prefix: str = "", *, token: str | None = None, limit: int = 1000) -> Page:
        """A token is the last key of the page before; what lies before it is not looked at again."""
        rest = self._listed(bucket, prefix, after=token)
        objects = tuple(islice(rest, limit))
        return Page(objects, objects[-1].key if next(rest, None) else None)

    def read(self, bucket: str, key: str) -> tuple[bytes, str]:
        with reading(), self._regular(bucket, key).open("rb") as file:
            found = os.fstat(file.fileno())
            return file.read(), _etag(found)

    def fetch(self, bucket: str, key: str, to: Path) -> None:
        """Makes `to` a symlink to the file itself: absolute, and past any symlink of the bucket's."""
        with reading():
            path = self._regular(bucket, key)
            with path.open("rb"):  # it may be there and still not be ours to read: say so now, not in a tool
                pass
        with writing():
            to.symlink_to(path)

    def fetch_ranges(self, bucket: str, key: str, to: Path, ranges: Sequence[tuple[int, int]]) -> None:
        """All of it: it is here."""
        self.fetch(bucket, key, to)

    def write(
        self, bucket: str, key: str, data: bytes, *, content_type: str, if_match: str | None = None, new: bool = False
    ) -> str:
        """Atomic, durable, and compare-and-set across processes. `content_type` is not kept."""
        target = self._target(bucket, key)
        with writing(), self._temporary(bucket) as temporary:
            temporary.write_bytes(data)
            _sync(temporary)
            with self._locked(bucket):
                _check(_stat(target), if_match=if_match, new=new)
                return _place(temporary, target)

    def put(self, bucket: str, key: str, path: Path, *, content_type: str) -> None:
        """Moves the file, or copies it and deletes it where it lies on another file system. `content_type` is not
        kept. Raises FileNotFoundError when there is no file at `path`."""
        target = self._target(bucket, key)
        with writing(), self._temporary(bucket) as temporary:
            _sync(path)
            if not self._moved(bucket, path, target):
                shutil.copyfile(path, temporary)
                _sync(temporary)
                self._moved(bucket, temporary, target)
                path.unlink()

    def copy(self, bucket: str, key: str, to: str, *, content_type: str) -> None:
        """A hard link where the file system has them: no file here is ever changed in place."""
        target = self._target(bucket, to)
        with reading():
            source = self._regular(bucket, key)
        with writing(), self._temporary(bucket) as temporary, self._locked(bucket):
            try:
                temporary.hardlink_to(source)
            except FileNotFoundError as error:
                raise Missing("There is no such file.", detail=str(error)) from error
            except OSError:  # no links here, or too many of this file: then the bytes
                shutil.copyfile(source, temporary)
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(target)
            _sync(target.parent)

    def delete(self, bucket: str, keys: Iterable[str]) -> None:
        """Directories left empty go with the last file in them."""
        root = self._writable(bucket)
        targets = [self._target(bucket, key) for key in keys]
        with writing(), self._locked(bucket):
            for target in targets:
                _remove(target, root)

    def unfinished(self, bucket: str, *, before: datetime, delete: bool) -> Iterator[StoredObject]:
        ours = self._writable(bucket) / _OURS
        for path in sorted(ours.iterdir()) if ours.is_dir() else ():
            found = _stat(path)
            if path.name == _LOCK or found is None or found.st_mtime >= before.timestamp():
                continue
            yield _described(bucket, f"{_OURS}/{path.name}", found)
            if delete:
                path.unlink(missing_ok=True)

    def link(self, bucket: str, key: str, *, until: datetime, content_type: str, filename: str | None = None) -> Path:
        with reading():
            return self._regular(bucket, key)

    def url(self, bucket: str, key: str) -> str:
        """The absolute path of the file. Raises Missing for a key that cannot be."""
        return str(self._path(bucket, key))

    def _listed(self, bucket: str, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        root = self._writable(bucket)
        folder = prefix.rpartition("/")[0]
        if folder and not (_is_key(folder, hidden=False) and os.path.realpath(root / folder) == str(root / folder)):
            return
        for key, found in files(root, folder, after):
            if key.startswith(prefix):
                yield _described(bucket, key, found)

    def _root(self, bucket: str) -> Path:
        if bucket not in self._roots:
            raise Missing("There is no such bucket.", detail=bucket)
        return self._roots[bucket]

    def _path(self, bucket: str, key: str) -> Path:
        root = self._root(bucket)
        if not _is_key(key, hidden=_is_disk(root)):
            raise Missing("There is no such file.", detail=f"not a key: {key!r}")
        return root / key

    def _regular(self, bucket: str, key: str) -> Path:
        """Where the bytes really are. Raises Missing for what is no regular file of this bucket."""
        path = Path(os.path.realpath(self._path(bucket, key), strict=True))
        if not path.is_relative_to(self._root(bucket)) or not stat.S_ISREG(path.stat().st_mode):
            raise Missing("There is no such file.", detail=f"outside the bucket, or no regular file: {key!r}")
        return path

    def _writable(self, bucket: str) -> Path:
        root = self._root(bucket)
        if _is_disk(root):
            raise ValueError(f"bucket {bucket!r} is the whole disk: it is neither written nor listed")
        return root

    def _target(self, bucket: str, key: str) -> Path:
        root = self._writable(bucket)
        if not _is_key(key, hidden=False):
            raise ValueError(f"not a key: {key!r}")
        if not Path(os.path.realpath((root / key).parent)).is_relative_to(root):
            raise ValueError(f"leads out of the bucket: {key!r}")
        return root / key

    def _moved(self, bucket: str, path: Path, target: Path) -> bool:
        """Move a file into place. False where it can only be copied."""
        if path.is_symlink():  # of `fetch`: what it names is not ours to move
            return False
        try:
            with self._locked(bucket):
                _place(path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    @contextmanager
    def _temporary(self, bucket: str) -> Iterator[Path]:
        path = self._writable(bucket) / _OURS / uuid.uuid4().hex
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _locked(self, bucket: str) -> AbstractContextManager[None]:
        """Holds off other writers of the bucket, in this process and in others."""
        return locked(self._writable(bucket) / _OURS / _LOCK)


def _is_disk(root: Path) -> bool:
    return root == Path(root.anchor)


def _is_key(key: str, *, hidden: bool) -> bool:
    forbidden = {"", ".", ".."}
    if "\0" in key or any(s in forbidden or (s.startswith(".") and not hidden) for s in key.split("/")):
        return False
    try:
        os.fsencode(key)
    except UnicodeEncodeError:  # half a surrogate pair: no file system of ours can name it
        return False
    return True


def _etag(found: os.stat_result) -> str:
    return f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"


def _described(bucket: str, key: str, found: os.stat_result) -> StoredObject:
    modified_at = datetime.fromtimestamp(found.st_mtime, UTC)
    return StoredObject(bucket, key, _etag(found), found.st_size, modified_at)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _check(current: os.stat_result | None, *, if_match: str | None, new: bool) -> None:
    if new and current:
        raise Conflict("The object exists already.")
    if if_match is not None and (current is None or _etag(current) != if_match):
        raise Conflict("The object has changed meanwhile.")


def _place(path: Path, target: Path) -> str:
    """Rename a file over its target and return the ETag. The caller holds the bucket's lock."""
    target.parent.mkdir(parents=True, exist_ok=True)
    current = _stat(target)
    # The kernel's clock ticks every few ms and inodes are used again, so two quick rewrites could bring an old
    # ETag back. A time of our own that only grows cannot.
    now = time.time_ns()
    os.utime(path, ns=(now, max(now, current.st_mtime_ns + 1) if current else now))
    etag = _etag(path.stat())
    path.replace(target)
    _sync(target.parent)
    return etag


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _remove(target: Path, root: Path) -> None:
    try:
        target.unlink()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return
    for folder in target.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()
