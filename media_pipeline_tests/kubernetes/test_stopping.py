"""Runs are stopped from where sensors run, over the API server alone: no pod runs here."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from media_pipeline.defs.upkeep import insist
from media_pipeline.domain.errors import Unavailable
from media_pipeline.infrastructure import run_pods
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG, DagsterEngine, stopped
from media_pipeline_tests.instance import QUEUE, new_instance
from media_pipeline_tests.kubernetes.chart import instance, values
from media_pipeline_tests.kubernetes.cluster import HOST, NAMESPACE, Cluster
from media_pipeline_tests.kubernetes.objects import Refused
from media_pipeline_tests.kubernetes.rights import Rights

pytestmark = pytest.mark.slow

STARTED, CANCELING, CANCELED = (dg.DagsterRunStatus(word) for word in ("STARTED", "CANCELING", "CANCELED"))


@contextmanager
def engine_of(account: str, still: Cluster) -> Iterator[tuple[DagsterEngine, dg.DagsterInstance]]:
    """The engine in a process that has this account."""
    launcher = instance(values(), namespace=NAMESPACE)["run_launcher"]
    with still.account(account), new_instance({**QUEUE, "run_launcher": launcher}) as made:
        yield DagsterEngine(made), made


def a_run(made: dg.DagsterInstance, still: Cluster, status: dg.DagsterRunStatus = STARTED) -> str:
    """A run over a media, and its Job."""
    run = dg.DagsterRun(job_name="process_upload", status=status, tags={"dagster/partition": "m", VERSION_TAG: "v"})
    made.add_run(run)
    name = f"dagster-run-{run.run_id}"
    labels = {"dagster/run-id": run.run_id}
    pod = {"restartPolicy": "Never", "containers": [{"name": "dagster", "image": "i"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"backoffLimit": 0, "template": template}
    still.objects.create_job({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec})
    return run.run_id


def status(made: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = made.get_run_by_id(run_id)
    assert run is not None
    return run.status


@pytest.mark.parametrize("account", ["media-pipeline-code", "media-pipeline-gateway", "media-pipeline-engine"])
def test_who_may_stop_a_run_ends_its_pod(still: Cluster, account: str) -> None:
    with engine_of(account, still) as (engine, made):
        run_id = a_run(made, still)
        engine.stop(run_id)
        assert (still.objects.jobs, still.objects.pods) == ({}, {})
        assert status(made, run_id) is CANCELING  # until its pod says that it is over, or is not heard for long


def test_a_run_whose_job_is_gone_is_over(still: Cluster) -> None:
    with engine_of("media-pipeline-code", still) as (engine, made):
        run_id = a_run(made, still)
        still.objects.jobs.clear()
        still.objects.pods.clear()
        engine.stop(run_id)
        assert status(made, run_id) is CANCELED


@pytest.fixture
def deaf(still: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody answers, as where a network policy drops what is sent."""
    monkeypatch.setattr(run_pods, "_SECONDS", (0.05, 0.05))
    with socket.create_server((HOST, 0)) as silent:
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(silent.getsockname()[1]))
        yield


def left_alone(account: str, still: Cluster) -> None:
    with engine_of(account, still) as (engine, made):
        run_id = a_run(made, still)
        with pytest.raises(Unavailable, match="cannot be reached"):
            engine.stop(run_id)
        engine.cancel("m", "v")  # its steps ask the catalogue
        run = made.get_run_by_id(run_id)
        assert run is not None
        assert (run.status, stopped(run), len(still.objects.jobs)) == (STARTED, False, 1)


@pytest.mark.parametrize("account", ["media-pipeline-step", "nobody"])
def test_without_a_right_or_a_token_a_run_is_left_as_it_is(still: Cluster, account: str) -> None:
    left_alone(account, still)


def test_where_nobody_answers_a_run_is_left_as_it_is(still: Cluster, deaf: None) -> None:
    left_alone("media-pipeline-code", still)


def test_a_run_whose_job_stays_is_not_taken_for_cancelled(still: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster does so two minutes after it was told to end for the last time."""

    def busy(*_: object) -> None:
        raise Refused(500, "InternalError", "etcd is busy")

    def insisted() -> tuple[dg.DagsterRunStatus, int, int]:
        before = told()
        insist(engine, made, before=datetime.now(UTC) + timedelta(minutes=1))
        return status(made, run_id), len(still.objects.jobs), told() - before

    def told() -> int:
        return len(made.all_logs(run_id, of_type=dg.DagsterEventType.RUN_CANCELING))

    with engine_of("media-pipeline-code", still) as (engine, made):
        run_id = a_run(made, still)
        with monkeypatch.context() as within:
            within.setattr(still.objects, "delete_job", busy)
            with pytest.raises(Unavailable, match="cannot be reached"):
                engine.stop(run_id)
            state, jobs, events = insisted()
            assert (state, jobs, events > 0) == (CANCELING, 1, True)
            within.setattr(still.api, "rights", Rights([]))  # nobody is known any more
            assert insisted() == (CANCELING, 1, 1)
        assert insisted()[:2] == (CANCELING, 0)
        assert insisted()[:2] == (CANCELED, 0)


def test_a_run_that_a_person_ends_is_not_said_to_be_stopped_by_us(still: Cluster) -> None:
    with engine_of("media-pipeline-code", still) as (engine, made):
        run_id = a_run(made, still, CANCELING)
        insist(engine, made, before=datetime.now(UTC) + timedelta(minutes=1))
        run = made.get_run_by_id(run_id)
        assert run is not None
        assert (still.objects.jobs, stopped(run)) == ({}, False)
