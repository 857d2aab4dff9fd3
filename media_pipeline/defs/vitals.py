"""How Dagster is: what a watcher from outside asks of its instance. A handful of reads, each by an index."""

from collections.abc import Collection
from datetime import datetime

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorState, SensorInstigatorData, TickStatus
from sqlalchemy.exc import SQLAlchemyError

from media_pipeline.domain.census import Pulse, Vitals
from media_pipeline.domain.errors import QuarantineCode, Unavailable

_UNDER_WAY = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
_NEVER = float("inf")


def vitals(instance: dg.DagsterInstance, sensors: Collection[str], *, now: datetime) -> Vitals:
    """Of these sensors; one that has not ticked yet is absent, a daemon that was never heard of is infinitely late.
    Raises Unavailable(STORE_UNAVAILABLE)."""
    try:
        beats = instance.get_daemon_heartbeats()
        return Vitals(
            runs={s.value: instance.get_runs_count(dg.RunsFilter(statuses=[s])) for s in _UNDER_WAY},
            sensors={s.instigator_name: _pulse(s, instance, now) for s in _ticked(instance, sensors)},
            daemons={
                kind: Pulse(now.timestamp() - beats[kind].timestamp if kind in beats else _NEVER)
                for kind in instance.get_required_daemon_types()
            },
        )
    except (SQLAlchemyError, dg.DagsterError) as error:
        message = "Dagster's history does not answer."
        raise Unavailable(QuarantineCode.STORE_UNAVAILABLE, message, detail=str(error)) from error


def _ticked(instance: dg.DagsterInstance, names: Collection[str]) -> list[InstigatorState]:
    """The states of sensors that ticked once, those last that ticked last: a sensor of an earlier deployment may have
    the same name."""
    states = instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
    return sorted((s for s in states if s.instigator_name in names and _at(s)), key=_at)


def _at(state: InstigatorState) -> float:
    data = state.instigator_data
    return (isinstance(data, SensorInstigatorData) and data.last_tick_timestamp) or 0.0


def _pulse(state: InstigatorState, instance: dg.DagsterInstance, now: datetime) -> Pulse:
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
    return Pulse(max(0.0, now.timestamp() - _at(state)), any(t.status is TickStatus.FAILURE for t in ticks))
