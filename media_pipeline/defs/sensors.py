"""Sensors discover and tidy; they never process."""

import json
import time
from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from media_pipeline.application.publish import publish
from media_pipeline.application.reconcile import reconcile
from media_pipeline.application.register import arrived, settled, unknown
from media_pipeline.application.settle import close
from media_pipeline.defs.jobs import process_upload
from media_pipeline.defs.partitions import VERSION_TAG, run_key, tags, uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import MediaError, Missing, QuarantineCode
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.run import Run
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure import telemetry
from media_pipeline.infrastructure.dagster_engine import STOPPED_TAG, DagsterEngine, cause

MOST_A_TICK = 25
"""runs asked for at once: submitting one costs a quarter of a second"""
_QUEUED_LOOKED_AT = 1000
_RECONCILED_A_TICK = 500
_RECONCILING_SECONDS = 40  # of the minute after which Dagster gives a tick up
_log = telemetry.log("sensors")


@dg.sensor(
    job=process_upload,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Finds new and overwritten files in the inbox and asks for one run each. Files that are still being "
    "written are left alone until two listings agree.",
)
def new_uploads(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult:
    """Lists everything, so the order of keys and times does not matter; what is known, the catalogue knows."""
    seen = json.loads(context.cursor) if context.cursor else {}
    listed = platform.store.list(platform.settings.uploads_bucket)
    complete, waiting = settled(listed, seen=seen, now=platform.now(), settle_seconds=platform.settings.settle_seconds)
    engine = DagsterEngine(context.instance, version_tag=VERSION_TAG)
    for obj in unknown(complete, catalogue=platform.catalogue):
        arrived(
            obj, profile=platform.profile, store=platform.store, catalogue=platform.catalogue, engine=engine,
            now=platform.now(),
        )  # fmt: skip
    jobs = _without_run(context.instance, platform)[:MOST_A_TICK]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=run_key(job.media_id, job.version),
                partition_key=job.media_id,
                tags=tags(job.key, version=job.version, profile=job.profile),
            )
            for job in jobs
        ],
        dynamic_partitions_requests=[uploads.build_add_request([j.media_id for j in jobs])] if jobs else [],
        cursor=json.dumps(waiting),
        skip_reason=None if jobs else dg.SkipReason(f"nothing new; {len(waiting)} still being written"),
    )


def _without_run(instance: dg.DagsterInstance, platform: Platform) -> list[Job]:
    """Queued jobs that no run was asked for yet, oldest first. Registering comes before asking, so a sensor that dies
    in between is made good at the next tick."""
    queued = platform.catalogue.jobs(state=JobState.QUEUED, limit=_QUEUED_LOOKED_AT)
    mine = [j for j in reversed(queued) if j.run_id is None and j.bucket == platform.settings.uploads_bucket]
    wanted = [run_key(j.media_id, j.version) for j in mine]
    if not wanted:
        return []
    found = instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": wanted}))
    asked = {run.tags["dagster/run_key"] for run in found}
    return [job for job, key in zip(mine, wanted, strict=True) if key not in asked]


@dg.run_failure_sensor(
    monitored_jobs=[process_upload],
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="A failed run leaves no task open in the catalogue.",
)
def settle_failed(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    if context.dagster_run.tags.get("dagster/will_retry") != "true":
        _settle(context.dagster_run, platform, code=cause(context.dagster_run, context.failure_event.message or ""))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.CANCELED,
    monitored_jobs=[process_upload],
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="A cancelled run leaves no task open in the catalogue.",
)
def settle_cancelled(context: dg.RunStatusSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    if STOPPED_TAG not in context.dagster_run.tags:
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
    queue = platform.catalogue.jobs(state=JobState.QUEUED, after=place, limit=_RECONCILED_A_TICK)
    jobs = [*platform.catalogue.unsettled(limit=_RECONCILED_A_TICK), *queue]
    history = DagsterEngine(context.instance, version_tag=VERSION_TAG)
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
            upload, recipes=p.recipes, results=p.results, shelf=p.shelf, catalogue=p.catalogue, codec=p.codec,
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
