"""What the use cases ask of the place where API keys are kept."""

from datetime import datetime
from typing import Protocol

from media_pipeline.domain.api_key import ApiKey


class Keys(Protocol):
    """API keys by id. Raises Unavailable(STORE_UNAVAILABLE) when the database does not answer."""

    def add(self, key: ApiKey) -> None:
        """Raises Conflict where the id is taken."""
        ...

    def find(self, id: str) -> ApiKey:
        """Raises Missing."""
        ...

    def all(self) -> list[ApiKey]:
        """Oldest first, the revoked ones too."""
        ...

    def revoke(self, id: str, *, at: datetime) -> None:
        """From now on it opens nothing; the first time counts. Raises Missing."""
        ...
