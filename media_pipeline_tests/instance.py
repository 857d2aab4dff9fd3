"""Dagster instances for tests. Making the tables of one takes longer than most tests: they are made once and copied.

Events are kept in memory: on disk every run gets a file with tables of its own, which costs a second a run.
"""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

QUEUE = {"run_coordinator": {"module": "dagster._core.run_coordinator", "class": "QueuedRunCoordinator"}}
"""Runs wait in a queue, which nobody works off."""
_EVENTS = {"module": "dagster._core.storage.event_log", "class": "InMemoryEventLogStorage"}


@contextmanager
def new_instance(overrides: dict[str, Any] | None = None) -> Iterator[dg.DagsterInstance]:
    """An instance that has seen nothing yet, with these sections of a dagster.yaml; gone afterwards."""
    with tempfile.TemporaryDirectory() as home:
        furnish(Path(home))
        sections = {"event_log_storage": _EVENTS, **(overrides or {})}
        with dg.instance_for_test(overrides=sections, temp_dir=home) as instance:
            yield instance


def furnish(home: Path) -> None:
    """The tables of an instance that has seen nothing yet, as SQLite has them, in a DAGSTER_HOME."""
    shutil.copytree(_with_tables(), home, dirs_exist_ok=True)


@cache
def _with_tables() -> Path:
    home = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, home)
    with dg.instance_for_test(temp_dir=str(home)) as instance:
        instance.get_runs()
        instance.get_asset_keys()
        instance.get_dynamic_partitions("uploads")
        instance.all_instigator_state()
    (home / "dagster.yaml").unlink()
    return home
