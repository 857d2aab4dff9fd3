"""Dagster as the Engine port, and as the way a process runs the graph by itself."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

PACKAGED_CONFIG = Path(__file__).parent.parent / "dagster.yaml"
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
    """The Engine port over an instance. `version_tag` is the run tag that holds the object version."""

    def __init__(self, instance: dg.DagsterInstance, *, version_tag: str) -> None:
        self._instance = instance
        self._version_tag = version_tag

    def cancel(self, media_id: str, version: str) -> None:
        tags = {"dagster/partition": media_id, self._version_tag: version}
        for run in self._instance.get_runs(dg.RunsFilter(tags=tags)):
            if not run.is_finished:
                self._instance.run_coordinator.cancel_run(run.run_id)
