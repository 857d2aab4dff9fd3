"""What every asset does around its one use case: find the upload, work in scratch, keep the catalogue true."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg

from media_pipeline.application import reuse
from media_pipeline.application.outputs import Shelf
from media_pipeline.application.package import package
from media_pipeline.application.parts import made_renditions
from media_pipeline.application.publish import publish, published, take_back
from media_pipeline.application.register import tasks
from media_pipeline.application.task import Report, tracked
from media_pipeline.defs.failures import translated
from media_pipeline.defs.partitions import PROFILE_TAG, TRACE_TAG, unasked
from media_pipeline.defs.resources import Platform
from media_pipeline.domain.attempt import stage
from media_pipeline.domain.errors import QuarantineCode, Unavailable
from media_pipeline.domain.job import Job, JobState
from media_pipeline.domain.profile import Profile
from media_pipeline.domain.results import AudioTracks, NotMade, Rendition, Result, Source, Stream
from media_pipeline.domain.upload import Upload
from media_pipeline.infrastructure import telemetry, tracing
from media_pipeline.infrastructure.dagster_engine import VERSION_TAG, stopped

R = TypeVar("R")
_log = telemetry.log("step")
_LOOK_SECONDS = 10.0


@dataclass
class OwnRun:
    """The run of a step that is at work, looked at now and then: the pod of a run may die, the run be said to be over
    and another take its place, and the pods of its steps know nothing of it."""

    instance: dg.DagsterInstance
    run_id: str
    looked: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raises an interrupt when the run is over: whoever took its place has told the catalogue, or will."""
        if time.monotonic() - self.looked < _LOOK_SECONDS:
            return
        self.looked = time.monotonic()
        if self.over():
            raise dg.DagsterExecutionInterruptedError

    def over(self) -> bool:
        run = self.instance.get_run_by_id(self.run_id)
        return run is None or run.is_finished


@dataclass(frozen=True, slots=True)
class Step:
    """One step at work on one upload."""

    platform: Platform
    job: Job
    upload: Upload
    scratch: Path
    report: Report
    run: OwnRun

    def progress(self, done: float) -> None:
        """Raises Cancelled when nobody wants the job any more, and an interrupt when the run is over."""
        self.run.check()
        self.report.progress(done)

    def needed(self, asset: str, kind: type[R]) -> R:
        """The result of an asset above. Raises Unavailable(INTERNAL) where it was never made."""
        value = self.platform.results.load(self.upload, asset, kind)
        if value is None or isinstance(value, NotMade):
            message = f"The result of {asset} is missing; materialise it first."
            raise Unavailable(QuarantineCode.INTERNAL, message)
        return value

    @property
    def shelf(self) -> Shelf:
        """Where outputs go, and are counted for this step."""
        return replace(self.platform.shelf, told=self.report.stored)

    def address(self, key: str) -> str:
        """Where a person finds an output."""
        return self.platform.store.url(self.platform.settings.media_bucket, key)

    def source(self) -> Source:
        return self.needed("source", Source)

    def keep(self, asset: str, value: Result | NotMade) -> None:
        """The result is saved and the user told; what can be published is."""
        self.platform.results.save(self.upload, asset, value)
        self.report.answer(asset, value)
        _log.info("task answered", extra={"task": asset, "made": not isinstance(value, NotMade)})

    def recognise(self, source: Source) -> None:
        """From here on the same bytes are known by their content."""
        assert source.sha256 is not None
        self.platform.catalogue.content(self.upload.media_id, self.upload.version, source.sha256)
        reuse.edits(source, among=self.others)

    @property
    def others(self) -> reuse.Shelves:
        """What has been made already."""
        p = self.platform
        return reuse.Shelves(p.results, self.shelf, p.catalogue, p.recipes)

    def package(self, source: Source) -> tuple[Stream, tuple[Rendition, ...], AudioTracks | NotMade]:
        """The picture and the sound that there are, packaged, and beside it what went in."""
        p = self.platform
        renditions = made_renditions(self.upload, p.recipes.profiles[source.profile], results=p.results)
        audio = p.results.load(self.upload, "audio", AudioTracks) or NotMade("never made")
        if same := reuse.stream(source, renditions, audio, among=self.others):
            return same, renditions, audio
        with p.scratch("package") as scratch:
            stream = package(
                source, renditions, audio, recipes=p.recipes, shelf=self.shelf, packager=p.packager, tool=p.tool,
                scratch=scratch,
            )  # fmt: skip
        return stream, renditions, audio

    def play(self, source: Source) -> None:
        """Publish what there is before all is there. Where something of this version is out, it may be more: then it
        stays until the step `stream`."""
        p = self.platform
        out = published(self.upload.media_id, shelf=p.shelf, codec=p.manifest_codec)
        if out is None or out.version != self.upload.version:
            p.results.save(self.upload, "stream", self.package(source)[0])
            self.publish()

    def publish(self, *, complete: bool = False) -> Any:
        p = self.platform
        return publish(
            self.upload, recipes=p.recipes, results=p.results, shelf=self.shelf, catalogue=p.catalogue,
            codec=p.manifest_codec, now=p.now, complete=complete,
        )  # fmt: skip


@contextmanager
def step(
    context: dg.AssetExecutionContext, platform: Platform, names: Sequence[str], *, job: Job | None = None
) -> Iterator[Step]:
    """Work on the assets `names` of the upload that the partition (and the run's version tag) mean. `job`: where the
    names depend on it, and it is begun already."""
    with translated(), _stoppable(context, platform):
        job = job or begun(context, platform)
        upload = Upload(job.media_id, job.version, job.bucket, job.key, job.etag, job.size)
        with (
            seen(context, platform, upload, stage(names[0])),
            tracked(
                upload,
                names,
                run_id=context.run.run_id,
                catalogue=platform.catalogue,
                take_back=partial(
                    take_back, shelf=platform.shelf, catalogue=platform.catalogue, codec=platform.manifest_codec
                ),
                now=platform.now,
            ) as report,  # fmt: skip
            platform.scratch(names[0].replace("/", "-")) as scratch,
        ):
            _log.info("step started", extra={"attempt": context.retry_number + 1})
            yield Step(platform, job, upload, scratch, report, OwnRun(context.instance, context.run.run_id))


@contextmanager
def seen(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, platform: Platform, upload: Upload, step: str
) -> Iterator[None]:
    """What is logged inside says what it is about, and all of it is a span of the run."""
    run_id, tries = context.run.run_id, context.retry_number + 1
    facts = {tracing.MEDIA_ID: upload.media_id, tracing.VERSION: upload.version, tracing.RUN_ID: run_id}
    within = tracing.of_run(run_id, context.run.tags.get(TRACE_TAG))
    if not platform.settings.json_logs:
        telemetry.to_file(platform.settings.log_file)
    try:
        with (
            telemetry.about(media_id=upload.media_id, version=upload.version, run_id=run_id, step=step),
            tracing.span(f"step {step}", {**facts, "media_pipeline.try": tries}, parent=within),
        ):
            yield
    finally:
        tracing.flush()  # a step's process may end without a chance to do so


def begun(context: dg.AssetExecutionContext, platform: Platform) -> Job:
    """The job of this run, which takes it over if the catalogue does not know the run yet. A cancelled job is taken
    over by a younger run that somebody asked for and no other; one of a version that is not current, by none."""
    job = platform.catalogue.job(context.partition_key, context.run.tags.get(VERSION_TAG))
    if job.run_id == context.run.run_id:
        return job
    old = job.finished_at is not None and _created(context) < job.finished_at
    if job.state is JobState.CANCELLED and (old or unasked(context.run)):
        return job
    if platform.catalogue.job(job.media_id).version != job.version:
        return job
    profile = platform.recipes.profiles[context.run.tags.get(PROFILE_TAG, job.profile)]
    platform.catalogue.restart(
        job.media_id, job.version, run_id=context.run.run_id, profile=profile.name,
        tasks=asked(context.run, profile), fresh=not unasked(context.run), at=platform.now(),
    )  # fmt: skip
    return platform.catalogue.job(job.media_id, job.version)


def asked(run: dg.DagsterRun, profile: Profile) -> list[str]:
    """The tasks a run works on: all of the profile, or those selected, or those that a retry finds undone."""
    selected = {"/".join(key.path) for key in run.asset_selection or ()}
    steps = set(run.step_keys_to_execute or ())
    return [
        name for name in tasks(profile) if (not selected or name in selected) and (not steps or stage(name) in steps)
    ]


class Stopped(dg.DagsterError, dg.DagsterExecutionInterruptedError):
    """Somebody ended the run. Dagster answers an interrupt inside a step that has a retry policy with a retry, whoever
    sent it; an error of its own kind passes, and the run becomes *canceled*."""


@contextmanager
def _stoppable(context: dg.AssetExecutionContext, platform: Platform) -> Iterator[None]:
    """An interrupt that a person asked for cancels the job; one after the run's end ends the step, and any other (an
    evicted worker) is retried as usual."""
    try:
        yield
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as interrupt:
        run = context.instance.get_run_by_id(context.run.run_id)
        if run is None or run.is_finished:
            raise Stopped("The run is over.") from interrupt
        if run.status is not dg.DagsterRunStatus.CANCELING:
            raise
        if stopped(run):  # by the watchdog: another run takes its place
            raise Stopped("The run showed no sign of life.") from interrupt
        version = platform.catalogue.job(context.partition_key, context.run.tags.get(VERSION_TAG)).version
        platform.catalogue.move(context.partition_key, version, JobState.CANCELLED, at=platform.now())
        raise Stopped("The run was ended.") from interrupt


def _created(context: dg.AssetExecutionContext) -> datetime:
    record = context.instance.get_run_record_by_id(context.run.run_id)
    assert record is not None
    created: datetime = record.create_timestamp
    return created.astimezone(UTC)
