"""subtitles: what is said, as WebVTT, SRT and timed words."""

import dagster as dg

from media_pipeline.application.embedded_subtitles import RESULT, embedded_subtitles
from media_pipeline.application.subtitles import subtitles as make
from media_pipeline.defs import metadata
from media_pipeline.defs.failures import RETRIES
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import step
from media_pipeline.domain import quality
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import EmbeddedSubtitles, NotMade

ASSET = "subtitles"


def build(recipes: Recipes) -> dg.AssetsDefinition:
    @dg.asset(
        name=ASSET,
        deps=["source"],
        check_specs=[dg.AssetCheckSpec(name, asset=ASSET) for name in quality.CHECKS[ASSET]],
        partitions_def=uploads,
        group_name="discovery",
        kinds={"whisper"},
        owners=["team:media"],
        code_version=fingerprint(*recipes.speech.values()),
        retry_policy=RETRIES,
        pool="models",
        op_tags={"dagster/priority": "5"},
        description="What is said, by Whisper after voice activity detection: WebVTT, SRT and timed words. "
        "And the text tracks that came with the file.",
    )
    def subtitles(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with step(context, platform, [ASSET]) as at:
            source = at.source()
            came = embedded_subtitles(
                source, recipes=platform.recipes, store=platform.store, shelf=platform.shelf, tool=platform.tool,
                packager=platform.packager, scratch=at.scratch,
            )  # fmt: skip
            platform.results.save(at.upload, RESULT, came)
            if not isinstance(came, NotMade):  # before anybody listens: a recogniser may fail
                at.publish()
            value = make(
                source, recipes=platform.recipes, store=platform.store, shelf=platform.shelf, tool=platform.tool,
                recogniser=platform.recogniser, packager=platform.packager, scratch=at.scratch, progress=at.progress,
            )  # fmt: skip
            at.keep(ASSET, value)
            names = quality.CHECKS[ASSET]
            if isinstance(value, NotMade):
                if isinstance(came, EmbeddedSubtitles) and came.tracks:
                    at.report.answer(ASSET, came)
                results = metadata.check_results([ASSET], names, ())
                return dg.MaterializeResult(metadata=metadata.not_made(value.reason), check_results=results)
            at.publish()
            results = metadata.check_results([ASSET], names, quality.subtitles([value.track], source))
            return dg.MaterializeResult(metadata=metadata.subtitles(value), check_results=results)

    return subtitles
