"""What the use cases ask of where uploads are remembered that have not arrived yet, and how they ended."""

from datetime import datetime
from typing import Protocol

from media_pipeline.domain.quota import UNLIMITED, Quota
from media_pipeline.domain.session import Session, SessionState


class Uploads(Protocol):
    """Sessions by id. Raises Unavailable(STORE_UNAVAILABLE) when the database does not answer."""

    def open(self, session: Session, *, quota: Quota = UNLIMITED) -> Session:
        """Keep a new session; or the one that its tenant has opened with the same idempotency key before, whatever was
        announced then. Raises Refused QUOTA_EXCEEDED, and keeps nothing, where the tenant would have announced more
        than that in the day before the session's beginning; what was taken back does not count. However many open at
        once, none slips past."""
        ...

    def ticketed(self, session_id: str, ticket: str) -> Session:
        """Note the store's ticket of a session that has none. The session as it is then, with whosever ticket. Raises
        Missing."""
        ...

    def get(self, session_id: str) -> Session:
        """Raises Missing."""
        ...

    def of_object(self, bucket: str, key: str) -> Session | None:
        """The session that sends to a key; None for an object that came some other way."""
        ...

    def close(
        self,
        session_id: str,
        to: SessionState,
        *,
        etag: str | None = None,
        claimed_until: datetime | None = None,
        at: datetime,
    ) -> bool:
        """End an open session; False for one that has ended. Raises Missing."""
        ...

    def overdue(self, before: datetime, *, limit: int) -> list[Session]:
        """Open sessions that expired before then, the oldest first."""
        ...

    def forget(self, media_id: str) -> None:
        """Delete what was announced of a media; none is no error."""
        ...

    def forget_unsent(self, before: datetime) -> None:
        """Delete the sessions that ended before then without an object, taken back or out of time."""
        ...
