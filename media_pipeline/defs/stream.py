"""stream: HLS and DASH over the same CMAF files. From here on the media is playable."""

import dagster as dg

from media_pipeline.defs import metadata
from media_pipeline.defs.failures import RETRIES
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import step
from media_pipeline.defs.transcodes import PREFIX
from media_pipeline.domain import quality
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import AudioTracks

ASSET = "stream"


def build(recipes: Recipes) -> dg.AssetsDefinition:
    """The asset that depends on every rung of a deployment."""

    @dg.asset(
        name=ASSET,
        deps=[*(dg.AssetKey([PREFIX, rung]) for rung in recipes.rungs), dg.AssetKey("audio")],
        check_specs=metadata.check_specs([ASSET], quality.CHECKS[ASSET]),
        partitions_def=uploads,
        group_name="delivery",
        kinds={"hls", "dash"},
        owners=["team:media"],
        code_version=fingerprint(*recipes.stream.values()),
        retry_policy=RETRIES,
        op_tags={"dagster/priority": "7"},
        description="HLS and DASH playlists over one set of CMAF files, by Shaka Packager.",
    )
    def stream(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with step(context, platform, [ASSET]) as at:
            source = at.source()
            profile = platform.recipes.profiles[source.profile]
            value, renditions, audio = at.package(source)
            at.keep(ASSET, value)
            at.publish()
            recipe = platform.recipes.stream[profile.stream]
            heard = audio if isinstance(audio, AudioTracks) else None
            checks = quality.stream(value, renditions, heard, recipe)
            return dg.MaterializeResult(
                metadata=metadata.stream(value, hls=at.address(value.hls), dash=at.address(value.dash)),
                check_results=metadata.check_results([ASSET], quality.CHECKS[ASSET], checks),
            )

    return stream
