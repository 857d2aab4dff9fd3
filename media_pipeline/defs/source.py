"""source: identity, admission, probe."""

import dagster as dg

from media_pipeline.application.admit import admit
from media_pipeline.application.uploading import promised
from media_pipeline.defs import metadata
from media_pipeline.defs.failures import RETRIES
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import step
from media_pipeline.domain.profile import fingerprint

ASSET = "source"


@dg.asset(
    name=ASSET,
    partitions_def=uploads,
    group_name="ingest",
    kinds={"ffprobe"},
    owners=["team:media"],
    code_version=fingerprint(ASSET),
    retry_policy=RETRIES,
    op_tags={"dagster/priority": "9"},
    description="The admitted bytes of one upload: what they are, and that they may be looked at.",
)
def source(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]
    with step(context, platform, [ASSET]) as at:
        profile = platform.recipes.profiles[at.job.profile]
        value = admit(
            at.upload, profile, limits=platform.settings.limits, store=platform.store, tool=platform.tool,
            scratch=at.scratch, promised=promised(at.upload, uploads=platform.uploads), language=at.job.language,
        )  # fmt: skip
        at.keep(ASSET, value)
        at.recognise(value)
        return dg.MaterializeResult(metadata=metadata.source(value))
