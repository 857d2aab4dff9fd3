"""Fakes of what an upload goes through before it is an object; each passes the contract suite of the real adapters."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from media_pipeline.application.ports.intake import Address
from media_pipeline.domain.errors import Conflict, Missing, RefusalCode, Refused
from media_pipeline.domain.quota import DAY, UNLIMITED, Quota
from media_pipeline.domain.session import Arrived, Session, SessionState
from media_pipeline_tests.fakes import MemoryStore


class MemoryUploads:
    """Sessions in a dictionary."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.RLock()

    def open(self, session: Session, *, quota: Quota = UNLIMITED) -> Session:
        with self._lock:
            key = session.tenant, session.idempotency_key
            same = [s for s in self._sessions.values() if (s.tenant, s.idempotency_key) == key and key[1] is not None]
            if not same:
                self._require(quota, session)
                self._sessions[session.id] = session
            return same[0] if same else self._sessions[session.id]

    def _require(self, quota: Quota, new: Session) -> None:
        theirs = [s for s in self._sessions.values() if s.tenant == new.tenant and s.created_at > new.created_at - DAY]
        standing = [s.announced.size for s in theirs if s.state is not SessionState.ABORTED]
        quota.require(uploads=len(standing) + 1, bytes=sum(standing) + new.announced.size)

    def ticketed(self, session_id: str, ticket: str) -> Session:
        with self._lock:
            session = self.get(session_id)
            self._sessions[session_id] = replace(session, ticket=session.ticket or ticket)
            return self._sessions[session_id]

    def get(self, session_id: str) -> Session:
        if session_id not in self._sessions:
            raise Missing("There is no such upload.", detail=session_id)
        return self._sessions[session_id]

    def of_object(self, bucket: str, key: str) -> Session | None:
        return next((s for s in self._sessions.values() if (s.bucket, s.key) == (bucket, key)), None)

    def close(
        self,
        session_id: str,
        to: SessionState,
        *,
        etag: str | None = None,
        claimed_until: datetime | None = None,
        at: datetime,
    ) -> bool:
        with self._lock:
            session = self.get(session_id)
            if session.state is not SessionState.OPEN:
                return False
            ended = replace(session, state=to, etag=etag, claimed_until=claimed_until, closed_at=at)
            self._sessions[session_id] = ended
            return True

    def overdue(self, before: datetime, *, limit: int) -> list[Session]:
        late = [s for s in self._sessions.values() if s.state is SessionState.OPEN and s.expires_at < before]
        return sorted(late, key=lambda s: (s.expires_at, s.id))[:limit]

    def forget(self, media_id: str) -> None:
        with self._lock:
            self._sessions = {s.id: s for s in self._sessions.values() if s.media_id != media_id}

    def forget_unsent(self, before: datetime) -> None:
        unsent = {SessionState.ABORTED, SessionState.EXPIRED}
        with self._lock:
            gone = {s.id for s in self._sessions.values() if s.state in unsent and s.closed_at and s.closed_at < before}
            self._sessions = {id: s for id, s in self._sessions.items() if id not in gone}


@dataclass
class MemoryIntake:
    """Intake and Receiver over a MemoryStore."""

    store: MemoryStore
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    """of each session that is being received"""
    newest: dict[tuple[str, int], object] = field(default_factory=dict)

    def open(self, session: Session) -> str:
        self.parts.setdefault(session.id, {})
        return session.id

    def address(self, session: Session, number: int, *, expires_at: datetime) -> Address:
        url = f"memory://{session.id}/{number}"
        return Address(number, session.size_of(number), "PUT", url, {}, expires_at)

    def receive(self, session: Session, number: int) -> "MemorySink":
        session.size_of(number)
        self._parts(session).pop(number, None)
        sink = MemorySink(self, session, number)
        self.newest[session.id, number] = sink
        return sink

    def arrived(self, session: Session) -> list[Arrived]:
        return [_arrived(number, data) for number, data in sorted(self._parts(session).items())]

    def complete(self, session: Session, parts: Sequence[Arrived]) -> None:
        there = self._parts(session)
        data = b"".join(there[part.number] for part in parts)
        if session.announced.sha256 not in {None, hashlib.sha256(data).hexdigest()}:
            raise Refused(RefusalCode.CHECKSUM_MISMATCH, "The bytes are not those that were announced.")
        self.store.write(session.bucket, session.key, data, content_type=session.announced.content_type)
        self.parts.pop(session.id, None)

    def abort(self, session: Session) -> None:
        self.parts.pop(session.id, None)

    def _parts(self, session: Session) -> dict[int, bytes]:
        if session.id not in self.parts:
            raise Missing("Nothing is received.", detail=session.id)
        return self.parts[session.id]


@dataclass
class MemorySink:
    intake: MemoryIntake
    session: Session
    number: int
    data: bytes = b""

    def write(self, data: bytes) -> None:
        self._still()
        if len(self.data) + len(data) > self.session.size_of(self.number):
            raise Refused(RefusalCode.PART_SIZE, "The part is too long.")
        self.data += data

    def done(self) -> Arrived:
        self._still()
        if len(self.data) < self.session.size_of(self.number):
            raise Refused(RefusalCode.PART_SIZE, "The part is too short.")
        self.intake._parts(self.session)[self.number] = self.data
        return _arrived(self.number, self.data)

    def close(self) -> None:
        pass

    def _still(self) -> None:
        if self.intake.newest[self.session.id, self.number] is not self:
            raise Conflict("The part is being sent anew.")


def _arrived(number: int, data: bytes) -> Arrived:
    return Arrived(number, len(data), hashlib.sha256(data).hexdigest())
