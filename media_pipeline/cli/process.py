"""`process`: files in, published media out, by the same asset graph, in this process, on the same instance."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg

from media_pipeline.application import status
from media_pipeline.application.publish import published
from media_pipeline.application.register import register, tasks
from media_pipeline.application.settle import settle
from media_pipeline.defs import traces
from media_pipeline.defs.partitions import RUN_KEY_TAG, TRACE_TAG, run_key, tags, uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.domain import keys
from media_pipeline.domain.errors import BadMedia, Missing, QuarantineCode, RejectionCode, Unavailable
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.manifest import Manifest
from media_pipeline.domain.profile import Profile
from media_pipeline.infrastructure import tracing
from media_pipeline.infrastructure.settings import FILES

EXIT_REJECTED, EXIT_QUARANTINED = 1, 2
_POLL_SECONDS = 0.5

Watch = Callable[[Job], None]
"""Is shown the job now and then while it is worked on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one file."""

    file: str
    job: Job | None
    error: dict[str, str] | None
    manifest: Manifest | None
    manifest_path: str | None
    seconds: float

    @property
    def state(self) -> JobState:
        if self.job:
            return self.job.state
        rejected = self.error and self.error["code"] in set(RejectionCode)
        return JobState.REJECTED if rejected else JobState.QUARANTINED

    def as_json(self, plain: Callable[[Manifest], Any]) -> dict[str, Any]:
        """The line that `--json` prints."""
        return {
            "file": self.file,
            "id": self.job.media_id if self.job else None,
            "state": str(self.state),
            "error": self.error,
            "tasks": status.tasks(self.job) if self.job else [],
            "manifest_path": self.manifest_path,
            "manifest": plain(self.manifest) if self.manifest else None,
            "seconds": round(self.seconds, 3),
        }


def process(
    path: Path,
    profile: Profile,
    *,
    platform: Platform,
    graph: dg.JobDefinition,
    instance: dg.DagsterInstance,
    watch: Watch,
) -> Answer:
    """Make everything the profile asks for of one file. A bad file is an answer, not an exception; an interrupt
    cancels the job and passes on."""
    began = time.monotonic()
    with tracing.span("process") as told:
        try:
            job = _registered(path, profile, platform)
        except (BadMedia, Unavailable) as fault:
            told.failed(fault.code)
            error = {"code": str(fault.code), "message": fault.message}
            return Answer(str(path), None, error, None, None, time.monotonic() - began)
        told.note({tracing.MEDIA_ID: job.media_id})
        job = _run(job, profile, platform=platform, graph=graph, instance=instance, watch=watch)
    watch(job)
    manifest = published(job.media_id, shelf=platform.shelf, codec=platform.manifest_codec)
    mine = manifest if manifest and manifest.version == job.version else None
    where = platform.store.url(platform.settings.media_bucket, keys.manifest(job.media_id)) if mine else None
    return Answer(str(path), job, status.error(job), mine, where, time.monotonic() - began)


def exit_code(answers: Sequence[Answer]) -> int:
    """2 if any was quarantined, else 1 if any was rejected, else 0: what can be played counts as a success."""
    states = {a.state for a in answers}
    if JobState.QUARANTINED in states:
        return EXIT_QUARANTINED
    return EXIT_REJECTED if JobState.REJECTED in states else 0


def _registered(path: Path, profile: Profile, platform: Platform) -> Job:
    """Raises BadMedia SOURCE_GONE or UNREADABLE."""
    try:
        if path.is_dir():
            raise BadMedia(RejectionCode.UNREADABLE, "This is a directory; name the files in it.")
        obj = platform.store.head(FILES, str(path.resolve()).lstrip("/"))
    except Missing as gone:
        raise BadMedia(RejectionCode.SOURCE_GONE, "There is no such file.") from gone
    return register(obj, profile=profile, catalogue=platform.catalogue, now=platform.now())


def _run(
    job: Job,
    profile: Profile,
    *,
    platform: Platform,
    graph: dg.JobDefinition,
    instance: dg.DagsterInstance,
    watch: Watch,
) -> Job:
    """Run the graph in a thread of its own, so that an interrupt is ours: Dagster would answer it with a retry. The
    job is cancelled, its steps notice at their next progress and clean up, and then the interrupt passes on."""
    run_id, trace = str(uuid4()), tracing.traceparent()
    instance.add_dynamic_partitions(uploads.name or "", [job.media_id])
    platform.catalogue.restart(
        job.media_id, job.version, run_id=run_id, profile=profile.name, tasks=tasks(profile), fresh=True,
        at=platform.now(),
    )  # fmt: skip
    with ThreadPoolExecutor(1) as worker:
        done = worker.submit(
            graph.execute_in_process,
            instance=instance,
            partition_key=job.media_id,
            run_id=run_id,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={
                RUN_KEY_TAG: run_key(job.media_id, job.version),
                **tags(job.key, version=job.version, profile=profile.name),
                **({TRACE_TAG: trace} if trace else {}),
            },
        )
        try:
            while not wait([done], timeout=_POLL_SECONDS).done:
                watch(platform.catalogue.job(job.media_id, job.version))
        except KeyboardInterrupt:
            platform.catalogue.move(job.media_id, job.version, JobState.CANCELLED, at=platform.now())
            wait([done])
            _settled(job, platform)
            raise
    done.result()
    traces.tell(run_id, instance)
    return _settled(job, platform)


def _settled(job: Job, platform: Platform) -> Job:
    return settle(
        job.media_id, job.version, catalogue=platform.catalogue, code=QuarantineCode.INTERNAL, now=platform.now()
    )
