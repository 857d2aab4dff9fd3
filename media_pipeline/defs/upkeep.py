"""Upkeep: what keeps a deployment going and small without a hand."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import dagster as dg

from media_pipeline.application.collect import Swept, collect
from media_pipeline.application.uploading import expire
from media_pipeline.application.watch import watch
from media_pipeline.defs.console import CONFIG
from media_pipeline.defs.jobs import process_upload
from media_pipeline.defs.partitions import RESUMED_TAG, all_tags, uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.archive import oldest
from media_pipeline.domain.errors import MediaError, Missing, Unavailable
from media_pipeline.domain.fairness import Lane
from media_pipeline.domain.job import Job
from media_pipeline.domain.run import RETRY_GRACE
from media_pipeline.domain.upload import StoredObject
from media_pipeline.infrastructure import telemetry
from media_pipeline.infrastructure.dagster_engine import DagsterEngine, forget
from media_pipeline.infrastructure.scratch import stale_scratch

_A_TICK = 500
_FOLDED_A_TICK = 20_000
_ENDING = timedelta(seconds=65)
"""a step's pod has a minute for it"""
_REMEMBERED = timedelta(days=30)
"""uploads that came to nothing; quotas ask of the last day"""
_SECONDS = 40  # of the minute after which Dagster gives a tick up
_log = telemetry.log("upkeep")


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Stops runs of which nothing is heard any more, and has others take their place, and that of runs that "
    "lost their worker and that Dagster could not start again.",
)
def watchdog(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    assert context.repository_def is not None
    graph = context.repository_def.get_job(process_upload.name)
    engine = DagsterEngine(context.instance, graph=graph)
    if platform.settings.executor == "k8s":
        insist(engine, context.instance, before=platform.now() - _ENDING)
    p, jobs = platform, platform.catalogue.unsettled(limit=_A_TICK)
    others = engine.at_work() | engine.broken_off(since=p.now() - RETRY_GRACE)
    for media_id in others - {job.media_id for job in jobs}:
        with suppress(Missing):  # of a partition that somebody made by hand
            jobs.append(p.catalogue.job(media_id))

    def watched(job: Job) -> str | None:
        lane = Lane.of(job)
        tags = all_tags(job, lane, lane.priority(0), tenancy=p.settings.tenancy)
        return watch(
            job, catalogue=p.catalogue, history=engine, engine=engine, results=p.results,
            tags={**tags, RESUMED_TAG: "true"}, patience=timedelta(seconds=p.settings.stall_seconds),
            now=p.now(),
        )  # fmt: skip

    done = each(jobs, watched)
    return dg.SkipReason(f"{len(jobs)} looked at. {' '.join(done)}")


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Finished media leave Dagster's set of live partitions when it is too large, the oldest first, and "
    "their runs some time later. The catalogue knows them as before; processed again, they are back. Adds up what the "
    "catalogue has counted.",
)
def archived(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult:
    s, instance = platform.settings, context.instance
    live = instance.get_dynamic_partitions(str(uploads.name))
    going = DagsterEngine(instance).going_on()
    surplus = len(live) - s.live_partitions
    finished = platform.catalogue.over_since(set(live) - going) if surplus > 0 else {}
    leaving = oldest(finished, min(surplus, _A_TICK))
    before = platform.now() - timedelta(days=s.keep_runs_days)
    cursor, forgotten = forget(instance, keep=set(live), before=before, cursor=context.cursor or None)
    platform.figures.fold(most=_FOLDED_A_TICK)
    requests = [uploads.build_delete_request(leaving)] if leaving else []
    return dg.SensorResult(
        dynamic_partitions_requests=requests,
        cursor=cursor or "",
        skip_reason=dg.SkipReason(f"{len(leaving)} of {len(live)} media leave; {forgotten} runs forgotten"),
    )


@dg.op(description="Deletes what no manifest names, after a time of grace.")
def sweep(context: dg.OpExecutionContext, platform: dg.ResourceParam[Platform]) -> None:
    for swept in garbage_of(platform, context.instance, delete=True):
        context.log.info(f"{swept.media_id}: {len(swept.objects)} objects, {swept.bytes} bytes")


@dg.job(
    name="collect_garbage",
    config=CONFIG,
    executor_def=dg.in_process_executor,
    description="Sweeps the media bucket and the scratch directory: the same as `media-pipeline gc --delete`.",
)
def collect_garbage() -> None:
    sweep()


collected = dg.ScheduleDefinition(
    name="collected",
    job=collect_garbage,
    cron_schedule="17 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The garbage collector, every night.",
)


def garbage_of(platform: Platform, instance: dg.DagsterInstance, *, delete: bool) -> Iterator[Swept]:
    """What nothing names any more, media by media, then uploads whose time is up and what is left in scratch; deleted
    if asked."""
    before = platform.now() - timedelta(seconds=platform.settings.gc_grace_seconds)
    engine = DagsterEngine(instance)
    yield from collect(
        shelf=platform.shelf, catalogue=platform.catalogue, history=engine, before=before, delete=delete
    )  # fmt: skip
    media = platform.settings.media_bucket
    # Where uploads arrive in the same bucket, somebody may still be sending.
    unfinished = () if platform.inbox.shared else tuple(platform.store.unfinished(media, before=before, delete=delete))
    if unfinished:
        yield Swept("unfinished", unfinished)
    yield from _incomplete(platform, delete=delete)
    stale = tuple(stale_scratch(platform.settings.scratch_dir, before=before, delete=delete))
    if stale:
        yield Swept("scratch", stale)


def _incomplete(platform: Platform, *, delete: bool) -> Iterator[Swept]:
    """Uploads that nobody completed in time; and on this machine what is left of those that nobody knows of."""
    p, settings = platform, platform.settings
    for session in expire(uploads=p.uploads, intake=p.intake, store=p.store, now=p.now(), delete=delete):
        gone = StoredObject(session.bucket, session.key, "", session.announced.size, session.created_at)
        yield Swept(session.id, (gone,))
    if delete:
        p.uploads.forget_unsent(p.now() - _REMEMBERED)
    before = p.now() - 2 * timedelta(hours=settings.upload_expires_hours)
    stale = tuple(stale_scratch(settings.receiving, before=before, delete=delete))
    if stale:
        yield Swept("receiving", stale)


def insist(engine: DagsterEngine, instance: dg.DagsterInstance, *, before: datetime) -> None:
    """Tell the runs to end once more that were told so before then and have not: a pod may be there that could not be
    deleted. As long as nobody can be asked about them, Dagster is kept from taking them for cancelled."""
    reached = True
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.CANCELING], updated_before=before)):
        try:
            if reached:
                engine.stop(run.run_id)
        except Unavailable as trouble:
            reached = False
            _log.warning("a run does not end", extra={"run_id": run.run_id, "reason": trouble.detail})
        if not reached:
            instance.report_run_canceling(run, message="Its pod cannot be reached: it is tried again.")


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
