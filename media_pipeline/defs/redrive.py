"""redrive: the operator's button in Dagster's UI. The same use case as `media-pipeline redrive`."""

from collections import Counter
from dataclasses import replace

import dagster as dg
from pydantic import Field

from media_pipeline.application.redrive import Redriven, failed, redrive
from media_pipeline.defs.console import CONFIG
from media_pipeline.defs.jobs import process_upload
from media_pipeline.defs.partitions import all_tags
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.errors import MediaError, Missing, QuarantineCode, RejectionCode
from media_pipeline.domain.fairness import Lane
from media_pipeline.domain.job import Job, Origin
from media_pipeline.infrastructure.dagster_engine import DagsterEngine


class Wanted(dg.Config):
    """Which media: by id, by the code of their failure, or all that failed."""

    ids: list[str] = Field(default_factory=list)
    code: str | None = None
    all: bool = False


@dg.op(description="Asks for one run each over what is missing of media that failed.")
def redrive_failed(context: dg.OpExecutionContext, config: Wanted, platform: dg.ResourceParam[Platform]) -> None:
    graph = context.repository_def.get_job(process_upload.name)
    for answer in redriven(config, platform, context.instance, graph):
        context.log.info(f"{answer.media_id}: {answer.sentence}")


@dg.job(
    name="redrive",
    config=CONFIG,
    executor_def=dg.in_process_executor,
    description="Asks again for what failed, and redoes only what is missing. Config: `ids`, `code`, or `all: true`.",
)
def redrive_job() -> None:
    redrive_failed()


def redriven(
    wanted: Wanted, platform: Platform, instance: dg.DagsterInstance, graph: dg.JobDefinition
) -> list[Redriven]:
    """What became of each media that was asked for: those named as soon as their tenant's turn comes, all others behind
    live work. Raises Missing for an id or a code that there is not, before anything."""
    if wanted.code and wanted.code not in {*RejectionCode, *QuarantineCode}:
        raise Missing(f"There is no code {wanted.code!r}; one is {QuarantineCode.STORE_UNAVAILABLE}.")
    named = [platform.catalogue.job(media_id).media_id for media_id in wanted.ids]
    chosen = list(named)
    if wanted.all or wanted.code:
        chosen += [job.media_id for job in failed(platform.catalogue, code=wanted.code)]
    engine = DagsterEngine(instance, graph=graph)
    ahead: Counter[Lane] = Counter()

    def tags_of(job: Job) -> dict[str, str]:
        lane = Lane.of(job) if job.media_id in named else replace(Lane.of(job), origin=Origin.IMPORT)
        ahead[lane] += 1
        return all_tags(job, lane, lane.priority(ahead[lane] - 1), tenancy=platform.settings.tenancy)

    def one(media_id: str) -> Redriven:
        try:
            return redrive(
                media_id, catalogue=platform.catalogue, history=engine, engine=engine, results=platform.results,
                tags=tags_of, now=platform.now(),
            )  # fmt: skip
        except MediaError as trouble:  # of this one: the others have their turn
            return Redriven(media_id, None, (), trouble.message, trouble)

    return [one(media_id) for media_id in dict.fromkeys(chosen)]
