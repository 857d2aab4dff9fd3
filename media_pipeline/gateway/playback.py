"""Playback: everything under `/v1/play/<media>/<token>/` is good for as long as the token is, and for nobody to guess.

The token is a part of the path, so the names in a playlist, which are relative, carry it on to every segment.
"""

from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from media_pipeline.application.outputs import CONTENT_TYPES
from media_pipeline.application.progressive import progressive
from media_pipeline.application.publish import published
from media_pipeline.domain import keys
from media_pipeline.domain.download import filename
from media_pipeline.domain.errors import Missing
from media_pipeline.domain.manifest import Manifest
from media_pipeline.gateway.access import FrontDoor, require_signed
from media_pipeline.gateway.answers import PLAY
from media_pipeline.gateway.front import Front
from media_pipeline.gateway.problems import Problem, response

_HERE = {".m3u8", ".mpd", ".vtt", ".srt", ".json"}
"""served by ourselves, because what they name is relative to where they were found"""
_FOR_A_WHILE = {"Cache-Control": "private, max-age=3600, immutable"}  # a key is written once
_BINARY = "application/octet-stream"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {}}},
    206: {"description": "The range asked for", "content": {"*/*": {}}},
    307: {"description": "To the store, for a while"},
    403: {},
    416: {},
}
router = APIRouter(prefix="/v1/play/{media_id}/{token}", tags=["playback"])


@router.get("/original", response_class=Response, responses=_ANSWERS)
def play_original(media_id: str, token: str, front: FrontDoor) -> Response:
    """The uploaded file, as a download, never shown in place."""
    until = _checked(media_id, token, front)
    job = front.platform.catalogue.job(media_id)
    return _sent(front, job.bucket, job.key, until=until, content_type=_BINARY, name=filename(job.title))


@router.get("/download.mp4", response_class=Response, responses=_ANSWERS)
def play_mp4(media_id: str, token: str, front: FrontDoor) -> Response:
    """One MP4, as a download; put together now, where the profile did not ask for one."""
    until, platform = _checked(media_id, token, front), front.platform
    key = progressive(_manifest(media_id, front), shelf=platform.shelf, tool=platform.tool, scratch=platform.scratch)
    name = filename(platform.catalogue.job(media_id).title, suffix=".mp4")
    return _sent(front, platform.shelf.bucket, key, until=until, content_type=CONTENT_TYPES[".mp4"], name=name)


@router.get("/poster", response_class=Response, responses=_ANSWERS)
def play_poster(media_id: str, token: str, front: FrontDoor) -> Response:
    """The newest poster."""
    until = _checked(media_id, token, front)
    path = _manifest(media_id, front).poster
    if path is None:
        raise Missing("There is no poster.")
    return _output(media_id, path, front, until)


@router.get("/{path:path}", response_class=Response, responses=_ANSWERS)
def play_file(media_id: str, token: str, path: str, front: FrontDoor) -> Response:
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
    front: Front, bucket: str, key: str, *, until: datetime, content_type: str, name: str | None = None
) -> Response:
    """From this machine's disk, or by the store itself; with a name, as a download."""
    where = front.platform.store.link(bucket, key, until=until, content_type=content_type, filename=name)
    if isinstance(where, Path):
        headers = {} if name else _FOR_A_WHILE
        return _File(where, media_type=content_type, filename=name, headers=headers)
    return RedirectResponse(where, status_code=307)


class _File(FileResponse):
    """With a problem document where a range cannot be, which the framework says in plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: Response | None = None

        async def unless_refused(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] >= 400:
                size = {"Content-Range": f"bytes */{self.headers['content-length']}"}
                refusal = response(Problem(416, "range-not-satisfiable", "The file has no such range.", headers=size))
            if refusal is None:
                await send(message)

        await super().__call__(scope, receive, unless_refused)
        if refusal is not None:
            await refusal(scope, receive, send)


def _manifest(media_id: str, front: Front) -> Manifest:
    found = published(media_id, shelf=front.platform.shelf, codec=front.platform.manifest_codec)
    if found is None:
        raise Missing("Nothing is published.")
    return found


def _checked(media_id: str, token: str, front: Front) -> datetime:
    """When the token ends. Raises Problem where that was before now, or the token is none of ours."""
    return require_signed(token, PLAY, media_id, front=front)
