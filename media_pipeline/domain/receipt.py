"""What an erasure leaves: the proof that it was done, without anything about the person."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased of one media, and when. The id is all that names it."""

    media_id: str
    erased_at: datetime
    versions: int
    objects: int
    """of the media bucket: manifest, results, outputs"""
    bytes: int
    """of these objects"""
    runs: int
    source_deleted: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"erased_at": self.erased_at.isoformat()}
