"""A partition is a media item, made by its first upload. The object version travels in the run key and a run tag."""

import dagster as dg

uploads = dg.DynamicPartitionsDefinition(name="uploads")

VERSION_TAG = "media_pipeline/version"
PROFILE_TAG = "media_pipeline/profile"
RESUMED_TAG = "media_pipeline/resumed"
"""of a run in the place of one that showed no sign of life"""
AGAIN = frozenset({RESUMED_TAG, "dagster/retry_number"})
"""Tags of runs that nobody asked for: they have what is left of the budget of tries."""
KEY_TAG = "media_pipeline/key"
_TAG_CHARACTERS = 200  # a run tag is indexed; Postgres takes about 2,600 bytes of it


def run_key(media_id: str, version: str) -> str:
    return f"{media_id}:{version}"


def tags(key: str, *, version: str, profile: str) -> dict[str, str]:
    """What a run carries: searchable in the UI, read by the steps."""
    shown = "".join(c if c.isprintable() else "�" for c in key)[-_TAG_CHARACTERS:]
    return {VERSION_TAG: version, PROFILE_TAG: profile, KEY_TAG: shown}
