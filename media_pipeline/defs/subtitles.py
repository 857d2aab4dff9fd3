"""subtitles: what is said, as WebVTT, SRT and timed words."""

import dagster as dg

from media_pipeline.application import reuse
from media_pipeline.application.embedded_subtitles import RESULT, embedded_subtitles
from media_pipeline.application.subtitles import subtitles as make
from media_pipeline.defs import metadata
from media_pipeline.defs.failures import RETRIES
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import step
from media_pipeline.domain import quality
from media_pipeline.domain.profile import Recipes, fingerprint
from media_pipeline.domain.results import EmbeddedSubtitles, NotMade, Subtitles

ASSET = "subtitles"


def build(recipes: Recipes) -> dg.AssetsDefinition:
    @dg.asset(
        name=ASSET,
        deps=["source"],
        check_specs=metadata.check_specs([ASSET], quality.CHECKS[ASSET]),
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
                source, recipes=platform.recipes, store=platform.store, shelf=at.shelf, tool=platform.tool,
                packager=platform.packager, scratch=at.scratch,
            )  # fmt: skip
            platform.results.save(at.upload, RESULT, came)
            if not isinstance(came, NotMade):  # before anybody listens: a recogniser may fail
                at.publish()
            said = reuse.result(ASSET, Subtitles, source, among=at.others) or make(
                source, recipes=platform.recipes, store=platform.store, shelf=at.shelf, tool=platform.tool,
                recogniser=platform.recogniser, packager=platform.packager, scratch=at.scratch, progress=at.progress,
            )  # fmt: skip
            at.keep(ASSET, said)
            if isinstance(said, NotMade) and isinstance(came, EmbeddedSubtitles) and came.tracks:
                at.report.answer(ASSET, came)  # something was made
            at.publish()
            tracks = [*(() if isinstance(came, NotMade) else came.tracks)]
            tracks += [] if isinstance(said, NotMade) else [said.track]
            checks = quality.subtitles(tracks, source) if tracks else ()
            results = metadata.check_results([ASSET], quality.CHECKS[ASSET], checks)
            return dg.MaterializeResult(metadata=metadata.subtitles(said, came), check_results=results)

    return subtitles
