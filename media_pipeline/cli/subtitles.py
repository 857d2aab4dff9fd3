"""`media-pipeline subtitles set` and `unset`: a person's own track, published at once."""

from pathlib import Path

from media_pipeline.application.edit_subtitles import edit_subtitles, withdraw_edit
from media_pipeline.application.publish import publish
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.captions import BadSubtitles
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.media import TextKind
from media_pipeline.domain.upload import Upload


def put(platform: Platform, job: Job, file: Path, *, language: str, kind: TextKind) -> str:
    """Keep a file as the track of its language and kind, and say what came of it. Raises BadSubtitles."""
    if job.state in {JobState.REJECTED, JobState.REMOVED}:
        raise BadSubtitles(f"{job.media_id} is {job.state}: there is nothing to show subtitles with.")
    upload = _upload(job)
    with platform.scratch("subtitles") as scratch:
        track = edit_subtitles(
            upload, file.read_bytes(), language=language, kind=kind, results=platform.results, shelf=platform.shelf,
            packager=platform.packager, scratch=scratch,
        )  # fmt: skip
    return f"{job.media_id}: {track.cues} cues of {track.language} {track.kind} kept; {_published(platform, job)}"


def take_back(platform: Platform, job: Job, *, language: str, kind: TextKind) -> str:
    """What the runs made shows again, if anything. Raises BadSubtitles where no person set such a track."""
    if not withdraw_edit(_upload(job), language=language, kind=kind, results=platform.results):
        raise BadSubtitles(f"Nobody has set {kind} in {language} for {job.media_id}.")
    return f"{job.media_id}: {language} {kind} taken back; {_published(platform, job)}"


def _upload(job: Job) -> Upload:
    return Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)


def _published(platform: Platform, job: Job) -> str:
    p = platform
    manifest = publish(
        _upload(job), recipes=p.recipes, results=p.results, shelf=p.shelf, catalogue=p.catalogue,
        codec=p.manifest_codec, now=p.now, complete=job.state is JobState.READY,
    )  # fmt: skip
    return f"revision {manifest.revision}" if isinstance(manifest, Manifest) else "shown once the media is playable"
