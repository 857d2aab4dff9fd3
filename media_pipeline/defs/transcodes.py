"""transcodes/<rung> and audio: one subsettable multi-asset, because one process decodes once and encodes what is asked
for. A picture that can pass as it is plays before the other rungs are encoded."""

from collections.abc import Iterator

import dagster as dg

from media_pipeline.application import reuse
from media_pipeline.application.transcode import AUDIO, transcode
from media_pipeline.defs import metadata
from media_pipeline.defs.chunks import chunking
from media_pipeline.defs.failures import RETRIES, translated
from media_pipeline.defs.partitions import uploads
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import Step, begun, step
from media_pipeline.domain import quality
from media_pipeline.domain.manifest import Check
from media_pipeline.domain.profile import Recipes, Rung, fingerprint
from media_pipeline.domain.results import AudioTracks, NotMade, Rendition, Source

PREFIX = "transcodes"


def build(recipes: Recipes) -> dg.AssetsDefinition:
    """The multi-asset of a deployment: one asset key for each rung that its recipes name."""

    @dg.multi_asset(
        name=PREFIX,
        specs=[*(_rung_spec(r, recipes) for r in recipes.rungs.values()), _audio_spec(recipes)],
        check_specs=_check_specs(recipes),
        can_subset=True,
        partitions_def=uploads,
        retry_policy=RETRIES,
        pool="encode",
        op_tags={"dagster/priority": "8"},
    )
    def transcodes(
        context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        asked = {"/".join(key.path): key for key in context.selected_asset_keys}
        with translated():
            job = begun(context, platform)
        selected = platform.recipes.profiles[job.profile].rungs
        told = [n for n in asked if n == AUDIO or n.removeprefix(f"{PREFIX}/") in selected]
        if not told:
            yield from _unasked(asked, job.profile)
            return
        with step(context, platform, told, job=job) as at:
            source = at.source()
            wanted = [n.removeprefix(f"{PREFIX}/") for n in asked]
            batches = transcode(
                source, wanted, recipes=platform.recipes, store=platform.store, shelf=at.shelf,
                tool=platform.tool, scratch=at.scratch, progress=at.progress,
                chunking=chunking(context, platform, source),
            )  # fmt: skip
            same = reuse.ladder(source, wanted, among=at.others)
            for made in (next(batches), same) if same else batches:
                if made is not same and made.encoded:
                    at.report.encoded_seconds = source.info.duration_seconds
                for rung, value in made.renditions.items():
                    yield _rendition(at, source, rung, value, known=rung in selected)
                if made.audio is not None:
                    yield _audio(at, made.audio, recipes)
                if made.plays:
                    at.play(source)

    return transcodes


def _unasked(asked: dict[str, dg.AssetKey], profile: str) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Somebody chose only rungs that the upload's profile does not have."""
    for key in asked.values():
        results = metadata.check_results(key.path, quality.CHECKS[PREFIX], ())
        facts = metadata.not_made(f"not in profile {profile}")
        yield dg.MaterializeResult(asset_key=key, metadata=facts, check_results=results)


def _rendition(at: Step, source: Source, rung: str, value: Rendition | NotMade, *, known: bool) -> dg.MaterializeResult:  # type: ignore[type-arg]
    name = f"{PREFIX}/{rung}"
    if known:
        at.keep(name, value)
    checks: tuple[Check, ...] = ()
    facts = metadata.not_made(value.reason) if isinstance(value, NotMade) else metadata.rendition(value)
    if isinstance(value, Rendition):
        checks = quality.rendition(value, source, at.platform.recipes.gate(source.profile))
    results = metadata.check_results([PREFIX, rung], quality.CHECKS[PREFIX], checks)
    return dg.MaterializeResult(asset_key=[PREFIX, rung], metadata=facts, check_results=results)


def _audio(at: Step, value: AudioTracks | NotMade, recipes: Recipes) -> dg.MaterializeResult:  # type: ignore[type-arg]
    at.keep(AUDIO, value)
    checks: tuple[Check, ...] = ()
    facts = metadata.not_made(value.reason) if isinstance(value, NotMade) else metadata.audio(value)
    if isinstance(value, AudioTracks):
        checks = quality.audio(value, recipes.audio[recipes.profiles[at.job.profile].audio])
    results = metadata.check_results([AUDIO], quality.CHECKS[AUDIO], checks)
    return dg.MaterializeResult(asset_key=AUDIO, metadata=facts, check_results=results)


def _rung_spec(rung: Rung, recipes: Recipes) -> dg.AssetSpec:
    profiles = recipes.profiles.values()
    keyframes = [sorted({recipes.stream[p.stream].gop_seconds for p in profiles}), any(p.passthrough for p in profiles)]
    return dg.AssetSpec(
        [PREFIX, rung.name],
        deps=["source"],
        skippable=False,
        group_name="delivery",
        kinds={"ffmpeg", rung.codec},
        owners=["team:media"],
        code_version=fingerprint(rung, keyframes),
        description=f"{rung.short_side}-pixel {rung.codec.upper()} rendition, CRF {rung.crf} capped at "
        f"{rung.max_bitrate / 1e6:g} Mbit/s, preset {rung.preset}.",
    )


def _audio_spec(recipes: Recipes) -> dg.AssetSpec:
    return dg.AssetSpec(
        AUDIO,
        deps=["source"],
        group_name="delivery",
        kinds={"ffmpeg", "aac"},
        owners=["team:media"],
        code_version=fingerprint(*recipes.audio.values()),
        description="Every sound track, AAC-LC, brought to one loudness (EBU R128).",
    )


def _check_specs(recipes: Recipes) -> list[dg.AssetCheckSpec]:
    rungs = [spec for rung in recipes.rungs for spec in metadata.check_specs([PREFIX, rung], quality.CHECKS[PREFIX])]
    return rungs + metadata.check_specs([AUDIO], quality.CHECKS[AUDIO])
