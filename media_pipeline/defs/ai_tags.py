"""ai_tags: what is seen and read, and where the scenes are."""

import dagster as dg

from media_pipeline.application import reuse
from media_pipeline.application.tag import tag
from media_pipeline.defs import metadata
from media_pipeline.defs.failures import RETRIES
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import step
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import NotMade, Tags

ASSET = "ai_tags"


def build(recipes: Recipes) -> dg.AssetsDefinition:
    @dg.asset(
        name=ASSET,
        deps=["source"],
        partitions_def=uploads,
        group_name="discovery",
        kinds={"onnx"},
        owners=["team:media"],
        code_version=fingerprint(*recipes.vision.values()),
        retry_policy=RETRIES,
        pool="models",
        op_tags={"dagster/priority": "4"},
        description="Labels, on-screen text and scenes, each with times, confidence and the model that said it.",
    )
    def ai_tags(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with step(context, platform, [ASSET]) as at:
            source = at.source()
            value = reuse.result(ASSET, Tags, source, among=at.others) or tag(
                source, recipes=platform.recipes, store=platform.store, tool=platform.tool, eye=platform.eye,
                scratch=at.scratch, progress=at.progress,
            )  # fmt: skip
            at.keep(ASSET, value)
            if isinstance(value, NotMade):
                return dg.MaterializeResult(metadata=metadata.not_made(value.reason))
            at.publish()
            return dg.MaterializeResult(metadata=metadata.tags(value))

    return ai_tags
