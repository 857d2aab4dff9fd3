"""Dagster as the Engine port, and as the way a process runs the graph by itself."""

import logging
import os
import shutil
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import dagster as dg
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT, JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from media_pipeline.domain.errors import Conflict, Missing, QuarantineCode, Unavailable
from media_pipeline.domain.run import BROKEN_OFF, GOING_ON, Run, RunState
from media_pipeline.infrastructure.pod_endings import told_of
from media_pipeline.infrastructure.run_pods import reach, unreachable

PACKAGED_CONFIG = Path(__file__).parent.parent / "dagster.yaml"
VERSION_TAG = "media_pipeline/version"
CHUNK_TAG = "media_pipeline/chunk_of"
"""of a run that encodes a part of a media's picture; it is of no partition"""
STOPPED_TAG = "media_pipeline/stopped"
"""of a run that we ended, and no person: its own id, because a re-execution has the tags of its parent"""
_MODULE, _LOCATION = "media_pipeline.definitions", "media_pipeline"  # as workspace.yaml has it
_RUNS_LOOKED_AT = 10
_FORGOTTEN_AT_ONCE = 200  # 41 ms each
_log = logging.getLogger(__name__)
_PARTITION = "dagster/partition"
_CHUNK = 200  # media asked for at once
_ENDING_SECONDS, _POLL_SECONDS = 30, 0.25
_TRIES = 3
_STATES = {
    dg.DagsterRunStatus.NOT_STARTED: RunState.MADE,
    dg.DagsterRunStatus.QUEUED: RunState.QUEUED,
    dg.DagsterRunStatus.STARTING: RunState.UNDERWAY,
    dg.DagsterRunStatus.STARTED: RunState.UNDERWAY,
    dg.DagsterRunStatus.CANCELING: RunState.UNDERWAY,
    dg.DagsterRunStatus.SUCCESS: RunState.SUCCEEDED,
    dg.DagsterRunStatus.FAILURE: RunState.FAILED,
    dg.DagsterRunStatus.CANCELED: RunState.CANCELLED,
}
_WILL_RETRY = "dagster/will_retry"
_REASON = "dagster/failure_reason"
_OF_OUR_CODE = {"STEP_FAILURE", "RUN_EXCEPTION", "JOB_INITIALIZATION_FAILURE"}
_CONSUMED = (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_SUCCESS)
_CHECKOUT_CONFIG = Path(__file__).parent.parent.parent / "dagster.yaml"


def prepare_home(home: Path) -> Path:
    """Make `home` a DAGSTER_HOME with our dagster.yaml, unless it holds one that somebody changed. Returns it."""
    home.mkdir(parents=True, exist_ok=True)
    ours = _CHECKOUT_CONFIG if _CHECKOUT_CONFIG.exists() else PACKAGED_CONFIG
    there = home / "dagster.yaml"
    marker = home / ".dagster.yaml.shipped"  # what we put there last time: anything else is a person's
    if not there.exists() or (marker.exists() and there.read_bytes() == marker.read_bytes()):
        for target in (there, marker):
            shutil.copyfile(ours, target)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


@contextmanager
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The one instance of this machine: what runs here shows in `dagster dev`."""
    prepare_home(home)
    with dg.DagsterInstance.get() as found:
        yield found


def seed(home: Path) -> None:
    """Tell a new instance where its daemon begins to read events, which it otherwise warns about."""
    with instance(home) as found:
        keys = {f"EVENT_LOG_CONSUMER_CURSOR-{kind.value}" for kind in _CONSUMED}
        cursors = found.daemon_cursor_storage
        missing = keys - set(cursors.get_cursor_values(keys))
        if missing:
            cursors.set_cursor_values(dict.fromkeys(missing, "0"))


def forget(
    instance: dg.DagsterInstance, *, keep: Collection[str], before: datetime, cursor: str | None
) -> tuple[str | None, int]:
    """Delete finished runs that are over no media to be kept, last changed before then, with all their events: of a
    portion, oldest first, going on from a cursor. The cursor to go on from (None: begin again), and how many went."""
    over = dg.RunsFilter(statuses=[s for s, state in _STATES.items() if state not in GOING_ON], updated_before=before)
    runs = instance.get_runs(over, cursor=cursor, limit=_FORGOTTEN_AT_ONCE, ascending=True)
    gone = [r.run_id for r in runs if r.tags.get(_PARTITION) not in keep]
    last = next((r.run_id for r in reversed(runs) if r.run_id not in gone), cursor)  # a cursor is a run that is there
    for run_id in gone:
        instance.delete_run(run_id)
    return (last if len(runs) == _FORGOTTEN_AT_ONCE else None), len(gone)


class DagsterEngine:
    """The Engine and History ports over an instance. `partitions` is the name of the dynamic partitions that the media
    are, `graph` the job that `launch` asks for."""

    def __init__(
        self,
        instance: dg.DagsterInstance,
        *,
        partitions: str = "uploads",
        graph: dg.JobDefinition | None = None,
    ) -> None:
        self._instance = instance
        self._partitions = partitions
        self._graph = graph

    def cancel(self, media_id: str, version: str) -> None:
        """A worker that cannot be reached hears of it from the catalogue, or is lost."""
        tags = {_PARTITION: media_id, VERSION_TAG: version}
        for run in self._instance.get_runs(dg.RunsFilter(tags=tags)):
            if run.is_finished:
                continue
            try:
                self._reach(run)
                self._end(run)
            except Unavailable as trouble:
                _log.warning("a worker cannot be reached", extra={"run_id": run.run_id, "reason": trouble.detail})

    def launch(self, media_id: str, version: str, *, assets: Collection[str] | None, tags: Mapping[str, str]) -> str:
        """Made by the instance alone, without asking a code server: it works beside a daemon, and before one runs.
        Assets that the recipes do not name any more are left out; Missing where that is all of them."""
        if self._graph is None:
            raise ValueError("an engine without a graph launches nothing")
        selected = None if assets is None else {dg.AssetKey(a.split("/")) for a in assets} & _assets(self._graph)
        if selected is not None and not selected:
            raise Missing("The recipes do not name any of what is missing.", detail=", ".join(assets or ()))
        self._instance.add_dynamic_partitions(self._partitions, [media_id])
        job, code = _origins(self._instance, self._graph.name)
        run = self._instance.create_run_for_job(
            self._graph,
            asset_selection=selected,
            run_config=self._graph.get_run_config_for_partition_key(media_id),
            tags={**tags, _PARTITION: media_id, VERSION_TAG: version},
            remote_job_origin=job,
            job_code_origin=code,
        )
        self._instance.run_coordinator.submit_run(SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]
        return run.run_id

    def stop(self, run_id: str) -> None:
        """A run without a worker is over. One whose worker may be there and cannot be asked to end goes on. One that is
        ending already is told so again, and stays whose it was."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return
        self._reach(run)
        if run.status is not dg.DagsterRunStatus.CANCELING:
            self._instance.add_run_tags(run_id, {STOPPED_TAG: run_id})
        ending = self._end(run)
        after = self._instance.get_run_by_id(run_id)
        if after and not ending and not after.is_finished:
            self._instance.report_run_canceled(after, "The worker showed no sign of life.")

    def _reach(self, run: dg.DagsterRun) -> None:
        """Raises Unavailable when the worker of a run is a pod that nobody can end from here."""
        launcher = None if self._instance.is_ephemeral else self._instance.get_ref().run_launcher_data
        if launcher and launcher.module_name == "dagster_k8s" and run.status is not dg.DagsterRunStatus.QUEUED:
            reach(lambda: self._instance.run_launcher, run.run_id)

    def _end(self, run: dg.DagsterRun) -> bool:
        """Tell the worker to end, or take the run out of the queue; False where there is no worker. One on this machine
        that nobody can reach any more is taken for dead. Raises Unavailable where the pod could not be ended."""
        try:
            for _ in range(_TRIES):
                told: bool | None = self._instance.run_coordinator.cancel_run(run.run_id)
                if told is not None:  # which is the launcher's word for an error of Kubernetes
                    return told
        except (dg.DagsterError, DagsterUserCodeUnreachableError) as gone:
            _log.warning("a worker cannot be reached", extra={"run_id": run.run_id, "reason": str(gone)})
            return False
        raise unreachable(run.run_id, "its pod could not be deleted")

    def forget(self, media_id: str) -> int:
        """Waits half a minute for runs to end. What the instance keeps of ticks of sensors is left to its retention."""
        until, runs = time.monotonic() + _ENDING_SECONDS, self._over(media_id)
        for run in runs:
            self.stop(run.run_id)
        while not all(run.is_finished for run in self._over(media_id)):
            if time.monotonic() > until:
                raise Conflict("A run is still ending: ask again in a moment.")
            time.sleep(_POLL_SECONDS)
        for run in runs:
            self._instance.compute_log_manager.delete_logs(prefix=[run.run_id])
            self._instance.delete_run(run.run_id)
        self._instance.wipe_asset_cached_status(self._instance.get_asset_keys())  # it names partitions
        self._instance.delete_dynamic_partition(self._partitions, media_id)
        return len(runs)

    def runs(self, media_ids: Collection[str]) -> dict[str, list[Run]]:
        found: dict[str, list[Run]] = {}
        asked = sorted(media_ids)
        for start in range(0, len(asked), _CHUNK):
            tags = {_PARTITION: asked[start : start + _CHUNK]}
            for record in self._instance.get_run_records(dg.RunsFilter(tags=tags)):
                run = record.dagster_run
                found.setdefault(run.tags[_PARTITION], []).append(
                    Run(
                        run_id=run.run_id,
                        root=run.root_run_id or run.run_id,
                        version=run.tags.get(VERSION_TAG),
                        state=_state(run, self._instance),
                        retried=_retried(run, self._instance),
                        created_at=record.create_timestamp.astimezone(UTC),
                        updated_at=record.update_timestamp.astimezone(UTC),
                        code=cause(run),
                    )
                )
        return found

    def _over(self, media_id: str) -> list[dg.DagsterRun]:
        """Every run that works on a media, those on parts of it last."""
        by_tag = [dg.RunsFilter(tags={tag: media_id}) for tag in (_PARTITION, CHUNK_TAG)]
        return [run for runs in by_tag for run in self._instance.get_runs(runs)]

    def at_work(self) -> set[str]:
        return self._in({RunState.MADE, RunState.UNDERWAY})

    def going_on(self) -> set[str]:
        """The media that a run is at work on, or waits to be."""
        return self._in(GOING_ON)

    def broken_off(self, *, since: datetime) -> set[str]:
        """The media of runs that ended since then so that another is to take their place, by us, or by Dagster, which
        may forget it."""
        over = [dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE]
        ended = self._instance.get_runs(dg.RunsFilter(statuses=over, updated_after=since))
        runs = [r for r in ended if _state(r, self._instance) in BROKEN_OFF or _retried(r, self._instance)]
        return {run.tags[_PARTITION] for run in runs if _PARTITION in run.tags}

    def _in(self, states: Collection[RunState]) -> set[str]:
        statuses = [status for status, state in _STATES.items() if state in states]
        runs = self._instance.get_runs(dg.RunsFilter(statuses=statuses))
        return {run.tags[_PARTITION] for run in runs if _PARTITION in run.tags}

    def made(self, run_ids: Collection[str]) -> set[str]:
        logged = (self._instance.all_logs(r, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION) for r in run_ids)
        keys = (entry.get_dagster_event().asset_key for entry in chain.from_iterable(logged))
        return {"/".join(key.path) for key in keys if key}


def cause(run: dg.DagsterRun, said: str = "") -> QuarantineCode:
    """What ended a run that failed, by its tags and the words of its last event."""
    ours = run.tags.get(_REASON) in _OF_OUR_CODE or run.status is not dg.DagsterRunStatus.FAILURE
    return QuarantineCode.INTERNAL if ours else told_of(said)


def _assets(graph: dg.JobDefinition) -> set[dg.AssetKey]:
    return set(graph.asset_layer.selected_asset_keys)


def stopped(run: dg.DagsterRun) -> bool:
    """Whether we ended the run, or are about to."""
    return run.tags.get(STOPPED_TAG) == run.run_id


def is_over(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Whether no run takes the place of one that failed: neither Dagster's retry, nor, where a worker was lost and
    Dagster could not start that, ours."""
    return not _retried(run, instance) and _state(run, instance) is not RunState.LOST


def _retried(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Dagster says so by a tag, some moments after it says that the run failed."""
    decided = run.tags.get(_WILL_RETRY)
    if decided is None:
        return instance.run_retries_enabled and not run.is_success and run.status is not dg.DagsterRunStatus.CANCELED
    return decided == "true"


def _state(run: dg.DagsterRun, instance: dg.DagsterInstance) -> RunState:
    if run.status is dg.DagsterRunStatus.CANCELED and stopped(run):
        return RunState.STOPPED
    if (
        instance.run_retries_enabled
        and run.tags.get(_WILL_RETRY) == "false"
        and cause(run) is not QuarantineCode.INTERNAL
    ):
        return RunState.LOST
    return _STATES.get(run.status, RunState.UNDERWAY)


def beside(run: dg.DagsterRun, job: str, instance: dg.DagsterInstance) -> tuple[RemoteJobOrigin, JobPythonOrigin]:
    """Where a daemon finds the code of another job: where it found that of a run that is at work."""
    remote, code = _origins(instance, job)
    if run.remote_job_origin:
        remote = RemoteJobOrigin(run.remote_job_origin.repository_origin, job)
    if run.job_code_origin:
        code = JobPythonOrigin(job, run.job_code_origin.repository_origin)
    return remote, code


def _origins(instance: dg.DagsterInstance, job: str) -> tuple[RemoteJobOrigin, JobPythonOrigin]:
    """Where a daemon finds the code of a job, as its newest run had it; before the first, as our workspace has it."""
    image = os.environ.get("DAGSTER_CURRENT_IMAGE")
    for run in instance.get_runs(dg.RunsFilter(job_name=job), limit=_RUNS_LOOKED_AT):
        if run.remote_job_origin and run.job_code_origin:
            code = run.job_code_origin.repository_origin
            code = code._replace(container_image=image or code.container_image)
            return run.remote_job_origin, JobPythonOrigin(job, code)
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=_MODULE)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=_LOCATION)
    code = RepositoryPythonOrigin(
        sys.executable, ModuleCodePointer(_MODULE, "defs"), image, DEFAULT_DAGSTER_ENTRY_POINT, None
    )
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job), JobPythonOrigin(job, code)
