"""What the use cases ask of the place that files are sent to, part by part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from media_pipeline.domain.session import Arrived, Session


@dataclass(frozen=True, slots=True)
class Address:
    """Where a part is to be sent, and how: with these headers and exactly so many bytes."""

    number: int
    size: int
    method: Literal["PUT"]
    url: str
    """absolute; or a path of the gateway's own"""
    headers: Mapping[str, str]
    expires_at: datetime


class Intake(Protocol):
    """Parts of files that are on their way into a bucket. They come in any order, and some more than once: then the
    newest counts. Nobody sees the object before it is whole.

    Raises Unavailable(STORE_UNAVAILABLE) when the store does not answer, Unavailable(DISK_FULL) when it is full.
    """

    def open(self, session: Session) -> str:
        """Make ready for the parts of a session; its ticket. Opened twice, a session may have two."""
        ...

    def address(self, session: Session, number: int, *, expires_at: datetime) -> Address:
        """Where to send a part until then; nothing is asked of the store. Raises Refused PART_UNKNOWN."""
        ...

    def arrived(self, session: Session) -> list[Arrived]:
        """The parts that are here, by number. Raises Missing where nothing is received (any more)."""
        ...

    def complete(self, session: Session, parts: Sequence[Arrived]) -> None:
        """Make the object out of all parts. Raises Missing where nothing is received (any more); Refused
        CHECKSUM_MISMATCH where the store can tell that the bytes are not those announced."""
        ...

    def abort(self, session: Session) -> None:
        """Delete the parts that arrived; one that is an object already is left. Nothing there is no error."""
        ...


class Sink(Protocol):
    """A part while it is received."""

    def write(self, data: bytes) -> None:
        """Raises Refused PART_SIZE for more than the part has; Conflict when somebody began to send it anew."""
        ...

    def done(self) -> Arrived:
        """It is here, and stays so whatever happens. Raises Refused PART_SIZE where bytes are missing; Conflict."""
        ...

    def close(self) -> None:
        """Nothing more will come. A part that is not done is not here."""
        ...


class Receiver(Protocol):
    """The intake of a store that takes no bytes itself."""

    def receive(self, session: Session, number: int) -> Sink:
        """Begin to receive a part; what was here of it is not any more. Raises Missing where nothing is received (any
        more), Refused PART_UNKNOWN."""
        ...
