"""Sensors discover and tidy; they never process."""

import json
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import dagster as dg

from media_pipeline.application.discover import discover
from media_pipeline.application.inbox import Place
from media_pipeline.application.publish import publish
from media_pipeline.application.reconcile import reconcile
from media_pipeline.application.settle import close
from media_pipeline.defs.arrivals import taken_up
from media_pipeline.defs.asking import requests
from media_pipeline.defs.gone_sources import source_gone
from media_pipeline.defs.jobs import process_upload
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import MediaError, Missing, QuarantineCode
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.run import Run
from media_pipeline.domain.search import Filter
from media_pipeline.domain.upload import StoredObject, Upload, media_id
from media_pipeline.infrastructure import telemetry
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG, DagsterEngine, cause, is_over, stopped

_DISCOVERY = timedelta(seconds=30)  # of the minute after which Dagster gives a tick up
_RECONCILED_A_TICK = 500
_RECONCILING_SECONDS = 40  # of the minute after which Dagster gives a tick up
_log = telemetry.log("sensors")


@dg.sensor(
    job=process_upload,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Finds new and overwritten uploads, by messages and by listing, and asks for one run each: live work "
    "before imports, tenants in turn, the small before the large.",
)
def new_uploads(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult:
    """What was found is in the catalogue before a run is asked for, and before its message is done."""
    found = discover(
        platform.inbox, Place.read(context.cursor), store=platform.store, queue=platform.hints,
        catalogue=platform.catalogue, register=partial(_arrived, context.instance, platform),
        withdraw=partial(_gone, context.instance, platform), now=platform.now, until=platform.now() + _DISCOVERY,
    )  # fmt: skip
    for trouble in found.troubles:
        _log.warning(trouble.message, extra={"detail": trouble.detail})
    asked = requests(context.instance, platform)
    return dg.SensorResult(
        run_requests=asked,
        dynamic_partitions_requests=[uploads.build_add_request([str(r.partition_key) for r in asked])] if asked else [],
        cursor=found.place.as_text(),
        skip_reason=None if asked else dg.SkipReason(f"nothing to ask for; {found}"),
    )


def _arrived(instance: dg.DagsterInstance, platform: Platform, obj: StoredObject) -> Job:
    return taken_up(obj, platform, DagsterEngine(instance))


def _gone(instance: dg.DagsterInstance, platform: Platform, key: str) -> None:
    source_gone(media_id(platform.inbox.bucket, key), instance, platform)


@dg.run_failure_sensor(
    monitored_jobs=[process_upload],
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="A failed run leaves no task open in the catalogue.",
)
def settle_failed(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    if is_over(context.dagster_run, context.instance):
        _settle(context.dagster_run, platform, code=cause(context.dagster_run, context.failure_event.message or ""))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.CANCELED,
    monitored_jobs=[process_upload],
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="A cancelled run leaves no task open in the catalogue.",
)
def settle_cancelled(context: dg.RunStatusSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    if not stopped(context.dagster_run):
        _settle(context.dagster_run, platform, cancelled=True)


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Repairs the catalogue from the history of runs: whatever a crash or a lost write left open, and no "
    "run works on any more, comes to an end.",
)
def reconciled(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    """Everything begun at every tick; of a long queue a portion, going on from the cursor at the next."""
    after = json.loads(context.cursor) if context.cursor else None
    place = (datetime.fromisoformat(after[0]), after[1]) if after else None
    queue = platform.catalogue.jobs(Filter(state=JobState.QUEUED), after=place, limit=_RECONCILED_A_TICK)
    jobs = [*platform.catalogue.unsettled(limit=_RECONCILED_A_TICK), *queue]
    history = DagsterEngine(context.instance)
    runs = history.runs({j.media_id for j in jobs})
    until, repaired = time.monotonic() + _RECONCILING_SECONDS, 0
    for job in jobs:
        if time.monotonic() > until:
            break
        repaired += _reconcile(job, runs.get(job.media_id, ()), history, platform) != job
    else:  # all were looked at
        more = len(queue) == _RECONCILED_A_TICK
        context.update_cursor(json.dumps([queue[-1].received_at.isoformat(), queue[-1].media_id]) if more else "")
    return dg.SkipReason(f"{repaired} of {len(jobs)} open jobs repaired")


def _reconcile(job: Job, runs: Sequence[Run], history: DagsterEngine, platform: Platform) -> Job:
    """One job's trouble is logged, and leaves the others their turn."""
    p = platform

    def publish_(upload: Upload, complete: bool) -> object:
        return publish(
            upload, recipes=p.recipes, results=p.results, shelf=p.shelf, catalogue=p.catalogue, codec=p.manifest_codec,
            now=p.now, complete=complete,
        )  # fmt: skip

    try:
        return reconcile(
            job, runs, catalogue=p.catalogue, history=history, results=p.results, publish=publish_, now=p.now
        )
    except MediaError as trouble:
        _log.warning("a job is not reconciled", extra={"media_id": job.media_id, "reason": trouble.message})
        return job


def _settle(
    run: dg.DagsterRun, platform: Platform, *, cancelled: bool = False, code: QuarantineCode = QuarantineCode.INTERNAL
) -> None:
    """Tidy up after a run that is over, unless the job is a newer run's by now."""
    media_id = run.tags.get("dagster/partition")
    if media_id is None:
        return
    try:
        job = platform.catalogue.job(media_id, run.tags.get(VERSION_TAG))
    except Missing:
        return  # a run of a partition that somebody made by hand: there is no job to tidy
    if job.run_id in {None, run.run_id}:
        if cancelled and platform.catalogue.move(
            media_id, job.version, JobState.CANCELLED, seen=job, at=platform.now()
        ):
            job = platform.catalogue.job(media_id, job.version)
        close(job, catalogue=platform.catalogue, code=code, now=platform.now())
