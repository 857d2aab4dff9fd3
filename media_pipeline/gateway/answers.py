"""Jobs as the API shows them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request

from media_pipeline.application import status
from media_pipeline.application.publish import published
from media_pipeline.domain.attempt import Attempt
from media_pipeline.domain.job import Job, TaskState
from media_pipeline.domain.manifest import addressed
from media_pipeline.domain.signature import signed
from media_pipeline.gateway import shapes
from media_pipeline.gateway.front import Front

PLAY = "play"
"""what a token of playback is for"""


def summary(job: Job, front: Front, request: Request) -> shapes.Media:
    """Without anything that asks the store."""
    return shapes.Media.model_validate(_facts(job, (), front, request))


def detail(job: Job, front: Front, request: Request) -> shapes.MediaDetail:
    catalogue = front.platform.catalogue
    facts = _facts(job, catalogue.attempts(job.media_id, job.version), front, request)
    shown = status.shown(catalogue.versions(job.media_id))
    return shapes.MediaDetail.model_validate(facts | {"shown": shown, "playback": _playback(job, front, request)})


def prefix(media_id: str, front: Front, request: Request) -> str:
    """Where the files of a media are found for a while: its playlists' own names, relative, keep the prefix."""
    return _prefix(media_id, _until(front), front, request)


def _facts(job: Job, attempts: Sequence[Attempt], front: Front, request: Request) -> dict[str, Any]:
    return status.described(job, attempts) | {
        "title": job.title.encode(errors="replace").decode(),  # a file's name may hold bytes that are no text
        "size": job.size,
        "started_at": job.started_at,
        "run_id": job.run_id,
        "progress": job.progress,
        "poster": f"{prefix(job.media_id, front, request)}/poster" if _has_poster(job) else None,
    }


def _has_poster(job: Job) -> bool:
    """Sound has none, and a job of such a profile neither."""
    return job.revision > 0 and any(task.name == "thumbnails" and task.state is TaskState.DONE for task in job.tasks)


def _playback(job: Job, front: Front, request: Request) -> shapes.Playback | None:
    platform = front.platform
    manifest = published(job.media_id, shelf=platform.shelf, codec=platform.manifest_codec)
    if manifest is None:
        return None
    until = _until(front)
    at = _prefix(job.media_id, until, front, request)
    return shapes.Playback(
        expires_at=until,
        manifest=addressed(manifest, lambda path: f"{at}/{path}"),
        original=f"{at}/original",
        mp4=f"{at}/download.mp4" if manifest.hls or manifest.mp4 else None,
    )


def _prefix(media_id: str, until: datetime, front: Front, request: Request) -> str:
    base = front.platform.settings.gateway_url or str(request.base_url)
    return f"{base.rstrip('/')}/v1/play/{media_id}/{signed(front.secret, PLAY, media_id, expires_at=until)}"


def _until(front: Front) -> datetime:
    until = front.platform.now() + timedelta(hours=front.platform.settings.playback_hours)
    return until.replace(microsecond=0)  # whole seconds are signed
