"""A run as a span. Nobody lives as long as a run does, come what may, so it is told of when it is over."""

from datetime import UTC, datetime

import dagster as dg

from media_pipeline.defs.chunks import encode_chunk_job
from media_pipeline.defs.jobs import process_upload
from media_pipeline.defs.partitions import TRACE_TAG
from media_pipeline.infrastructure import tracing
from media_pipeline.infrastructure.dagster_engine import CHUNK_TAG

_OVER = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED


def sensors() -> list[dg.SensorDefinition]:
    """One for each way in which a run ends. Only where traces are on."""
    return [_traced(status) for status in _OVER]


def tell(run_id: str, instance: dg.DagsterInstance) -> None:
    """The span of a run that is over: the one that its steps, wherever they ran, are parts of."""
    record = instance.get_run_record_by_id(run_id) if tracing.on() else None
    if record is None:  # or forgotten meanwhile
        return
    run, given = record.dagster_run, record.dagster_run.tags.get(TRACE_TAG)
    own = tracing.of_run(run_id, given)
    facts = {
        tracing.RUN_ID: run_id,
        tracing.MEDIA_ID: run.tags.get("dagster/partition") or run.tags.get(CHUNK_TAG, ""),
        "media_pipeline.run.status": run.status.value,
    }
    tracing.over(
        f"run {run.job_name}", own, parent=given if tracing.same_trace(own, given) else None,
        began=_at(record.start_time) or record.create_timestamp.astimezone(UTC),
        ended=_at(record.end_time) or record.update_timestamp.astimezone(UTC), facts=facts,
        failed=None if run.is_success else run.status.value,
    )  # fmt: skip


def _traced(status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name=f"traced_{status.value.lower()}",
        run_status=status,
        monitored_jobs=[process_upload, encode_chunk_job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=15,
        description="Tells the collector of traces of runs that are over.",
    )
    def traced(context: dg.RunStatusSensorContext) -> None:
        tell(context.dagster_run.run_id, context.instance)

    return traced


def _at(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
