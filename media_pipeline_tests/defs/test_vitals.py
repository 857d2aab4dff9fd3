"""What Dagster's instance tells a watcher."""

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from media_pipeline.defs.vitals import vitals
from media_pipeline.domain.census import Pulse
from media_pipeline.domain.errors import Unavailable
from media_pipeline_tests.instance import new_instance

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dg.job
def nothing() -> None: ...


def test_runs_are_counted_until_they_are_over() -> None:
    with new_instance() as instance:
        for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS):
            instance.create_run_for_job(nothing, status=status)
        told = vitals(instance, (), now=NOW).runs
    assert told == {"NOT_STARTED": 0, "QUEUED": 0, "STARTING": 0, "STARTED": 2, "CANCELING": 0}


def test_a_daemon_is_as_old_as_its_last_word() -> None:
    with new_instance() as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(NOW.timestamp() - 30, "SENSOR", "one"))
        told = vitals(instance, (), now=NOW).daemons
    assert told["SENSOR"] == Pulse(30.0)
    assert told["SCHEDULER"] == Pulse(float("inf"))


def test_a_history_that_is_away_is_unavailable() -> None:
    with new_instance() as instance:
        pass
    with pytest.raises(Unavailable):
        vitals(instance, (), now=NOW)
