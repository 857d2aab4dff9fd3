"""Jobs as the API shows them."""

from datetime import datetime, timedelta

from fastapi import Request

from media_pipeline.application import status
from media_pipeline.application.publish import published
from media_pipeline.domain.job import Job
from media_pipeline.domain.manifest import addressed
from media_pipeline.domain.signature import signed
from media_pipeline.gateway import shapes
from media_pipeline.gateway.front import Front

PLAY = "play"
"""what a token of playback is for"""


def summary(job: Job, front: Front, request: Request) -> shapes.Media:
    """Without anything that asks the store."""
    return shapes.Media.model_validate(_plain(job) | {"poster": _poster(job, front, request)})


def detail(job: Job, front: Front, request: Request) -> shapes.MediaDetail:
    catalogue = front.platform.catalogue
    more = {
        **status.described(job, catalogue.attempts(job.media_id, job.version)),
        "poster": _poster(job, front, request),
        "shown": status.shown(catalogue.versions(job.media_id)),
        "playback": _playback(job, front, request),
    }
    return shapes.MediaDetail.model_validate(more | _plain(job))


def prefix(media_id: str, front: Front, request: Request) -> str:
    """Where the files of a media are found for a while: its playlists' own names, relative, keep the prefix."""
    token = signed(front.secret, PLAY, media_id, expires_at=_until(front))
    base = front.platform.settings.gateway_url or str(request.base_url)
    return f"{base.rstrip('/')}/v1/play/{media_id}/{token}"


def _plain(job: Job) -> dict[str, object]:
    more = {name: getattr(job, name) for name in ("size", "started_at", "run_id", "progress")}
    return {**status.described(job, ()), **more}


def _poster(job: Job, front: Front, request: Request) -> str | None:
    return f"{prefix(job.media_id, front, request)}/poster" if job.revision else None


def _playback(job: Job, front: Front, request: Request) -> shapes.Playback | None:
    platform = front.platform
    manifest = published(job.media_id, shelf=platform.shelf, codec=platform.manifest_codec)
    if manifest is None:
        return None
    at = prefix(job.media_id, front, request)
    return shapes.Playback(
        expires_at=_until(front),
        manifest=addressed(manifest, lambda path: f"{at}/{path}"),
        original=f"{at}/original",
        mp4=f"{at}/download.mp4" if manifest.hls or manifest.mp4 else None,
    )


def _until(front: Front) -> datetime:
    return front.platform.now() + timedelta(hours=front.platform.settings.playback_hours)
