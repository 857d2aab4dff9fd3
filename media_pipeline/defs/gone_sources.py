"""Sources that were deleted: what was made from them goes too, should the policy say so."""

import json
import time
from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from media_pipeline.application.withdraw import withdraw
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import MediaError, Missing
from media_pipeline.domain.job import Job, JobState
from media_pipeline.infrastructure import telemetry
from media_pipeline.infrastructure.dagster_engine import DagsterEngine

A_TICK = 500
"""sources looked for at a tick"""
_SECONDS = 40  # of the minute after which Dagster gives a tick up
_SUSPICIOUS = 20
"""so many sources gone and none there: then the store is not what it was, and nothing is believed"""
_log = telemetry.log("gone_sources")


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks for the source of every media now and then, a portion at a time, so that a deletion nobody told "
    "of is noticed: its outputs are withdrawn.",
)
def gone_sources(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    """The cursor holds when the pass began, and where it is; None when it is through."""
    if platform.settings.on_source_deleted == "keep":
        return dg.SkipReason("sources may be deleted: outputs are kept")
    now = platform.now()
    began, after = json.loads(context.cursor) if context.cursor else (now.isoformat(), ["", ""])
    if after is None:
        if now - datetime.fromisoformat(began) < platform.settings.gone_sources_rest:
            return dg.SkipReason("every source was looked for a while ago")
        began, after = now.isoformat(), ["", ""]
    place = (datetime.fromisoformat(after[0]), after[1]) if after[0] else None
    jobs = platform.catalogue.jobs(after=place, limit=A_TICK)
    looked, gone = _looked(jobs, platform)
    withdrawn = sum(source_gone(job.media_id, context.instance, platform) for job in gone)
    through = len(jobs) < A_TICK and len(looked) == len(jobs)
    last = looked[-1].place if looked else place
    there = [last[0].isoformat(), last[1]] if last else ["", ""]
    context.update_cursor(json.dumps([began, None if through else there]))
    return dg.SkipReason(f"{len(looked)} sources looked for, {withdrawn} gone")


def source_gone(media_id: str, instance: dg.DagsterInstance, platform: Platform) -> bool:
    """Somebody says that the source of a media is gone: by the policy its outputs are withdrawn, if that is so. Whether
    they were. A media that is not known is none."""
    p = platform
    if p.settings.on_source_deleted == "keep":
        return False
    try:
        return withdraw(
            media_id, store=p.store, shelf=p.shelf, catalogue=p.catalogue, codec=p.manifest_codec, now=p.now(),
            engine=DagsterEngine(instance),
        )  # fmt: skip
    except Missing:
        return False


def _looked(jobs: Sequence[Job], platform: Platform) -> tuple[list[Job], list[Job]]:
    """Those of the jobs there was time for, and which of their sources are not there."""
    until = time.monotonic() + _SECONDS
    looked: list[Job] = []
    gone: list[Job] = []
    there = 0
    for job in jobs:
        if time.monotonic() > until:
            break
        if job.bucket == platform.settings.uploads_bucket and _has_outputs(job):
            try:
                platform.store.head(job.bucket, job.key)
                there += 1
            except Missing:
                gone.append(job)
            except MediaError as trouble:
                _log.warning("the store does not answer: the pass goes on later", extra={"reason": trouble.message})
                break
        looked.append(job)
    if len(gone) >= _SUSPICIOUS and not there:
        _log.error("not one of these sources is there: is this the right store? Nothing is withdrawn",
                   extra={"sources": len(gone)})  # fmt: skip
        return looked, []
    return looked, gone


def _has_outputs(job: Job) -> bool:
    """A removed job that still shows a revision was not removed to the end."""
    return job.state is not JobState.REMOVED or bool(job.revision)
