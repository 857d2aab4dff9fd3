"""Playback: everything under `/v1/play/<media>/<token>/` is good for as long as the token is, and for nobody to guess.

The token is a part of the path, so the names in a playlist, which are relative, carry it on to every segment.
"""

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse, Response

from media_pipeline.application.outputs import CONTENT_TYPES
from media_pipeline.application.progressive import progressive
from media_pipeline.application.publish import published
from media_pipeline.domain import keys
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest
from media_pipeline.gateway.access import FrontDoor, require_signed
from media_pipeline.gateway.answers import PLAY
from media_pipeline.gateway.front import Front

_HERE = {".m3u8", ".mpd", ".vtt", ".srt", ".json"}
"""served by ourselves, because what they name is relative to where they were found"""
_FOR_A_WHILE = {"Cache-Control": "private, max-age=3600, immutable"}  # a key is written once
_BINARY = "application/octet-stream"
router = APIRouter(prefix="/v1/play/{media_id}/{token}", tags=["playback"])


@router.get("/original")
def original(media_id: str, token: str, front: FrontDoor) -> Response:
    """The uploaded file, as a download, never shown in place."""
    until = _checked(media_id, token, front)
    job = front.platform.catalogue.job(media_id)
    return _sent(front, job.bucket, job.key, until=until, content_type=_BINARY, filename=job.title)


@router.get("/download.mp4")
def mp4(media_id: str, token: str, front: FrontDoor) -> Response:
    """One MP4, as a download; put together now, where the profile did not ask for one."""
    until, platform = _checked(media_id, token, front), front.platform
    key = progressive(_manifest(media_id, front), shelf=platform.shelf, tool=platform.tool, scratch=platform.scratch)
    name = f"{PurePosixPath(platform.catalogue.job(media_id).title).stem or media_id}.mp4"
    return _sent(front, platform.shelf.bucket, key, until=until, content_type=CONTENT_TYPES[".mp4"], filename=name)


@router.get("/poster")
def poster(media_id: str, token: str, front: FrontDoor) -> Response:
    """The newest poster."""
    until = _checked(media_id, token, front)
    path = _manifest(media_id, front).poster
    if path is None:
        raise Missing("There is no poster.")
    return _output(media_id, path, front, until)


@router.get("/{path:path}")
def file(media_id: str, token: str, path: str, front: FrontDoor) -> Response:
    """A file that a manifest or a playlist names. Ranges are answered."""
    until = _checked(media_id, token, front)
    return _output(media_id, path, front, until)


def _output(media_id: str, path: str, front: Front, until: datetime) -> Response:
    kind, shelf = CONTENT_TYPES.get(PurePosixPath(path).suffix), front.platform.shelf
    if kind is None or not keys.is_output(path):
        raise Missing("There is no such file.")
    key = keys.of_manifest(media_id, path)
    if PurePosixPath(path).suffix in _HERE:
        return Response(shelf.store.read(shelf.bucket, key)[0], media_type=kind, headers=_FOR_A_WHILE)
    return _sent(front, shelf.bucket, key, until=until, content_type=kind)


def _sent(
    front: Front, bucket: str, key: str, *, until: datetime, content_type: str, filename: str | None = None
) -> Response:
    """From this machine's disk, or by the store itself."""
    where = front.platform.store.link(bucket, key, until=until, content_type=content_type, filename=filename)
    if isinstance(where, Path):
        headers = {} if filename else _FOR_A_WHILE
        return FileResponse(where, media_type=content_type, filename=filename, headers=headers)
    return RedirectResponse(where, status_code=307)


def _manifest(media_id: str, front: Front) -> Manifest:
    found = published(media_id, shelf=front.platform.shelf, codec=front.platform.manifest_codec)
    if found is None:
        raise Missing("Nothing is published.")
    return found


def _checked(media_id: str, token: str, front: Front) -> datetime:
    """When the token ends. Raises Problem where that was before now, or the token is none of ours."""
    require_signed(token, PLAY, media_id, front=front)
    return datetime.fromtimestamp(int(token.partition(".")[0]), UTC)
