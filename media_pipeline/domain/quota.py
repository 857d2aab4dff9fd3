"""How much a tenant may send."""

from dataclasses import dataclass
from datetime import timedelta

from media_pipeline.domain.errors import RefusalCode, Refused

DAY = timedelta(hours=24)
"""over which a quota counts: the last one, whenever that began"""


@dataclass(frozen=True, slots=True)
class Quota:
    """What may be announced in a day; None is as much as one likes."""

    uploads: int | None = None
    bytes: int | None = None

    @property
    def limits(self) -> bool:
        """Whether it does."""
        return self.uploads is not None or self.bytes is not None

    def require(self, *, uploads: int, bytes: int) -> None:
        """`uploads` and `bytes` are what was announced with the new one. Raises Refused QUOTA_EXCEEDED."""
        if self.uploads is not None and uploads > self.uploads:
            said = f"At most {self.uploads:,} uploads a day are allowed: go on later."
            raise Refused(RefusalCode.QUOTA_EXCEEDED, said)
        if self.bytes is not None and bytes > self.bytes:
            said = f"At most {self.bytes:,} bytes a day are allowed: go on later, or with less."
            raise Refused(RefusalCode.QUOTA_EXCEEDED, said)


UNLIMITED = Quota()
