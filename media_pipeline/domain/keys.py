"""The only place that spells an object key.

<media id>/media.json                         the one key that is ever overwritten
<media id>/<version>/results/<asset>.json     what the stages hand on
<media id>/<version>/results/human/…          subtitles that a person set; no stage writes here
<media id>/<version>/<stage>/<attempt>/…      what they made
<media id>/<version>/chunks/<fingerprint>/… parts of a picture that is being encoded; gone when it is joined
<media id>/<version>/progressive/<revision>/… one MP4, made when somebody asks; no manifest names it
<media id>/<version>/playlists/<attempt>/…    playlists that name subtitles
set-aside/<name>.json                         messages about uploads that nobody could read
"""

import re

_OURS = re.compile(
    r"(?P<media>[a-z0-9][a-z0-9-]*-[a-z2-7]{12})/(?:media\.json|(?P<version>[a-z2-7]{12})/.+)", re.DOTALL
)
_OUTPUT = re.compile(r"[a-z2-7]{12}/(?!(?:results|chunks)/)(?:[a-z0-9_-]+/)+[A-Za-z0-9_-]+/[A-Za-z0-9][A-Za-z0-9._-]*")
_SET_ASIDE = "set-aside/"


def manifest(media_id: str) -> str:
    return f"{media_id}/media.json"


def media_prefix(media_id: str) -> str:
    """Every key that a media owns begins so."""
    return f"{media_id}/"


def version_prefix(media_id: str, version: str) -> str:
    return f"{media_id}/{version}/"


def owner(key: str) -> tuple[str, str] | None:
    """The media and the version that an object of the media bucket belongs to; "" for the version of a manifest, which
    is the media's own. None for a key that this module does not spell.

    >>> owner("clip-2tq4i6aygg6b/rnomjx365r6t/stream/0a1b2c3d/master.m3u8")
    ('clip-2tq4i6aygg6b', 'rnomjx365r6t')
    """
    found = _OURS.fullmatch(key)
    return (found["media"], found["version"] or "") if found else None


def result(media_id: str, version: str, asset: str) -> str:
    """`asset` is the asset key joined by "/"."""
    return f"{media_id}/{version}/results/{asset}.json"


def output(media_id: str, version: str, stage: str, attempt: str, name: str) -> str:
    """Where a stage's output lands. `name` is ours, never a user's."""
    return f"{media_id}/{version}/{stage}/{attempt}/{name}"


def chunks(media_id: str, version: str) -> str:
    """Every key of a part of a version's picture begins so."""
    return f"{media_id}/{version}/chunks/"


def chunk(media_id: str, version: str, fingerprint: str, name: str) -> str:
    """Where a file of a part lands that is encoded as its fingerprint says."""
    return f"{chunks(media_id, version)}{fingerprint}/{name}"


def is_output(path: str) -> bool:
    """Whether a path relative to a manifest is one of an output, which viewers may have: not a stage's own results.

    >>> is_output("rnomjx365r6t/stream/0a1b2c3d/master.m3u8"), is_output("rnomjx365r6t/results/source.json")
    (True, False)
    """
    return _OUTPUT.fullmatch(path) is not None


def set_aside(name: str) -> str:
    """Where a message lands that nobody could read."""
    return f"{_SET_ASIDE}{name}.json"


def is_ours(key: str) -> bool:
    """Whether a key is one that this module spells: where uploads share a bucket with outputs, that is no upload."""
    return owner(key) is not None or key.startswith(_SET_ASIDE)


def of_manifest(media_id: str, path: str) -> str:
    """The key that a manifest's path means."""
    return f"{media_id}/{path}"


def relative_to_manifest(media_id: str, key: str) -> str:
    """A key as the manifest of its media names it. Raises ValueError for another media's key."""
    prefix = f"{media_id}/"
    if not key.startswith(prefix):
        raise ValueError(f"{key!r} does not belong to {media_id!r}")
    return key[len(prefix) :]
