"""Dagster as the Engine port, and as the way a process runs the graph by itself."""

import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC
from itertools import chain
from pathlib import Path

import dagster as dg

from media_pipeline.domain.errors import Conflict
from media_pipeline.domain.run import Run, RunState

PACKAGED_CONFIG = Path(__file__).parent.parent / "dagster.yaml"
_PARTITION = "dagster/partition"
_CHUNK = 200  # media asked for at once
_ENDING_SECONDS, _POLL_SECONDS = 30, 0.25
_ENDED = {
    dg.DagsterRunStatus.SUCCESS: RunState.SUCCEEDED,
    dg.DagsterRunStatus.FAILURE: RunState.FAILED,
    dg.DagsterRunStatus.CANCELED: RunState.CANCELLED,
}
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


class DagsterEngine:
    """The Engine and History ports over an instance. `version_tag` is the run tag that holds the object version,
    `partitions` the name of the dynamic partitions that the media are."""

    def __init__(self, instance: dg.DagsterInstance, *, version_tag: str, partitions: str = "uploads") -> None:
        self._instance = instance
        self._version_tag = version_tag
        self._partitions = partitions

    def cancel(self, media_id: str, version: str) -> None:
        tags = {_PARTITION: media_id, self._version_tag: version}
        for run in self._instance.get_runs(dg.RunsFilter(tags=tags)):
            if not run.is_finished:
                self._instance.run_coordinator.cancel_run(run.run_id)

    def forget(self, media_id: str) -> int:
        """Waits half a minute for runs to end. What the instance keeps of ticks of sensors is left to its retention."""
        mine = dg.RunsFilter(tags={_PARTITION: media_id})
        until, runs = time.monotonic() + _ENDING_SECONDS, list(self._instance.get_runs(mine))
        for run in runs:
            if not run.is_finished:
                self._instance.run_coordinator.cancel_run(run.run_id)
        while not all(run.is_finished for run in self._instance.get_runs(mine)):
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
                        version=run.tags.get(self._version_tag),
                        state=_ENDED.get(run.status, RunState.UNDERWAY),
                        retried=run.tags.get("dagster/will_retry") == "true",
                        created_at=record.create_timestamp.astimezone(UTC),
                        updated_at=record.update_timestamp.astimezone(UTC),
                    )
                )
        return found

    def made(self, run_ids: Collection[str]) -> set[str]:
        logged = (self._instance.all_logs(r, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION) for r in run_ids)
        keys = (entry.get_dagster_event().asset_key for entry in chain.from_iterable(logged))
        return {"/".join(key.path) for key in keys if key}
