"""Upkeep: what keeps a deployment going and small without a hand."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import dagster as dg

from media_pipeline.application.watch import watch
from media_pipeline.defs.jobs import process_upload
from media_pipeline.defs.partitions import RESUMED_TAG, VERSION_TAG
from media_pipeline.defs.redrive import tags_of
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import MediaError, Missing
from media_pipeline.domain.job import Job
from media_pipeline.infrastructure import telemetry
from media_pipeline.infrastructure.dagster_engine import DagsterEngine

_A_TICK = 500
_SECONDS = 40  # of the minute after which Dagster gives a tick up
_log = telemetry.log("upkeep")


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Stops runs of which nothing is heard any more, and has others take their place.",
)
def watchdog(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    assert context.repository_def is not None
    graph = context.repository_def.get_job(process_upload.name)
    engine = DagsterEngine(context.instance, version_tag=VERSION_TAG, graph=graph)
    p, jobs = platform, platform.catalogue.unsettled(limit=_A_TICK)
    for media_id in engine.at_work() - {job.media_id for job in jobs}:
        with suppress(Missing):  # of a partition that somebody made by hand
            jobs.append(p.catalogue.job(media_id))

    def watched(job: Job) -> str | None:
        return watch(
            job, catalogue=p.catalogue, history=engine, engine=engine, results=p.results,
            tags={**tags_of(job), RESUMED_TAG: "true"}, patience=timedelta(seconds=p.settings.stall_seconds),
            now=p.now(),
        )  # fmt: skip

    done = each(jobs, watched)
    return dg.SkipReason(f"{len(jobs)} looked at. {' '.join(done)}")


def each(jobs: list[Job], act: Callable[[Job], str | None]) -> list[str]:
    """Act on jobs while there is time, and say what was done. One's trouble is logged, and leaves the others their
    turn."""
    until, done = time.monotonic() + _SECONDS, []
    for job in jobs:
        if time.monotonic() > until:
            break
        try:
            if said := act(job):
                done.append(f"{job.media_id}: {said}.")
                _log.warning("a job without progress", extra={"media_id": job.media_id, "done": said})
        except MediaError as trouble:
            _log.warning("a job is not looked after", extra={"media_id": job.media_id, "reason": trouble.message})
    return done
