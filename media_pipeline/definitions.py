"""The code location on one page."""

import dagster as dg

from media_pipeline.defs import ai_tags, console, publication, source, stream, subtitles, thumbnails, traces, transcodes
from media_pipeline.defs.chunks import encode_chunk_job
from media_pipeline.defs.execution import executor
from media_pipeline.defs.gone_sources import gone_sources
from media_pipeline.defs.jobs import process_upload
from media_pipeline.defs.redrive import redrive_job
from media_pipeline.defs.resources import Platform, from_environment
from media_pipeline.defs.sensors import new_uploads, reconciled, settle_cancelled, settle_failed
from media_pipeline.defs.upkeep import archived, collect_garbage, collected, watchdog


def build(platform: Platform) -> dg.Definitions:
    """Everything Dagster knows of this platform."""
    recipes = platform.recipes
    return dg.Definitions(
        assets=[
            source.source,
            transcodes.build(recipes),
            stream.build(recipes),
            thumbnails.build(recipes),
            subtitles.build(recipes),
            ai_tags.build(recipes),
            publication.publication,
        ],
        jobs=[process_upload, encode_chunk_job, redrive_job, collect_garbage],
        schedules=[collected],
        sensors=[
            *(new_uploads, settle_failed, settle_cancelled, reconciled, gone_sources, watchdog, archived),
            *(traces.sensors() if platform.settings.traced else ()),
        ],
        resources={"platform": platform},
        executor=executor(platform),
        loggers={console.KEY: console.json_lines} if platform.settings.json_logs else None,
    )


defs = build(from_environment())
