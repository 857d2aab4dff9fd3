"""Which media leave the live set: the engine holds a working set, the catalogue the library."""

from collections.abc import Mapping
from datetime import datetime


def oldest(finished: Mapping[str, datetime], count: int) -> list[str]:
    """The media that were finished longest ago, at most `count`; none when that is below one.

    >>> oldest({"a": datetime(2026, 1, 2), "b": datetime(2026, 1, 1)}, 1)
    ['b']
    """
    return sorted(finished, key=lambda media_id: (finished[media_id], media_id))[: max(count, 0)]
