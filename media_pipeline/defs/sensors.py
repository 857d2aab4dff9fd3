"""Sensors discover and tidy; they never process."""

import json

import dagster as dg

from media_pipeline.application.register import register, settled, unknown
from media_pipeline.application.settle import settle
from media_pipeline.defs.jobs import process_upload
from media_pipeline.defs.partitions import VERSION_TAG, run_key, tags, uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import Missing, QuarantineCode
from media_pipeline.domain.job import Job, JobState

MOST_A_TICK = 25
"""runs asked for at once: submitting one costs a quarter of a second"""
_QUEUED_LOOKED_AT = 1000


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
    for obj in unknown(complete, catalogue=platform.catalogue):
        register(obj, profile=platform.profile, catalogue=platform.catalogue, now=platform.now())
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
        _settle(context.dagster_run, platform)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.CANCELED,
    monitored_jobs=[process_upload],
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,
    description="A cancelled run leaves no task open in the catalogue.",
)
def settle_cancelled(context: dg.RunStatusSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    _settle(context.dagster_run, platform, cancelled=True)


def _settle(run: dg.DagsterRun, platform: Platform, *, cancelled: bool = False) -> None:
    """Tidy up after a run that is over, unless the job is a newer run's by now."""
    media_id = run.tags.get("dagster/partition")
    if media_id is None:
        return
    try:
        job = platform.catalogue.job(media_id, run.tags.get(VERSION_TAG))
    except Missing:
        return  # a run of a partition that somebody made by hand: there is no job to tidy
    if job.run_id in {None, run.run_id}:
        if cancelled:
            platform.catalogue.move(media_id, job.version, JobState.CANCELLED, at=platform.now())
        settle(media_id, job.version, catalogue=platform.catalogue, code=QuarantineCode.INTERNAL, now=platform.now())
