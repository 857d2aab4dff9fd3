"""Publication: the manifest is assembled from the results that exist, and written as the next revision.

One idempotent use case, called after every stage: revision 1 appears when picture and sound play, each extra adds one.
Everything a revision names is there before the revision is.
"""

import posixpath
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from media_pipeline.application.index import index
from media_pipeline.application.outputs import Shelf
from media_pipeline.application.parts import Parts, gathered, manifest_of
from media_pipeline.application.ports.catalogue import Catalogue
from media_pipeline.application.ports.results import Results
from media_pipeline.domain import keys, playlists
from media_pipeline.domain.errors import Conflict, Missing, Superseded
from media_pipeline.domain.job import JobState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.profile import Recipes
from media_pipeline.domain.results import NotMade
from media_pipeline.domain.subtitle_tracks import names
from media_pipeline.domain.upload import Upload

_STAGE = "playlists"
_ATTEMPTS = 5
"""extras that finish together race for the next revision; each loser tries again"""


class Codec(Protocol):
    """The manifest as JSON bytes, and back."""

    def dump(self, manifest: Manifest) -> bytes: ...
    def load(self, data: bytes) -> Manifest: ...


def publish(
    upload: Upload,
    *,
    recipes: Recipes,
    results: Results,
    shelf: Shelf,
    catalogue: Catalogue,
    codec: Codec,
    now: Callable[[], datetime],
    complete: bool = False,
) -> Manifest | NotMade:
    """Publish what there is. With `complete`, everything the profile asks for is there: the job becomes *ready*.

    Raises Superseded when another version is current by now, or the job was removed.
    """
    for _ in range(_ATTEMPTS):
        try:
            manifest = _next_revision(upload, recipes, results=results, shelf=shelf, codec=codec, catalogue=catalogue)
            break
        except Superseded:
            raise
        except Conflict:
            continue
    else:
        raise Conflict("The manifest is being changed by others all the time.")
    if isinstance(manifest, NotMade):
        return manifest
    _unless_removed(upload, shelf, codec, catalogue)
    catalogue.published(upload.media_id, upload.version, manifest.revision)
    state = JobState.READY if complete else JobState.PLAYABLE
    catalogue.move(upload.media_id, upload.version, state, at=now())
    index(manifest, shelf=shelf, catalogue=catalogue)
    return manifest


def _wanted(upload: Upload, catalogue: Catalogue) -> None:
    """Raises Superseded where this version is not to be published."""
    job = catalogue.job(upload.media_id)
    if job.version != upload.version:
        raise Superseded("A newer version of the file was uploaded; this one is not published.")
    if job.state is JobState.REMOVED:
        raise Superseded(job.failure.message if job.failure else "The media was removed.")


def _unless_removed(upload: Upload, shelf: Shelf, codec: Codec, catalogue: Catalogue) -> None:
    """Whoever removes a job says so first and deletes then: one of the two sees the other."""
    if catalogue.job(upload.media_id, upload.version).state is JobState.REMOVED:
        unpublish(upload.media_id, {upload.version}, shelf=shelf, codec=codec)
        raise Superseded("The media was removed.")


def unpublish(media_id: str, versions: Collection[str], *, shelf: Shelf, codec: Codec) -> None:
    """Delete the manifest if it is of one of these versions."""
    out = published(media_id, shelf=shelf, codec=codec)
    if out and out.version in versions:
        shelf.store.delete(shelf.bucket, [keys.manifest(media_id)])


def take_back(upload: Upload, *, shelf: Shelf, catalogue: Catalogue, codec: Codec) -> None:
    """Delete everything made from a version; if it is out, because the worker died before it could say so, the
    manifest first."""
    unpublish(upload.media_id, {upload.version}, shelf=shelf, codec=codec)
    shelf.withdraw(upload)
    catalogue.published(upload.media_id, upload.version, 0)


def _next_revision(
    upload: Upload, recipes: Recipes, *, results: Results, shelf: Shelf, codec: Codec, catalogue: Catalogue
) -> Manifest | NotMade:
    key = keys.manifest(upload.media_id)
    try:
        data, etag = shelf.store.read(shelf.bucket, key)
        before: Manifest | None = codec.load(data)
    except Missing:
        before, etag = None, ""
    _wanted(upload, catalogue)  # only now: whoever is published after this changes the ETag that was read
    # Only now: what another stage hands on after this is in nobody's revision, and that stage will publish.
    parts = gathered(upload, recipes=recipes, results=results)
    if isinstance(parts, NotMade):
        return parts
    revision = before.revision + 1 if before else 1
    manifest = manifest_of(parts, recipes, revision=revision, hls=parts.stream.hls, dash=parts.stream.dash)
    if before and _same(before, manifest):
        return before
    tracks = _text_tracks(parts, shelf)
    if tracks:
        hls, dash = _write_playlists(parts, tracks, shelf)
        manifest = replace(manifest, hls=hls, dash=dash)
    data = codec.dump(manifest)
    if before:
        shelf.store.write(shelf.bucket, key, data, content_type="application/json", if_match=etag)
    else:
        shelf.store.write(shelf.bucket, key, data, content_type="application/json", new=True)
    return manifest


def _same(before: Manifest, after: Manifest) -> bool:
    """Nothing new to say. New playlists alone are nothing new: they follow from the rest."""
    if before.version != after.version:
        return False
    return replace(before, revision=0, hls="", dash="") == replace(after, revision=0, hls="", dash="")


def _text_tracks(parts: Parts, shelf: Shelf) -> list[playlists.TextTrack]:
    """The subtitles as playlists name them."""
    here = _place(parts.source.upload)
    return [
        playlists.TextTrack(
            language=track.language,
            name=name,
            vtt=playlists.relative(track.vtt, here),
            playlist=f"subtitles-{i}-{track.language}.m3u8",
            mpd=shelf.store.read(shelf.bucket, track.dash)[0].decode(),
            base=playlists.relative(posixpath.dirname(track.dash), here),
            kind=track.kind,
        )
        for i, (track, name) in enumerate(zip(parts.subtitles, names(parts.subtitles), strict=True))
    ]


def _write_playlists(parts: Parts, tracks: Sequence[playlists.TextTrack], shelf: Shelf) -> tuple[str, str]:
    """Playlists that name the subtitles, in a place of their own, beside the media files that stay where they are.

    The paths of HLS and DASH as the manifest names them.
    """
    upload, stream = parts.source.upload, parts.stream
    packaged_hls = shelf.store.read(shelf.bucket, stream.hls)[0].decode()
    packaged_dash = shelf.store.read(shelf.bucket, stream.dash)[0].decode()
    base = playlists.relative(posixpath.dirname(stream.hls), _place(upload))
    duration = parts.source.info.duration_seconds
    texts = {t.playlist: playlists.subtitle_playlist(t.vtt, duration) for t in tracks}
    texts["manifest.mpd"] = playlists.dash_manifest(packaged_dash, base=base, tracks=tracks)
    texts["master.m3u8"] = playlists.hls_master(packaged_hls, base=base, tracks=tracks)
    kept = shelf.keep_texts(upload, _STAGE, texts)
    hls, dash = (keys.relative_to_manifest(upload.media_id, kept[name]) for name in ("master.m3u8", "manifest.mpd"))
    return hls, dash


def _place(upload: Upload) -> str:
    """A directory like the one that the playlists will have: relative paths from all of these are the same."""
    return keys.output(upload.media_id, upload.version, _STAGE, "attempt", "")


def published(media_id: str, *, shelf: Shelf, codec: Codec) -> Manifest | None:
    """The manifest that is out, or None where nothing was published."""
    try:
        return codec.load(shelf.store.read(shelf.bucket, keys.manifest(media_id))[0])
    except Missing:
        return None
