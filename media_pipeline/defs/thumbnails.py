"""thumbnails: poster, storyboard sprite and its WebVTT."""

import dagster as dg

from media_pipeline.application import reuse
from media_pipeline.application.thumbnails import thumbnails as make
from media_pipeline.defs import metadata
from media_pipeline.defs.failures import RETRIES
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import step
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import NotMade, Thumbnails
from media_pipeline.infrastructure import pictures

ASSET = "thumbnails"


def build(recipes: Recipes) -> dg.AssetsDefinition:
    @dg.asset(
        name=ASSET,
        deps=["source"],
        partitions_def=uploads,
        group_name="discovery",
        kinds={"ffmpeg", "jpeg", "webp"},
        owners=["team:media"],
        code_version=fingerprint(*recipes.thumbnails.values()),
        retry_policy=RETRIES,
        op_tags={"dagster/priority": "6"},
        description="A poster that shows something, a storyboard sprite for scrubbing, and a short preview that moves.",
    )
    def thumbnails(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with step(context, platform, [ASSET]) as at:
            source = at.source()
            value = reuse.result(ASSET, Thumbnails, source, among=at.others) or make(
                source, recipes=platform.recipes, store=platform.store, shelf=at.shelf, tool=platform.tool,
                choose=pictures.best, sheet=pictures.sheet, scratch=at.scratch,
            )  # fmt: skip
            at.keep(ASSET, value)
            if isinstance(value, NotMade):
                return dg.MaterializeResult(metadata=metadata.not_made(value.reason))
            at.publish()
            read, bucket = platform.store.read, platform.settings.media_bucket
            poster, board = read(bucket, value.poster)[0], read(bucket, value.storyboard_images[0])[0]
            facts = metadata.thumbnails(value, poster=poster, storyboard=board, preview=at.address(value.preview))
            return dg.MaterializeResult(metadata=facts)

    return thumbnails
