"""Where a page of a list ends, as text that callers hand back unread."""

import base64
import binascii
import json
from datetime import datetime

from media_pipeline.gateway.problems import Problem


def written(place: tuple[datetime, str]) -> str:
    text = json.dumps([place[0].isoformat(), place[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read(cursor: str) -> tuple[datetime, str]:
    """Raises Problem `bad-cursor`."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, media_id = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        place = datetime.fromisoformat(at), media_id
        if place[0].tzinfo is None or not isinstance(media_id, str):
            raise ValueError("not a place")
    except (binascii.Error, ValueError, TypeError) as error:
        raise Problem(400, "bad-cursor", "The cursor is none of ours: leave it out to begin anew.") from error
    return place
