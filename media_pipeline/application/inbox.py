"""Where uploads arrive, how they are looked for, and how far the looking is."""

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime

from media_pipeline.domain import keys
from media_pipeline.domain.upload import is_upload


@dataclass(frozen=True, slots=True)
class Inbox:
    """A bucket that is watched."""

    bucket: str
    prefixes: tuple[str, ...] = ("",)
    """only keys below these are uploads; a listing goes through them one after the other"""
    shared: bool = False
    """whether outputs land in the same bucket"""
    settle_seconds: float = 0.0
    """an object that is older is not being written any more"""
    list_every_seconds: float = 0.0
    """the rest between the end of a listing and the beginning of the next"""
    import_before: datetime | None = None
    """what was last written before is left to the import"""

    def takes(self, key: str) -> bool:
        """Whether an object of this key is an upload."""
        return is_upload(key) and key.startswith(self.prefixes) and not (self.shared and keys.is_ours(key))


@dataclass(frozen=True, slots=True)
class Place:
    """How far a listing is: nothing but a position to go on from."""

    prefix: int = 0
    """which of the prefixes is being listed"""
    token: str | None = None
    """of the next page"""
    list_at: str | None = None
    """when the next listing may begin, ISO 8601"""
    waiting: dict[str, str] = field(default_factory=dict)
    """keys and ETags that this listing found still being written"""
    waited: dict[str, str] = field(default_factory=dict)
    """those that the listing before found"""

    def as_text(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def read(text: str | None) -> "Place":
        """The beginning, where there is no text or one that another release wrote."""
        kept = json.loads(text) if text else {}
        if kept.keys() != {f.name for f in fields(Place)}:
            return Place()
        return Place(**kept)
