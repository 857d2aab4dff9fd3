"""publication: closes the job. Everything the profile asks for is in the manifest; the media is ready."""

import dagster as dg

from media_pipeline.defs import metadata
from media_pipeline.defs.failures import RETRIES
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import step
from media_pipeline.domain import keys
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.profile import fingerprint
from media_pipeline.domain.results import NotMade

ASSET = "publication"


@dg.asset(
    name=ASSET,
    deps=["stream", "thumbnails", "subtitles", "ai_tags"],
    partitions_def=uploads,
    group_name="publication",
    kinds={"json"},
    owners=["team:media"],
    code_version=fingerprint(ASSET),
    retry_policy=RETRIES,
    op_tags={"dagster/priority": "1"},
    description="media.json, complete: the contract with every player and frontend.",
)
def publication(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]
    with step(context, platform, [ASSET]) as at:
        manifest = at.publish(complete=True)
        if isinstance(manifest, NotMade):
            raise Unavailable(QuarantineCode.INTERNAL, f"There is nothing to publish: {manifest.reason}.")
        at.report.done(ASSET, fingerprint(ASSET))
        address = at.address(keys.manifest(manifest.id))
        return dg.MaterializeResult(metadata=metadata.manifest(manifest, address=address))
