"""`media-pipeline remove`: the right to be forgotten."""

from media_pipeline.application.remove import remove
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.receipt import Receipt
from media_pipeline.infrastructure.dagster_engine import DagsterEngine, instance


def erased(platform: Platform, media_id: str, *, with_source: bool) -> Receipt:
    """Erase a media everywhere, also from what Dagster remembers. Raises Missing, Conflict."""
    with instance(platform.settings.dagster_home) as dagster:
        return remove(
            media_id, with_source=with_source, store=platform.store, shelf=platform.shelf,
            catalogue=platform.catalogue, uploads=platform.uploads, engine=DagsterEngine(dagster), now=platform.now(),
        )  # fmt: skip
