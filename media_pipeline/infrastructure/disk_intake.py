"""Files that are sent to this machine: parts are written into their places in one file, which then moves to the store.

Each session has a directory of its own: the file, sparse at first, and beside it an empty file for each part that has
arrived, whose name is all there is to say of it.
"""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from weakref import WeakValueDictionary

from media_pipeline.application.ports.intake import Address
from media_pipeline.application.ports.store import Store
from media_pipeline.domain.errors import Conflict, Missing, QuarantineCode, RefusalCode, Refused, Unavailable
from media_pipeline.domain.session import Arrived, Session, part_claim
from media_pipeline.domain.signature import signed
from media_pipeline.infrastructure.disk_errors import unavailable

_BYTES = "bytes"
_DIGEST_BYTES = 16  # of a part's ETag: it tells other bytes, it proves nothing


@dataclass(eq=False)
class _Sending:
    """Who may write to a session's file: of each part the newest sender, and nobody while it is put together."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    writers: dict[int, "_Part"] = field(default_factory=dict)
    closed: bool = False


class DiskIntake:
    """Intake and Receiver over a directory, best on the file system of the store, so that whole files move there. One
    process receives; any other may complete or abort."""

    def __init__(self, root: Path, store: Store, *, secret: Callable[[], bytes]) -> None:
        self._root = root
        self._store = store
        self._secret = secret
        self._sendings: WeakValueDictionary[str, _Sending] = WeakValueDictionary()
        self._lock = threading.Lock()

    def open(self, session: Session) -> str:
        """Raises Unavailable(DISK_FULL) for a file that there is no room for now."""
        folder = self._root / session.id
        with _translated():
            folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(folder).free < session.announced.size:
                raise Unavailable(QuarantineCode.DISK_FULL, "There is no room left for the file.")
            with (folder / _BYTES).open("ab") as file:
                file.truncate(session.announced.size)
        return session.id

    def address(self, session: Session, number: int, *, expires_at: datetime) -> Address:
        """A path of the gateway's: it is as good as the client's way to the gateway."""
        token = signed(self._secret(), *part_claim(session.id, number), expires_at=expires_at)
        url = f"/v1/uploads/{session.id}/parts/{number}?token={token}"
        return Address(number, session.size_of(number), "PUT", url, {}, expires_at)

    def receive(self, session: Session, number: int) -> "_Part":
        size, folder, sending = session.size_of(number), self._root / session.id, self._sending(session)
        with _translated(), sending.lock:
            if sending.closed:
                raise Conflict("The parts are being put together.")
            for mark in folder.glob(f"{number}-*"):
                mark.unlink()
            _sync(folder)
            part = _Part(folder, number, (number - 1) * session.part_size, size, sending)
            sending.writers[number] = part
        return part

    def arrived(self, session: Session) -> list[Arrived]:
        with _translated():
            names = [entry.name for entry in os.scandir(self._root / session.id) if entry.name != _BYTES]
        found = [(int(number), etag) for number, _, etag in (name.partition("-") for name in names)]
        return [Arrived(number, session.size_of(number), etag) for number, etag in sorted(found)]

    def complete(self, session: Session, parts: Sequence[Arrived]) -> None:
        """Raises Conflict where a part has been sent anew since."""
        file, promised = self._root / session.id / _BYTES, session.announced.sha256
        with _translated(), self._closed(session):
            if self.arrived(session) != list(parts):
                raise Conflict("A part is being sent anew.")
            if promised is not None and _sha256(file) != promised:
                raise Refused(RefusalCode.CHECKSUM_MISMATCH, "The bytes are not those that were announced.")
            self._store.put(session.bucket, session.key, file, content_type=session.announced.content_type)
            shutil.rmtree(file.parent)

    def abort(self, session: Session) -> None:
        with suppress(Missing), _translated():
            shutil.rmtree(self._root / session.id)

    def _sending(self, session: Session) -> _Sending:
        with self._lock:
            return self._sendings.setdefault(session.id, _Sending())

    @contextmanager
    def _closed(self, session: Session) -> Iterator[None]:
        """Nobody begins to send meanwhile. Who does already has taken the mark of its part away."""
        sending = self._sending(session)
        with sending.lock:
            sending.closed = True
        try:
            yield
        finally:
            sending.closed = False


class _Part:
    """One part on its way into its place. Not for several threads at once."""

    def __init__(self, folder: Path, number: int, offset: int, size: int, sending: _Sending) -> None:
        self._folder, self._number, self._size, self._sending = folder, number, size, sending
        self._place = offset
        self._left = size
        self._digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        self._file = os.open(folder / _BYTES, os.O_WRONLY)

    def write(self, data: bytes) -> None:
        if len(data) > self._left:
            raise Refused(RefusalCode.PART_SIZE, f"Part {self._number} has {self._size} bytes, and more were sent.")
        rest = memoryview(data)
        with _translated(), self._my_turn():
            while rest:
                written = os.pwrite(self._file, rest, self._place)
                rest, self._place = rest[written:], self._place + written
        self._digest.update(data)
        self._left -= len(data)

    def done(self) -> Arrived:
        """Its bytes are on the disk before its mark is."""
        if self._left:
            message = f"Part {self._number} has {self._size} bytes, and {self._left} of them were not sent."
            raise Refused(RefusalCode.PART_SIZE, message)
        etag = self._digest.hexdigest()
        with _translated():
            os.fdatasync(self._file)
        with _translated(), self._my_turn():
            (self._folder / f"{self._number}-{etag}").touch()
            _sync(self._folder)
            del self._sending.writers[self._number]
        return Arrived(self._number, self._size, etag)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        with self._sending.lock:
            if self._sending.writers.get(self._number) is not self:
                raise Conflict("The part is being sent anew.")
            yield


def _sha256(file: Path) -> str:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Missing("Nothing is received here any more.", detail=str(error)) from error
    except OSError as error:
        raise unavailable(error) from error
