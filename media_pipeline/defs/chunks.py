"""encode_chunk: a part of a long picture as a run of its own, and who encodes the parts of a step's picture."""

import time
from functools import partial

import dagster as dg

from media_pipeline.application.chunked import Chunking, encode_chunk, needed_of
from media_pipeline.application.ports.tools import Progress
from media_pipeline.defs.chunk_runs import LOOK_SECONDS, OP, ORDER, ChunkRuns
from media_pipeline.defs.failures import translated
from media_pipeline.defs.one_pod import POD_TAG
from media_pipeline.defs.partitions import ORIGIN_TAG, PRIORITY_TAG, TENANT_TAG, TRACE_TAG, origin
from media_pipeline.defs.resources import Platform
from media_pipeline.defs.step import seen
from media_pipeline.domain.chunks import ChunkOrder
from media_pipeline.domain.errors import Cancelled, Conflict
from media_pipeline.domain.job import OPEN, STOPPED, Job, Origin
from media_pipeline.domain.results import NotMade, Source
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure import pods, telemetry, tracing
from media_pipeline.infrastructure.chunk_pool import ChunkPool

NAME = "encode_chunk"
_STAGE = "transcodes"
_log = telemetry.log(NAME)


class Ordered(dg.Config):
    """`order`: JSON, as a step wrote it."""

    order: str


@dg.op(name=OP, description="Encodes one part of a long picture, for a step that waits for it.")
def encode_ordered(context: dg.OpExecutionContext, config: Ordered, platform: dg.ResourceParam[Platform]) -> None:
    order, p = ORDER.validate_json(config.order), platform
    with translated():
        job = p.catalogue.job(order.media_id, order.version)
        upload = Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)
        with seen(context, p, upload, NAME):
            _log.info("part started", extra={"part": order.chunk.number})
            _encode(order, job, upload, p)


def _encode(order: ChunkOrder, job: Job, upload: Upload, p: Platform) -> None:
    source = p.results.load(upload, "source", Source)
    if order.build != p.tool.build or source is None or isinstance(source, NotMade):
        raise Conflict("What this worker has does not fit the order: the step encodes the part itself.")
    _refuse_unwanted(order, job)
    short = partial(_log.warning, "part of the source too short", extra={"part": order.chunk.number})
    with (
        p.scratch("chunk") as scratch,
        needed_of(order, source, store=p.store, tool=p.tool, scratch=scratch, short=short) as path,
    ):
        encode_chunk(
            order, path, source.info, shelf=p.shelf, tool=p.tool, scratch=scratch, progress=_while_wanted(order, p)
        )


@dg.job(name=NAME, executor_def=dg.in_process_executor, description="A part of a long picture. Steps ask for it.")
def encode_chunk_job() -> None:
    encode_ordered()


def chunking(context: dg.AssetExecutionContext, platform: Platform, source: Source) -> Chunking | None:
    """How the step of this context encodes a picture that may be long; None where it is not."""
    s = platform.settings
    if source.info.duration_seconds <= s.chunks.above_seconds:
        return None
    if s.executor != "k8s":
        return Chunking(s.chunks, ChunkPool(s.chunks_at_once))
    graph = context.repository_def.get_job(NAME)
    tags = part_tags(context.run, pods.load(s.pods), source.upload.size)
    count = partial(platform.catalogue.failed, _STAGE)
    return Chunking(s.chunks, ChunkRuns(context.instance, context.run, graph, tags, s.stall_seconds, count))


def part_tags(parent: dg.DagsterRun, described: pods.Pods, source_bytes: int) -> dict[str, str]:
    """What the runs over the parts of a source carry whose step is at work here, in the run `parent`. Whoever asks for
    another upload goes before: a part is one of many. Those of an import or a backfill have the imports' limit; one of
    live work has no origin, or it would stand in the line of uploads. None has its parent's backfill, which Dagster
    would take for failed as soon as a part is taken out of the queue."""
    came, tenant = origin(parent.tags), parent.tags.get(TENANT_TAG)
    trace = tracing.traceparent() or parent.tags.get(TRACE_TAG)
    return {
        **({TENANT_TAG: tenant} if tenant else {}),
        **({TRACE_TAG: trace} if trace else {}),
        **({ORIGIN_TAG: came.value} if came is not Origin.LIVE else {}),
        PRIORITY_TAG: str(_priority(parent) - 1),
        POD_TAG: described.alone(NAME, source_bytes=source_bytes, origin=came),
    }


def _priority(run: dg.DagsterRun) -> int:
    """As Dagster's queue reads it: what a person wrote and is no number is none."""
    try:
        return int(run.tags.get(PRIORITY_TAG, "0"))
    except ValueError:
        return 0


def _while_wanted(order: ChunkOrder, platform: Platform) -> Progress:
    asked = [time.monotonic()]

    def told(_: float) -> None:
        if time.monotonic() - asked[0] > LOOK_SECONDS:
            asked[0] = time.monotonic()
            _refuse_unwanted(order, platform.catalogue.job(order.media_id, order.version))

    return told


def _refuse_unwanted(order: ChunkOrder, job: Job) -> None:
    """Raises Cancelled when nobody makes these renditions any more."""
    names = {f"transcodes/{plan.rung.name}" for plan in order.plans}
    if job.state in STOPPED or not any(task.name in names and task.state in OPEN for task in job.tasks):
        raise Cancelled("Nobody waits for this part any more.")
