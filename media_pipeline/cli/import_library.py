"""`media-pipeline import`: an existing bucket, at a pace."""

import time
from collections.abc import Callable
from functools import partial

from media_pipeline.application.import_library import Imported, import_library
from media_pipeline.defs.arrivals import taken_up
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.job import Origin
from media_pipeline.domain.upload import StoredObject
from media_pipeline.infrastructure.dagster_engine import DagsterEngine, instance

_TOLD_EVERY_SECONDS = 1.0


def run(
    platform: Platform, prefix: str, *, per_minute: int, dry_run: bool, tell: Callable[[Imported], None]
) -> Imported:
    """Import what is under a prefix; `tell` hears about once a second how far it is. A dry run registers nothing."""
    with instance(platform.settings.dagster_home) as dagster:
        engine = DagsterEngine(dagster)
        steps = import_library(
            prefix, platform.inbox, store=platform.store, catalogue=platform.catalogue,
            register=_nothing if dry_run else partial(_register, platform, engine),
            pace=_no_pace if dry_run else partial(time.sleep, 60 / per_minute),
        )  # fmt: skip
        far, told = Imported(), time.monotonic()
        for far in steps:
            if time.monotonic() - told >= _TOLD_EVERY_SECONDS:
                tell(far)
                told = time.monotonic()
        return far


def sentence(far: Imported, *, dry_run: bool) -> str:
    new = f"{far.new:,} {'would be imported' if dry_run else 'imported'} ({far.new_bytes / 1e9:,.1f} GB)"
    archived = f", {far.archived:,} archived (restore them first)" if far.archived else ""
    return f"{far.seen:,} objects seen: {new}, {far.known:,} known, {far.no_uploads:,} no uploads{archived}"


def _register(platform: Platform, engine: DagsterEngine, obj: StoredObject) -> None:
    taken_up(obj, platform, engine, origin=Origin.IMPORT)


def _nothing(obj: StoredObject) -> None:
    """A dry run."""


def _no_pace() -> None:
    """Nobody has to wait where nothing is done."""
