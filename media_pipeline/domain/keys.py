"""The only place that spells an object key.

<media id>/media.json                         the one key that is ever overwritten
<media id>/<version>/results/<asset>.json     what the stages hand on
<media id>/<version>/results/human/…          subtitles that a person set; no stage writes here
<media id>/<version>/<stage>/<attempt>/…      what they made
<media id>/<version>/playlists/<attempt>/…    playlists that name subtitles
"""


def manifest(media_id: str) -> str:
    return f"{media_id}/media.json"


def media_prefix(media_id: str) -> str:
    """Every key that a media owns begins so."""
    return f"{media_id}/"


def version_prefix(media_id: str, version: str) -> str:
    return f"{media_id}/{version}/"


def result(media_id: str, version: str, asset: str) -> str:
    """`asset` is the asset key joined by "/"."""
    return f"{media_id}/{version}/results/{asset}.json"


def output(media_id: str, version: str, stage: str, attempt: str, name: str) -> str:
    """Where a stage's output lands. `name` is ours, never a user's."""
    return f"{media_id}/{version}/{stage}/{attempt}/{name}"


def of_manifest(media_id: str, path: str) -> str:
    """The key that a manifest's path means."""
    return f"{media_id}/{path}"


def relative_to_manifest(media_id: str, key: str) -> str:
    """A key as the manifest of its media names it. Raises ValueError for another media's key."""
    prefix = f"{media_id}/"
    if not key.startswith(prefix):
        raise ValueError(f"{key!r} does not belong to {media_id!r}")
    return key[len(prefix) :]
