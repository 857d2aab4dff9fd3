"""Where a page of a list ends, as text that callers hand back unread."""

import base64
import json
from datetime import UTC, datetime

from media_pipeline.domain.upload import is_media_id
from media_pipeline.gateway.problems import Problem


def written(place: tuple[datetime, str]) -> str:
    text = json.dumps([place[0].isoformat(), place[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read(cursor: str) -> tuple[datetime, str]:
    """Raises Problem `bad-cursor`."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, media_id = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        if not is_media_id(media_id):
            raise ValueError("no media")
        return utc(datetime.fromisoformat(at)), media_id
    except (ValueError, TypeError) as error:
        raise Problem(400, "bad-cursor", "The cursor is none of ours: leave it out to begin anew.") from error


def utc(at: datetime) -> datetime:
    """Raises ValueError for a time that has no zone, or that is none in UTC, such as the first hours of the year 1."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no time in UTC") from error
