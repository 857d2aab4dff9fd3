"""Which queued jobs Dagster is asked to run next. Its queue is kept short: what waits in the catalogue can still be
overtaken, what waits there has its place."""

from collections import Counter
from collections.abc import Sequence

import dagster as dg

from media_pipeline.application.ports.engine import Engine
from media_pipeline.defs.one_pod import IN_ONE_POD, one_pod_tags
from media_pipeline.defs.partitions import ORIGIN_TAG, RUN_KEY_TAG, TRACE_TAG, all_tags, lane, run_key
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.fairness import Lane, chosen, turns
from media_pipeline.domain.job import Job, Origin
from media_pipeline.infrastructure import pods, tracing
from media_pipeline.infrastructure.dagster_engine import CHUNK_TAG
from media_pipeline.infrastructure.settings import Settings

MOST_A_TICK = 25
"""runs asked for at once: submitting one costs a quarter of a second"""
MOST_WAITING = 25
"""runs in Dagster's queue, beyond which only who has none there is asked for"""
_LOOKED_AT = 200
_SENSOR_TAG, _SENSOR = "dagster/sensor_name", "new_uploads"  # Dagster asks a run key of the same sensor's runs alone
_WAITING = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED]
_RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def requests(instance: dg.DagsterInstance, platform: Platform) -> list[dg.RunRequest]:
    """One run for each job whose turn it is. Registering comes before asking, so whoever dies in between is made good
    at the next tick."""
    line = platform.catalogue.line(platform.inbox.bucket, limit=_LOOKED_AT, now=platform.now())
    jobs = _not_asked_for(line, instance)
    waiting = _lanes(instance, _WAITING)
    ranked = turns(jobs, waiting + _lanes(instance, _RUNNING))
    asked = chosen(ranked, waiting, room=MOST_WAITING - waiting.total(), most=MOST_A_TICK)
    return [_request(job, priority, platform.settings) for job, priority in asked]


def asked_at_once(job: Job, instance: dg.DagsterInstance, platform: Platform, engine: Engine) -> str | None:
    """The run of a job that is not to wait for the next tick; None where the queue is full, and it stands in line, as
    does one that runs in one pod, which the sensor's requests alone can say. Its tags are those of the sensor's run:
    whoever asks second finds that it was asked for."""
    waiting = _lanes(instance, _WAITING)
    ranked = turns([job], waiting + _lanes(instance, _RUNNING))
    for one, priority in chosen(ranked, waiting, room=MOST_WAITING - waiting.total(), most=1):
        request = _request(one, priority, platform.settings)
        if request.run_config:
            return None
        tags = {**request.tags, RUN_KEY_TAG: str(request.run_key), _SENSOR_TAG: _SENSOR}
        return engine.launch(one.media_id, one.version, assets=None, tags=tags)
    return None


def _request(job: Job, priority: int, settings: Settings) -> dg.RunRequest:
    alone = settings.executor == "k8s" and job.size <= settings.one_pod_bytes
    facts = {tracing.MEDIA_ID: job.media_id, tracing.VERSION: job.version}
    with tracing.span("run requested", facts, kind="producer", parent=job.trace):
        trace = tracing.traceparent()
    return dg.RunRequest(
        run_key=run_key(job.media_id, job.version),
        partition_key=job.media_id,
        run_config=IN_ONE_POD if alone else None,
        tags={
            **all_tags(job, Lane.of(job), priority, tenancy=settings.tenancy),
            **({TRACE_TAG: trace} if trace else {}),
            **(one_pod_tags(pods.load(settings.pods), job) if alone else {}),
        },
    )


def _not_asked_for(jobs: Sequence[Job], instance: dg.DagsterInstance) -> list[Job]:
    wanted = [run_key(j.media_id, j.version) for j in jobs]
    if not wanted:
        return []
    found = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: wanted}))
    # A run that was made and not queued is the daemon's, who may have died of it: asked for again, it is taken up.
    asked = {run.tags[RUN_KEY_TAG] for run in found if run.status is not dg.DagsterRunStatus.NOT_STARTED}
    return [job for job, key in zip(jobs, wanted, strict=True) if key not in asked]


def _lanes(instance: dg.DagsterInstance, statuses: list[dg.DagsterRunStatus]) -> Counter[Lane]:
    """How many runs over whole uploads that we asked for have one of these statuses, by lane."""
    ours = dg.RunsFilter(statuses=statuses, tags={ORIGIN_TAG: [origin.value for origin in Origin]})
    return Counter(lane(run.tags) for run in instance.get_runs(ours) if CHUNK_TAG not in run.tags)
