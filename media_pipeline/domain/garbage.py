"""What may be swept: objects of ours that nothing names any more.

Pure: `named` reads names out of what was written, `garbage` decides over one media's objects.
"""

import json
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from media_pipeline.domain.keys import owner
from media_pipeline.domain.upload import StoredObject

_HUMAN = re.compile(r"[^/]+/[^/]+/results/human/.+")
_RESULT = re.compile(r"[^/]+/[^/]+/results/.+\.json")
_NAMING = ".m3u8", ".mpd", ".vtt"
_SEPARATORS = re.compile(r"""[\s"'<>#,=]+""")


def is_human(key: str) -> bool:
    """Whether a person set it: such results stay as long as the media."""
    return _HUMAN.fullmatch(key) is not None


def is_result(key: str) -> bool:
    return _RESULT.fullmatch(key) is not None


def is_naming(key: str) -> bool:
    """Whether further objects are found by what stands in this one."""
    return key.endswith(("/media.json", *_NAMING)) or is_result(key)


def named_by_result(data: bytes) -> Iterator[str]:
    """Every text in a JSON document: those that are keys name objects."""
    yield from _texts(json.loads(data))


def named_relatively(key: str, data: bytes) -> set[str]:
    """Every key that a manifest, a playlist or a storyboard could mean, resolved from its own place and from every
    base it names. Rather one too many than one too few."""
    words = set(_SEPARATORS.split(data.decode(errors="replace")))
    here = posixpath.dirname(key)
    bases = {here, *(posixpath.normpath(posixpath.join(here, w)) for w in words if w.endswith("/"))}
    return {posixpath.normpath(posixpath.join(base, word)) for base in bases for word in words if word}


def garbage(
    objects: Iterable[StoredObject], *, named: Collection[str], busy: Collection[str], before: datetime
) -> list[StoredObject]:
    """Of one media's objects those that may go: not named, not of a version that is worked on, last changed before
    then."""
    return [
        o for o in objects
        if o.key not in named and o.modified_at < before and _version(o.key) not in busy
    ]  # fmt: skip


def _version(key: str) -> str | None:
    found = owner(key)
    return found[1] if found else None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
