"""What a message says about objects: hints only. Whether an object is there, and which version, its store decides.

So neither the kind of event, nor its order, nor the version it names is read: every event of a key means "look there".

| from | shape | key |
|---|---|---|
| AWS S3, MinIO, and through SNS | `Records` | encoded as in a form |
| Ceph | `Records`, `eventSource` is `ceph:s3` | as it is |
| AWS EventBridge | `detail` | as it is |
| SeaweedFS, whose webhook something put into the queue | `key`, `event_type`, `message` | a path below `/buckets/` |
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

_ENVELOPES = 3  # S3 in EventBridge in SNS is two
_RAW = ("ceph:",)
_BUCKETS = "/buckets/"


class BadMessage(ValueError):
    """A message that says nothing of any object, and why. Never anything of its content."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Something happened to the object of this key: look at it."""

    bucket: str
    key: str


def hints(body: str) -> list[Hint]:
    """The objects that a message is about, each once, in its order; none for a store's test message. Raises
    BadMessage."""
    try:
        return list(dict.fromkeys(_read(json.loads(body), _ENVELOPES)))
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, BadMessage) else BadMessage("it is no JSON") from error


def _read(value: Any, envelopes: int) -> list[Hint]:
    match value:
        case {"Type": "Notification", "Message": str(inner)} if envelopes:
            return _read(json.loads(inner), envelopes - 1)
        case {"Event": "s3:TestEvent"}:
            return []
        case {"Records": [*records]}:
            return [_record(record) for record in records]
        case {"detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}}:
            return [Hint(bucket, key)]
        case {"event_type": str(), "key": str(path), "message": {**entries}}:
            return _seaweedfs(path, entries)
    raise BadMessage("it has no shape that is known")


def _record(value: Any) -> Hint:
    match value:
        case {"s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}}:
            raw = str(value.get("eventSource", "")).startswith(_RAW)
            return Hint(bucket, key if raw else unquote_plus(key, errors="surrogateescape"))
    raise BadMessage("a record names no bucket and key")


def _seaweedfs(path: str, entries: dict[Any, Any]) -> list[Hint]:
    """A rename tells the old path as the key, and the new one as a directory and a name. The filer tells of what is in
    no bucket, too."""
    paths = [path]
    match entries:
        case {"new_parent_path": str(parent), "new_entry": {"name": str(name)}} if parent:
            paths.append(f"{parent.rstrip('/')}/{name}")
    split = (each.removeprefix(_BUCKETS).partition("/") for each in paths if each.startswith(_BUCKETS))
    return [Hint(bucket, key) for bucket, _, key in split]
