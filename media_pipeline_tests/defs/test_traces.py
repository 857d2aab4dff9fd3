"""The trace of an upload, from whoever receives it to the run that is asked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from media_pipeline.definitions import build
from media_pipeline.defs import traces
from media_pipeline.defs.partitions import TRACE_TAG, all_tags
from media_pipeline.defs.sensors import new_uploads
from media_pipeline.domain.fairness import Lane
from media_pipeline.infrastructure import tracing
from media_pipeline_tests import builders as a
from media_pipeline_tests.collector import Collector, collecting
from media_pipeline_tests.instance import new_instance
from media_pipeline_tests.platform import platform

ABOVE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dg.job
def nothing() -> None: ...


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as here:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", here.endpoint)
        tracing.start()
        yield here
        tracing.stop()


def asked(home: Path, *names: str) -> list[dg.RunRequest]:
    here = platform(home)
    for name in names:
        file = here.settings.inbox / name
        file.write_bytes(name.encode())
        os.utime(file, (0, 0))
    with new_instance() as instance:
        result = new_uploads(dg.build_sensor_context(instance=instance, resources={"platform": here}))
    assert isinstance(result, dg.SensorResult)
    return list(result.run_requests or [])


def test_each_upload_has_a_trace_of_its_own_which_its_run_goes_on_with(tmp_path: Path, collector: Collector) -> None:
    tagged = {str(r.partition_key): r.tags[TRACE_TAG] for r in asked(tmp_path, "one.mp4", "two.mp4")}
    tracing.flush()
    received = {s.facts[tracing.MEDIA_ID]: s for s in collector.named("upload received")}
    requested = {s.facts[tracing.MEDIA_ID]: s for s in collector.named("run requested")}
    assert len(received) == len(requested) == len({s.trace for s in received.values()}) == 2
    for media_id, span in requested.items():
        assert (span.trace, span.parent) == (received[media_id].trace, received[media_id].id)
        *ids, flags = tagged[media_id].split("-")
        assert (ids, int(flags, 16) & 1) == (["00", span.trace, span.id], 1)


def test_without_traces_no_run_carries_one(tmp_path: Path) -> None:
    (request,) = asked(tmp_path, "one.mp4")
    assert TRACE_TAG not in request.tags
    assert not [s for s in build(platform(tmp_path)).sensors or () if s.name.startswith("traced")]


def test_whoever_asks_again_goes_on_with_the_trace_of_the_upload() -> None:
    job = a.job(trace=ABOVE)
    assert all_tags(job, Lane.of(job), 0, tenancy=False)[TRACE_TAG] == ABOVE


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE])
def test_a_run_is_told_of_when_it_is_over(collector: Collector, status: dg.DagsterRunStatus) -> None:
    with new_instance() as instance:
        run = instance.create_run_for_job(
            nothing, status=status, tags={TRACE_TAG: ABOVE, "dagster/partition": "clip-1"}
        )
        traces.tell(run.run_id, instance)
        traces.tell("forgotten", instance)
    tracing.flush()
    (span,) = collector.spans
    assert (span.name, span.trace, span.parent) == ("run nothing", ABOVE[3:35], ABOVE[36:52])
    assert span.id == tracing.of_run(run.run_id, ABOVE)[36:52]
    assert span.facts[tracing.MEDIA_ID] == "clip-1"
    assert span.error is (status is dg.DagsterRunStatus.FAILURE)


@pytest.mark.parametrize("job", ["process_upload", "encode_chunk"])
def test_runs_over_uploads_and_over_parts_are_told_of(tmp_path: Path, collector: Collector, job: str) -> None:
    repository = build(platform(tmp_path)).get_repository_def()
    sensor = repository.get_sensor_def("traced_success")
    with new_instance() as instance:

        def tick(cursor: str | None) -> str | None:
            told = dg.build_sensor_context(instance=instance, repository_def=repository, cursor=cursor)
            return sensor.evaluate_tick(told).cursor

        cursor = tick(None)
        run = instance.create_run(
            job_name=job, run_id=None, run_config=None, status=dg.DagsterRunStatus.STARTED, tags={TRACE_TAG: ABOVE},
            root_run_id=None, parent_run_id=None, step_keys_to_execute=None, execution_plan_snapshot=None,
            job_snapshot=None, parent_job_snapshot=None, asset_selection=None, asset_check_selection=None,
            resolved_op_selection=None, op_selection=None, remote_job_origin=None, job_code_origin=None,
            asset_graph=repository.asset_graph,
        )  # fmt: skip
        over = dg.DagsterEvent(event_type_value=dg.DagsterEventType.PIPELINE_SUCCESS.value, job_name=job)
        instance.report_dagster_event(over, run_id=run.run_id)
        tick(cursor)
    tracing.flush()
    assert [span.name for span in collector.spans] == [f"run {job}"]
